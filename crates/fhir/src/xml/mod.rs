//! FHIR XML to JSON and back, for R4 and STU3.
//!
//! Both forms say the same: numbers keep their digits, texts their characters,
//! ids and extensions of primitives their place. Comments and the order of
//! JSON members are lost, as FHIR allows. Documents with a DOCTYPE, entities of
//! their own, processing instructions or anything else that FHIR has no use
//! for are refused. The shape is [`crate::structure`]'s business, but an
//! element that the version does not have cannot be converted, so it is refused here.

mod read;
mod write;

pub use read::{to_json, to_json_in};
pub use write::{from_json, from_json_in};

/// The namespace of FHIR.
const FHIR: &str = "http://hl7.org/fhir";

#[cfg(test)]
mod tests;
