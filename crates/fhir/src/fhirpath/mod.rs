//! FHIRPath: the part of it that finds things in a resource.
//!
//! An [`Expression`] is parsed once and evaluated many times. Evaluation copies
//! nothing of the tree: it walks over nodes that know their FHIR type, so
//! `Observation.value as Quantity` works without guessing. Every step is linear
//! in what it is given; [`STEPS_MAX`] stops what is not.
//!
//! Here: paths, indexers, `|`, `=`, `!=`, `<` and its kin, `in`, `contains`,
//! `and`, `or`, `xor`, `implies`, `is`, `as`, `$this`, `%resource`, `%context`,
//! literals, and the functions that `functions.rs` lists. Deliberately not here:
//! arithmetic, dates as values, aggregates; an expression that needs them does
//! not parse, and says so.

mod compare;
mod evaluate;
mod expression;
mod functions;
mod item;
mod lexer;
mod parser;

pub use evaluate::{Context, EvaluationError, STEPS_MAX};
pub use expression::{EXPRESSION_BYTES_MAX, EXPRESSION_DEPTH_MAX, Expression, ExpressionError};
pub use item::{Collection, Element, Item};

pub(crate) use item::children;

#[cfg(test)]
mod tests;
