//! What a line says to the patient.

use super::AuditRecord;

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Dutch.
    Dutch,
    /// English.
    English,
}

/// What happened, in plain words for the patient.
pub fn wording(_record: &AuditRecord, _language: Language, _zone: &jiff::tz::TimeZone) -> String {
    unimplemented!()
}
