//! The embedded consent service: the patients' choices in a SQLite file of
//! their own, kept by the regional organisation.
//!
//! A change is committed before anybody is told. The history keeps every
//! change, who made it and what the choices were from then on; the database
//! itself refuses to change or remove a line of it.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use care::{AccessContext, Bsn, Clock, OrganisationType, ProviderCategory, Role, Ura};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::{
    Change, ChangeEvent, ConsentAnswer, ConsentCoverage, ConsentError, ConsentQuestion,
    ConsentRecord, ConsentService, tally,
};

/// The most changes that one call to [`EmbeddedConsents::history`] gives.
pub const HISTORY_PAGE_MAX: usize = 200;
/// The most holders in one open question.
pub const HOLDERS_MAX: usize = 1000;
/// How long to wait for another process that has the file.
const LOCK_WAIT: Duration = Duration::from_secs(5);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS record (
        bsn TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        choices TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS history (
        bsn TEXT NOT NULL,
        version INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        actor_id TEXT NOT NULL,
        actor_name TEXT NOT NULL,
        role TEXT NOT NULL,
        organisation TEXT NOT NULL,
        request TEXT NOT NULL,
        change TEXT NOT NULL,
        choices TEXT NOT NULL,
        PRIMARY KEY (bsn, version)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER IF NOT EXISTS history_stays BEFORE UPDATE ON history
        BEGIN SELECT RAISE(ABORT, 'the history of consent does not change'); END;
    CREATE TRIGGER IF NOT EXISTS history_remains BEFORE DELETE ON history
        BEGIN SELECT RAISE(ABORT, 'the history of consent does not change'); END;
";

/// The patients' choices in a SQLite file of their own. Cheap to clone.
#[derive(Clone)]
pub struct EmbeddedConsents(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    writer: Mutex<Connection>,
    /// Reads do not wait for a write that waits for the disk.
    reader: Mutex<Connection>,
}

impl EmbeddedConsents {
    /// Opens the file, or makes it.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, ConsentError> {
        let mut writer = connect(path)?;
        writer
            .execute_batch(SCHEMA)
            .and_then(|()| writer.execute_batch(tally::SCHEMA))
            .map_err(ConsentError::Database)?;
        count_what_was_never_counted(&mut writer)?;
        let reader = connect(path)?;
        reader
            .execute_batch("PRAGMA query_only = ON")
            .map_err(ConsentError::Database)?;
        let (writer, reader) = (Mutex::new(writer), Mutex::new(reader));
        Ok(Self(Arc::new(Inner {
            clock,
            writer,
            reader,
        })))
    }

    /// The patient's choices as they are now. For the patient only.
    pub async fn record(
        &self,
        context: &AccessContext,
        patient: &Bsn,
    ) -> Result<ConsentRecord, ConsentError> {
        only_the_patient(context, patient)?;
        let patient = patient.clone();
        self.off_thread(move |inner| inner.read(&patient)).await
    }

    /// Changes the choices; durable when it resolves. `expected` is the version
    /// that the patient saw when they confirmed: a record that changed since is
    /// left alone ([`ConsentError::Changed`]). For the patient only.
    ///
    /// It tells no node: whoever calls it does, before the patient is told that
    /// the change holds.
    pub async fn change(
        &self,
        context: &AccessContext,
        patient: &Bsn,
        change: &Change,
        expected: Option<u64>,
    ) -> Result<ConsentRecord, ConsentError> {
        only_the_patient(context, patient)?;
        let (context, patient, change) = (context.clone(), patient.clone(), change.clone());
        self.off_thread(move |inner| inner.write(&context, &patient, &change, expected))
            .await
    }

    /// The changes, the latest first, at most [`HISTORY_PAGE_MAX`], before a
    /// version where one is given. For the patient only.
    pub async fn history(
        &self,
        context: &AccessContext,
        patient: &Bsn,
        before_version: Option<u64>,
    ) -> Result<Vec<ChangeEvent>, ConsentError> {
        only_the_patient(context, patient)?;
        let patient = patient.clone();
        self.off_thread(move |inner| inner.history(&patient, before_version))
            .await
    }

    /// How many people chose what, as far as that tells of nobody. For the
    /// coordinator of the region only.
    pub async fn coverage(&self, context: &AccessContext) -> Result<ConsentCoverage, ConsentError> {
        only_the_coordinator(context)?;
        self.off_thread(|inner| {
            let reader = inner.reader.lock().unwrap_or_else(PoisonError::into_inner);
            let counted = tally::read(&reader).map_err(ConsentError::Database)?;
            Ok(counted.told(inner.clock.now()))
        })
        .await
    }

    /// Runs what may wait for the disk where it keeps no other task waiting.
    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, ConsentError> + Send + 'static,
    ) -> Result<T, ConsentError> {
        let inner = self.0.clone();
        tokio::task::spawn_blocking(move || work(&inner))
            .await
            .map_err(|_| ConsentError::Unreachable)?
    }
}

impl Inner {
    fn history(
        &self,
        patient: &Bsn,
        before_version: Option<u64>,
    ) -> Result<Vec<ChangeEvent>, ConsentError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let mut query = reader
            .prepare_cached(
                "SELECT version, at_ms, actor_id, actor_name, role, organisation, request,
                        change, choices
                 FROM history WHERE bsn = ?1 AND version < ?2 ORDER BY version DESC LIMIT ?3",
            )
            .map_err(ConsentError::Database)?;
        let before = before_version.and_then(|version| i64::try_from(version).ok());
        let page = params![
            patient.expose(),
            before.unwrap_or(i64::MAX),
            HISTORY_PAGE_MAX as i64
        ];
        let rows = query
            .query_map(page, event)
            .map_err(ConsentError::Database)?;
        rows.map(|row| row.map_err(ConsentError::Database)?.parse())
            .collect()
    }

    fn read(&self, patient: &Bsn) -> Result<ConsentRecord, ConsentError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        current(&reader, patient)
    }

    fn write(
        &self,
        context: &AccessContext,
        patient: &Bsn,
        change: &Change,
        expected: Option<u64>,
    ) -> Result<ConsentRecord, ConsentError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = writer
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(ConsentError::Database)?;
        let before = current(&transaction, patient)?;
        if expected.is_some_and(|version| version != before.version()) {
            return Err(ConsentError::Changed);
        }
        let after = before.after(change)?;
        let version = i64::try_from(after.version()).map_err(|_| ConsentError::Damaged)?;
        let choices = json(&after.choices())?;
        let change = json(change)?;
        let write = || {
            transaction.execute(
                "INSERT INTO record (bsn, version, choices) VALUES (?1, ?2, ?3)
                 ON CONFLICT (bsn) DO UPDATE SET version = ?2, choices = ?3",
                params![patient.expose(), version, choices],
            )?;
            tally::change(&transaction, &before, &after)?;
            transaction.execute(
                "INSERT INTO history VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                params![
                    patient.expose(),
                    version,
                    self.clock.now().as_millisecond(),
                    context.actor().id,
                    context.actor().name,
                    context.role().name(),
                    context.organisation().as_str(),
                    context.request().0,
                    change,
                    choices,
                ],
            )
        };
        write().map_err(ConsentError::Database)?;
        transaction.commit().map_err(ConsentError::Database)?;
        Ok(after)
    }
}

#[async_trait]
impl ConsentService for EmbeddedConsents {
    /// For the patient, the holder and the consulting organisation only.
    async fn closed_question(
        &self,
        context: &AccessContext,
        patient: &Bsn,
        question: &ConsentQuestion,
    ) -> Result<ConsentAnswer, ConsentError> {
        only_those_concerned(context, patient, &[question.holder, question.consulting])?;
        Ok(self.0.read(patient)?.answer(question))
    }

    /// For the patient and the consulting organisation only. At most
    /// [`HOLDERS_MAX`] holders.
    async fn open_question(
        &self,
        context: &AccessContext,
        patient: &Bsn,
        (consulting, consulting_category): (Ura, ProviderCategory),
        holders: &[(Ura, ProviderCategory)],
    ) -> Result<Vec<(Ura, ConsentAnswer)>, ConsentError> {
        only_those_concerned(context, patient, &[consulting])?;
        if holders.len() > HOLDERS_MAX {
            return Err(ConsentError::TooMany);
        }
        let record = self.0.read(patient)?;
        let answer = |&(holder, holder_category): &(Ura, ProviderCategory)| {
            let question = ConsentQuestion {
                holder,
                holder_category,
                consulting,
                consulting_category,
            };
            (holder, record.answer(&question))
        };
        Ok(holders.iter().map(answer).collect())
    }
}

fn only_the_patient(context: &AccessContext, patient: &Bsn) -> Result<(), ConsentError> {
    if context.role() == Role::Patient && context.patient() == Some(patient) {
        Ok(())
    } else {
        Err(ConsentError::NotAllowed)
    }
}

/// Counts are for who watches over the region, and it has one organisation for
/// that.
fn only_the_coordinator(context: &AccessContext) -> Result<(), ConsentError> {
    let kind = context.organisation_type();
    if context.role() == Role::Coordinator && kind == OrganisationType::RegionalOrganisation {
        Ok(())
    } else {
        Err(ConsentError::NotAllowed)
    }
}

/// What a patient chose is nobody's business but theirs and that of the
/// organisations that the question is between.
fn only_those_concerned(
    context: &AccessContext,
    patient: &Bsn,
    organisations: &[Ura],
) -> Result<(), ConsentError> {
    let bound_to_another = context.patient().is_some_and(|bound| bound != patient);
    if bound_to_another || !organisations.contains(&context.organisation()) {
        return only_the_patient(context, patient);
    }
    Ok(())
}

/// Counts the choices of a file from before counts were kept; once.
fn count_what_was_never_counted(writer: &mut Connection) -> Result<(), ConsentError> {
    let transaction = writer
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(ConsentError::Database)?;
    if tally::is_missing(&transaction).map_err(ConsentError::Database)? {
        let mut query = transaction
            .prepare("SELECT version, choices FROM record")
            .map_err(ConsentError::Database)?;
        let mut rows = query.query([]).map_err(ConsentError::Database)?;
        while let Some(row) = rows.next().map_err(ConsentError::Database)? {
            let read = || -> rusqlite::Result<(i64, String)> { Ok((row.get(0)?, row.get(1)?)) };
            let (version, choices) = read().map_err(ConsentError::Database)?;
            let record = record(version, &choices)?;
            tally::change(&transaction, &ConsentRecord::default(), &record)
                .map_err(ConsentError::Database)?;
        }
    }
    transaction.commit().map_err(ConsentError::Database)
}

fn connect(path: &Path) -> Result<Connection, ConsentError> {
    store::make_private(path);
    let connection = Connection::open(path).map_err(ConsentError::Database)?;
    let configure = || {
        connection.busy_timeout(LOCK_WAIT)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")
    };
    configure().map_err(ConsentError::Database)?;
    Ok(connection)
}

fn current(connection: &Connection, patient: &Bsn) -> Result<ConsentRecord, ConsentError> {
    let row: Option<(i64, String)> = connection
        .prepare_cached("SELECT version, choices FROM record WHERE bsn = ?1")
        .and_then(|mut query| {
            query
                .query_row([patient.expose()], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
        .map_err(ConsentError::Database)?;
    match row {
        Some((version, choices)) => record(version, &choices),
        None => Ok(ConsentRecord::default()),
    }
}

fn record(version: i64, choices: &str) -> Result<ConsentRecord, ConsentError> {
    let version = u64::try_from(version).map_err(|_| ConsentError::Damaged)?;
    let choices = serde_json::from_str(choices).map_err(|_| ConsentError::Damaged)?;
    Ok(ConsentRecord::new(version, choices))
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, ConsentError> {
    serde_json::to_string(value).map_err(|_| ConsentError::Damaged)
}

/// A row of the history as it is in the database.
struct EventRow {
    version: i64,
    at_ms: i64,
    actor_id: String,
    actor_name: String,
    role: String,
    organisation: String,
    request: String,
    change: String,
    choices: String,
}

fn event(row: &Row<'_>) -> rusqlite::Result<EventRow> {
    Ok(EventRow {
        version: row.get(0)?,
        at_ms: row.get(1)?,
        actor_id: row.get(2)?,
        actor_name: row.get(3)?,
        role: row.get(4)?,
        organisation: row.get(5)?,
        request: row.get(6)?,
        change: row.get(7)?,
        choices: row.get(8)?,
    })
}

impl EventRow {
    fn parse(self) -> Result<ChangeEvent, ConsentError> {
        let record = record(self.version, &self.choices)?;
        Ok(ChangeEvent {
            version: record.version(),
            at: Timestamp::from_millisecond(self.at_ms).map_err(|_| ConsentError::Damaged)?,
            actor_id: self.actor_id,
            actor_name: self.actor_name,
            role: Role::from_name(&self.role).ok_or(ConsentError::Damaged)?,
            organisation: self
                .organisation
                .parse()
                .map_err(|_| ConsentError::Damaged)?,
            request: self.request,
            change: serde_json::from_str(&self.change).map_err(|_| ConsentError::Damaged)?,
            record,
        })
    }
}

#[cfg(test)]
mod tests;
