//! FHIRPath 2.0.0, with what FHIR adds to it.
//!
//! An [`Expression`] is parsed once and evaluated many times, in a [`Context`]
//! that brings what it may know: the resource, variables, the time, and whom to
//! ask. Evaluation copies nothing of the tree: it walks over nodes that know
//! their FHIR type, so `Observation.value as Quantity` works without guessing.
//! Every function is linear in what it is given; [`STEPS_MAX`] and its kin stop
//! what is not. [`check`] finds, before evaluation, what cannot mean anything.
//!
//! Numbers are exact decimals; dates and times keep their precision, and what
//! their precision leaves open is answered with nothing; quantities are
//! converted only where UCUM or the calendar has a rule.

mod arithmetic;
mod check;
mod compare;
mod context;
mod equality;
mod error;
mod evaluate;
mod expression;
mod functions;
mod item;
mod lexer;
mod made;
mod navigate;
mod number;
mod parser;
mod plain;
mod quantity;
pub mod script;
mod temporal;
mod types;

pub use check::{Check, check};
pub use context::{Context, ITEMS_MAX, Lookups, STEPS_MAX, TEXT_BYTES_MAX, VARIABLES_MAX};
pub use error::{ErrorKind, EvaluationError, ExpressionError};
pub use expression::{EXPRESSION_BYTES_MAX, EXPRESSION_DEPTH_MAX, Expression};
pub use functions::PATTERN_BYTES_MAX;
pub use item::{Collection, Element, Item, Target, TypeInfo};
pub use made::Made;
pub use quantity::{Calendar, Quantity, UNIT_BYTES_MAX, Unit};
pub use temporal::{DateTime, Precision, Time};

pub(crate) use compare::order_items;
pub(crate) use equality::is_same_item;
pub(crate) use navigate::children;

use crate::FhirVersion;
use crate::definitions::{self, Definitions};

/// The system of UCUM.
const UCUM: &str = "http://unitsofmeasure.org";

/// The definitions of whoever does not name a version of FHIR: the one place
/// where this module chooses.
fn definitions_of_default() -> &'static Definitions {
    definitions::of(FhirVersion::R4)
}

#[cfg(test)]
mod exceptions;
#[cfg(test)]
mod js_suite;
#[cfg(test)]
mod limit_tests;
#[cfg(test)]
mod official_suite;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use {js_suite::SUITE as JS_SUITE, official_suite::SUITE as OFFICIAL_SUITE};
