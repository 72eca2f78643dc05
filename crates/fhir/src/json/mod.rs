//! JSON as it came: a strict RFC 8259 parser that keeps the bytes, and an owned
//! tree for building.
//!
//! A [`Document`] is the source text plus a flat list of tokens; a [`Node`]
//! points into it and copies nothing, so numbers keep their digits and a
//! resource can be handed on byte for byte. A [`Value`] is what we build
//! ourselves; the [`crate::value!`] macro writes one.
//!
//! Refused, because FHIR has no use for it and it hides attacks: duplicate
//! member names, a byte order mark, lone surrogates, more than
//! [`NESTING_MAX`] levels. It does not know FHIR: see [`crate::structure`].

mod count;
mod document;
mod macros;
mod parse;
mod text;
mod value;

pub use count::has_more_items;
pub use document::{Document, Kind, Node};
pub use parse::{DOCUMENT_BYTES_MAX, NESTING_MAX, Reason, SyntaxError};
pub use value::Value;

#[cfg(test)]
mod suite;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use suite::SYNTAX_SUITE;
