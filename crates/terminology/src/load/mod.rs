//! Reads releases of code systems: SNOMED CT ([`rf2`]), LOINC ([`loinc`]), tables
//! such as those of NHG and ICPC ([`table`]), and FHIR ([`fhir_json`]).
//!
//! Each takes what is read, never a path. Releases are licensed: none of their
//! content is part of this program, and what is wrong with a file is said with the
//! line and the column, not with its text.

pub mod fhir_json;
pub mod loinc;
pub mod rf2;
mod rows;
pub mod table;

pub use rows::{FIELDS_MAX, LINE_BYTES_MAX, Separator};

use crate::code_system::TooMuch;

/// Why a release cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The source broke off.
    #[error("line {line}: {source}")]
    Read {
        /// The line, from 1.
        line: u64,
        /// What the source said.
        source: std::io::Error,
    },
    /// A line is not as the format has it.
    #[error("line {line}: {what}")]
    Line {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The first line lacks a column.
    #[error("the first line names no column `{0}`")]
    NoColumn(String),
    /// A limit of code systems.
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
    /// A FHIR resource that is no CodeSystem, or lacks what one needs.
    #[error("{0}")]
    Resource(&'static str),
}
