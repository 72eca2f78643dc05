//! FHIR XML to JSON and back.

use crate::json::Document;
use crate::outcome::{Issue, IssueCode};

/// A resource in FHIR XML, as JSON.
///
/// # Errors
/// When it is not XML, or not a resource.
pub fn to_json(_bytes: &[u8]) -> Result<Vec<u8>, Issue> {
    Err(Issue::error(IssueCode::NotSupported, "XML is not read yet"))
}

/// A resource in JSON, as FHIR XML.
///
/// # Errors
/// When it is not a resource.
pub fn from_json(_document: &Document) -> Result<Vec<u8>, Issue> {
    Err(Issue::error(
        IssueCode::NotSupported,
        "XML is not written yet",
    ))
}
