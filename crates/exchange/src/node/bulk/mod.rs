//! Bulk data (FHIR Bulk Data Access 2.0): exports that are made in the
//! background and fetched as files, and imports line by line.
//!
//! An export shows one moment: the store keeps every version, and the walk
//! takes the newest one up to the number that was the last at the question
//! ([`store::Moment`]). The work goes on with the credential of whoever asked,
//! and after a restart when that client asks for its state: so nothing is
//! exported for somebody who may no longer come in.

mod import;
mod job;
mod limits;
mod narrow;
mod run;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use care::{AccessContext, Categories, IdSource, Scope};
use fhir::Resource;
use jiff::{SignedDuration, Timestamp};
use store::Found;
use tokio::{
    fs,
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
};
use trust::{
    audit::{Happened, Outcome},
    policy::Action,
};

pub use import::{Batch, Imported};
pub use job::{ExportFile, ExportQuestion, Job, JobState, Level, TypeFilter, WantedElement};
pub use limits::BulkLimits;

use super::{Node, audit::Entry};
use crate::error::ExchangeError;

/// What exports are called in the audit log.
const EXPORT: &str = "$export";

/// How often what has expired is looked for.
const TIDY_INTERVAL: Duration = Duration::from_mins(5);

/// Why bulk data cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// As for other questions.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// There are too many at once; later there may be room.
    #[error("over the limit {limit} of {max}")]
    Busy {
        /// The name of the limit.
        limit: &'static str,
        /// Its value.
        max: usize,
    },
    /// The disk does not do it.
    #[error("the files of an export cannot be used")]
    Disk(#[from] std::io::Error),
    /// An export needs more files than it may have.
    #[error("over the limit files")]
    TooManyFiles,
}

/// The bulk data of one node.
pub struct Bulk {
    node: Arc<Node>,
    directory: PathBuf,
    ids: Arc<dyn IdSource>,
    limits: BulkLimits,
    jobs: Mutex<HashMap<String, Known>>,
    turns: Arc<Semaphore>,
    imports: Arc<Semaphore>,
}

/// An export, and the work on it in this process.
struct Known {
    job: Job,
    work: Option<JoinHandle<()>>,
}

impl Bulk {
    /// The exports that are kept in `directory`, which is made when it is not
    /// there and holds nothing else. `ids` names exports and files.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub fn open(
        node: Arc<Node>,
        directory: &Path,
        ids: Arc<dyn IdSource>,
        limits: BulkLimits,
    ) -> std::io::Result<Arc<Self>> {
        let jobs = Job::all(directory)?
            .into_iter()
            .map(|job| (job.id.clone(), Known { job, work: None }));
        Ok(Arc::new(Self {
            node,
            directory: directory.to_owned(),
            ids,
            limits,
            jobs: Mutex::new(jobs.collect()),
            turns: Arc::new(Semaphore::new(limits.at_work)),
            imports: Arc::new(Semaphore::new(limits.imports)),
        }))
    }

    /// Its limits.
    pub fn limits(&self) -> &BulkLimits {
        &self.limits
    }

    /// Starts an export; written down and on disk when it resolves.
    pub async fn export(
        self: &Arc<Self>,
        cx: &AccessContext,
        question: ExportQuestion,
    ) -> Result<String, BulkError> {
        let mut asked = vec![EXPORT.to_owned()];
        asked.extend(question.types.iter().cloned());
        let scope = self.node.export_scope(cx, &asked).await?;
        self.remove_expired().await?;
        self.has_room(cx)?;
        let patients = self.patients(cx, &scope, &question).await?;
        self.try_filters(cx, &scope, &question).await?;
        self.node.note_export(cx, &asked, None).await?;
        let store = &self.node.parts.store;
        let moment = store.moment().await.map_err(ExchangeError::from)?;
        let types = if question.types.is_empty() {
            let all = self.node.version().resource_types().iter();
            all.map(|name| (*name).to_owned()).collect()
        } else {
            question.types
        };
        let lifetime = SignedDuration::try_from(self.limits.lifetime).unwrap_or_default();
        let job = Job {
            id: self.ids.next(),
            client: client(cx),
            level: question.level,
            request: question.request,
            moment: moment.number,
            transaction_time: moment.time,
            since: question.since,
            types,
            patients,
            filters: question.filters,
            elements: question.elements,
            expires: self.node.parts.clock.now() + lifetime,
            state: JobState::Working,
            types_done: 0,
            after: None,
            files: Vec::new(),
            audited: 0,
            faults: 0,
        };
        let id = job.id.clone();
        fs::create_dir(self.directory.join(&id)).await?;
        job.keep(&self.directory).await?;
        let known = Known { job, work: None };
        self.lock().insert(id.clone(), known);
        self.go_on(cx, &id);
        Ok(id)
    }

    /// How far an export of this client has come. One that was interrupted
    /// goes on.
    ///
    /// # Errors
    /// [`ExchangeError::NotFound`] for one that is not theirs, too.
    pub async fn state(self: &Arc<Self>, cx: &AccessContext, id: &str) -> Result<Job, BulkError> {
        self.node.export_scope(cx, &[EXPORT.to_owned()]).await?;
        self.remove_expired().await?;
        let job = self.own(cx, id)?;
        if job.state == JobState::Working {
            self.go_on(cx, id);
        }
        Ok(job)
    }

    /// Stops an export of this client and removes its files.
    pub async fn remove(&self, cx: &AccessContext, id: &str) -> Result<(), BulkError> {
        self.own(cx, id)?;
        self.forget(id).await
    }

    /// Opens a finished file of an export of this client; written down first.
    pub async fn file(
        &self,
        cx: &AccessContext,
        id: &str,
        file: &str,
    ) -> Result<fs::File, BulkError> {
        self.node.export_scope(cx, &[EXPORT.to_owned()]).await?;
        self.remove_expired().await?;
        let job = self.own(cx, id)?;
        let found = job.files.iter().find(|one| one.id == file);
        let found = found
            .filter(|_| job.state == JobState::Done)
            .ok_or(ExchangeError::NotFound)?;
        let asked = [EXPORT.to_owned(), found.resource_type.clone()];
        self.node.note_export(cx, &asked, Some(found.count)).await?;
        Ok(fs::File::open(job.path_of(&self.directory, file)).await?)
    }

    /// A place for an import; it is free again when the permit is dropped.
    ///
    /// # Errors
    /// [`BulkError::Busy`] when all are taken.
    pub fn import_place(&self) -> Result<OwnedSemaphorePermit, BulkError> {
        let max = self.limits.imports;
        let limit = "imports";
        Arc::clone(&self.imports)
            .try_acquire_owned()
            .map_err(|_| BulkError::Busy { limit, max })
    }

    /// Stores a batch of lines by the rules of every other write.
    ///
    /// # Errors
    /// When nothing more can be stored; it is not known then which lines of the
    /// batch are.
    pub async fn import(
        &self,
        cx: &AccessContext,
        batch: Batch,
    ) -> Result<Imported, ExchangeError> {
        self.node.import(cx, batch).await
    }

    /// Whether somebody may import at all; refused and written down if not.
    pub async fn may_import(&self, cx: &AccessContext) -> Result<(), ExchangeError> {
        self.node.writing_scope(cx, &[]).await.map(|_| ())
    }

    /// Removes exports that have expired, for as long as it is polled.
    pub async fn keep_tidy(&self) {
        loop {
            if let Err(error) = self.remove_expired().await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "an expired export cannot be removed");
            }
            tokio::time::sleep(TIDY_INTERVAL).await;
        }
    }

    /// Stops the work; what is not finished goes on after the next start.
    pub async fn stop(&self) {
        let work: Vec<_> = self
            .lock()
            .values_mut()
            .filter_map(|known| known.work.take())
            .collect();
        for work in work {
            work.abort();
            // It ends with that it was aborted, which is what was meant.
            let _ = work.await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Known>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An export of this client.
    fn own(&self, cx: &AccessContext, id: &str) -> Result<Job, BulkError> {
        let jobs = self.lock();
        let found = jobs.get(id).map(|known| &known.job);
        let own = found.filter(|job| job.client == client(cx));
        Ok(own.ok_or(ExchangeError::NotFound)?.clone())
    }

    fn has_room(&self, cx: &AccessContext) -> Result<(), BulkError> {
        let jobs = self.lock();
        let client = client(cx);
        let own = jobs.values().filter(|known| known.job.client == client);
        let busy = |limit, max| Err(BulkError::Busy { limit, max });
        if own.count() >= self.limits.jobs_per_client {
            return busy("jobs_per_client", self.limits.jobs_per_client);
        }
        if jobs.len() >= self.limits.jobs {
            return busy("jobs", self.limits.jobs);
        }
        Ok(())
    }

    async fn remove_expired(&self) -> Result<(), BulkError> {
        let now: Timestamp = self.node.parts.clock.now();
        let expired: Vec<String> = self
            .lock()
            .values()
            .filter(|known| known.job.expires <= now)
            .map(|known| known.job.id.clone())
            .collect();
        for id in expired {
            self.forget(&id).await?;
        }
        Ok(())
    }

    async fn forget(&self, id: &str) -> Result<(), BulkError> {
        let known = self.lock().remove(id);
        if let Some(work) = known.and_then(|known| known.work) {
            work.abort();
            let _ = work.await;
        }
        match fs::remove_dir_all(self.directory.join(id)).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The ids of the patients that a question is about; none for all.
    async fn patients(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        question: &ExportQuestion,
    ) -> Result<Option<Vec<String>>, BulkError> {
        let over = |limit, max| Err(ExchangeError::LimitExceeded { limit, max }.into());
        let store = &self.node.parts.store;
        let members = match &question.level {
            Level::Group(id) => {
                let found = store.read(cx, scope, "Group", id).await;
                let found = found.map_err(ExchangeError::from)?;
                let group = found.here().ok_or(ExchangeError::NotFound)?;
                let group = self
                    .node
                    .resource(&group.body)
                    .map_err(ExchangeError::Invalid)?;
                let members = members(&group);
                if members.len() > self.limits.members {
                    return over("members", self.limits.members);
                }
                Some(members)
            }
            Level::System | Level::Patients => None,
        };
        let Some(mut named) = question.patients.clone() else {
            return Ok(members);
        };
        if named.len() > self.limits.patients {
            return over("patients", self.limits.patients);
        }
        named.sort();
        named.dedup();
        for id in &named {
            let found = store.read(cx, scope, "Patient", id).await;
            let is_here = matches!(found.map_err(ExchangeError::from)?, Found::Here(_));
            if !is_here || members.as_ref().is_some_and(|all| !all.contains(id)) {
                return Err(ExchangeError::NotFound.into());
            }
        }
        Ok(Some(named))
    }
}

impl Node {
    /// What somebody may export: the whole organisation, for whom the policies let
    /// export and read it. All others are refused, and that is written down.
    async fn export_scope(
        &self,
        cx: &AccessContext,
        asked: &[String],
    ) -> Result<Scope, ExchangeError> {
        let scope = self.decide(cx, Action::Read).scope();
        let may_export = self.decide(cx, Action::Export).is_allowed();
        if may_export && scope == Scope::Organisation {
            return Ok(scope);
        }
        self.refuse(cx, Happened::Read, None, asked, ExchangeError::NotAllowed)
            .await
    }

    /// Writes down a step of an export that is about no patient in particular.
    async fn note_export(
        &self,
        cx: &AccessContext,
        asked: &[String],
        count: Option<u64>,
    ) -> Result<(), ExchangeError> {
        let entry = Entry {
            happened: Happened::Read,
            outcome: Outcome::Allowed,
            patient: None,
            categories: Categories::NONE,
            asked,
            count,
        };
        self.write_audit(vec![self.audit_body(cx, &entry)]).await
    }
}

/// Who asks, as an export remembers it.
fn client(cx: &AccessContext) -> (String, String) {
    (cx.organisation().to_string(), cx.actor().id.clone())
}

/// The ids of the patients in a Group, those that are inactive left out.
fn members(group: &Resource) -> Vec<String> {
    let root = group.root();
    let mut ids: Vec<String> = root
        .each("member")
        .filter(|member| member.text("inactive").as_deref() != Some("true"))
        .filter_map(|member| {
            let reference = member.get("entity")?.text("reference")?;
            patient_id(&reference).map(str::to_owned)
        })
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

/// The id in a reference to a Patient.
pub(super) fn patient_id(reference: &str) -> Option<&str> {
    let mut parts = reference.rsplit('/');
    let id = parts.next()?;
    (parts.next() == Some("Patient") && !id.is_empty()).then_some(id)
}
