//! The most recent observations of each code (FHIR R4, Observation `$lastn`).

use std::cmp::Reverse;
use std::ops::ControlFlow;

use foldhash::{HashMap, HashMapExt};

use super::candidates::Deadline;
use super::include::Found;
use super::page::{Part, Searching, bodies, found, parts, scan};
use super::resolve::Resolver;
use super::sight::Sight;
use crate::database::names::Variant;
use crate::index::{Entries, Value};
use crate::limits::{LAST_N_LOOKED_AT_MAX, LAST_N_MAX, PAGE_MAX};
use crate::{SearchPage, StoreError};

const OBSERVATION: &str = "Observation";

/// One observation that fits.
struct Candidate {
    /// The last millisecond that it is about; none comes after all dates.
    at: Reverse<Option<i64>>,
    /// Of the same moment, what was written later comes first.
    rid: Reverse<i64>,
    /// One of the codes of its group.
    code: usize,
    found: Found,
}

/// Answers with at most `max` observations of each group that fit `pairs`.
pub(crate) fn last_n(
    searching: Searching<'_>,
    max: usize,
    pairs: &[(String, String)],
) -> Result<SearchPage, StoreError> {
    if max > LAST_N_MAX {
        return Err(StoreError::LimitExceeded {
            limit: "LAST_N_MAX",
            max: LAST_N_MAX,
        });
    }
    let (file, kinds) = (searching.file, searching.kinds);
    let sight = Sight::of(file.connection, searching.scope)?;
    let resolver = Resolver {
        file,
        kinds,
        sight: &sight,
        deadline: Deadline::start(),
    };
    let of = kinds.resource_type(OBSERVATION)?;
    let parts = parts(searching, resolver, Some(of), pairs)?;
    let part = parts.first().ok_or(StoreError::Fault)?;
    let mut groups = Groups::default();
    let mut all = candidates(resolver, part, &mut groups)?;
    all.sort_by_key(|one| (one.at, one.rid));
    let mut taken: HashMap<usize, Vec<Found>> = HashMap::new();
    let mut order = Vec::new();
    for one in all {
        let group = groups.root(one.code);
        let taken = taken.entry(group).or_insert_with(|| {
            order.push(group);
            Vec::new()
        });
        if taken.len() < max {
            taken.push(one.found);
        }
    }
    let last: Vec<Found> = order
        .iter()
        .filter_map(|group| taken.remove(group))
        .flatten()
        .collect();
    if last.len() > PAGE_MAX {
        return Err(StoreError::LimitExceeded {
            limit: "PAGE_MAX",
            max: PAGE_MAX,
        });
    }
    Ok(SearchPage {
        total: Some(last.len() as u64),
        matches: bodies(file.connection, kinds, last)?,
        included: Vec::new(),
        next: None,
    })
}

fn candidates(
    resolver: Resolver<'_>,
    part: &Part,
    groups: &mut Groups,
) -> Result<Vec<Candidate>, StoreError> {
    let number = |code, variant| {
        let parameter = resolver.file.parameters.searched(OBSERVATION, code)?;
        resolver.parameter(OBSERVATION, parameter, variant)
    };
    let code = number("code", Variant::Value)?;
    let text = number("code", Variant::Text)?;
    let date = number("date", Variant::Value)?;
    let mut all = Vec::new();
    scan(resolver, part).each(None, true, |hit| {
        if all.len() == LAST_N_LOOKED_AT_MAX {
            return Err(StoreError::LimitExceeded {
                limit: "LAST_N_LOOKED_AT_MAX",
                max: LAST_N_LOOKED_AT_MAX,
            });
        }
        let entries = hit.candidate.entries;
        let dates = entries.get(date).filter_map(|value| match value {
            Value::Date { high, .. } => Some(high),
            _ => None,
        });
        all.push(Candidate {
            at: Reverse(dates.max()),
            rid: Reverse(hit.candidate.rid),
            code: groups.of(entries, code, text),
            found: found(&part.query, hit)?,
        });
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(all)
}

/// Codes that mean the same because one observation has them both, as sets.
#[derive(Default)]
struct Groups {
    numbers: HashMap<(i64, String), usize>,
    /// Of each number a number of the same set; of one of them itself.
    parents: Vec<usize>,
}

impl Groups {
    /// The set of an observation: by its codes, or by its text when it has none.
    fn of(&mut self, entries: Entries<'_>, code: i64, text: i64) -> usize {
        /// Stands for the system of a text: systems have numbers from 0 on.
        const TEXT: i64 = -1;
        let mut first = None;
        for value in entries.get(code) {
            if let Value::Token { system, code } = value {
                let number = self.number(system, code.to_owned());
                self.join(*first.get_or_insert(number), number);
            }
        }
        first.unwrap_or_else(|| {
            let text = entries.get(text).find_map(|value| match value {
                Value::Text(text) => Some(fhir::search::normalise(text)),
                _ => None,
            });
            self.number(TEXT, text.unwrap_or_default())
        })
    }

    fn number(&mut self, system: i64, code: String) -> usize {
        let next = self.parents.len();
        let number = *self.numbers.entry((system, code)).or_insert(next);
        if number == next {
            self.parents.push(next);
        }
        number
    }

    fn root(&mut self, mut number: usize) -> usize {
        while self.parents[number] != number {
            // Halving the way keeps it short.
            self.parents[number] = self.parents[self.parents[number]];
            number = self.parents[number];
        }
        number
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.parents[other] = one;
    }
}
