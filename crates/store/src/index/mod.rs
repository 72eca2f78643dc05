//! What a resource is found by: its values, as one blob per resource and as
//! keys of the index.
//!
//! The index is a set of sorted keys ([`key`]), each a value and a resource.
//! Changed keys are in memory and in a log ([`fresh`]) until they are written
//! as a [`segment`] of the file; segments are merged as they grow in number
//! ([`upkeep`]). A reader sees the keys of its own moment ([`generation`],
//! [`view`]), segments and fresh ones as one ([`cursor`]). All of it lies in
//! the database file and changes in the transactions of the data.
//!
//! When resources are to be found by more than before, because a search
//! parameter was added or this release has other [`rules`], their values are
//! taken again in the background ([`reindex`]).

mod block;
mod bloom;
mod collect;
mod cursor;
mod entries;
mod fresh;
mod generation;
mod key;
mod rebuild;
mod reindex;
mod rules;
mod segment;
mod terms;
mod upkeep;
mod view;

pub(crate) use collect::{CANONICAL_PLACE, collect, typed_identifier};
pub(crate) use entries::{Entries, MEMBER, Value, encode};
pub(crate) use generation::{Generations, Moment};
pub(crate) use key::{
    Term, codes_from, moment_of, rid_of, sortable, system_of, texts_from, value_of,
};
pub(crate) use rebuild::rebuild;
pub(crate) use reindex::{begin, changed, progress, step};
pub(crate) use rules::{Rule, keep_to_rules};
pub(crate) use terms::{STRING_PREFIX_BYTES, index_prefix, replace};
pub(crate) use upkeep::Upkeep;
pub(crate) use view::{Range, View};

/// Dates that last longer than this are found by their end too, in ms. So a
/// search for what ends after a moment need look no further back than this.
pub(crate) const LONG_MS: i64 = 26 * 3_600 * 1_000;

/// Numbers whose bounds are further apart than this are found among the wide
/// ones too. Those of written numbers are as far apart as one unit of the last
/// digit.
pub(crate) const WIDE: f64 = 1.0;

#[cfg(test)]
mod tests;
