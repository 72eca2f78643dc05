//! What the writing of a SearchParameter means for searching.

use std::sync::Arc;

use fhir::Resource;
use fhir::outcome::{Issue, IssueCode};
use fhir::search::Added;

use crate::StoreError;
use crate::database::OptionalExtension;
use crate::database::writer::Session;
use crate::index;
use crate::limits::ADDED_PARAMETERS_MAX;
use crate::search::parameters::id_of;

/// Takes what a new version of a SearchParameter defines, in place of what the
/// one before it did.
pub(super) fn defined(
    session: &mut Session<'_>,
    rid: i64,
    vid: i64,
    resource: &Resource,
    at: usize,
) -> Result<(), StoreError> {
    let number = next_number(session)?;
    let read = Added::read(id_of(number), resource)
        .map_err(|issues| StoreError::NotSearchable { at, issues })?;
    let Some(new) = read else {
        return removed(session, rid);
    };
    let before = defined_by(session, rid)?;
    let others = || {
        let all = session.state.parameters.all().added().iter();
        all.filter(|other| before.as_ref().is_none_or(|own| !Arc::ptr_eq(own, other)))
    };
    let refuse = |code, reason: String| {
        let issue = Issue::error(code, reason).at("SearchParameter.code");
        Err(StoreError::NotSearchable {
            at,
            issues: vec![issue],
        })
    };
    let taken = others().find_map(|other| {
        let same = other.parameter().code == new.parameter().code;
        new.bases().find(|base| same && other.is_of(base))
    });
    if let Some(base) = taken {
        let reason = format!("{base} has a search parameter of that name that was added");
        return refuse(IssueCode::Duplicate, reason);
    }
    if others().count() >= ADDED_PARAMETERS_MAX {
        let reason = format!("there are ADDED_PARAMETERS_MAX ({ADDED_PARAMETERS_MAX}) already");
        return refuse(IssueCode::TooCostly, reason);
    }
    let connection = session.connection;
    if before.as_ref().is_some_and(|own| own.finds_the_same(&new)) {
        connection
            .prepare_cached("UPDATE search_parameter SET vid = ?2 WHERE rid = ?1")?
            .send((rid, vid))?;
        index::changed(connection)?;
        return session.read_parameters();
    }
    connection
        .prepare_cached(
            "INSERT INTO search_parameter (rid, number, vid) VALUES (?1, ?2, ?3)
             ON CONFLICT (rid) DO UPDATE SET number = excluded.number, vid = excluded.vid",
        )?
        .send((rid, number, vid))?;
    let mut bases: Vec<&'static str> = new.bases().collect();
    bases.extend(before.iter().flat_map(|own| own.bases()));
    bases.sort_unstable();
    bases.dedup();
    // What the types are known to have is what they had before this number.
    index::begin(connection, &session.state.kinds, &bases)?;
    connection
        .prepare_cached("UPDATE index_state SET numbered = ?1")?
        .send([number])?;
    session.read_parameters()
}

/// Nothing is defined by a SearchParameter any more. Its values go when those of
/// its types are taken again.
pub(super) fn removed(session: &mut Session<'_>, rid: i64) -> Result<(), StoreError> {
    let Some(own) = defined_by(session, rid)? else {
        return Ok(());
    };
    session
        .connection
        .prepare_cached("DELETE FROM search_parameter WHERE rid = ?1")?
        .send([rid])?;
    let bases: Vec<&'static str> = own.bases().collect();
    index::begin(session.connection, &session.state.kinds, &bases)?;
    session.read_parameters()
}

/// What a SearchParameter defines now.
fn defined_by(session: &Session<'_>, rid: i64) -> Result<Option<Arc<Added>>, StoreError> {
    let number: Option<i64> = session
        .connection
        .prepare_cached("SELECT number FROM search_parameter WHERE rid = ?1")?
        .query_row([rid], |row| row.get(0))
        .optional()?;
    Ok(number.and_then(|number| {
        let mut all = session.state.parameters.all().added().iter();
        let own = all.find(|added| added.parameter().id == id_of(number));
        own.map(Arc::clone)
    }))
}

/// The number of the next definition: none is given twice, so that values of a
/// definition that is gone are never taken for those of another.
fn next_number(session: &Session<'_>) -> Result<i64, StoreError> {
    let last: i64 = session
        .connection
        .prepare_cached("SELECT numbered FROM index_state")?
        .query_row((), |row| row.get(0))?;
    Ok(last + 1)
}
