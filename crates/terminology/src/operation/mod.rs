//! The operations of a terminology service (FHIR R4, terminology-service):
//! `$lookup`, `$validate-code`, `$expand`, `$translate`, `$subsumes`.
//!
//! [`answer`] is a function of a [`Question`] and of what is at hand ([`Session`]).
//! What cannot be answered wholly is refused with a reason: no answer is ever
//! silently incomplete. No text of a refusal repeats a code: codes can tell of a
//! patient.

mod coded;
mod expand;
mod inputs;
mod lookup;
mod refusal;
mod selection;
mod subsumes;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_limits;
mod translate;
mod validate_code;

use fhir::json::{Document, Value};

pub use expand::{EXPANSION_CODES_MAX, NESTING_MAX};
pub use inputs::{Input, Inputs};
pub use refusal::{Refusal, RefusalKind};
pub use translate::MAPS_MAX;

use crate::definitions::Kind;
use crate::session::Session;

/// An operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `CodeSystem/$lookup`
    Lookup,
    /// `CodeSystem/$validate-code` and `ValueSet/$validate-code`
    ValidateCode,
    /// `ValueSet/$expand`
    Expand,
    /// `ConceptMap/$translate`
    Translate,
    /// `CodeSystem/$subsumes`
    Subsumes,
}

/// What is asked.
#[derive(Debug)]
pub struct Question<'a> {
    /// The operation.
    pub operation: Operation,
    /// The type that it is asked of.
    pub of: Kind,
    /// The resource that it is asked of, when that is one.
    pub instance: Option<&'a Document>,
    /// The parameters.
    pub inputs: &'a Inputs,
    /// The time, as a FHIR instant.
    pub now: &'a str,
}

/// The answer: a Parameters resource, or a ValueSet for an expansion.
pub fn answer(session: &Session, question: &Question<'_>) -> Result<Value, Refusal> {
    match (question.operation, question.of) {
        (Operation::Lookup, Kind::CodeSystem) => lookup::answer(session, question),
        (Operation::ValidateCode, Kind::CodeSystem) => validate_code::of_system(session, question),
        (Operation::ValidateCode, Kind::ValueSet) => validate_code::of_set(session, question),
        (Operation::Expand, Kind::ValueSet) => expand::answer(session, question),
        (Operation::Translate, Kind::ConceptMap) => translate::answer(session, question),
        (Operation::Subsumes, Kind::CodeSystem) => subsumes::answer(session, question),
        _ => Err(Refusal::not_supported(
            "there is no such operation on this type",
        )),
    }
}

/// The Parameters resource of an answer.
fn parameters(parameters: Vec<Value>) -> Value {
    fhir::value!({ "resourceType": "Parameters", "parameter": (parameters) })
}
