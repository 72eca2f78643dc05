//! One page of a search.

use std::collections::BinaryHeap;
use std::ops::ControlFlow;

use crate::database::Connection;
use care::Scope;

use super::candidates::{Deadline, Hit, Scan};
use super::criterion::Reading;
use super::cursor::{CursorKey, Position};
use super::filter::Filter;
use super::include::{self, Found};
use super::query::{self, Query};
use super::resolve::Resolver;
use super::sight::Sight;
use super::sort::{self, Rank, SortKey};
use super::walk::{self, Plan};
use crate::database::kinds::Kinds;
use crate::database::snapshot::Snapshot;
use crate::read::stored;
use crate::{Options, SearchPage, StoreError};

/// The parameter that a cursor comes back in.
const CURSOR: &str = "_cursor";
/// What may stand beside a cursor: how the answer looks is the edge's business.
const BESIDE_CURSOR: [&str; 3] = ["_elements", "_format", "_pretty"];

/// Answers a query, or goes on with one.
pub(crate) fn run(
    file: &Snapshot<'_>,
    kinds: &Kinds,
    options: &Options,
    key: &CursorKey,
    scope: &Scope,
    resource_type: &str,
    pairs: &[(String, String)],
) -> Result<SearchPage, StoreError> {
    let resource_type = kinds.resource_type(resource_type)?;
    let (pairs, after) = match pairs.iter().find(|(name, _)| name == CURSOR) {
        None => (pairs.to_vec(), None),
        Some((_, cursor)) => {
            let alone = pairs
                .iter()
                .filter(|(name, _)| !BESIDE_CURSOR.contains(&name.as_str()))
                .count()
                == 1;
            let position = Position::open(key, cursor)?;
            if !alone || position.resource_type != resource_type {
                return Err(StoreError::InvalidCursor);
            }
            (position.query, Some(position.after))
        }
    };
    let reading = Reading {
        version: kinds.version(),
        base_url: &options.base_url,
        now: options.clock.now(),
    };
    let query = query::read(reading, resource_type, &pairs)?;
    let sight = Sight::of(file.connection, scope)?;
    let deadline = Deadline::start();
    let resolver = Resolver {
        file,
        kinds,
        sight: &sight,
        deadline,
    };
    let filters = query
        .criteria
        .iter()
        .map(|criterion| resolver.filter(resource_type, criterion))
        .collect::<Result<Vec<Filter>, _>>()?;
    let scan = Scan {
        file,
        kinds,
        sight: &sight,
        directory: false,
        kind: kinds.number(resource_type)?,
        filters: &filters,
        deadline,
    };
    let total = if query.total {
        Some(count(scan)?)
    } else {
        None
    };
    let sort = query
        .sort
        .iter()
        .map(|sort| SortKey::of(resolver, resource_type, sort))
        .collect::<Result<Vec<_>, _>>()?;
    let mut ranked = if query.count == 0 {
        Vec::new()
    } else if sort.is_empty() {
        in_order(scan, &query, after.as_ref())?
    } else {
        sorted(scan, &query, &sort, after.as_ref())?
    };
    let more = ranked.len() > query.count;
    ranked.truncate(query.count);
    let next = match ranked.last() {
        Some((rank, _)) if more => Some(
            Position {
                resource_type: resource_type.to_owned(),
                query: pairs,
                after: rank.clone(),
            }
            .seal(key)?,
        ),
        _ => None,
    };
    let found: Vec<Found> = ranked.into_iter().map(|(_, found)| found).collect();
    let included = include::included(resolver, &query.includes, &found)?;
    Ok(SearchPage {
        total,
        matches: bodies(file.connection, kinds, found)?,
        included: bodies(file.connection, kinds, included)?,
        next,
    })
}

fn count(scan: Scan<'_>) -> Result<u64, StoreError> {
    if let Some(count) = walk::count_by_index(scan)? {
        return Ok(count);
    }
    let mut count = 0;
    scan.each(None, true, |_| {
        count += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(count)
}

/// The matches of a page and one more, by number.
fn in_order(
    scan: Scan<'_>,
    query: &Query,
    after: Option<&Rank>,
) -> Result<Vec<(Rank, Found)>, StoreError> {
    let mut page = Vec::with_capacity(query.count.min(64) + 1);
    scan.each(after.map(|rank| rank.rid), false, |hit| {
        page.push((
            Rank {
                keys: Vec::new(),
                rid: hit.candidate.rid,
            },
            found(query, hit)?,
        ));
        Ok(if page.len() > query.count {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok(page)
}

/// The matches of a page and one more, by the keys of the sort. No more than
/// that is kept, however many match.
fn sorted(
    scan: Scan<'_>,
    query: &Query,
    sort: &[SortKey],
    after: Option<&Rank>,
) -> Result<Vec<(Rank, Found)>, StoreError> {
    struct Ranked(Rank, Found);
    impl PartialEq for Ranked {
        fn eq(&self, other: &Self) -> bool {
            self.0 == other.0
        }
    }
    impl Eq for Ranked {}
    impl PartialOrd for Ranked {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Ranked {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            self.0.cmp(&other.0)
        }
    }

    let driver = match walk::plan(scan, sort, query.count)? {
        Plan::Walk(key) => return walk::page(scan, query, sort, key, after),
        Plan::Collect(driver) => driver,
    };
    let mut heap: BinaryHeap<Ranked> = BinaryHeap::new();
    scan.run(driver, None, &mut |hit| {
        let rank = sort::rank(sort, hit)?;
        if after.is_some_and(|after| rank <= *after) {
            return Ok(ControlFlow::Continue(()));
        }
        let full = heap.len() > query.count;
        if !full || heap.peek().is_some_and(|last| rank < last.0) {
            if full {
                heap.pop();
            }
            heap.push(Ranked(rank, found(query, hit)?));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(heap
        .into_sorted_vec()
        .into_iter()
        .map(|Ranked(rank, found)| (rank, found))
        .collect())
}

pub(super) fn found(query: &Query, hit: &Hit<'_>) -> Result<Found, StoreError> {
    Ok(Found {
        rid: hit.candidate.rid,
        id: hit.id()?,
        version: hit.version()?,
        updated: hit.candidate.updated,
        vid: hit.vid()?,
        entries: if query.includes.is_empty() {
            Vec::new()
        } else {
            hit.blob()?
        },
    })
}

fn bodies(
    connection: &Connection,
    kinds: &Kinds,
    found: Vec<Found>,
) -> Result<Vec<crate::Stored>, StoreError> {
    let mut body = connection.prepare_cached("SELECT body FROM version WHERE vid = ?1")?;
    found
        .into_iter()
        .map(|found| {
            let body: Vec<u8> = body.query_row([found.vid], |row| row.get(0))?;
            let kind = crate::database::kinds::kind_of(found.rid);
            stored(
                kinds.name(kind)?,
                found.id,
                found.version,
                found.updated,
                body,
            )
        })
        .collect()
}
