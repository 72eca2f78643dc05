//! Removing all that there is of a patient, as if it had never been.
//!
//! A deletion keeps the versions that were; this does not. What remains of a
//! resource is its number, because others may still refer to it. Resources that
//! are about other patients as well stay, and are counted.

use std::ops::ControlFlow;

use crate::database::kinds::{self, Kinds};
use crate::database::writer::Session;
use crate::database::{Connection, OptionalExtension};
use crate::index::{self, Range, Term};
use crate::{AuditBody, Purged, StoreError, subscription};

use super::apply::count;
use super::audit;
use super::identity::{LIVE, REFERRED_TO};

/// The resources of a patient that were deleted: the index has none of them, so
/// all rows are looked at. Done on a reader, beside the writer.
pub(crate) fn deleted_of(
    connection: &Connection,
    kinds: &Kinds,
    patient: &str,
) -> Result<Vec<i64>, StoreError> {
    let Some(rid) = number(connection, kinds.number("Patient")?, patient)? else {
        return Ok(Vec::new());
    };
    Ok(connection
        .prepare_cached("SELECT rid FROM resource WHERE patient = ?1 AND state <> ?2")?
        .query_all((rid, LIVE), |row| row.get(0))?)
}

/// Removes what belongs to the patient alone, with its audit lines.
pub(crate) fn purge(
    session: &mut Session<'_>,
    patient: &str,
    deleted: Vec<i64>,
    audit_lines: &[AuditBody],
) -> Result<Purged, StoreError> {
    let kind = session.state.kinds.number("Patient")?;
    let patient =
        number(session.connection, kind, patient)?.ok_or(StoreError::NothingThere { at: 0 })?;
    let mut rids = deleted;
    let file = session.snapshot();
    file.index
        .each(file.connection, &Range::of(&Term::Member(patient)), |rid| {
            rids.push(rid);
            Ok(ControlFlow::Continue(()))
        })?;
    rids.push(patient);
    rids.sort_unstable();
    rids.dedup();
    let mut purged = Purged::default();
    for rid in rids {
        let row: Option<(i64, i64, u32, Vec<u8>)> = session
            .connection
            .prepare_cached("SELECT state, patient, labels, entries FROM resource WHERE rid = ?1")?
            .query_row([rid], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        let Some((state, whose, labels, entries)) = row.filter(|row| row.0 != REFERRED_TO) else {
            continue;
        };
        if whose != patient && rid != patient {
            purged.shared += 1;
            continue;
        }
        index::replace(&mut session.state.index, rid, &entries, &[]);
        purged.versions += session
            .connection
            .prepare_cached("DELETE FROM version WHERE rid = ?1")?
            .execute([rid])? as u64;
        session
            .connection
            .prepare_cached(
                "UPDATE resource SET state = ?2, version = 0, vid = 0, updated = 0, labels = 0,
                 patient = 0, entries = x'' WHERE rid = ?1",
            )?
            .execute((rid, REFERRED_TO))?;
        if state == LIVE {
            count(session, kinds::kind_of(rid), labels, &entries, -1)?;
        }
        purged.resources += 1;
    }
    session
        .connection
        .prepare_cached("DELETE FROM patient WHERE rid = ?1")?
        .execute([patient])?;
    subscription::look_again(session)?;
    audit::append(session, audit_lines)?;
    Ok(purged)
}

/// The number of a Patient that is there, or was.
fn number(connection: &Connection, kind: i64, id: &str) -> Result<Option<i64>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT rid FROM resource WHERE id = ?1 AND kind = ?2 AND state <> ?3")?
        .query_row((id, kind, REFERRED_TO), |row| row.get(0))
        .optional()?)
}
