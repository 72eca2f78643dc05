//! What was written since a subscription last looked.

use care::Scope;
use jiff::Timestamp;

use super::{Changed, Changes};
use crate::database::kinds::Kinds;
use crate::database::{Connection, Value as Sql};
use crate::limits::LIST_MAX;
use crate::search::Sight;
use crate::{StoreError, moment};

/// The resources of these types that were written after a version, that are
/// still as they were written then, and that the scope lets through. What was
/// written again stands at its later place.
pub(crate) fn changed(
    connection: &Connection,
    kinds: &Kinds,
    scope: &Scope,
    types: &[String],
    after: i64,
    count: usize,
) -> Result<Changes, StoreError> {
    if !(1..=LIST_MAX).contains(&count) {
        return Err(StoreError::LimitExceeded {
            limit: "LIST_MAX",
            max: LIST_MAX,
        });
    }
    let last = moment::last(connection)?.number;
    let sight = Sight::of(connection, scope)?;
    let mut numbers = Vec::with_capacity(types.len());
    for name in types {
        numbers.push(kinds.number(name)?.to_string());
    }
    let mut values: Vec<Sql> = vec![after.into(), last.into()];
    let seen = sight.condition("r", &mut values);
    values.push(Sql::Integer(count as i64));
    // The numbers are our own, and few: no value stands in the statement.
    let sql = format!(
        "SELECT v.vid, v.kind, r.id, v.interaction, v.updated
         FROM version v CROSS JOIN resource r ON r.rid = v.rid AND r.vid = v.vid
         WHERE v.vid > ? AND v.vid <= ? AND v.kind IN ({}) AND r.state = 0 AND {seen}
         ORDER BY v.vid LIMIT ?",
        if numbers.is_empty() {
            "-1".to_owned()
        } else {
            numbers.join(",")
        }
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(values)?;
    let mut changed = Vec::new();
    let mut place = after;
    while let Some(row) = rows.next()? {
        place = row.get(0)?;
        let happened =
            Timestamp::from_millisecond(row.get(4)?).map_err(|_| StoreError::Corrupt {
                what: "a time is out of range",
            })?;
        changed.push(Changed {
            resource_type: kinds.name(row.get(1)?)?,
            id: row.get(2)?,
            is_new: row.get::<i64>(3)? == 0,
            happened,
        });
    }
    let is_full = changed.len() == count;
    Ok(Changes {
        changed,
        looked: if is_full { place } else { last.max(after) },
        is_full,
    })
}
