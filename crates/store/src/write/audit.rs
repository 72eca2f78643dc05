//! The audit log as it grows: lines are chained as they come, and written
//! with the transaction that they belong to, its last line signed.

use jiff::Timestamp;

use crate::database::writer::Session;
use crate::database::{Connection, OptionalExtension};
use crate::limits::AUDIT_LINES_MAX;
use crate::{AuditBody, AuditEntry, Seal, StoreError};

/// How far an audit log has come: the place and the hash of its last line.
pub(crate) type Head = (u64, [u8; 32]);

/// Appends lines, in order.
pub(crate) fn append(session: &mut Session<'_>, bodies: &[AuditBody]) -> Result<(), StoreError> {
    if bodies.len() > AUDIT_LINES_MAX {
        return Err(StoreError::LimitExceeded {
            limit: "AUDIT_LINES_MAX",
            max: AUDIT_LINES_MAX,
        });
    }
    let state = &mut *session.state;
    for body in bodies {
        state
            .audit
            .add(body.clone(), session.now, &*state.options.seal);
    }
    Ok(())
}

/// The end of the log, and the lines that the transaction under way adds.
#[derive(Debug, Default)]
pub(crate) struct Log {
    committed: Head,
    added: Vec<Added>,
}

#[derive(Debug)]
struct Added {
    line: AuditBody,
    recorded: Timestamp,
    hash: [u8; 32],
}

impl Log {
    /// Where the log is in the database.
    pub(crate) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let last = connection
            .query_row(
                "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1",
                (),
                |row| Ok((row.get::<i64>(0)? as u64, row.get(1)?)),
            )
            .optional()?;
        Ok(Self {
            committed: last.unwrap_or((0, [0; 32])),
            added: Vec::new(),
        })
    }

    /// The last line that is committed.
    pub(crate) const fn committed(&self) -> Head {
        self.committed
    }

    fn add(&mut self, line: AuditBody, recorded: Timestamp, seal: &dyn Seal) {
        let (last, before) = self.committed;
        let hash = seal.hash(&AuditEntry {
            seq: last + self.added.len() as u64 + 1,
            recorded,
            patient: line.patient.as_ref(),
            body: &line.body,
            previous: self.added.last().map_or(&before, |last| &last.hash),
        });
        self.added.push(Added {
            line,
            recorded,
            hash,
        });
    }

    /// Where to go back to with [`Log::undo_to`].
    pub(crate) const fn mark(&self) -> usize {
        self.added.len()
    }

    /// Takes back the lines that were added after a mark.
    pub(crate) fn undo_to(&mut self, mark: usize) {
        self.added.truncate(mark);
    }

    /// Writes what was added, inside the transaction.
    pub(crate) fn prepare_commit(
        &self,
        connection: &Connection,
        seal: &dyn Seal,
    ) -> Result<(), StoreError> {
        let Some(last) = self.added.last() else {
            return Ok(());
        };
        let signature = seal.sign(&last.hash);
        let mut insert = connection.prepare_cached(
            "INSERT INTO audit (seq, recorded, patient, body, previous, hash, signature)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        let (mut seq, mut previous) = self.committed;
        for (at, added) in (1..).zip(&self.added) {
            seq += 1;
            let signature = (at == self.added.len()).then_some(&*signature);
            insert.send((
                seq as i64,
                added.recorded.as_millisecond(),
                added.line.patient.as_ref().map(care::Bsn::expose),
                &added.line.body,
                previous,
                added.hash,
                signature.unwrap_or_default(),
            ))?;
            previous = added.hash;
        }
        Ok(())
    }

    /// Takes note that what was added is committed.
    pub(crate) fn note_committed(&mut self) {
        if let Some(last) = self.added.last() {
            self.committed = (self.committed.0 + self.added.len() as u64, last.hash);
            self.added.clear();
        }
    }
}
