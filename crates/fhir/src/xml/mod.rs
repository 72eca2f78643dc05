//! FHIR XML to JSON and back, for R4.
//!
//! Both forms say the same: numbers keep their digits, texts their characters,
//! ids and extensions of primitives their place. Comments and the order of
//! JSON members are lost, as FHIR allows. Documents with a DOCTYPE, entities of
//! their own, processing instructions or anything else that FHIR has no use
//! for are refused. The shape is [`crate::structure`]'s business, but an
//! element that R4 does not have cannot be converted, so it is refused here.

mod read;
mod write;

pub use read::to_json;
pub use write::from_json;

/// The namespace of FHIR.
const FHIR: &str = "http://hl7.org/fhir";

#[cfg(test)]
mod tests;
