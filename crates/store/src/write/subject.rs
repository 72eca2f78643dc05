//! Whom a resource is about, which stays the same for as long as it lives.
//!
//! Systems use their numbers again, and a number that is used again must not
//! take a result from one patient to another. Corrections of a patient's
//! identity are something else: there the two Patients are one person, by
//! BSN, by a link between them (what a merge leaves), or by a shared number.

use crate::database::OptionalExtension;
use fhir::Resource;

use super::identity::{bsn_of, patients};
use crate::StoreError;
use crate::database::writer::Session;

/// Whether a new version would be about somebody else than the stored one.
pub(super) fn moves(
    session: &mut Session<'_>,
    stored: &Resource,
    new: &Resource,
) -> Result<bool, StoreError> {
    let before = fhir::compartment::subjects(stored);
    let after = fhir::compartment::subjects(new);
    if before.is_empty() || before == after {
        return Ok(false);
    }
    let before = patients(session, &before)?;
    let after = patients(session, &after)?;
    Ok(!all_among(session, &before, &after)? || !all_among(session, &after, &before)?)
}

fn all_among(session: &Session<'_>, some: &[i64], others: &[i64]) -> Result<bool, StoreError> {
    for one in some {
        let mut is_among = others.contains(one);
        for other in others {
            is_among = is_among || are_one_person(session, *one, *other)?;
        }
        if !is_among {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether two rows of patients are one person. Two different BSNs are two
/// people, unless one Patient says that it is linked to the other.
fn are_one_person(session: &Session<'_>, one: i64, other: i64) -> Result<bool, StoreError> {
    let (one, other) = (Known::of(session, one)?, Known::of(session, other)?);
    if one.links.contains(&other.reference) || other.links.contains(&one.reference) {
        return Ok(true);
    }
    Ok(match (&one.bsn, &other.bsn) {
        (Some(one), Some(other)) => one == other,
        _ => one
            .identifiers
            .iter()
            .any(|identifier| other.identifiers.contains(identifier)),
    })
}

/// What is known of a patient's identity, of one that was deleted as well.
struct Known {
    reference: String,
    bsn: Option<String>,
    identifiers: Vec<(String, String)>,
    links: Vec<String>,
}

impl Known {
    fn of(session: &Session<'_>, rid: i64) -> Result<Self, StoreError> {
        let connection = session.connection;
        let id: String = connection
            .prepare_cached("SELECT id FROM resource WHERE rid = ?1")?
            .query_row([rid], |row| row.get(0))?;
        let bsn: Option<String> = connection
            .prepare_cached("SELECT bsn FROM patient WHERE rid = ?1")?
            .query_row([rid], |row| row.get(0))
            .optional()?;
        let body: Option<Vec<u8>> = connection
            .prepare_cached(
                "SELECT body FROM version WHERE rid = ?1 AND interaction < 2
                 ORDER BY version DESC LIMIT 1",
            )?
            .query_row([rid], |row| row.get(0))
            .optional()?;
        let mut known = Self {
            reference: format!("Patient/{id}"),
            bsn,
            identifiers: Vec::new(),
            links: Vec::new(),
        };
        let Some(body) = body else {
            // Somebody who is named by identifier only: that is the id of the row.
            known.identifiers.extend(
                id.split_once('|')
                    .map(|(system, value)| (system.to_owned(), value.to_owned())),
            );
            return Ok(known);
        };
        let patient = Resource::parse_in(session.state.kinds.version(), body).map_err(|_| {
            StoreError::Corrupt {
                what: "a stored resource does not parse",
            }
        })?;
        for identifier in patient.root().each("identifier") {
            let (Some(system), Some(value)) = (identifier.text("system"), identifier.text("value"))
            else {
                continue;
            };
            if bsn_of(&system, &value).is_none() {
                known
                    .identifiers
                    .push((system.into_owned(), value.into_owned()));
            }
        }
        for link in patient.root().each("link") {
            let other = link.get("other").and_then(|other| other.text("reference"));
            known.links.extend(other.map(std::borrow::Cow::into_owned));
        }
        Ok(known)
    }
}
