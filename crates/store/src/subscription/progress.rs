//! How far subscriptions have come, read and written.

use jiff::Timestamp;

use super::{Attempt, Found, Subscription, SubscriptionEvent, SubscriptionState};
use crate::StoreError;
use crate::database::kinds::Kinds;
use crate::database::writer::Session;
use crate::database::{Connection, OptionalExtension, Params, Row};
use crate::limits::{LIST_MAX, SUBSCRIPTION_EVENTS_KEPT_MAX};

const COLUMNS: &str =
    "id, version, subscriber, state, channel, looked, events, delivered, tries, wake";

/// All subscriptions, by id.
pub(crate) fn all(connection: &Connection) -> Result<Vec<Subscription>, StoreError> {
    subscriptions(
        connection,
        &format!("SELECT {COLUMNS} FROM subscription ORDER BY id"),
        (),
    )
}

/// One subscription.
pub(crate) fn find(connection: &Connection, id: &str) -> Result<Option<Subscription>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM subscription WHERE id = ?1");
    Ok(subscriptions(connection, &sql, [id])?.pop())
}

fn subscriptions(
    connection: &Connection,
    sql: &str,
    values: impl Params,
) -> Result<Vec<Subscription>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Subscription {
            id: row.get(0)?,
            version: number_of(row, 1)?,
            subscriber: row.get(2)?,
            state: SubscriptionState::of(row.get(3)?)?,
            by_websocket: row.get::<i64>(4)? == 1,
            looked: row.get(5)?,
            events: number_of(row, 6)?,
            delivered: number_of(row, 7)?,
            tries: u32::try_from(row.get::<i64>(8)?).unwrap_or(u32::MAX),
            wake: row.get::<Option<i64>>(9)?.map(moment).transpose()?,
        });
    }
    Ok(found)
}

/// Events of a subscription, both ends included, the first ones first.
pub(crate) fn events(
    connection: &Connection,
    kinds: &Kinds,
    id: &str,
    (since, until): (u64, u64),
    count: usize,
) -> Result<Vec<SubscriptionEvent>, StoreError> {
    if !(1..=LIST_MAX).contains(&count) {
        return Err(StoreError::LimitExceeded {
            limit: "LIST_MAX",
            max: LIST_MAX,
        });
    }
    let bound = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(
        "SELECT number, kind, id, is_new, happened FROM subscription_event
         WHERE subscription = ?1 AND number >= ?2 AND number <= ?3 ORDER BY number LIMIT ?4",
    )?;
    let mut rows = statement.query((id, bound(since), bound(until), count as i64))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(SubscriptionEvent {
            number: number_of(row, 0)?,
            resource_type: kinds.name(row.get(1)?)?,
            id: row.get(2)?,
            is_new: row.get::<i64>(3)? == 1,
            happened: moment(row.get(4)?)?,
        });
    }
    Ok(found)
}

/// Gives what was found its numbers. Answers how many events there are then;
/// `None` when the subscription is not what it was when it looked.
pub(crate) fn number(
    session: &Session<'_>,
    of: &Subscription,
    found: &Found,
) -> Result<Option<u64>, StoreError> {
    let events: Option<i64> = session
        .connection
        .prepare_cached(
            "SELECT events FROM subscription
             WHERE id = ?1 AND version = ?2 AND events = ?3 AND state = ?4",
        )?
        .query_row(
            (
                &of.id,
                of.version as i64,
                of.events as i64,
                of.state.number(),
            ),
            |row| row.get(0),
        )
        .optional()?;
    let Some(mut events) = events else {
        return Ok(None);
    };
    for event in &found.events {
        events += 1;
        session
            .connection
            .prepare_cached(
                "INSERT INTO subscription_event
                 (subscription, number, kind, id, is_new, happened)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .send((
                &of.id,
                events,
                session.state.kinds.number(event.resource_type)?,
                &event.id,
                i64::from(event.is_new),
                event.happened.as_millisecond(),
            ))?;
    }
    session
        .connection
        .prepare_cached("UPDATE subscription SET looked = ?2, events = ?3 WHERE id = ?1")?
        .send((&of.id, found.looked, events))?;
    session
        .connection
        .prepare_cached(
            "DELETE FROM subscription_event WHERE subscription = ?1 AND number <= ?2
             AND number <= (SELECT delivered FROM subscription WHERE id = ?1)",
        )?
        .send((&of.id, events - SUBSCRIPTION_EVENTS_KEPT_MAX as i64))?;
    Ok(Some(events as u64))
}

/// Keeps what came of an attempt; nothing when the subscription has changed.
pub(crate) fn settle(
    session: &Session<'_>,
    of: &Subscription,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    session
        .connection
        .prepare_cached(
            "UPDATE subscription SET delivered = ?3, tries = ?4, wake = ?5
             WHERE id = ?1 AND version = ?2",
        )?
        .send((
            &of.id,
            of.version as i64,
            attempt.delivered as i64,
            i64::from(attempt.tries),
            attempt.wake.map(Timestamp::as_millisecond),
        ))?;
    Ok(())
}

fn number_of(row: Row<'_>, column: usize) -> Result<u64, StoreError> {
    u64::try_from(row.get::<i64>(column)?).map_err(|_| StoreError::Corrupt {
        what: "a count is negative",
    })
}

fn moment(ms: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(ms).map_err(|_| StoreError::Corrupt {
        what: "a time is out of range",
    })
}
