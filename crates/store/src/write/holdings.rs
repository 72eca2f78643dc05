//! Which kinds of data are held on which patient, and telling when that grows.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use fhir::FhirVersion;

use crate::StoreError;
use crate::database::OptionalExtension;
use crate::database::writer::Session;
use crate::index::{Range, Term};

/// What a write did to patients.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Labels of resources that came to belong to a patient, as bits.
    pub(crate) grown: BTreeMap<i64, u32>,
    /// Patients who got a BSN, or another one.
    pub(crate) identified: BTreeSet<i64>,
    /// Resources that were there and came to have other labels or patients.
    pub(crate) relabelled: Vec<i64>,
}

/// Puts an event in the outbox for each BSN on which there is now a kind of
/// data that there was not before.
///
/// Between nodes R4 is spoken, so what is held in another version is not
/// announced: nobody could be answered with it.
pub(crate) fn announce(session: &Session<'_>, touched: Touched) -> Result<(), StoreError> {
    if session.state.kinds.version() != FhirVersion::R4 {
        return Ok(());
    }
    let mut grown = touched.grown;
    for patient in touched.identified {
        // What was there before the BSN was known counts as well.
        let labels = labels_of(session, patient)?;
        *grown.entry(patient).or_default() |= labels;
    }
    let mut by_bsn: BTreeMap<String, u32> = BTreeMap::new();
    for (patient, labels) in grown {
        let bsn: Option<String> = session
            .connection
            .prepare_cached("SELECT bsn FROM patient WHERE rid = ?1")?
            .query_row([patient], |row| row.get(0))
            .optional()?;
        if let Some(bsn) = bsn {
            *by_bsn.entry(bsn).or_default() |= labels;
        }
    }
    for (bsn, labels) in by_bsn {
        let known: Option<u32> = session
            .connection
            .prepare_cached("SELECT labels FROM holding WHERE bsn = ?1")?
            .query_row([&bsn], |row| row.get(0))
            .optional()?;
        let known = known.unwrap_or(0);
        let added = labels & !known;
        if added == 0 {
            continue;
        }
        session
            .connection
            .prepare_cached(
                "INSERT INTO holding (bsn, labels) VALUES (?1, ?2)
                 ON CONFLICT (bsn) DO UPDATE SET labels = excluded.labels",
            )?
            .send((&bsn, known | labels))?;
        session
            .connection
            .prepare_cached("INSERT INTO outbox (bsn, categories, added) VALUES (?1, ?2, ?3)")?
            .send((&bsn, known | labels, added))?;
    }
    Ok(())
}

/// The labels of all that belongs to this patient alone.
fn labels_of(session: &Session<'_>, patient: i64) -> Result<u32, StoreError> {
    let mut statement = session.connection.prepare_cached(
        "SELECT labels FROM resource WHERE rid = ?1 AND patient = ?2 AND state = 0",
    )?;
    let mut labels = 0;
    let file = session.snapshot();
    let members = Range::of(&Term::Member(patient));
    file.index.each(file.connection, &members, |rid| {
        let theirs: Option<u32> = statement
            .query_row([rid, patient], |row| row.get(0))
            .optional()?;
        labels |= theirs.unwrap_or(0);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(labels)
}
