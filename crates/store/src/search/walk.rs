//! Short ways for what would go through many rows: a page in the order of an
//! index, and counting on an index alone.

use std::ops::ControlFlow;

use crate::database::OptionalExtension;

use super::candidates::{ByNumber, COLUMNS, Driver, FEW, MANY, Scan, TakeBy};
use super::include::Found;
use super::intersect;
use super::lookups::ordered;
use super::page::found;
use super::query::Query;
use super::sight::Sight;
use super::sort::{self, Index, Key, Rank, SortKey};
use crate::StoreError;
use crate::index::{Range, Term, moment_of, rid_of};

/// How a sorted page is found.
pub(super) enum Plan<'a> {
    /// By walking along the index of this key.
    Walk(&'a SortKey),
    /// By collecting all matches from here.
    Collect(Driver),
}

/// Ranked rows that a walk keeps beside those of the page before it sorts and
/// cuts them: many rows can have the same key.
const KEPT_MAX: usize = 1_024;

/// Keys that can be looked at in the time of reading one row.
const KEYS_WORTH_A_ROW: f64 = 30.0;

/// Decides how to sort. Walking along an index meets a match once in every
/// `all / matches` rows, so it pays when there are many matches.
pub(super) fn plan<'a>(
    scan: Scan<'_>,
    sort: &'a [SortKey],
    count: usize,
) -> Result<Plan<'a>, StoreError> {
    let [key] = sort else {
        return Ok(Plan::Collect(scan.driver(None, true, MANY)?));
    };
    if key.index().is_none() {
        return Ok(Plan::Collect(scan.driver(None, true, MANY)?));
    }
    // All rows between two dates would be read: a walk pays sooner than there.
    let driver = scan.driver(None, false, FEW)?;
    let all = live(scan)?;
    let walks = match &driver {
        Driver::Rows(_) => false,
        Driver::Kind => true,
        Driver::Ordered(range) => {
            // More matches than this, and the walk is shorter than the collection.
            let walked = all as f64 * (count + 1) as f64 / KEYS_WORTH_A_ROW;
            let enough = walked.sqrt() as usize;
            let file = scan.file;
            let all = file
                .index
                .gather(file.connection, range, enough, &mut Vec::new())?;
            !all
        }
    };
    Ok(if walks {
        Plan::Walk(key)
    } else {
        Plan::Collect(driver)
    })
}

/// How many live resources of the kind there are, seen or not: it decides on
/// the way only.
fn live(scan: Scan<'_>) -> Result<i64, StoreError> {
    let count: Option<i64> = scan
        .file
        .connection
        .prepare_cached("SELECT count FROM tally WHERE what = ?1")?
        .query_row([scan.kind], |row| row.get(0))
        .optional()?;
    Ok(count.unwrap_or(0))
}

/// The matches of a page and one more, along an index.
pub(super) fn page(
    scan: Scan<'_>,
    query: &Query,
    sort: &[SortKey],
    key: &SortKey,
    after: Option<&Rank>,
) -> Result<Vec<(Rank, Found)>, StoreError> {
    let wanted = query.count + 1;
    let mut page: Vec<(Rank, Found)> = Vec::new();
    let from = after.map(|rank| &rank.keys[0].0);
    if from != Some(&Key::Missing) {
        let start = match from {
            Some(Key::Integer(start)) => Some(*start),
            _ => None,
        };
        let mut latest = None;
        along(scan, key, start, &mut |at, hit| {
            if latest.replace(at) != Some(at) && page.len() >= wanted {
                return Ok(ControlFlow::Break(()));
            }
            let rank = sort::rank(sort, hit)?;
            // A resource with several values is met at each, and counts at one.
            let own = rank.keys[0].0 == Key::Integer(at);
            if own && after.is_none_or(|after| rank > *after) {
                page.push((rank, found(query, hit)?));
            }
            if page.len() > wanted + KEPT_MAX {
                cut(&mut page, wanted);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        cut(&mut page, wanted);
    }
    if page.len() < wanted {
        // What has no value comes last, by number.
        let after = after
            .filter(|rank| rank.keys[0].0 == Key::Missing)
            .map(|rank| rank.rid);
        scan.each(after, false, |hit| {
            let rank = sort::rank(sort, hit)?;
            if rank.keys[0].0 == Key::Missing {
                page.push((rank, found(query, hit)?));
            }
            let full = page.len() >= wanted;
            Ok(if full {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })?;
    }
    Ok(page)
}

fn cut(page: &mut Vec<(Rank, Found)>, wanted: usize) {
    page.sort_by(|(one, _), (other, _)| one.cmp(other));
    page.truncate(wanted);
}

/// Offers the rows in the order of the key, each with its value, from a value on.
fn along(
    scan: Scan<'_>,
    key: &SortKey,
    start: Option<i64>,
    take: &mut TakeBy<'_>,
) -> Result<(), StoreError> {
    match key.index() {
        Some(Index::Date(parameter)) => along_dates(scan, parameter, key, start, take),
        Some(Index::Updated) | None => along_writing(scan, key, start, take),
    }
}

fn along_dates(
    scan: Scan<'_>,
    parameter: i64,
    key: &SortKey,
    start: Option<i64>,
    take: &mut TakeBy<'_>,
) -> Result<(), StoreError> {
    let (low, high) = if key.is_descending() {
        (i64::MIN, start.unwrap_or(i64::MAX))
    } else {
        (start.unwrap_or(i64::MIN), i64::MAX)
    };
    let dates = Range::between(&Term::Date(parameter, low), &Term::Date(parameter, high));
    let members = intersect::members(scan)?;
    let mut by_number = ByNumber::new(scan)?;
    let file = scan.file;
    file.index
        .keys(file.connection, &dates, key.is_descending(), |key| {
            let (Some(at), Some(rid)) = (moment_of(key), rid_of(key)) else {
                return Err(StoreError::Corrupt {
                    what: "a key of the index is not of a date",
                });
            };
            if members
                .as_ref()
                .is_some_and(|members| !members.contains(&rid))
            {
                return Ok(ControlFlow::Continue(()));
            }
            by_number.offer(rid, at, take)
        })?;
    by_number.finish(take)
}

fn along_writing(
    scan: Scan<'_>,
    key: &SortKey,
    start: Option<i64>,
    take: &mut TakeBy<'_>,
) -> Result<(), StoreError> {
    let (compare, direction, end) = if key.is_descending() {
        ("<=", "DESC", i64::MAX)
    } else {
        (">=", "ASC", i64::MIN)
    };
    let mut values = vec![scan.kind.into(), start.unwrap_or(end).into()];
    let seen = scan.seen(&mut values);
    let sql = format!(
        "SELECT {COLUMNS} FROM resource r WHERE r.kind = ? AND r.updated {compare} ?
         AND r.state = 0 AND {seen} ORDER BY r.updated {direction}"
    );
    scan.stream(&sql, values, &mut |hit| take(hit.candidate.updated, hit))
}

/// How many match, when an index alone can tell: all can be seen, and there is
/// no condition, or one that an index answers exactly.
pub(super) fn count_by_index(scan: Scan<'_>) -> Result<Option<u64>, StoreError> {
    if *scan.sight != Sight::All {
        return Ok(None);
    }
    let count = match scan.filters {
        [] => live(scan)?,
        [filter] => match ordered(filter) {
            Some(Driver::Ordered(range)) => {
                let (mut count, file) = (0, scan.file);
                file.index.each(file.connection, &range, |_| {
                    count += 1;
                    Ok(ControlFlow::Continue(()))
                })?;
                count
            }
            _ => return Ok(None),
        },
        _ => return Ok(None),
    };
    Ok(Some(count as u64))
}
