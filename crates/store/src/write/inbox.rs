//! Keeps messages as they came.

use crate::database::OptionalExtension;
use sha2::{Digest, Sha256};

use crate::database::writer::Session;
use crate::limits::MESSAGE_BYTES_MAX;
use crate::{Alongside, MessageId, NewMessage, Outcome, Status, StoreError};

/// States of a message, as the file keeps them.
pub(crate) const ACCEPTED: i64 = 0;
pub(crate) const REFUSED: i64 = 1;
pub(crate) const REPLAYED: i64 = 2;

/// What became of keeping a message.
pub(crate) enum Kept {
    /// It is kept now.
    New,
    /// It was accepted before, as this one.
    Duplicate(MessageId),
}

/// The hash that tells whether two messages are the same.
pub(crate) fn digest(message: &NewMessage) -> [u8; 32] {
    Sha256::digest(&message.bytes).into()
}

fn same(
    session: &Session<'_>,
    message: &NewMessage,
    digest: &[u8; 32],
) -> Result<Option<(i64, MessageId, i64)>, StoreError> {
    Ok(session
        .connection
        .prepare_cached(
            "SELECT seq, id, state FROM message
             WHERE sha256 = ?1 AND channel = ?2 AND sender = ?3",
        )?
        .query_row((digest, &message.channel, sender(message)), |row| {
            Ok((row.get(0)?, MessageId(row.get(1)?), row.get(2)?))
        })
        .optional()?)
}

fn sender(message: &NewMessage) -> &str {
    message.sender.as_deref().unwrap_or_default()
}

/// Keeps a message whose content is being written. One that was refused
/// before takes this one's id and is accepted after all.
pub(crate) fn accept(
    session: &Session<'_>,
    message: &NewMessage,
    digest: &[u8; 32],
) -> Result<Kept, StoreError> {
    match same(session, message, digest)? {
        Some((_, id, ACCEPTED | REPLAYED)) => Ok(Kept::Duplicate(id)),
        Some((seq, ..)) => {
            session
                .connection
                .prepare_cached(
                    "UPDATE message SET id = ?2, control_id = ?3, kind = ?4, received = ?5,
                     state = ?6, error = NULL WHERE seq = ?1",
                )?
                .send((
                    seq,
                    &message.id.0,
                    &message.control_id,
                    &message.kind,
                    session.now.as_millisecond(),
                    ACCEPTED,
                ))?;
            Ok(Kept::New)
        }
        None => {
            insert(session, message, digest, ACCEPTED, None)?;
            Ok(Kept::New)
        }
    }
}

/// Marks a refused message as taken in after all.
pub(crate) fn replay(session: &Session<'_>, id: &MessageId) -> Result<Kept, StoreError> {
    let state: Option<i64> = session
        .connection
        .prepare_cached("SELECT state FROM message WHERE id = ?1")?
        .query_row([&id.0], |row| row.get(0))
        .optional()?;
    match state {
        None => Err(StoreError::UnknownMessage),
        Some(REFUSED) => {
            session
                .connection
                .prepare_cached("UPDATE message SET state = ?2, error = NULL WHERE id = ?1")?
                .send((&id.0, REPLAYED))?;
            Ok(Kept::New)
        }
        Some(_) => Ok(Kept::Duplicate(id.clone())),
    }
}

/// Notes at an accepted message how much of it was outdated when it came, so
/// that the operator sees that it changed less than it says.
pub(crate) fn note_outdated(
    session: &Session<'_>,
    with: &Alongside,
    outcomes: &[Outcome],
) -> Result<(), StoreError> {
    let outdated = outcomes
        .iter()
        .filter(|outcome| outcome.status == Status::Outdated)
        .count();
    let message = with.message.as_ref().map(|message| &message.id);
    let (Some(MessageId(id)), 1..) = (message.or(with.replays.as_ref()), outdated) else {
        return Ok(());
    };
    let note = format!(
        "accepted, but {outdated} of its {} resources stayed as they were: what is here is newer or more certain",
        outcomes.len()
    );
    session
        .connection
        .prepare_cached("UPDATE message SET error = ?2 WHERE id = ?1")?
        .send((id, note))?;
    Ok(())
}

/// Keeps a message that could not be taken in. The same one again keeps its
/// first id; its error is the latest.
pub(crate) fn keep_refused(
    session: &Session<'_>,
    message: &NewMessage,
    error: &str,
) -> Result<MessageId, StoreError> {
    if message.bytes.len() > MESSAGE_BYTES_MAX {
        return Err(StoreError::LimitExceeded {
            limit: "MESSAGE_BYTES_MAX",
            max: MESSAGE_BYTES_MAX,
        });
    }
    let digest = digest(message);
    match same(session, message, &digest)? {
        Some((seq, id, REFUSED)) => {
            session
                .connection
                .prepare_cached("UPDATE message SET error = ?2, received = ?3 WHERE seq = ?1")?
                .send((seq, error, session.now.as_millisecond()))?;
            Ok(id)
        }
        Some((_, id, _)) => Ok(id),
        None => {
            insert(session, message, &digest, REFUSED, Some(error))?;
            Ok(message.id.clone())
        }
    }
}

fn insert(
    session: &Session<'_>,
    message: &NewMessage,
    digest: &[u8; 32],
    state: i64,
    error: Option<&str>,
) -> Result<(), StoreError> {
    session
        .connection
        .prepare_cached(
            "INSERT INTO message
             (id, channel, sender, control_id, kind, sha256, received, state, error, size, bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .send((
            &message.id.0,
            &message.channel,
            sender(message),
            &message.control_id,
            &message.kind,
            digest,
            session.now.as_millisecond(),
            state,
            error,
            message.bytes.len() as i64,
            &message.bytes[..],
        ))?;
    Ok(())
}
