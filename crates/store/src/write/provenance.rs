//! A Provenance says nothing on its own: it has the labels and the patients of
//! what it is about, and must be seen by whoever may see all of that.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::apply::{alone, parameter};
use super::holdings::Touched;
use super::identity::{self, SEVERAL};
use crate::StoreError;
use crate::database::OptionalExtension;
use crate::database::kinds;
use crate::database::writer::Session;
use crate::index::{self, Entries, MEMBER, Range, Term, Value};

/// Gives a Provenance what its targets have. There can be thousands of them, so
/// a server is asked for some at once.
pub(super) fn inherit(
    session: &mut Session<'_>,
    entries: &[u8],
    labels: &mut u32,
    patients: &mut Vec<i64>,
) -> Result<(), StoreError> {
    let key = parameter(session, "Provenance", "target")?;
    let connection = session.connection;
    let mut statement = connection.prepare_cached(
        "SELECT labels, patient, CASE WHEN patient = -1 THEN entries END
         FROM resource WHERE rid = ?1",
    )?;
    let targets: Vec<[i64; 1]> = Entries::of(entries)
        .references(key)
        .map(|target| [target])
        .collect();
    for some in targets.chunks(connection.rows_at_once()) {
        let _ = statement.query_each(some, |_, row| {
            let Some(row) = row else {
                return Ok(ControlFlow::Continue(()));
            };
            *labels |= row.get::<u32>(0)?;
            let theirs: Vec<i64> = match row.get::<i64>(1)? {
                0 => Vec::new(),
                SEVERAL => {
                    let blob = row.get::<&[u8]>(2)?;
                    Entries::of(blob).references(MEMBER).collect()
                }
                patient => vec![patient],
            };
            for patient in theirs {
                if !patients.contains(&patient) {
                    patients.push(patient);
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(())
}

/// At the end of a write that changed the labels or the patients of resources:
/// the Provenances about these follow, each once, however many of its targets
/// changed. No new version is made: their content is the same.
pub(super) fn follow(session: &mut Session<'_>, touched: &mut Touched) -> Result<(), StoreError> {
    let relabelled = std::mem::take(&mut touched.relabelled);
    if relabelled.is_empty() {
        return Ok(());
    }
    let kind = session.state.kinds.number("Provenance")?;
    let key = parameter(session, "Provenance", "target")?;
    let mut sources = BTreeSet::new();
    let file = session.snapshot();
    for target in relabelled {
        let about_it = Range::of(&Term::Reference(key, target));
        file.index.each(file.connection, &about_it, |rid| {
            sources.extend((kinds::kind_of(rid) == kind).then_some(rid));
            Ok(ControlFlow::Continue(()))
        })?;
    }
    drop(file);
    for rid in sources {
        refresh(session, touched, rid)?;
    }
    Ok(())
}

/// Gives a live Provenance the labels and patients of its targets as they are.
fn refresh(session: &mut Session<'_>, touched: &mut Touched, rid: i64) -> Result<(), StoreError> {
    let Some((vid, old)) = session
        .connection
        .prepare_cached("SELECT vid, entries FROM resource WHERE rid = ?1 AND state = 0")?
        .query_row([rid], |row| Ok((row.get(0)?, row.get::<Vec<u8>>(1)?)))
        .optional()?
    else {
        return Ok(());
    };
    let own = own_draft(session, vid)?;
    let mut labels = own.0;
    let mut patients = identity::patients(session, &own.1)?;
    inherit(session, &old, &mut labels, &mut patients)?;
    let entries = with_members(&old, &patients);
    index::replace(&mut session.state.index, rid, &old, &entries);
    let patient = alone(&patients);
    session
        .connection
        .prepare_cached(
            "UPDATE resource SET labels = ?2, patient = ?3, entries = ?4 WHERE rid = ?1",
        )?
        .send((rid, labels, patient, &entries))?;
    session
        .connection
        .prepare_cached("UPDATE version SET labels = ?2, patient = ?3 WHERE vid = ?1")?
        .send((vid, labels, patient))?;
    if patient > 0 && labels != 0 {
        *touched.grown.entry(patient).or_default() |= labels;
    }
    Ok(())
}

/// The same values, for other patients.
pub(super) fn with_members(entries: &[u8], patients: &[i64]) -> Vec<u8> {
    let members = patients
        .iter()
        .map(|patient| (MEMBER, Value::Reference(*patient)));
    let others = Entries::of(entries)
        .iter()
        .filter(|(parameter, _)| *parameter != MEMBER);
    index::encode(members.chain(others))
}

/// The labels and patients that a stored version has of itself.
fn own_draft(session: &Session<'_>, vid: i64) -> Result<(u32, Vec<String>), StoreError> {
    let body: Vec<u8> = session
        .connection
        .prepare_cached("SELECT body FROM version WHERE vid = ?1")?
        .query_row([vid], |row| row.get(0))?;
    let resource = fhir::Resource::parse_in(session.state.kinds.version(), body).map_err(|_| {
        StoreError::Corrupt {
            what: "a stored resource does not parse",
        }
    })?;
    Ok((
        fhir::label(&resource).bits(),
        fhir::compartment::patients(&resource),
    ))
}
