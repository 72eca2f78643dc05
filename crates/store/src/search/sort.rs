//! The order of matches.

use std::cmp::Ordering;

use fhir::search::{Kind, normalise};

use super::candidates::Hit;
use super::query::{Sort, SortBy};
use super::resolve::Resolver;
use crate::StoreError;
use crate::database::names::Variant;
use crate::index::Value;

/// A key to sort by, with its parameter as a number.
#[derive(Debug)]
pub(crate) struct SortKey {
    by: By,
    descending: bool,
}

#[derive(Debug)]
enum By {
    Id,
    Updated,
    Date(i64),
    /// References within this store, and to elsewhere.
    Reference(i64, i64),
    /// Quantities as they are written, and in base units.
    Quantity(i64, i64),
    Parameter(i64),
}

/// An index in the order of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Index {
    Updated,
    Date(i64),
}

/// What a match is sorted by.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Key {
    Integer(i64),
    Real(f64),
    Text(String),
    /// No value: comes last, whatever the direction.
    Missing,
}

/// A place in the order: the keys, then the number of the resource.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rank {
    pub(crate) keys: Vec<(Key, bool)>,
    pub(crate) rid: i64,
}

impl SortKey {
    pub(crate) fn of(
        resolver: Resolver<'_>,
        resource_type: &'static str,
        sort: &Sort,
    ) -> Result<Self, StoreError> {
        let by = match &sort.by {
            SortBy::Id => By::Id,
            SortBy::Updated => By::Updated,
            SortBy::Parameter(parameter) => {
                let number = |variant| resolver.parameter(resource_type, parameter, variant);
                let value = number(Variant::Value)?;
                match parameter.kind {
                    Kind::Date => By::Date(value),
                    Kind::Quantity => By::Quantity(value, number(Variant::Canonical)?),
                    Kind::Reference => By::Reference(value, number(Variant::Address)?),
                    _ => By::Parameter(value),
                }
            }
        };
        Ok(Self {
            by,
            descending: sort.descending,
        })
    }

    /// The index that has this order: of times of writing, or of a date
    /// parameter.
    pub(super) fn index(&self) -> Option<Index> {
        match self.by {
            By::Updated => Some(Index::Updated),
            By::Date(parameter) => Some(Index::Date(parameter)),
            By::Id | By::Reference(..) | By::Quantity(..) | By::Parameter(_) => None,
        }
    }

    pub(super) const fn is_descending(&self) -> bool {
        self.descending
    }

    /// Of several values the first in the direction of the sort counts.
    fn key(&self, hit: &Hit<'_>) -> Result<Key, StoreError> {
        Ok(match self.by {
            By::Id => Key::Text(hit.id()?),
            By::Updated => Key::Integer(hit.candidate.updated),
            By::Date(parameter) | By::Parameter(parameter) => {
                self.first(hit.candidate.entries.get(parameter).map(key_of))
            }
            By::Quantity(written, canonical) => {
                let of = |parameter| self.first(hit.candidate.entries.get(parameter).map(key_of));
                match of(canonical) {
                    Key::Missing => of(written),
                    found => found,
                }
            }
            By::Reference(parameter, address) => {
                // By what the reference says, not by the number of its target:
                // that would tell of what came before it.
                let mut keys = Vec::new();
                for target in hit.candidate.entries.references(parameter) {
                    keys.push(Key::Text(hit.reference_to(target)?));
                }
                keys.extend(hit.candidate.entries.get(address).map(key_of));
                self.first(keys.into_iter())
            }
        })
    }

    fn first(&self, keys: impl Iterator<Item = Key>) -> Key {
        let first = if self.descending {
            keys.max_by(order)
        } else {
            keys.min_by(order)
        };
        first.unwrap_or(Key::Missing)
    }
}

/// The place of a match.
pub(crate) fn rank(sort: &[SortKey], hit: &Hit<'_>) -> Result<Rank, StoreError> {
    let keys = sort
        .iter()
        .map(|sort| Ok((sort.key(hit)?, sort.descending)))
        .collect::<Result<_, StoreError>>()?;
    Ok(Rank {
        keys,
        rid: hit.candidate.rid,
    })
}

fn key_of(value: Value<'_>) -> Key {
    match value {
        Value::Token { code, .. } => Key::Text(code.to_owned()),
        Value::Text(text) => Key::Text(normalise(text)),
        Value::Reference(_) | Value::Composite(_) => Key::Missing,
        Value::Date { low, .. } => Key::Integer(low),
        Value::Number { low, .. } => Key::Real(low),
        Value::Uri(uri) => Key::Text(uri.to_owned()),
    }
}

fn order(one: &Key, other: &Key) -> Ordering {
    match (one, other) {
        (Key::Integer(one), Key::Integer(other)) => one.cmp(other),
        (Key::Real(one), Key::Real(other)) => one.total_cmp(other),
        (Key::Text(one), Key::Text(other)) => one.cmp(other),
        (one, other) => turn(one).cmp(&turn(other)),
    }
}

const fn turn(key: &Key) -> u8 {
    match key {
        Key::Integer(_) => 0,
        Key::Real(_) => 1,
        Key::Text(_) => 2,
        Key::Missing => 3,
    }
}

impl Eq for Rank {}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        for ((one, descending), (other, _)) in self.keys.iter().zip(&other.keys) {
            let missing = matches!(one, Key::Missing) || matches!(other, Key::Missing);
            let ordering = order(one, other);
            let ordering = if *descending && !missing {
                ordering.reverse()
            } else {
                ordering
            };
            if ordering.is_ne() {
                return ordering;
            }
        }
        self.rid.cmp(&other.rid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_value_comes_last_both_ways() {
        let rank = |key: Key, descending: bool, rid: i64| Rank {
            keys: vec![(key, descending)],
            rid,
        };
        for descending in [false, true] {
            let mut ranks = [
                rank(Key::Missing, descending, 1),
                rank(Key::Integer(1), descending, 2),
                rank(Key::Integer(2), descending, 3),
                rank(Key::Integer(2), descending, 0),
            ];
            ranks.sort();
            let rids: Vec<i64> = ranks.iter().map(|rank| rank.rid).collect();
            assert_eq!(
                rids,
                if descending {
                    [0, 3, 2, 1]
                } else {
                    [2, 0, 3, 1]
                }
            );
        }
    }
}
