//! What a write of a Subscription does to its delivery, in the same transaction.

use jiff::Timestamp;

use super::{SubscriptionChange, SubscriptionState};
use crate::database::writer::Session;
use crate::limits::SUBSCRIPTIONS_MAX;
use crate::{Outcome, Status, StoreError};

/// The type that this is about.
const TYPE: &str = "Subscription";

/// Keeps what changes say of subscriptions; forgets those that were deleted.
pub(crate) fn note(
    session: &Session<'_>,
    change: Option<&SubscriptionChange>,
    outcomes: &[Outcome],
) -> Result<(), StoreError> {
    for outcome in outcomes
        .iter()
        .filter(|outcome| outcome.resource_type == TYPE)
    {
        match (outcome.status, change) {
            (Status::Deleted, _) => forget(session, &outcome.id)?,
            // Nothing was asked that was not asked before.
            (Status::Unchanged, _) | (_, None) => {}
            (
                _,
                Some(SubscriptionChange::Wanted {
                    subscriber,
                    state,
                    by_websocket,
                }),
            ) => {
                wanted(session, outcome, subscriber, *state, *by_websocket)?;
            }
            (_, Some(SubscriptionChange::Became { state, wake })) => {
                became(session, outcome, *state, *wake)?;
            }
        }
    }
    Ok(())
}

fn forget(session: &Session<'_>, id: &str) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM subscription WHERE id = ?1",
        "DELETE FROM subscription_event WHERE subscription = ?1",
    ] {
        session.connection.prepare_cached(sql)?.send([id])?;
    }
    Ok(())
}

fn wanted(
    session: &Session<'_>,
    outcome: &Outcome,
    subscriber: &str,
    state: SubscriptionState,
    by_websocket: bool,
) -> Result<(), StoreError> {
    session
        .connection
        .prepare_cached(
            "INSERT INTO subscription
             (id, version, subscriber, state, channel, looked, events, delivered, tries, wake)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, 0, NULL)
             ON CONFLICT (id) DO UPDATE SET version = excluded.version,
               subscriber = excluded.subscriber, state = excluded.state,
               channel = excluded.channel, looked = excluded.looked,
               delivered = subscription.events, tries = 0, wake = NULL",
        )?
        .send((
            &outcome.id,
            outcome.version as i64,
            subscriber,
            state.number(),
            i64::from(by_websocket),
            session.last_vid(),
        ))?;
    let there: i64 = session
        .connection
        .prepare_cached("SELECT count(*) FROM subscription")?
        .query_row((), |row| row.get(0))?;
    if there > SUBSCRIPTIONS_MAX as i64 {
        return Err(StoreError::LimitExceeded {
            limit: "SUBSCRIPTIONS_MAX",
            max: SUBSCRIPTIONS_MAX,
        });
    }
    Ok(())
}

fn became(
    session: &Session<'_>,
    outcome: &Outcome,
    state: SubscriptionState,
    wake: Option<Timestamp>,
) -> Result<(), StoreError> {
    session
        .connection
        .prepare_cached(
            "UPDATE subscription SET version = ?2, state = ?3, tries = 0, wake = ?4
             WHERE id = ?1",
        )?
        .send((
            &outcome.id,
            outcome.version as i64,
            state.number(),
            wake.map(Timestamp::as_millisecond),
        ))?;
    Ok(())
}

/// After the newest versions were removed for good: their numbers may be given
/// again, so nobody may have looked past what is left.
pub(crate) fn look_again(session: &Session<'_>) -> Result<(), StoreError> {
    session
        .connection
        .prepare_cached(
            "UPDATE subscription SET looked = (SELECT coalesce(max(vid), 0) FROM version)
             WHERE looked > (SELECT coalesce(max(vid), 0) FROM version)",
        )?
        .send(())?;
    Ok(())
}
