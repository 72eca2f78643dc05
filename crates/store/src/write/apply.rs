//! Applies a plan inside the writer.

use crate::database::OptionalExtension;
use care::{Categories, DataCategory};
use jiff::Timestamp;

use super::ahead::{Ahead, Known};
use super::draft::Draft;
use super::holdings::{self, Touched};
use super::identity::{self, DELETED, LIVE, SEVERAL, bsn_of};
use super::inbox::{self, Kept};
use super::plan::{Expected, Plan, Step, prepare};
use super::{audit, compare, definition, provenance, subject};
use crate::DatabaseError;
use crate::database;
use crate::database::names::{self, Variant};
use crate::database::writer::Session;
use crate::index::{self, Entries, Value};
use crate::{Alongside, Change, Outcome, Precedence, Status, StoreError, Written, subscription};

/// [`crate::Statistics`]: laboratory observations with a LOINC code.
pub(crate) const LABORATORY_CODED: i64 = -1;
/// Laboratory observations without one.
pub(crate) const LABORATORY_UNCODED: i64 = -2;
const LOINC: &str = "http://loinc.org";

/// Writes the changes with what goes alongside.
pub(crate) fn apply(
    session: &mut Session<'_>,
    changes: &[Change],
    plan: Plan,
    with: &Alongside,
    message_digest: Option<&[u8; 32]>,
) -> Result<Written, StoreError> {
    let mut kept = Vec::new();
    if let (Some(message), Some(digest)) = (&with.message, message_digest) {
        kept.push(inbox::accept(session, message, digest)?);
    }
    if let Some(replayed) = &with.replays {
        kept.push(inbox::replay(session, replayed)?);
    }
    for kept in kept {
        if let Kept::Duplicate(id) = kept {
            return Ok(Written {
                outcomes: Vec::new(),
                duplicate_of: Some(id),
            });
        }
    }
    let plan = {
        let (kinds, options) = (session.state.kinds.clone(), session.state.options.clone());
        if plan.still_holds(&session.snapshot(), &kinds, &options)? {
            plan
        } else {
            prepare(&session.snapshot(), &kinds, &options, changes)?
        }
    };
    let ahead = &mut Ahead::read(session, &plan)?;
    let mut touched = Touched::default();
    let mut outcomes: Vec<Option<Outcome>> = plan.steps.iter().map(|_| None).collect();
    let mut steps: Vec<(usize, Step)> = plan.steps.into_iter().enumerate().collect();
    steps.sort_by_key(|(at, step)| (turn(step), *at));
    for (at, step) in steps {
        outcomes[at] = Some(match step {
            Step::Put {
                id,
                expected,
                draft,
            } => put(
                session,
                ahead,
                &mut touched,
                at,
                &id,
                expected,
                &draft,
                with,
            )?,
            Step::Keep { resource_type, id } => keep(session, ahead, resource_type, id)?,
            Step::Delete {
                resource_type,
                id,
                expected,
            } => delete(session, ahead, resource_type, id, expected, at)?,
        });
    }
    provenance::follow(session, &mut touched)?;
    holdings::announce(session, touched)?;
    audit::append(session, &with.audit)?;
    let outcomes: Vec<Outcome> = outcomes.into_iter().flatten().collect();
    inbox::note_outdated(session, with, &outcomes)?;
    subscription::note(session, with.subscription.as_ref(), &outcomes)?;
    Ok(Written {
        outcomes,
        duplicate_of: None,
    })
}

/// The order of work: deletions first (FHIR R4, http, transactions), patients
/// before what is about them, and last what takes its labels from others.
fn turn(step: &Step) -> u8 {
    match step {
        Step::Delete { .. } => 0,
        Step::Keep { .. } => 1,
        Step::Put { draft, .. } => match draft.resource.resource_type() {
            "Patient" => 2,
            "Provenance" => 4,
            _ => 3,
        },
    }
}

/// The row of a resource.
pub(super) struct Row {
    pub(super) rid: i64,
    state: i64,
    version: i64,
    vid: i64,
    updated: i64,
    labels: u32,
    patient: i64,
    entries: Vec<u8>,
}

impl Row {
    /// From the columns of [`find`].
    pub(super) fn read(row: database::Row<'_>) -> Result<Self, DatabaseError> {
        Ok(Self {
            rid: row.get(0)?,
            state: row.get(1)?,
            version: row.get(2)?,
            vid: row.get(3)?,
            updated: row.get(4)?,
            labels: row.get(5)?,
            patient: row.get(6)?,
            entries: row.get(7)?,
        })
    }
}

fn find(
    session: &Session<'_>,
    ahead: &mut Ahead,
    kind: i64,
    id: &str,
) -> Result<Option<Row>, StoreError> {
    match ahead.take(session, kind, id) {
        Known::Row(row) => return Ok(Some(row)),
        Known::Nothing => return Ok(None),
        Known::Unknown => {}
    }
    Ok(session
        .connection
        .prepare_cached(
            "SELECT rid, state, version, vid, updated, labels, patient, entries
             FROM resource WHERE id = ?1 AND kind = ?2",
        )?
        .query_row((id, kind), Row::read)
        .optional()?)
}

#[expect(clippy::too_many_arguments, reason = "all of it belongs to one step")]
fn put(
    session: &mut Session<'_>,
    ahead: &mut Ahead,
    touched: &mut Touched,
    at: usize,
    id: &str,
    expected: Expected,
    draft: &Draft,
    with: &Alongside,
) -> Result<Outcome, StoreError> {
    let resource_type = draft.resource.resource_type();
    let kind = session.state.kinds.number(resource_type)?;
    let found = find(session, ahead, kind, id)?;
    let live = found.as_ref().filter(|row| row.state == LIVE);
    match (expected, live) {
        (Expected::Nothing, Some(_)) => return Err(StoreError::Conflict { at }),
        (Expected::Version(version), live)
            if live.is_none_or(|row| row.version as u64 != version) =>
        {
            return Err(StoreError::PreconditionFailed { at });
        }
        _ => {}
    }
    if let Some(row) = live
        && let Some(status) = instead(session, row, draft, expected, with, at)?
    {
        return outcome(status, resource_type, id, row.version, row.updated);
    }
    let rid = if let Some(row) = &found {
        row.rid
    } else {
        let rid = session.new_rid(kind)?;
        session.writing = Some((kind, id.to_owned(), rid));
        rid
    };
    let mut labels = draft.labels.bits();
    let mut patients = if resource_type == "Patient" {
        vec![rid]
    } else {
        identity::patients(session, &draft.patients)?
    };
    let mut entries = index::collect(session, resource_type, &draft.entries, &patients)?;
    if resource_type == "Provenance" {
        provenance::inherit(session, &entries, &mut labels, &mut patients)?;
        entries = provenance::with_members(&entries, &patients);
    }
    let patient = alone(&patients);
    let version = found.as_ref().map_or(1, |row| row.version + 1);
    let updated = session.now;
    let interaction = i64::from(live.is_some());
    let body = draft.meta.fill(draft.resource.as_bytes(), version, updated);
    let vid = session.new_vid();
    session
        .connection
        .prepare_cached(
            "INSERT INTO version
             (vid, rid, kind, version, updated, interaction, labels, patient, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .send((
            vid,
            rid,
            kind,
            version,
            updated.as_millisecond(),
            interaction,
            labels,
            patient,
            &body,
        ))?;
    let old: &[u8] = live.map_or(&[], |row| &row.entries);
    index::replace(&mut session.state.index, rid, old, &entries);
    let sql = if found.is_some() {
        "UPDATE resource SET state = 0, version = ?4, vid = ?5, updated = ?6, labels = ?7,
         patient = ?8, entries = ?9 WHERE rid = ?1 AND kind = ?2 AND id = ?3"
    } else {
        "INSERT INTO resource
         (rid, kind, id, version, vid, updated, labels, patient, entries, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0)"
    };
    session.connection.prepare_cached(sql)?.send((
        rid,
        kind,
        id,
        version,
        vid,
        updated.as_millisecond(),
        labels,
        patient,
        &entries,
    ))?;

    session.knows(kind, id, rid);
    if let Some(row) = live {
        count(session, kind, row.labels, &row.entries, -1)?;
    }
    count(session, kind, labels, &entries, 1)?;
    match resource_type {
        "Patient" => identify(session, touched, rid, draft, expected, at)?,
        "SearchParameter" => definition::defined(session, rid, vid, &draft.resource, at)?,
        _ => {}
    }
    if patient > 0 && labels != 0 {
        *touched.grown.entry(patient).or_default() |= labels;
    }
    if let Some(row) = &found
        && (row.labels, row.patient) != (labels, patient)
    {
        touched.relabelled.push(rid);
    }
    let status = if live.is_some() {
        Status::Updated
    } else {
        Status::Created
    };
    outcome(status, resource_type, id, version, updated.as_millisecond())
}

/// What becomes of a change instead of a new version, because of the version
/// that is there: it says the same, it stands, or it is about somebody else.
fn instead(
    session: &mut Session<'_>,
    row: &Row,
    draft: &Draft,
    expected: Expected,
    with: &Alongside,
    at: usize,
) -> Result<Option<Status>, StoreError> {
    let body: Vec<u8> = session
        .connection
        .prepare_cached("SELECT body FROM version WHERE vid = ?1")?
        .query_row([row.vid], |row| row.get(0))?;
    let new = draft
        .meta
        .fill(draft.resource.as_bytes(), row.version, moment(row.updated)?);
    if compare::same(&new, &body) {
        return Ok(Some(Status::Unchanged));
    }
    let stored = fhir::Resource::parse_in(session.state.kinds.version(), body).map_err(|_| {
        StoreError::Corrupt {
            what: "a stored resource does not parse",
        }
    })?;
    if subject::moves(session, &stored, &draft.resource)? {
        return Err(StoreError::OtherSubject { at });
    }
    let (Some(precedence), Expected::Anything) = (with.precedence, expected) else {
        return Ok(None);
    };
    Ok(match precedence(&stored, &draft.resource) {
        Precedence::GivesWay => None,
        Precedence::SaysTheSame => Some(Status::Unchanged),
        Precedence::Stands => Some(Status::Outdated),
    })
}

/// The patient, when it is one; 0 for none, [`SEVERAL`] for more.
pub(super) fn alone(patients: &[i64]) -> i64 {
    match patients {
        [] => 0,
        [patient] => *patient,
        _ => SEVERAL,
    }
}

/// The number of the values of a search parameter.
pub(super) fn parameter(
    session: &mut Session<'_>,
    resource_type: &'static str,
    code: &'static str,
) -> Result<i64, StoreError> {
    let kind = session.state.kinds.number(resource_type)?;
    let version = session.state.kinds.version();
    let parameter =
        fhir::search::parameter_in(version, resource_type, code).ok_or(StoreError::Fault)?;
    let connection = session.connection;
    session
        .state
        .names
        .parameter(connection, (kind, parameter.id, Variant::Value), || {
            Ok(names::parameter(resource_type, parameter, Variant::Value))
        })
}

/// Notes the BSN of a Patient. Two different ones are as good as none:
/// nobody can say which is right. Another BSN makes all that is kept under the
/// Patient somebody else's, so it is taken only from who says which version it
/// corrects.
fn identify(
    session: &Session<'_>,
    touched: &mut Touched,
    rid: i64,
    draft: &Draft,
    expected: Expected,
    at: usize,
) -> Result<(), StoreError> {
    let mut found = None;
    for identifier in draft.resource.root().each("identifier") {
        let (Some(system), Some(value)) = (identifier.text("system"), identifier.text("value"))
        else {
            continue;
        };
        let Some(bsn) = bsn_of(&system, &value) else {
            continue;
        };
        if found.as_ref().is_some_and(|other| *other != bsn) {
            found = None;
            break;
        }
        found = Some(bsn);
    }
    let before: Option<String> = session
        .connection
        .prepare_cached("SELECT bsn FROM patient WHERE rid = ?1")?
        .query_row([rid], |row| row.get(0))
        .optional()?;
    let Some(bsn) = found else {
        session
            .connection
            .prepare_cached("DELETE FROM patient WHERE rid = ?1")?
            .send([rid])?;
        return Ok(());
    };
    if before.as_deref() != Some(bsn.expose()) {
        if before.is_some() && !matches!(expected, Expected::Version(_)) {
            return Err(StoreError::OtherBsn { at });
        }
        session
            .connection
            .prepare_cached(
                "INSERT INTO patient (rid, bsn) VALUES (?1, ?2)
                 ON CONFLICT (rid) DO UPDATE SET bsn = excluded.bsn",
            )?
            .send((rid, bsn.expose()))?;
        touched.identified.insert(rid);
    }
    Ok(())
}

fn keep(
    session: &Session<'_>,
    ahead: &mut Ahead,
    resource_type: &'static str,
    id: String,
) -> Result<Outcome, StoreError> {
    let kind = session.state.kinds.number(resource_type)?;
    let row = find(session, ahead, kind, &id)?.ok_or(StoreError::Fault)?;
    outcome(
        Status::Unchanged,
        resource_type,
        &id,
        row.version,
        row.updated,
    )
}

fn delete(
    session: &mut Session<'_>,
    ahead: &mut Ahead,
    resource_type: &'static str,
    id: Option<String>,
    expected: Expected,
    at: usize,
) -> Result<Outcome, StoreError> {
    let now = session.now.as_millisecond();
    let Some(id) = id else {
        return outcome(Status::Deleted, resource_type, "", 0, now);
    };
    let kind = session.state.kinds.number(resource_type)?;
    let found = find(session, ahead, kind, &id)?;
    if let Expected::Version(version) = expected {
        let live = found.as_ref().filter(|row| row.state == LIVE);
        if live.is_none_or(|row| row.version as u64 != version) {
            return Err(StoreError::PreconditionFailed { at });
        }
    }
    let row = match found {
        Some(row) if row.state == LIVE => row,
        Some(row) if row.state == DELETED => {
            return outcome(
                Status::Deleted,
                resource_type,
                &id,
                row.version,
                row.updated,
            );
        }
        _ => return outcome(Status::Deleted, resource_type, &id, 0, now),
    };
    let version = row.version + 1;
    let vid = session.new_vid();
    session
        .connection
        .prepare_cached(
            "INSERT INTO version
             (vid, rid, kind, version, updated, interaction, labels, patient, body)
             VALUES (?1, ?2, ?3, ?4, ?5, 2, ?6, ?7, x'')",
        )?
        .send((vid, row.rid, kind, version, now, row.labels, row.patient))?;
    index::replace(&mut session.state.index, row.rid, &row.entries, &[]);
    // A deleted Patient keeps its BSN: what is left of them stays theirs.
    session
        .connection
        .prepare_cached(
            "UPDATE resource SET state = ?2, version = ?3, vid = ?4, updated = ?5, entries = x''
             WHERE rid = ?1",
        )?
        .send((row.rid, DELETED, version, vid, now))?;
    count(session, kind, row.labels, &row.entries, -1)?;
    if resource_type == "SearchParameter" {
        definition::removed(session, row.rid)?;
    }
    outcome(Status::Deleted, resource_type, &id, version, now)
}

/// Keeps the counts of [`crate::Statistics`].
pub(super) fn count(
    session: &mut Session<'_>,
    kind: i64,
    labels: u32,
    entries: &[u8],
    by: i64,
) -> Result<(), StoreError> {
    session.tally(kind, by);
    if !Categories::from_bits(labels).contains(DataCategory::ObservationLaboratory) {
        return Ok(());
    }
    if kind != session.state.kinds.number("Observation")? {
        return Ok(());
    }
    let connection = session.connection;
    let loinc = session.state.names.system(connection, LOINC)?;
    let key = parameter(session, "Observation", "code")?;
    let coded = Entries::of(entries)
        .get(key)
        .any(|value| matches!(value, Value::Token { system, .. } if system == loinc));
    session.tally(
        if coded {
            LABORATORY_CODED
        } else {
            LABORATORY_UNCODED
        },
        by,
    );
    Ok(())
}

fn outcome(
    status: Status,
    resource_type: &'static str,
    id: &str,
    version: i64,
    updated_ms: i64,
) -> Result<Outcome, StoreError> {
    Ok(Outcome {
        status,
        resource_type,
        id: id.to_owned(),
        version: version as u64,
        last_updated: moment(updated_ms)?,
    })
}

fn moment(ms: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(ms).map_err(|_| StoreError::Corrupt {
        what: "a time is out of range",
    })
}
