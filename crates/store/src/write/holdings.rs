//! Which kinds of data are held on which patient, and telling when that grows.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::OptionalExtension;

use crate::StoreError;
use crate::sqlite::writer::Session;

/// What a write did to patients.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    /// Labels of resources that came to belong to a patient, as bits.
    pub(crate) grown: BTreeMap<i64, u32>,
    /// Patients who got a BSN, or another one.
    pub(crate) identified: BTreeSet<i64>,
}

/// Puts an event in the outbox for each BSN on which there is now a kind of
/// data that there was not before.
pub(crate) fn announce(session: &Session<'_>, touched: Touched) -> Result<(), StoreError> {
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
            .execute((&bsn, known | labels))?;
        session
            .connection
            .prepare_cached("INSERT INTO outbox (bsn, categories, added) VALUES (?1, ?2, ?3)")?
            .execute((&bsn, known | labels, added))?;
    }
    Ok(())
}

/// The labels of all that belongs to this patient alone.
fn labels_of(session: &Session<'_>, patient: i64) -> Result<u32, StoreError> {
    let mut statement = session.connection.prepare_cached(
        "SELECT DISTINCT r.labels FROM member m CROSS JOIN resource r ON r.rid = m.rid
         WHERE m.patient = ?1 AND r.patient = ?1 AND r.state = 0",
    )?;
    let mut labels = 0;
    for row in statement.query_map([patient], |row| row.get::<_, u32>(0))? {
        labels |= row?;
    }
    Ok(labels)
}
