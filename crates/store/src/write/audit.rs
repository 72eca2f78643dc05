//! Appends to the audit log, sealed line by line.

use jiff::Timestamp;

use crate::database::writer::Session;
use crate::limits::AUDIT_LINES_MAX;
use crate::{AuditBody, AuditEntry, StoreError};

/// Appends lines, in order.
pub(crate) fn append(session: &mut Session<'_>, bodies: &[AuditBody]) -> Result<(), StoreError> {
    if bodies.len() > AUDIT_LINES_MAX {
        return Err(StoreError::LimitExceeded {
            limit: "AUDIT_LINES_MAX",
            max: AUDIT_LINES_MAX,
        });
    }
    if bodies.is_empty() {
        return Ok(());
    }
    let mut insert = session.connection.prepare_cached(
        "INSERT INTO audit (seq, recorded, patient, body, previous, hash, signature)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let recorded: Timestamp = session.now;
    for AuditBody { patient, body } in bodies {
        let (last, previous) = session.state.audit_head;
        let seq = last + 1;
        let sealed = session.state.options.seal.seal(&AuditEntry {
            seq,
            recorded,
            patient: patient.as_ref(),
            body,
            previous: &previous,
        });
        insert.send((
            seq as i64,
            recorded.as_millisecond(),
            patient.as_ref().map(care::Bsn::expose),
            body,
            previous,
            sealed.hash,
            &sealed.signature,
        ))?;
        session.state.audit_head = (seq, sealed.hash);
    }
    Ok(())
}
