//! Reading a resource, one of its versions, and histories.

use care::{Bsn, Categories, Scope};
use jiff::Timestamp;

use crate::database::kinds::Kinds;
use crate::database::{Connection, DatabaseError, OptionalExtension, Row, Value as Sql};
use crate::limits::PAGE_MAX;
use crate::search::{CursorKey, Sight};
use crate::write::identity::{DELETED, LIVE, SEVERAL};
use crate::{
    Filed, Found, HistoryEntry, HistoryOf, HistoryPage, Interaction, Page, StoreError, Stored,
    Whose,
};

/// The purpose of a sealed cursor.
const HISTORY: &str = "history";

/// The columns of a version `v` that [`filed`] reads.
pub(crate) const FILED: &str =
    "v.labels, v.patient, (SELECT p.bsn FROM patient p WHERE p.rid = v.patient)";

/// A resource as it is given back.
pub(crate) fn stored(
    resource_type: &'static str,
    id: String,
    version: i64,
    updated_ms: i64,
    body: Vec<u8>,
    filed: Filed,
) -> Result<Stored, StoreError> {
    Ok(Stored {
        resource_type,
        id,
        version: version as u64,
        last_updated: Timestamp::from_millisecond(updated_ms).map_err(|_| StoreError::Corrupt {
            what: "a time is out of range",
        })?,
        body: body.into(),
        filed,
    })
}

/// Under what a version was filed, from the columns of [`FILED`], of which
/// this is the first.
pub(crate) fn filed(row: Row<'_>, first: usize) -> Result<Filed, DatabaseError> {
    let whose = match (row.get(first + 1)?, row.get::<Option<String>>(first + 2)?) {
        (SEVERAL, _) => Whose::InBody,
        (_, None) => Whose::Nobody,
        (_, Some(bsn)) => Whose::One(Bsn::parse(&bsn).map_err(|_| DatabaseError::OtherKind)?),
    };
    Ok(Filed {
        categories: Categories::from_bits(row.get(first)?),
        whose,
    })
}

/// The same for a version that may be an earlier one.
fn filed_then(
    kinds: &Kinds,
    kind: i64,
    row: Row<'_>,
    first: usize,
) -> Result<Filed, DatabaseError> {
    let mut filed = filed(row, first)?;
    if kinds.number("Patient").ok() == Some(kind) {
        filed.whose = Whose::InBody;
    }
    Ok(filed)
}

/// The current version of a resource.
pub(crate) fn current(
    connection: &Connection,
    kinds: &Kinds,
    scope: &Scope,
    resource_type: &str,
    id: &str,
) -> Result<Found, StoreError> {
    let kind = kinds.number(resource_type)?;
    let sight = Sight::of(connection, scope)?;
    let mut values = vec![Sql::Text(id.to_owned()), kind.into()];
    let seen = sight.condition("r", &mut values);
    let sql = format!(
        "SELECT r.state, r.version, r.updated, v.body, {FILED}
         FROM resource r CROSS JOIN version v ON v.vid = r.vid
         WHERE r.id = ? AND r.kind = ? AND {seen}"
    );
    let found = connection
        .prepare_cached(&sql)?
        .query_row(values, |row| {
            let (state, version, updated) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok((state, version, updated, row.get(3)?, filed(row, 4)?))
        })
        .optional()?;
    found_of(kinds.name(kind)?, id, found)
}

/// One version of a resource. Both it and the resource as it is now must be in
/// sight: what was filed under the wrong patient once is not theirs to see.
pub(crate) fn version(
    connection: &Connection,
    kinds: &Kinds,
    scope: &Scope,
    resource_type: &str,
    id: &str,
    version: u64,
) -> Result<Found, StoreError> {
    let kind = kinds.number(resource_type)?;
    let Ok(version) = i64::try_from(version) else {
        return Ok(Found::Absent);
    };
    let sight = Sight::of(connection, scope)?;
    let mut values = vec![Sql::Text(id.to_owned()), kind.into(), version.into()];
    let seen = sight.condition("r", &mut values);
    let then = sight.condition("v", &mut values);
    let sql = format!(
        "SELECT v.interaction = 2, v.version, v.updated, v.body, {FILED}
         FROM resource r CROSS JOIN version v ON v.rid = r.rid
         WHERE r.id = ? AND r.kind = ? AND v.version = ? AND {seen} AND {then}"
    );
    let found = connection
        .prepare_cached(&sql)?
        .query_row(values, |row| {
            let (state, version, updated) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let filed = filed_then(kinds, kind, row, 4)?;
            Ok((state, version, updated, row.get(3)?, filed))
        })
        .optional()?;
    found_of(kinds.name(kind)?, id, found)
}

fn found_of(
    resource_type: &'static str,
    id: &str,
    row: Option<(i64, i64, i64, Vec<u8>, Filed)>,
) -> Result<Found, StoreError> {
    let Some((state, version, updated, body, filed)) = row else {
        return Ok(Found::Absent);
    };
    let stored = stored(resource_type, id.to_owned(), version, updated, body, filed)?;
    Ok(match state {
        LIVE => Found::Here(stored),
        DELETED => Found::Deleted {
            version: stored.version,
            last_updated: stored.last_updated,
        },
        _ => Found::Absent,
    })
}

/// A page of a history, newest first.
pub(crate) fn history(
    connection: &Connection,
    kinds: &Kinds,
    key: &CursorKey,
    scope: &Scope,
    of: &HistoryOf,
    page: &Page,
) -> Result<HistoryPage, StoreError> {
    if !(1..=PAGE_MAX).contains(&page.count) {
        return Err(StoreError::LimitExceeded {
            limit: "PAGE_MAX",
            max: PAGE_MAX,
        });
    }
    let before = match &page.cursor {
        None => i64::MAX,
        Some(cursor) => {
            let content = key.open(HISTORY, cursor)?;
            let bytes = content.try_into().map_err(|_| StoreError::InvalidCursor)?;
            i64::from_le_bytes(bytes)
        }
    };
    let since = page.since.map_or(i64::MIN, Timestamp::as_millisecond);
    let sight = Sight::of(connection, scope)?;
    let mut values: Vec<Sql> = vec![before.into(), since.into()];
    let which = match of {
        HistoryOf::Instance { resource_type, id } => {
            values.push(Sql::Text(id.clone()));
            values.push(kinds.number(resource_type)?.into());
            "v.rid = (SELECT rid FROM resource WHERE id = ? AND kind = ?)"
        }
        HistoryOf::Type { resource_type } => {
            values.push(kinds.number(resource_type)?.into());
            "v.kind = ?"
        }
        HistoryOf::System => "TRUE",
    };
    let at = match page.at_ms {
        Some((first, last)) => {
            values.extend([last.into(), first.into()]);
            "v.interaction <> 2 AND v.updated <= ? AND NOT EXISTS
             (SELECT 1 FROM version n
              WHERE n.rid = v.rid AND n.version = v.version + 1 AND n.updated <= ?)"
        }
        None => "TRUE",
    };
    let seen = sight.condition("r", &mut values);
    let then = sight.condition("v", &mut values);
    values.push(Sql::Integer(page.count as i64 + 1));
    // The plus signs keep SQLite from walking all versions in order when it
    // should look up those of one resource.
    let order = if matches!(of, HistoryOf::Instance { .. }) {
        "+v.vid"
    } else {
        "v.vid"
    };
    let sql = format!(
        "SELECT v.vid, v.kind, r.id, v.version, v.updated, v.interaction, v.body, {FILED}
         FROM version v CROSS JOIN resource r ON r.rid = v.rid
         WHERE {order} < ? AND v.updated >= ? AND {which} AND {at} AND {seen} AND {then}
         ORDER BY {order} DESC LIMIT ?"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(values)?;
    let mut entries = Vec::new();
    let mut last = 0;
    let mut next = None;
    while let Some(row) = rows.next()? {
        if entries.len() == page.count {
            next = Some(key.seal(HISTORY, &i64::to_le_bytes(last))?);
            break;
        }
        last = row.get(0)?;
        entries.push(entry(kinds, row)?);
    }
    Ok(HistoryPage { entries, next })
}

/// A row of `kind, id, version, updated, interaction, body` after its place,
/// with [`FILED`] at the end.
pub(crate) fn entry(kinds: &Kinds, row: Row<'_>) -> Result<HistoryEntry, StoreError> {
    let interaction = match row.get::<i64>(5)? {
        0 => Interaction::Create,
        1 => Interaction::Update,
        _ => Interaction::Delete,
    };
    let kind = row.get(1)?;
    let stored = stored(
        kinds.name(kind)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(6)?,
        filed_then(kinds, kind, row, 7)?,
    )?;
    Ok(HistoryEntry {
        stored,
        interaction,
    })
}
