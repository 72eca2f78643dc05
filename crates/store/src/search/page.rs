//! One page of a search.

use std::cell::Cell;
use std::collections::BinaryHeap;
use std::ops::ControlFlow;

use care::Scope;

use super::candidates::{Deadline, Hit, Scan};
use super::criterion::Reading;
use super::cursor::{CursorKey, Position};
use super::filter::Filter;
use super::include::{self, Found};
use super::parameters::Parameters;
use super::query::{self, Include, Query};
use super::resolve::Resolver;
use super::sight::Sight;
use super::sort::{self, Rank, SortKey};
use super::walk::{self, Plan};
use crate::database::kinds::{Kinds, kind_of};
use crate::database::snapshot::Snapshot;
use crate::database::{Connection, DatabaseError};
use crate::read::{FILED, filed, stored};
use crate::{Options, SearchPage, StoreError};

/// The parameter that a cursor comes back in.
pub(super) const CURSOR: &str = "_cursor";
/// What may stand beside a cursor: how the answer looks is the edge's business.
const BESIDE_CURSOR: [&str; 3] = ["_elements", "_format", "_pretty"];

/// The parameter that says which types a search across types is of.
const TYPES: &str = "_type";

/// What is asked of one type.
pub(super) struct Part {
    kind: i64,
    pub(super) query: Query,
    filters: Vec<Filter>,
    sort: Vec<SortKey>,
}

/// What answering needs besides the question.
#[derive(Clone, Copy)]
pub(crate) struct Searching<'a> {
    pub(crate) file: &'a Snapshot<'a>,
    pub(crate) kinds: &'a Kinds,
    pub(crate) options: &'a Options,
    pub(crate) key: &'a CursorKey,
    pub(crate) scope: &'a Scope,
}

/// Answers a query on one type, or without one on those in `_type`; or goes on
/// with one.
pub(crate) fn run(
    searching: Searching<'_>,
    resource_type: Option<&str>,
    pairs: &[(String, String)],
) -> Result<SearchPage, StoreError> {
    let Searching {
        file, kinds, key, ..
    } = searching;
    let of = match resource_type {
        Some(resource_type) => kinds.resource_type(resource_type)?,
        None => "",
    };
    let (pairs, after) = match pairs.iter().find(|(name, _)| name == CURSOR) {
        None => (pairs.to_vec(), None),
        Some((_, cursor)) => {
            let alone = pairs
                .iter()
                .filter(|(name, _)| !BESIDE_CURSOR.contains(&name.as_str()))
                .count()
                == 1;
            let position = Position::open(key, cursor)?;
            if !alone || position.resource_type != of {
                return Err(StoreError::InvalidCursor);
            }
            (position.query, Some(position.after))
        }
    };
    let sight = Sight::of(file.connection, searching.scope)?;
    let resolver = Resolver {
        file,
        kinds,
        sight: &sight,
        deadline: Deadline::start(),
    };
    let parts = parts(searching, resolver, resource_type.map(|_| of), &pairs)?;
    let scan = |part| scan(resolver, part);
    let first = &parts.first().ok_or(StoreError::UnknownResourceType)?.query;
    let (wanted, is_sorted) = (first.count, !first.sort.is_empty());
    let total = if first.total {
        let mut total = 0;
        for part in &parts {
            total += count(scan(part))?;
        }
        Some(total)
    } else {
        None
    };
    let mut ranked = Vec::new();
    for part in parts.iter().filter(|_| wanted > 0) {
        ranked.extend(if is_sorted {
            sorted(scan(part), &part.query, &part.sort, after.as_ref())?
        } else {
            in_order(scan(part), &part.query, after.as_ref())?
        });
        // Without a sort the types follow each other.
        if !is_sorted && ranked.len() > wanted {
            break;
        }
    }
    if parts.len() > 1 {
        ranked.sort_by(|(one, _), (other, _)| one.cmp(other));
    }
    let more = ranked.len() > wanted;
    ranked.truncate(wanted);
    let next = match ranked.last() {
        Some((rank, _)) if more => Some(
            Position {
                resource_type: of.to_owned(),
                query: pairs,
                after: rank.clone(),
            }
            .seal(key)?,
        ),
        _ => None,
    };
    let found: Vec<Found> = ranked.into_iter().map(|(_, found)| found).collect();
    let mut includes: Vec<&Include> = Vec::new();
    for include in parts.iter().flat_map(|part| &part.query.includes) {
        if !includes.contains(&include) {
            includes.push(include);
        }
    }
    let included = include::included(resolver, &includes, &found)?;
    Ok(SearchPage {
        total,
        matches: bodies(file.connection, kinds, found)?,
        included: bodies(file.connection, kinds, included)?,
        next,
    })
}

/// What is asked of each type, in the order of their numbers.
pub(super) fn parts(
    searching: Searching<'_>,
    resolver: Resolver<'_>,
    resource_type: Option<&'static str>,
    pairs: &[(String, String)],
) -> Result<Vec<Part>, StoreError> {
    let kinds = searching.kinds;
    let links = Cell::new(0);
    let reading = reading(kinds, &searching.file.parameters, searching.options, &links);
    let (types, pairs) = match resource_type {
        Some(resource_type) => (vec![resource_type], pairs.to_vec()),
        None => types(kinds, pairs)?,
    };
    let mut parts = Vec::with_capacity(types.len());
    for resource_type in types {
        let query = query::read(reading, resource_type, &pairs)?;
        let filters = query
            .criteria
            .iter()
            .map(|criterion| resolver.filter(resource_type, criterion))
            .collect::<Result<_, _>>()?;
        let sort = query
            .sort
            .iter()
            .map(|sort| SortKey::of(resolver, resource_type, sort))
            .collect::<Result<_, _>>()?;
        parts.push(Part {
            kind: kinds.number(resource_type)?,
            query,
            filters,
            sort,
        });
    }
    parts.sort_by_key(|part| part.kind);
    Ok(parts)
}

pub(super) fn reading<'a>(
    kinds: &Kinds,
    parameters: &'a Parameters,
    options: &'a Options,
    links: &'a Cell<usize>,
) -> Reading<'a> {
    Reading {
        version: kinds.version(),
        parameters,
        base_url: &options.base_url,
        now: options.clock.now(),
        links,
    }
}

/// The types that a search across types is of, and the rest of its query.
#[expect(
    clippy::type_complexity,
    reason = "types and pairs, as the caller has them"
)]
pub(super) fn types(
    kinds: &Kinds,
    pairs: &[(String, String)],
) -> Result<(Vec<&'static str>, Vec<(String, String)>), StoreError> {
    let (named, rest): (Vec<_>, Vec<_>) =
        pairs.iter().cloned().partition(|(name, _)| name == TYPES);
    let mut types = kinds.version().resource_types().to_vec();
    for (_, names) in &named {
        let wanted = names
            .split(',')
            .map(|name| kinds.resource_type(name))
            .collect::<Result<Vec<_>, _>>()?;
        types.retain(|name| wanted.contains(name));
    }
    Ok((types, rest))
}

pub(super) fn scan<'a>(resolver: Resolver<'a>, part: &'a Part) -> Scan<'a> {
    Scan {
        file: resolver.file,
        kinds: resolver.kinds,
        sight: resolver.sight,
        directory: false,
        kind: part.kind,
        filters: &part.filters,
        deadline: resolver.deadline,
    }
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

pub(super) fn bodies(
    connection: &Connection,
    kinds: &Kinds,
    found: Vec<Found>,
) -> Result<Vec<crate::Stored>, StoreError> {
    let sql = format!("SELECT v.body, {FILED} FROM version v WHERE v.vid = ?1");
    let mut version = connection.prepare_cached(&sql)?;
    let mut all = Vec::with_capacity(found.len());
    let mut rest = found;
    while !rest.is_empty() {
        let later = rest.split_off(rest.len().min(connection.rows_at_once()));
        let places: Vec<[i64; 1]> = rest.iter().map(|found| [found.vid]).collect();
        let mut here = std::mem::replace(&mut rest, later).into_iter();
        let _ = version.query_each(&places, |_, row| {
            let (Some(row), Some(found)) = (row, here.next()) else {
                return Err(DatabaseError::NoRow.into());
            };
            all.push(stored(
                kinds.name(kind_of(found.rid))?,
                found.id,
                found.version,
                found.updated,
                row.get(0)?,
                filed(row, 1)?,
            )?);
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(all)
}
