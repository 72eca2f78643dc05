//! What can be wrong with an expression, and when that shows.

use super::context::{ITEMS_MAX, STEPS_MAX, TEXT_BYTES_MAX, VARIABLES_MAX};
use super::expression::{EXPRESSION_BYTES_MAX, EXPRESSION_DEPTH_MAX};
use super::functions::PATTERN_BYTES_MAX;

/// Why an expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// It is not FHIRPath.
    #[error("at byte {at}: expected {expected}")]
    Syntax {
        /// Where, in bytes from the start.
        at: usize,
        /// What should have been there.
        expected: &'static str,
    },
    /// It is FHIRPath, but names a function or type that does not exist.
    #[error("at byte {at}: there is no {what}")]
    Unknown {
        /// Where, in bytes from the start.
        at: usize,
        /// What there is not, such as `function foo`.
        what: String,
    },
    /// It cannot mean anything where it is used; see [`super::check`].
    #[error("{0}")]
    Meaningless(String),
    /// It is longer than [`EXPRESSION_BYTES_MAX`].
    #[error("longer than {EXPRESSION_BYTES_MAX} bytes")]
    TooLong,
    /// It nests deeper than [`EXPRESSION_DEPTH_MAX`].
    #[error("nested deeper than {EXPRESSION_DEPTH_MAX} levels")]
    TooDeep,
}

/// When an error shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The text is not FHIRPath, or passes a limit.
    Syntax,
    /// It names what does not exist, or cannot mean anything.
    Semantic,
    /// It fails on this data.
    Execution,
}

impl ErrorKind {
    /// As a script reads it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Semantic => "semantic",
            Self::Execution => "execution",
        }
    }
}

impl ExpressionError {
    /// When it shows.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Syntax { .. } | Self::TooLong | Self::TooDeep => ErrorKind::Syntax,
            Self::Unknown { .. } | Self::Meaningless(_) => ErrorKind::Semantic,
        }
    }
}

/// Why an evaluation stopped. Names what was expected, never what was found:
/// that may be about a patient.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// Several items where one was needed.
    #[error("several items where one is needed")]
    NotSingle,
    /// Something else than what was needed.
    #[error("expected {0}")]
    Expected(&'static str),
    /// Two things that have no order.
    #[error("two things that cannot be compared")]
    NotComparable,
    /// Operands that the operator does not take.
    #[error("`{0}` does not take these operands")]
    Operands(&'static str),
    /// A variable that nobody defined.
    #[error("there is no variable `%{0}`")]
    NoVariable(String),
    /// A variable that is there already.
    #[error("the variable `%{0}` is defined already")]
    VariableDefined(String),
    /// An argument that a function does not take.
    #[error("{0}")]
    Argument(&'static str),
    /// Something that cannot be looked up here, such as an unknown profile.
    #[error("cannot check: {0}")]
    CannotCheck(&'static str),
    /// More than [`STEPS_MAX`] steps, or what the caller allowed.
    #[error("more steps than allowed ({STEPS_MAX} unless said otherwise)")]
    TooManySteps,
    /// More than [`ITEMS_MAX`] items.
    #[error("more than {ITEMS_MAX} items")]
    TooManyItems,
    /// A text of more than [`TEXT_BYTES_MAX`].
    #[error("a text of more than {TEXT_BYTES_MAX} bytes")]
    TextTooLong,
    /// More than [`VARIABLES_MAX`] variables.
    #[error("more than {VARIABLES_MAX} variables")]
    TooManyVariables,
    /// A regular expression that is none, or is longer than [`PATTERN_BYTES_MAX`]
    /// or larger than allowed when compiled.
    #[error("not a regular expression of at most {PATTERN_BYTES_MAX} bytes")]
    Pattern,
}

impl EvaluationError {
    /// The limit that was passed, by name and value, where it is one.
    pub const fn limit(&self) -> Option<(&'static str, usize)> {
        match self {
            Self::TooManySteps => Some(("STEPS_MAX", STEPS_MAX)),
            Self::TooManyItems => Some(("ITEMS_MAX", ITEMS_MAX)),
            Self::TextTooLong => Some(("TEXT_BYTES_MAX", TEXT_BYTES_MAX)),
            Self::TooManyVariables => Some(("VARIABLES_MAX", VARIABLES_MAX)),
            _ => None,
        }
    }
}
