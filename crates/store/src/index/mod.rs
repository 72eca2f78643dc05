//! What a resource is found by: its values, as one blob per resource and as
//! rows of the index tables.

mod collect;
mod entries;
mod rows;

pub(crate) use collect::collect;
pub(crate) use entries::{Entries, MEMBER, Value, encode};
pub(crate) use rows::{STRING_PREFIX_BYTES, index_prefix, replace};

/// Dates that last longer than this are found by their end too, in ms. So a
/// search for what ends after a moment need look no further back than this.
pub(crate) const LONG_MS: i64 = 26 * 3_600 * 1_000;

/// Numbers whose bounds are further apart than this are found by their upper
/// bound too, under the negative of their parameter. Those of written numbers
/// are as far apart as one unit of the last digit.
pub(crate) const WIDE: f64 = 1.0;
