//! Uses the index of further conditions before any row is read: looking at a
//! key costs a hundredth of reading its row.

use std::ops::ControlFlow;

use foldhash::{HashSet, HashSetExt};

use super::candidates::Scan;
use super::lookups::exact;
use crate::StoreError;
use crate::index::Range;

/// Fewer rows than this are read at once.
const FEW_ENOUGH: usize = 8;
/// Keys that may be looked at for each row that may be spared.
const KEYS_PER_ROW: usize = 16;
/// Keys that are looked at in any case.
const KEYS_AT_LEAST: usize = 1_024;
/// Rows of one condition that are held against the others at first; each time
/// after that, [`PART_GROWTH`] times as many. The first part fills a page where
/// nearly all rows match.
const FIRST_PART: usize = 32;
const PART_GROWTH: usize = 4;
/// Rows that are held against the others at once at most.
const PART_MAX: usize = 2_048;
/// Resources that a walk checks against.
const MEMBERS_MAX: usize = 50_000;

/// Takes out of sorted rows those that an exact condition does not have. What
/// belongs to one patient often lies close together, so the part of another
/// condition between the first and the last of the rows is short. They come
/// from `driver` already, when that is told.
pub(super) fn narrow(
    scan: Scan<'_>,
    rows: &mut Vec<i64>,
    driver: Option<&Range>,
) -> Result<(), StoreError> {
    for filter in scan.filters {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Ok(());
        };
        if rows.len() < FEW_ENOUGH {
            return Ok(());
        }
        let Some(range) = exact(filter).filter(|range| Some(range) != driver) else {
            continue;
        };
        let (range, file) = (range.within(*first, *last), scan.file);
        let limit = KEYS_AT_LEAST + rows.len() * KEYS_PER_ROW;
        let mut those = Vec::new();
        if file
            .index
            .gather(file.connection, &range, limit, &mut those)?
        {
            let mut those = those.into_iter().peekable();
            rows.retain(|rid| {
                while those.next_if(|other| other < rid).is_some() {}
                those.peek() == Some(rid)
            });
        }
    }
    Ok(())
}

/// Offers the rows of a condition that come after one, in their order, until
/// `offer` breaks. Where there are other exact conditions, both sides are keys
/// that are gone through side by side, and only rows that have all are offered.
pub(super) fn in_parts(
    scan: Scan<'_>,
    driver: Range,
    after: i64,
    offer: &mut dyn FnMut(i64) -> Result<ControlFlow<()>, StoreError>,
) -> Result<(), StoreError> {
    let file = scan.file;
    let rest = driver.clone().after(after);
    let mut others = scan.filters.iter().filter_map(exact);
    if others.all(|other| other == driver) {
        return file.index.each(file.connection, &rest, offer);
    }
    let (mut part, mut size) = (Vec::with_capacity(FIRST_PART), FIRST_PART);
    let mut pass_on = |part: &mut Vec<i64>| {
        narrow(scan, part, Some(&driver))?;
        for rid in part.drain(..) {
            if offer(rid)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    };
    file.index.each(file.connection, &rest, |rid| {
        part.push(rid);
        if part.len() < size {
            return Ok(ControlFlow::Continue(()));
        }
        size = (size * PART_GROWTH).min(PART_MAX);
        scan.deadline.check()?;
        pass_on(&mut part)
    })?;
    // Nothing is left after a break: the part was drained.
    pass_on(&mut part).map(|_| ())
}

/// The resources of an exact condition, to check against while walking in
/// another order; `None` when there is none, or it has too many.
pub(super) fn members(scan: Scan<'_>) -> Result<Option<HashSet<i64>>, StoreError> {
    let Some(range) = scan.filters.iter().find_map(exact) else {
        return Ok(None);
    };
    let (file, mut rows) = (scan.file, Vec::new());
    if !file
        .index
        .gather(file.connection, &range, MEMBERS_MAX, &mut rows)?
    {
        return Ok(None);
    }
    let mut members = HashSet::with_capacity(rows.len());
    members.extend(rows);
    Ok(Some(members))
}
