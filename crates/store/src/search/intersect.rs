//! Uses the index of further conditions before any row is read: looking at a
//! key costs a hundredth of reading its row.

use foldhash::{HashSet, HashSetExt};

use super::candidates::Scan;
use super::lookups::exact;
use crate::StoreError;

/// Fewer rows than this are read at once.
const FEW_ENOUGH: usize = 8;
/// Keys that may be looked at for each row that may be spared.
const KEYS_PER_ROW: usize = 16;
/// Keys that are looked at in any case.
const KEYS_AT_LEAST: usize = 1_024;
/// Resources that a walk checks against.
const MEMBERS_MAX: usize = 50_000;

/// Takes out of sorted rows those that an exact condition does not have. What
/// belongs to one patient often lies close together, so the part of another
/// condition between the first and the last of the rows is short.
pub(super) fn narrow(scan: Scan<'_>, rows: &mut Vec<i64>) -> Result<(), StoreError> {
    for filter in scan.filters {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Ok(());
        };
        if rows.len() < FEW_ENOUGH {
            return Ok(());
        }
        let Some(range) = exact(filter) else { continue };
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
