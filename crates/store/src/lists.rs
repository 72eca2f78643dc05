//! Reading messages, the audit log, the outbox, and counts.

use crate::database::Value as Sql;
use crate::database::{Connection, OptionalExtension, Params, Row};
use care::{Bsn, Categories};
use jiff::{Timestamp, tz::TimeZone};

use crate::database::kinds::Kinds;
use crate::limits::{LIST_MAX, MESSAGES_COUNTED_MAX};
use crate::write::{LABORATORY_CODED, LABORATORY_UNCODED};
use crate::{
    AuditLine, AuditPage, Message, MessageFilter, MessageId, MessageOverview, MessageState,
    MessageSummary, OutboxEvent, Statistics, StoreError,
};

/// Days of messages that the statistics tell of.
const DAYS_MAX: usize = 31;
const DAY_MS: i64 = 86_400_000;
const SUMMARY: &str = "id, channel, sender, control_id, kind, received, state, error, size";

/// The limit of a list, held.
fn limit(limit: usize) -> Result<i64, StoreError> {
    if (1..=LIST_MAX).contains(&limit) {
        Ok(limit as i64)
    } else {
        Err(StoreError::LimitExceeded {
            limit: "LIST_MAX",
            max: LIST_MAX,
        })
    }
}

/// A number from SQLite for each state.
const fn state_number(state: MessageState) -> i64 {
    match state {
        MessageState::Accepted => 0,
        MessageState::Refused => 1,
        MessageState::Replayed => 2,
    }
}

fn state_of(number: i64) -> Result<MessageState, StoreError> {
    MessageState::ALL
        .into_iter()
        .find(|state| state_number(*state) == number)
        .ok_or(StoreError::Corrupt {
            what: "a message has an unknown state",
        })
}

fn moment(ms: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(ms).map_err(|_| StoreError::Corrupt {
        what: "a time is out of range",
    })
}

/// A count or place, which is never negative.
fn number(row: Row<'_>, column: usize) -> Result<u64, StoreError> {
    u64::try_from(row.get::<i64>(column)?).map_err(|_| StoreError::Corrupt {
        what: "a count is negative",
    })
}

fn bsn(text: &str) -> Result<Bsn, StoreError> {
    Bsn::parse(text).map_err(|_| StoreError::Corrupt {
        what: "a row has no valid BSN",
    })
}

/// Messages, newest first.
pub(crate) fn messages(
    connection: &Connection,
    filter: &MessageFilter,
) -> Result<Vec<MessageSummary>, StoreError> {
    let (mut conditions, mut values) = conditions(filter);
    if let Some(before) = &filter.before {
        let seq: Option<i64> = connection
            .query_row(
                "SELECT seq FROM message WHERE id = ?1",
                [&before.0],
                |row| row.get(0),
            )
            .optional()?;
        conditions.push("seq < ?");
        values.push(seq.ok_or(StoreError::UnknownMessage)?.into());
    }
    values.push(limit(filter.limit)?.into());
    let sql = format!(
        "SELECT {SUMMARY} FROM message WHERE {} ORDER BY seq DESC LIMIT ?",
        conditions.join(" AND ")
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(values)?;
    let mut messages = Vec::new();
    while let Some(row) = rows.next()? {
        messages.push(summary(row)?);
    }
    Ok(messages)
}

/// What a filter asks for, whatever the page: SQL conditions with their values.
fn conditions(filter: &MessageFilter) -> (Vec<&'static str>, Vec<Sql>) {
    let mut conditions = vec!["TRUE"];
    let mut values: Vec<Sql> = Vec::new();
    let mut only = |condition, value: Option<Sql>| {
        if let Some(value) = value {
            conditions.push(condition);
            values.push(value);
        }
    };
    let ms = |at: Timestamp| at.as_millisecond().into();
    only(
        "state = ?",
        filter.state.map(|state| state_number(state).into()),
    );
    only("kind = ?", filter.kind.clone().map(Sql::Text));
    only("sender = ?", filter.sender.clone().map(Sql::Text));
    only("received >= ?", filter.from.map(ms));
    only("received < ?", filter.until.map(ms));
    (conditions, values)
}

/// How many messages a filter leaves, and what there is to filter by.
pub(crate) fn message_overview(
    connection: &Connection,
    filter: &MessageFilter,
) -> Result<MessageOverview, StoreError> {
    let (conditions, values) = conditions(filter);
    let found: i64 = connection
        .prepare_cached(&format!(
            "SELECT count(*) FROM (SELECT 1 FROM message WHERE {} LIMIT {MESSAGES_COUNTED_MAX}) AS found",
            conditions.join(" AND ")
        ))?
        .query_row(values, |row| row.get(0))?;
    let among_latest = |column: &str| -> Result<Vec<String>, StoreError> {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT DISTINCT {column} FROM
               (SELECT {column} FROM message ORDER BY seq DESC LIMIT {LIST_MAX}) AS latest
             WHERE {column} <> '' ORDER BY 1"
        ))?;
        Ok(statement.query_all((), |row| row.get(0))?)
    };
    Ok(MessageOverview {
        found: usize::try_from(found).unwrap_or_default(),
        kinds: among_latest("kind")?,
        senders: among_latest("sender")?,
    })
}

/// A message with its content.
pub(crate) fn message(
    connection: &Connection,
    id: &MessageId,
) -> Result<Option<Message>, StoreError> {
    let sql = format!("SELECT {SUMMARY}, bytes FROM message WHERE id = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([&id.0])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let bytes: Vec<u8> = row.get(9)?;
    Ok(Some(Message {
        summary: summary(row)?,
        bytes: bytes.into(),
    }))
}

fn summary(row: Row<'_>) -> Result<MessageSummary, StoreError> {
    let sender: String = row.get(2)?;
    Ok(MessageSummary {
        id: MessageId(row.get(0)?),
        channel: row.get(1)?,
        sender: Some(sender).filter(|sender| !sender.is_empty()),
        control_id: row.get(3)?,
        kind: row.get(4)?,
        received: moment(row.get(5)?)?,
        state: state_of(row.get(6)?)?,
        error: row.get(7)?,
        size: number(row, 8)?,
    })
}

/// Audit lines about a patient, newest first.
pub(crate) fn audit_about(
    connection: &Connection,
    patient: &Bsn,
    page: AuditPage,
) -> Result<Vec<AuditLine>, StoreError> {
    let before = page
        .before
        .and_then(|seq| i64::try_from(seq).ok())
        .unwrap_or(i64::MAX);
    let sql = "SELECT seq, recorded, patient, body, previous, hash, signature FROM audit
               WHERE patient = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3";
    lines(
        connection,
        sql,
        (patient.expose(), before, limit(page.limit)?),
    )
}

/// Audit lines after a place in the log, oldest first.
pub(crate) fn audit_lines(
    connection: &Connection,
    after_seq: u64,
    count: usize,
) -> Result<Vec<AuditLine>, StoreError> {
    let after = i64::try_from(after_seq).unwrap_or(i64::MAX);
    let sql = "SELECT seq, recorded, patient, body, previous, hash, signature FROM audit
               WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    lines(connection, sql, (after, limit(count)?))
}

fn lines(
    connection: &Connection,
    sql: &str,
    values: impl Params,
) -> Result<Vec<AuditLine>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let patient: Option<String> = row.get(2)?;
        lines.push(AuditLine {
            seq: number(row, 0)?,
            recorded: moment(row.get(1)?)?,
            patient: patient.as_deref().map(bsn).transpose()?,
            body: row.get(3)?,
            previous: row.get(4)?,
            hash: row.get(5)?,
            signature: row.get(6)?,
        });
    }
    Ok(lines)
}

/// Events that wait, oldest first.
pub(crate) fn outbox(
    connection: &Connection,
    count: usize,
) -> Result<Vec<OutboxEvent>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT id, bsn, categories, added FROM outbox ORDER BY id LIMIT ?1")?;
    let mut rows = statement.query([limit(count)?])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let patient: String = row.get(1)?;
        events.push(OutboxEvent {
            id: number(row, 0)?,
            bsn: bsn(&patient)?,
            categories: Categories::from_bits(row.get(2)?),
            added: Categories::from_bits(row.get(3)?),
        });
    }
    Ok(events)
}

/// Counts, without patient data.
pub(crate) fn statistics(connection: &Connection, kinds: &Kinds) -> Result<Statistics, StoreError> {
    let mut found = Statistics::default();
    let mut tallies =
        connection.prepare_cached("SELECT what, count FROM tally WHERE count <> 0")?;
    let mut rows = tallies.query(())?;
    while let Some(row) = rows.next()? {
        let count = number(row, 1)?;
        match row.get(0)? {
            LABORATORY_CODED => found.laboratory_coded = count,
            LABORATORY_UNCODED => found.laboratory_uncoded = count,
            kind => found.resources.push((kinds.name(kind)?, count)),
        }
    }
    found.resources.sort_unstable();
    let mut states = connection
        .prepare_cached("SELECT state, count(*) FROM message GROUP BY state ORDER BY state")?;
    let mut rows = states.query(())?;
    while let Some(row) = rows.next()? {
        found
            .messages
            .push((state_of(row.get(0)?)?, number(row, 1)?));
    }
    let mut days = connection.prepare_cached(
        "SELECT received / ?1 AS day, state, count(*) FROM message
         WHERE received / ?1 IN
           (SELECT DISTINCT received / ?1 FROM message ORDER BY 1 DESC LIMIT ?2)
         GROUP BY day, state ORDER BY day, state",
    )?;
    let mut rows = days.query([DAY_MS, DAYS_MAX as i64])?;
    while let Some(row) = rows.next()? {
        let day = moment(row.get::<i64>(0)? * DAY_MS)?
            .to_zoned(TimeZone::UTC)
            .date();
        found
            .messages_by_day
            .push((day, state_of(row.get(1)?)?, number(row, 2)?));
    }
    let one = |sql| connection.query_row(sql, (), |row| row.get::<Option<i64>>(0));
    found.last_received = one("SELECT max(received) FROM message")?
        .map(moment)
        .transpose()?;
    found.last_written =
        one("SELECT max(updated) FROM version WHERE vid = (SELECT max(vid) FROM version)")?
            .map(moment)
            .transpose()?;
    found.audit_lines = one("SELECT max(seq) FROM audit")?.unwrap_or(0) as u64;
    found.outbox_waiting = one("SELECT count(*) FROM outbox")?.unwrap_or(0) as u64;
    Ok(found)
}
