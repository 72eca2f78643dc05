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
use care::{AccessContext, Bsn, Clock, ProviderCategory, Role, Ura};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::{
    Change, ChangeEvent, ConsentAnswer, ConsentError, ConsentQuestion, ConsentRecord,
    ConsentService,
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
        let writer = connect(path)?;
        writer
            .execute_batch(SCHEMA)
            .map_err(ConsentError::Database)?;
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

fn connect(path: &Path) -> Result<Connection, ConsentError> {
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
mod tests {
    use care::{ConsentCategory, OrganisationType, Purpose};

    use super::*;
    use crate::{
        consent::{ChoiceKey, InvalidChange, Party, Preset, Verdict},
        testing::{Asker, SECOND, bsn, clock, internist, other_bsn, patient, ura},
    };

    fn question() -> ConsentQuestion {
        ConsentQuestion {
            holder: ura(OrganisationType::Pharmacy),
            holder_category: ProviderCategory::Pharmacy,
            consulting: ura(OrganisationType::Hospital),
            consulting_category: ProviderCategory::Hospital,
        }
    }

    fn permit() -> Change {
        let key = ChoiceKey {
            holder: Party::Category(ProviderCategory::Pharmacy),
            category: ConsentCategory::Medication,
            consulting: Party::Category(ProviderCategory::Hospital),
        };
        Change::one(key, Verdict::Permit)
    }

    #[tokio::test]
    async fn a_choice_holds_at_the_next_question_and_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("consent.db");
        let consents = EmbeddedConsents::open(&path, clock()).unwrap();
        let (patient, asker) = (patient().context(), internist().context());
        let closed = async |consents: &EmbeddedConsents| {
            consents
                .closed_question(&asker, &bsn(), &question())
                .await
                .unwrap()
        };
        assert!(!closed(&consents).await.permits_anything());
        let record = consents
            .change(&patient, &bsn(), &permit(), Some(0))
            .await
            .unwrap();
        assert_eq!(record.version(), 1);
        assert!(closed(&consents).await.permits_anything());
        let again = EmbeddedConsents::open(&path, clock()).unwrap();
        assert_eq!(again.record(&patient, &bsn()).await.unwrap(), record);
        let withdrawn = Change {
            withdraw: vec![permit().set[0].key],
            ..Change::default()
        };
        consents
            .change(&patient, &bsn(), &withdrawn, None)
            .await
            .unwrap();
        assert!(!closed(&again).await.permits_anything());
    }

    #[tokio::test]
    async fn who_confirms_what_has_changed_since_is_asked_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("consent.db");
        let consents = EmbeddedConsents::open(&path, clock()).unwrap();
        let patient = patient().context();
        let change =
            async |change: &Change, seen| consents.change(&patient, &bsn(), change, seen).await;
        change(&permit(), Some(0)).await.unwrap();
        assert!(matches!(
            change(&permit(), Some(0)).await,
            Err(ConsentError::Changed)
        ));
        assert!(matches!(
            change(&Change::default(), None).await,
            Err(ConsentError::InvalidChange(InvalidChange::Contradiction))
        ));
        assert_eq!(
            consents.record(&patient, &bsn()).await.unwrap().version(),
            1
        );
    }

    #[tokio::test]
    async fn the_history_tells_who_changed_what_and_does_not_change() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("consent.db");
        let clock = clock();
        let consents = EmbeddedConsents::open(&path, clock.clone()).unwrap();
        let patient = patient().context();
        for change in [
            permit(),
            Change::preset(Preset::Nobody),
            Change::preset(Preset::Everyone),
        ] {
            clock.advance(SECOND);
            consents
                .change(&patient, &bsn(), &change, None)
                .await
                .unwrap();
        }
        let history = consents.history(&patient, &bsn(), None).await.unwrap();
        assert_eq!(
            history
                .iter()
                .map(|event| event.version)
                .collect::<Vec<_>>(),
            [3, 2, 1]
        );
        assert_eq!(history[2].change, permit());
        assert_eq!(history[2].role, Role::Patient);
        assert_eq!(
            history[2].at.as_second(),
            crate::testing::start().as_second() + 1
        );
        assert_eq!(
            history[0].record,
            consents.record(&patient, &bsn()).await.unwrap()
        );
        let older = consents.history(&patient, &bsn(), Some(2)).await.unwrap();
        assert_eq!(older.len(), 1);
        let connection = Connection::open(&path).unwrap();
        for statement in ["DELETE FROM history", "UPDATE history SET actor_name = 'X'"] {
            assert!(connection.execute(statement, []).is_err());
        }
    }

    #[tokio::test]
    async fn a_page_of_the_history_is_bounded() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("consent.db");
        let consents = EmbeddedConsents::open(&path, clock()).unwrap();
        let patient = patient().context();
        consents
            .0
            .writer
            .lock()
            .unwrap()
            .pragma_update(None, "synchronous", "OFF")
            .unwrap();
        for _ in 0..=HISTORY_PAGE_MAX {
            consents
                .change(&patient, &bsn(), &permit(), None)
                .await
                .unwrap();
        }
        let page = consents.history(&patient, &bsn(), None).await.unwrap();
        assert_eq!(page.len(), HISTORY_PAGE_MAX);
        let last = page.last().unwrap().version;
        assert_eq!(
            consents
                .history(&patient, &bsn(), Some(last))
                .await
                .unwrap()
                .len(),
            1
        );
    }

    #[tokio::test]
    async fn only_those_concerned_get_an_answer() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("consent.db");
        let consents = EmbeddedConsents::open(&path, clock()).unwrap();
        let at = |kind| {
            Asker {
                kind,
                ..internist()
            }
            .context()
        };
        let ask = async |context: AccessContext, patient: Bsn| {
            consents
                .closed_question(&context, &patient, &question())
                .await
                .is_ok()
        };
        assert!(ask(at(OrganisationType::Hospital), bsn()).await);
        assert!(ask(at(OrganisationType::Pharmacy), bsn()).await);
        assert!(ask(patient().context(), bsn()).await);
        assert!(!ask(at(OrganisationType::HomeCare), bsn()).await);
        assert!(!ask(at(OrganisationType::Hospital), other_bsn()).await);
        assert!(!ask(patient().context(), other_bsn()).await);
        // Nor does anybody but the patient see or change the record itself.
        let clinician = at(OrganisationType::Hospital);
        assert!(consents.record(&clinician, &bsn()).await.is_err());
        assert!(consents.history(&clinician, &bsn(), None).await.is_err());
        assert!(
            consents
                .change(&clinician, &bsn(), &permit(), None)
                .await
                .is_err()
        );
        assert!(
            consents
                .change(&patient().context(), &other_bsn(), &permit(), None)
                .await
                .is_err()
        );
        let posing = Asker {
            purpose: Purpose::PatientRequest,
            ..internist()
        }
        .context();
        assert!(consents.record(&posing, &bsn()).await.is_err());
    }

    #[tokio::test]
    async fn the_open_question_answers_per_holder_and_is_bounded() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("consent.db");
        let consents = EmbeddedConsents::open(&path, clock()).unwrap();
        consents
            .change(&patient().context(), &bsn(), &permit(), None)
            .await
            .unwrap();
        let consulting = (ura(OrganisationType::Hospital), ProviderCategory::Hospital);
        let ask = async |holders: &[(Ura, ProviderCategory)]| {
            consents
                .open_question(&internist().context(), &bsn(), consulting, holders)
                .await
        };
        let pharmacy = (ura(OrganisationType::Pharmacy), ProviderCategory::Pharmacy);
        let practice = (
            ura(OrganisationType::GeneralPractice),
            ProviderCategory::GeneralPractice,
        );
        let answers = ask(&[practice, pharmacy]).await.unwrap();
        let permits: Vec<_> = answers
            .iter()
            .map(|(holder, answer)| (*holder, answer.permits_anything()))
            .collect();
        assert_eq!(permits, [(practice.0, false), (pharmacy.0, true)]);
        assert!(ask(&vec![practice; HOLDERS_MAX]).await.is_ok());
        let refused = ask(&vec![practice; HOLDERS_MAX + 1]).await;
        assert!(matches!(refused, Err(ConsentError::TooMany)));
    }
}
