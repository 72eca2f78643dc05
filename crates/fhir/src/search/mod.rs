//! Search parameters and what a resource is found by.
//!
//! [`parameters_in`] lists the search parameters of a version for a resource type;
//! [`extract`] evaluates their expressions on a resource and gives the values
//! that an index keeps. How the values are stored and compared is the
//! business of the store.
//!
//! Every expression of the official package is evaluated. Nothing is extracted
//! for the parameters that have none (`_content`, `_text`, `_filter`, `_query`,
//! and two of extensions that do not say where they are), nor for `near`, whose
//! kind is [`Kind::Special`].

mod added;
mod date;
mod extract;
mod index_value;
mod number;
mod parameter;
mod reference;
mod registry;
mod text;
mod units;
mod values;

pub use added::{ADDED_CODE_BYTES_MAX, ADDED_EXPRESSION_BYTES_MAX, ADDED_URL_BYTES_MAX, Added};
pub(crate) use date::clock_time;
pub use date::date_range;
pub use extract::{extract, extract_parameters};
pub use index_value::{Canonical, Entry, IndexValue};
pub use number::number_range;
pub use parameter::{
    Component, Kind, Parameter, parameter, parameter_in, parameters, parameters_in,
};
pub use reference::ReferenceParts;
pub use registry::Parameters;
pub use text::normalise;
pub use units::{CANONICAL_UNIT_BYTES_MAX, CanonicalUnit, UCUM, canonical_unit};

#[cfg(test)]
mod tests;
