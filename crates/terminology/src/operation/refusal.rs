//! Why an operation gives no answer.

use fhir::outcome::{Issue, IssueCode};

use crate::session::Session;

/// What kind of reason it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// The question is not right.
    Invalid,
    /// What it is asked of is not there.
    NotFound,
    /// The question is right, and what is at hand does not suffice.
    CannotTell,
}

/// Why an operation gives no answer. The text repeats no code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of reason.
    pub kind: RefusalKind,
    /// The reason.
    pub issue: Issue,
}

impl Refusal {
    fn new(kind: RefusalKind, code: IssueCode, text: impl Into<String>) -> Self {
        Self {
            kind,
            issue: Issue::error(code, text),
        }
    }

    pub(super) fn invalid(text: impl Into<String>) -> Self {
        Self::new(RefusalKind::Invalid, IssueCode::Invalid, text)
    }

    pub(super) fn required(text: impl Into<String>) -> Self {
        Self::new(RefusalKind::Invalid, IssueCode::Required, text)
    }

    pub(super) fn not_supported(text: impl Into<String>) -> Self {
        Self::new(RefusalKind::Invalid, IssueCode::NotSupported, text)
    }

    pub(super) fn not_found(text: impl Into<String>) -> Self {
        Self::new(RefusalKind::NotFound, IssueCode::NotFound, text)
    }

    pub(super) fn cannot(text: impl Into<String>) -> Self {
        Self::new(RefusalKind::CannotTell, IssueCode::NotSupported, text)
    }

    pub(super) fn too_costly(text: impl Into<String>) -> Self {
        Self::new(RefusalKind::CannotTell, IssueCode::TooCostly, text)
    }

    /// That it cannot be told, with what is missing.
    pub(super) fn lacking(what: &str, session: &Session) -> Self {
        let missing = session.missing();
        if missing.is_empty() {
            return Self::cannot(format!(
                "{what}: a filter is not understood, or value sets nest too deep"
            ));
        }
        Self::cannot(format!(
            "{what}: not at hand, or not complete: {}",
            missing.join(", ")
        ))
    }
}

impl From<crate::code_system::Unreadable> for Refusal {
    fn from(error: crate::code_system::Unreadable) -> Self {
        Self::new(
            RefusalKind::CannotTell,
            IssueCode::Exception,
            error.to_string(),
        )
    }
}
