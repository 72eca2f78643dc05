//! One moment of the store, walked in pages while writes go on.
//!
//! Every version keeps its row, and its number rises with time. So the moment
//! of version `n` is, for each resource, its newest version up to `n`: what is
//! written later has a higher number and does not show.

use care::Scope;
use jiff::Timestamp;

use crate::database::Connection;
use crate::database::Value as Sql;
use crate::database::kinds::{Kinds, range_of};
use crate::limits::{PAGE_MAX, WALK_BYTES_MAX};
use crate::read::{FILED, entry};
use crate::search::Sight;
use crate::{HistoryEntry, Moment, StoreError, Walk, WalkPage};

/// The moment of the last version that is there.
pub(crate) fn last(connection: &Connection) -> Result<Moment, StoreError> {
    let found = connection
        .prepare_cached("SELECT vid, updated FROM version ORDER BY vid DESC LIMIT 1")?
        .query_all((), |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?)))?;
    let (number, updated) = found.first().copied().unwrap_or_default();
    let time = Timestamp::from_millisecond(updated).map_err(|_| StoreError::Corrupt {
        what: "a time is out of range",
    })?;
    Ok(Moment { number, time })
}

/// A page of the resources of a type as they were at a moment.
pub(crate) fn walk(
    connection: &Connection,
    kinds: &Kinds,
    scope: &Scope,
    walk: &Walk,
) -> Result<WalkPage, StoreError> {
    if !(1..=PAGE_MAX).contains(&walk.count) {
        return Err(StoreError::LimitExceeded {
            limit: "PAGE_MAX",
            max: PAGE_MAX,
        });
    }
    let (first, last) = range_of(kinds.number(&walk.resource_type)?);
    let after = walk.after.unwrap_or(first - 1).max(first - 1);
    let since = walk.since.map_or(i64::MIN, Timestamp::as_millisecond);
    let sight = Sight::of(connection, scope)?;
    let mut values: Vec<Sql> = vec![
        after.into(),
        last.into(),
        walk.moment.number.into(),
        since.into(),
    ];
    let seen = sight.condition("r", &mut values);
    let then = sight.condition("v", &mut values);
    values.push(Sql::Integer(walk.count as i64));
    let sql = format!(
        "SELECT r.rid, v.kind, r.id, v.version, v.updated, v.interaction, v.body, {FILED}
         FROM resource r CROSS JOIN version v ON v.rid = r.rid
         WHERE r.rid > ? AND r.rid <= ?
           AND v.version = (SELECT max(w.version) FROM version w
                            WHERE w.rid = r.rid AND w.vid <= ?)
           AND v.updated >= ? AND {seen} AND {then}
         ORDER BY r.rid LIMIT ?"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(values)?;
    let mut entries: Vec<HistoryEntry> = Vec::new();
    let mut bytes = 0;
    let mut place = 0;
    let mut is_full = false;
    while let Some(row) = rows.next()? {
        place = row.get(0)?;
        let found = entry(kinds, row)?;
        bytes += found.stored.body.len();
        entries.push(found);
        is_full = entries.len() == walk.count || bytes >= WALK_BYTES_MAX;
        if is_full {
            break;
        }
    }
    let next = is_full.then_some(place);
    Ok(WalkPage { entries, next })
}
