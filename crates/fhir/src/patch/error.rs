//! Why a patch cannot be read or applied.

use crate::outcome::{Issue, IssueCode};

/// Why a patch cannot be read or applied. No text holds a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// It is not the document that a patch is.
    #[error("a patch is a JSON array of operations, or Parameters with parameters `operation`")]
    NoPatch,
    /// One operation, from zero, cannot be read.
    #[error("operation {at} of the patch cannot be read: {fault}")]
    Unreadable {
        /// Which operation.
        at: usize,
        /// Why.
        fault: Fault,
    },
    /// One operation, from zero, cannot be done on this resource.
    #[error("operation {at} of the patch cannot be done: {fault}")]
    NotApplied {
        /// Which operation.
        at: usize,
        /// Why.
        fault: Fault,
    },
    /// What comes out is no resource at all.
    #[error("what the patch leaves is not a resource")]
    NoResource,
    /// What comes out is another resource.
    #[error("a patch cannot change the type or the id of a resource")]
    Identity,
    /// A named limit was passed.
    #[error("over the limit {limit} of {max}")]
    LimitExceeded {
        /// The name of the limit.
        limit: &'static str,
        /// Its value.
        max: usize,
    },
}

/// What is wrong with one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A part that it needs is missing or has the wrong type.
    #[error("{0} is missing or not what it must be")]
    Part(&'static str),
    /// There is no operation of that name.
    #[error("there is no such operation")]
    Unknown,
    /// What it names is not there.
    #[error("there is nothing at its path")]
    Nothing,
    /// Its path finds several places, and it needs one.
    #[error("its path finds more than one element")]
    Several,
    /// Its path does not find all of one list.
    #[error("its path does not find a whole list")]
    NoList,
    /// Its path finds what is no part of the resource.
    #[error("its path finds what is not an element of the resource")]
    NoElement,
    /// It adds what can be there once and is there.
    #[error("there is a value already, and there can be one only")]
    Taken,
    /// An index past the end of a list.
    #[error("its index is outside the list")]
    Index,
    /// It moves a value into itself.
    #[error("a value cannot be moved into itself")]
    IntoItself,
    /// A test found something else.
    #[error("the test failed")]
    TestFailed,
    /// It would nest deeper than a resource may.
    #[error("the result is nested too deep")]
    TooDeep,
    /// Its expression failed on this resource.
    #[error("its FHIRPath expression fails")]
    Expression,
}

impl PatchError {
    /// The issue to answer with.
    pub fn issue(&self) -> Issue {
        let code = match self {
            Self::NoPatch | Self::Unreadable { .. } => IssueCode::Invalid,
            Self::NotApplied { .. } | Self::NoResource | Self::Identity => IssueCode::Processing,
            Self::LimitExceeded { .. } => IssueCode::TooCostly,
        };
        Issue::error(code, self.to_string())
    }
}
