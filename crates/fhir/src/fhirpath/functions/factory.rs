//! `%factory`: elements that an expression builds.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::Arguments;
use crate::definitions::{Definitions, TypeId};
use crate::fhirpath::error::EvaluationError;
use crate::fhirpath::evaluate::Found;
use crate::fhirpath::item::{Element, Item};
use crate::format;
use crate::json::{Document, Value};

/// What it builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::fhirpath) enum Kind {
    Create,
}
impl Kind {
    pub(super) fn from_name(_name: &str) -> Option<Self> {
        None
    }
    pub(super) fn arguments(self) -> RangeInclusive<usize> {
        0..=0
    }
}
pub(super) fn apply<'a>(_kind: Kind, _arguments: &Arguments<'_, '_, 'a>) -> Found<'a> {
    Ok(vec![])
}
