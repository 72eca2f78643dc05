//! What matches bring along.

use std::collections::HashSet;
use std::ops::ControlFlow;

use crate::database::{Row, Value as Sql};

use super::candidates::COLUMNS;
use super::filter::UNUSED;
use super::query::Include;
use super::resolve::Resolver;
use crate::StoreError;
use crate::database::kinds;
use crate::database::names::Variant;
use crate::index::{Entries, Range, Term};
use crate::limits::{INCLUDE_ROUNDS_MAX, INCLUDED_MAX};

/// A row of a page.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) rid: i64,
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) updated: i64,
    pub(crate) vid: i64,
    pub(crate) entries: Vec<u8>,
}

/// An [`Include`] with its names as numbers.
struct Path {
    reverse: bool,
    iterate: bool,
    source: i64,
    parameters: Vec<i64>,
    target: Option<i64>,
}

/// All that the matches bring along, each once, without the matches themselves.
pub(crate) fn included(
    resolver: Resolver<'_>,
    includes: &[&Include],
    matches: &[Found],
) -> Result<Vec<Found>, StoreError> {
    let paths = includes
        .iter()
        .map(|include| {
            let parameters = include
                .parameters
                .iter()
                .map(|parameter| resolver.parameter(include.source, parameter, Variant::Value))
                .filter(|number| !matches!(number, Ok(UNUSED)))
                .collect::<Result<_, _>>()?;
            Ok(Path {
                reverse: include.reverse,
                iterate: include.iterate,
                source: resolver.kinds.number(include.source)?,
                parameters,
                target: include
                    .target
                    .map(|target| resolver.kinds.number(target))
                    .transpose()?,
            })
        })
        .collect::<Result<Vec<Path>, StoreError>>()?;
    let mut seen: HashSet<i64> = matches.iter().map(|found| found.rid).collect();
    let mut all: Vec<Found> = Vec::new();
    let mut round: Vec<Found> = matches.to_vec();
    for number in 0.. {
        let mut next = Vec::new();
        for path in paths.iter().filter(|path| number == 0 || path.iterate) {
            for from in &round {
                if path.reverse {
                    resolver.referring(path, from.rid, &mut seen, &mut next)?;
                } else {
                    resolver.referred(path, from, &mut seen, &mut next)?;
                }
                if all.len() + next.len() > INCLUDED_MAX {
                    return Err(StoreError::LimitExceeded {
                        limit: "INCLUDED_MAX",
                        max: INCLUDED_MAX,
                    });
                }
            }
        }
        if next.is_empty() {
            break;
        }
        if number == INCLUDE_ROUNDS_MAX {
            return Err(StoreError::LimitExceeded {
                limit: "INCLUDE_ROUNDS_MAX",
                max: INCLUDE_ROUNDS_MAX,
            });
        }
        all.extend_from_slice(&next);
        round = next;
    }
    Ok(all)
}

impl Resolver<'_> {
    /// What a row refers to.
    fn referred(
        self,
        path: &Path,
        from: &Found,
        seen: &mut HashSet<i64>,
        next: &mut Vec<Found>,
    ) -> Result<(), StoreError> {
        if kinds::kind_of(from.rid) != path.source {
            return Ok(());
        }
        let mut values = vec![Sql::Null];
        let sight = self
            .sight
            .condition_or_directory("r", self.kinds, &mut values);
        let sql =
            format!("SELECT {COLUMNS} FROM resource r WHERE r.rid = ? AND r.state = 0 AND {sight}");
        let mut statement = self.file.connection.prepare_cached(&sql)?;
        for parameter in &path.parameters {
            for target in Entries::of(&from.entries).references(*parameter) {
                let fits = path
                    .target
                    .is_none_or(|kind| kinds::kind_of(target) == kind);
                if !fits || seen.contains(&target) {
                    continue;
                }
                values[0] = Sql::Integer(target);
                let mut rows = statement.query(&values)?;
                if let Some(row) = rows.next()? {
                    seen.insert(target);
                    next.push(found(row)?);
                }
            }
        }
        Ok(())
    }

    /// What refers to a row.
    fn referring(
        self,
        path: &Path,
        to: i64,
        seen: &mut HashSet<i64>,
        next: &mut Vec<Found>,
    ) -> Result<(), StoreError> {
        if path.target.is_some_and(|kind| kinds::kind_of(to) != kind) {
            return Ok(());
        }
        for parameter in &path.parameters {
            let mut values = vec![Sql::Null];
            let sight = self.sight.condition("r", &mut values);
            let sql = format!(
                "SELECT {COLUMNS} FROM resource r WHERE r.rid = ? AND r.state = 0 AND {sight}"
            );
            let mut statement = self.file.connection.prepare_cached(&sql)?;
            let range = Range::of(&Term::Reference(*parameter, to));
            self.file.index.each(self.file.connection, &range, |rid| {
                values[0] = Sql::Integer(rid);
                let mut rows = statement.query(&values)?;
                if let Some(row) = rows.next()?
                    && seen.insert(rid)
                {
                    next.push(found(row)?);
                }
                Ok(if next.len() > INCLUDED_MAX {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                })
            })?;
        }
        Ok(())
    }
}

fn found(row: Row<'_>) -> Result<Found, StoreError> {
    Ok(Found {
        rid: row.get(0)?,
        updated: row.get(1)?,
        entries: row.get(2)?,
        id: row.get(3)?,
        version: row.get(4)?,
        vid: row.get(5)?,
    })
}
