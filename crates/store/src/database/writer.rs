//! The one writer: a thread that gives every caller's work a savepoint, lets
//! many share one commit, and answers them when the commit is on disk.
//!
//! A sync of the disk takes milliseconds whatever it carries, so writes per
//! second come from sharing it. Work that fails is rolled back to its own
//! savepoint and changes nothing of its neighbours.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use foldhash::{HashMap, HashMapExt};
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::kinds::{self, Kinds};
use super::names::Remembered;
use super::owed::Owed;
use super::rows::KnownRows;
use super::snapshot::{Shared, Snapshot};
use super::{Connection, Durability, OptionalExtension};
use crate::index::{self, Generations, Moment, Upkeep};
use crate::limits::{GROUP_MS_MAX, GROUP_WRITES_MAX, WAITING_WRITES_MAX};
use crate::search::parameters::Parameters;
use crate::write::audit::Log;
use crate::{Options, StoreError};

/// Time between two parts of taking values again while callers wait, so that
/// these have most of it and the work comes to an end all the same.
const BETWEEN_STEPS: Duration = Duration::from_millis(50);

/// The name of the row that is written to have something to sync.
const SYNCED: &str = "synced";

/// The writer's side of a store.
pub(crate) struct Writer {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

/// What the writer knows between transactions. All of it can be read from the
/// file again.
pub(crate) struct State {
    /// What the store was opened with.
    pub(crate) options: Options,
    /// The resource types.
    pub(crate) kinds: Arc<Kinds>,
    /// The search parameters.
    pub(crate) parameters: Arc<Parameters>,
    /// Words.
    pub(crate) names: Remembered,
    /// Rows.
    pub(crate) rows: KnownRows,
    /// The audit log.
    pub(crate) audit: Log,
    /// The index.
    pub(crate) index: Upkeep,
    shared: Shared,
    next_sequence: HashMap<i64, i64>,
    tallies: BTreeMap<i64, i64>,
    latest_ms: i64,
    /// What the database said when this was read; `None` when it must be read
    /// again.
    seen: Option<i64>,
    /// The number of the next version.
    next_vid: i64,
}

/// One caller's work inside a transaction.
pub(crate) struct Session<'a> {
    /// The connection, inside the transaction.
    pub(crate) connection: &'a Connection,
    /// What the writer knows.
    pub(crate) state: &'a mut State,
    /// The time of this work: never before that of earlier work.
    pub(crate) now: Timestamp,
    /// The resource that is being written and has no row yet: kind, id and
    /// number. It may refer to itself.
    pub(crate) writing: Option<(i64, String, i64)>,
    tallies: Vec<(i64, i64)>,
}

impl<'a> Session<'a> {
    fn new(connection: &'a Connection, state: &'a mut State, now: Timestamp) -> Self {
        Self {
            connection,
            state,
            now,
            writing: None,
            tallies: Vec::new(),
        }
    }

    /// What this work sees, its own changes included.
    pub(crate) fn snapshot(&self) -> Snapshot<'_> {
        let parameters = Arc::clone(&self.state.parameters);
        let index = self.state.index.view();
        Snapshot::of_writer(self.connection, index, parameters, &self.state.shared)
    }

    /// Reads the search parameters again, after this work changed them.
    pub(crate) fn read_parameters(&mut self) -> Result<(), StoreError> {
        self.state.read_parameters(self.connection)
    }

    /// A number for a new resource of this kind.
    pub(crate) fn new_rid(&mut self, kind: i64) -> Result<i64, StoreError> {
        let (first, last) = kinds::range_of(kind);
        let next = match self.state.next_sequence.get(&kind) {
            Some(next) => *next,
            None => self
                .connection
                .prepare_cached("SELECT max(rid) FROM resource WHERE rid BETWEEN ?1 AND ?2")?
                .query_row([first, last], |row| row.get::<Option<i64>>(0))?
                .map_or(first + 1, |highest| highest + 1),
        };
        self.state.next_sequence.insert(kind, next + 1);
        Ok(next)
    }

    /// Notes the number of a row, where asking for it again would cost time.
    pub(crate) fn knows(&mut self, kind: i64, id: &str, rid: i64) {
        if self.connection.is_shared() {
            self.state.rows.remember(kind, id, rid);
        }
    }

    /// A number for a new version: a later one is higher.
    pub(crate) fn new_vid(&mut self) -> i64 {
        let vid = self.state.next_vid;
        self.state.next_vid += 1;
        vid
    }

    /// The number of the last version there is.
    pub(crate) fn last_vid(&self) -> i64 {
        self.state.next_vid - 1
    }

    /// Changes a count, when this work is committed.
    pub(crate) fn tally(&mut self, what: i64, by: i64) {
        self.tallies.push((what, by));
    }
}

/// Work with its caller waiting for it.
trait Job: Send {
    /// Does the work; says whether it succeeded.
    fn run(&mut self, session: &mut Session<'_>) -> bool;
    /// When it must be on disk.
    fn durability(&self) -> Durability;
    /// Takes back what the work answered.
    fn fail(&mut self, error: StoreError);
    /// Answers the caller. `not_committed` says why the commit failed, if it did.
    fn answer(self: Box<Self>, not_committed: Option<&str>);
}

struct Task<F, T> {
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    durability: Durability,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Job for Task<F, T>
where
    F: FnOnce(&mut Session<'_>) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn run(&mut self, session: &mut Session<'_>) -> bool {
        if let Some(work) = self.work.take() {
            self.result = Some(work(session));
        }
        matches!(self.result, Some(Ok(_)))
    }

    fn durability(&self) -> Durability {
        self.durability
    }

    fn fail(&mut self, error: StoreError) {
        self.result = Some(Err(error));
    }

    fn answer(self: Box<Self>, not_committed: Option<&str>) {
        let result = match (self.result, not_committed) {
            (Some(Ok(_)) | None, Some(reason)) => Err(StoreError::NotCommitted {
                reason: reason.to_owned(),
            }),
            (Some(result), _) => result,
            (None, _) => Err(StoreError::Closed),
        };
        // A caller that went away needs no answer; its work is done.
        let _ = self.caller.send(result);
    }
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(connection: Connection, state: State) -> Result<Self, StoreError> {
        let (jobs, waiting) = mpsc::channel(WAITING_WRITES_MAX);
        let timer = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|_| StoreError::Closed)?;
        let writing = Thread {
            owed: Owed::nothing(state.audit.committed()),
            connection,
            state,
            waiting,
            taken: VecDeque::new(),
            reindexed: Instant::now(),
            timer,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writing.run())
            .map_err(|_| StoreError::Closed)?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Does work in a transaction; answers when it is on disk. Work that
    /// returns an error changes nothing. Once it has been handed over, the
    /// work is done even when the caller stops waiting.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.hand_over(work, Durability::Now).await
    }

    /// The same for what may wait for the disk: it answers when the work
    /// outlives the process, and the disk follows.
    pub(crate) async fn write_soon<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.hand_over(work, Durability::Soon).await
    }

    async fn hand_over<T, F>(&self, work: F, durability: Durability) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Session<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let job = Box::new(Task {
            work: Some(work),
            result: None,
            durability,
            caller,
        });
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

impl Drop for Writer {
    /// Waits until what was handed over is on disk and the file is closed.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl State {
    /// Reads what the writer must know from the file.
    pub(crate) fn load(
        connection: &Connection,
        options: Options,
        shared: Shared,
        seen: i64,
    ) -> Result<Self, StoreError> {
        let mut state = Self {
            kinds: Arc::new(Kinds::load(connection, options.version)?),
            options,
            parameters: shared.parameters.get(),
            names: Remembered::default(),
            rows: KnownRows::default(),
            audit: Log::default(),
            index: Upkeep::load(connection, published(connection, &shared))?,
            shared,
            next_sequence: HashMap::new(),
            tallies: BTreeMap::new(),
            latest_ms: i64::MIN,
            seen: None,
            next_vid: 1,
        };
        state.read_ends(connection)?;
        state.seen = Some(seen);
        Ok(state)
    }

    /// Forgets what was known and reads it again, inside a transaction: after a
    /// failed commit, or when another process wrote to the database.
    fn reload(&mut self, connection: &Connection, seen: Option<i64>) -> Result<(), StoreError> {
        self.seen = None;
        self.names.forget();
        self.rows.forget();
        // What was known may be of a transaction that came to nothing.
        self.parameters = Arc::new(Parameters::standard(self.kinds.version()));
        self.index = Upkeep::load(connection, published(connection, &self.shared))?;
        self.tallies.clear();
        self.read_ends(connection)?;
        self.seen = seen;
        Ok(())
    }

    /// Reads what another process added since this was last up to date. What
    /// was committed before stays as it is known.
    fn catch_up(&mut self, connection: &Connection, seen: Option<i64>) -> Result<(), StoreError> {
        self.seen = None;
        self.index.catch_up(connection)?;
        self.read_ends(connection)?;
        self.seen = seen;
        Ok(())
    }

    /// Reads how far the numbers and the audit log have come.
    fn read_ends(&mut self, connection: &Connection) -> Result<(), StoreError> {
        self.next_sequence.clear();
        self.audit = Log::read(connection)?;
        let latest: Option<(i64, i64)> = connection
            .query_row(
                "SELECT vid, updated FROM version ORDER BY vid DESC LIMIT 1",
                (),
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let (vid, updated) = latest.unwrap_or((0, i64::MIN));
        self.next_vid = vid + 1;
        self.latest_ms = self.latest_ms.max(updated);
        self.read_parameters(connection)
    }

    /// Reads the search parameters, when they are others than those known.
    pub(crate) fn read_parameters(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let stamp = Moment::of(connection)?.parameters;
        if self.parameters.stamp() != stamp {
            let read = Parameters::load(connection, &self.kinds, stamp)?;
            self.parameters = Arc::new(read);
        }
        Ok(())
    }

    /// The time now, to the millisecond; a clock that was set back does not
    /// take it back.
    fn now(&mut self) -> Timestamp {
        self.latest_ms = self
            .latest_ms
            .max(self.options.clock.now().as_millisecond());
        Timestamp::from_millisecond(self.latest_ms).unwrap_or(Timestamp::MAX)
    }
}

/// Where the writer makes its generations of the index known: to the readers,
/// unless these follow what is committed on their own because other processes
/// write as well.
fn published(connection: &Connection, shared: &Shared) -> Arc<Generations> {
    if connection.is_shared() {
        Arc::default()
    } else {
        Arc::clone(&shared.generations)
    }
}

struct Thread {
    connection: Connection,
    state: State,
    waiting: mpsc::Receiver<Box<dyn Job>>,
    /// Jobs that were taken and did not go into a group yet.
    taken: VecDeque<Box<dyn Job>>,
    /// What was answered before the disk had it.
    owed: Owed,
    /// When values were last taken again.
    reindexed: Instant,
    /// Tells the time while nobody waits.
    timer: tokio::runtime::Runtime,
}

impl Thread {
    fn run(mut self) {
        while self.take() {
            let mut group = Vec::with_capacity(self.taken.len());
            let outcome = self.fill(&mut group);
            let not_committed = match outcome {
                Ok(()) => None,
                Err(error) => {
                    self.give_up();
                    let reason = reason(&error);
                    tracing::error!(%reason, "store.commit_failed");
                    Some(reason)
                }
            };
            for job in group {
                job.answer(not_committed.as_deref());
            }
            if self.state.parameters.is_waiting()
                && self.reindexed.elapsed() >= BETWEEN_STEPS
                && let Err(error) = self.reindex()
            {
                self.give_up();
                tracing::error!(reason = %reason(&error), "store.reindex_failed");
            }
        }
        self.pay();
    }

    /// Takes the jobs that wait, or the next one that comes; `false` when none
    /// will. While nobody waits, the index is put in order and what is owed to
    /// the disk is paid.
    fn take(&mut self) -> bool {
        loop {
            while self.taken.len() < GROUP_WRITES_MAX
                && let Ok(job) = self.waiting.try_recv()
            {
                self.taken.push_back(job);
            }
            if !self.taken.is_empty() {
                return true;
            }
            if self.state.index.has_work() {
                let Err(error) = self.put_in_order() else {
                    continue;
                };
                self.give_up();
                tracing::error!(reason = %reason(&error), "store.upkeep_failed");
            } else if self.state.parameters.is_waiting() && !self.waiting.is_closed() {
                let Err(error) = self.reindex() else {
                    continue;
                };
                self.give_up();
                tracing::error!(reason = %reason(&error), "store.reindex_failed");
            } else if let Some(left) = self.owed.left() {
                let next = async { tokio::time::timeout(left, self.waiting.recv()).await };
                match self.timer.block_on(next) {
                    Ok(Some(job)) => self.taken.push_back(job),
                    Ok(None) => return false,
                    Err(_) => self.pay(),
                }
                continue;
            }
            match self.waiting.blocking_recv() {
                Some(job) => self.taken.push_back(job),
                None => return false,
            }
        }
    }

    /// Puts on disk what was answered before, and tells the head of the audit
    /// log that is durable then.
    fn pay(&mut self) {
        if self.owed.is_unsynced()
            && let Err(error) = self.sync()
        {
            self.give_up();
            self.owed.failed();
            tracing::error!(reason = %reason(&error), "store.sync_failed");
            return;
        }
        if self.owed.left().is_some() {
            self.tell_head();
            self.owed.told(self.state.audit.committed());
        }
    }

    /// A transaction that is durable now, and with it all before it.
    fn sync(&mut self) -> Result<(), StoreError> {
        self.begin(Durability::Now)?;
        self.connection.execute(
            "INSERT INTO meta (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (SYNCED, self.state.audit.committed().0.to_be_bytes()),
        )?;
        self.commit(Durability::Now)
    }

    /// Commits; what is known goes on from it.
    fn commit(&mut self, durability: Durability) -> Result<(), StoreError> {
        self.connection.commit()?;
        self.state.index.committed();
        self.state.audit.note_committed();
        let connection = &self.connection;
        self.state.seen = self.state.seen.map(|seen| connection.after_own(seen));
        if self
            .owed
            .committed(durability, self.state.audit.committed())
        {
            self.tell_head();
        }
        Ok(())
    }

    fn tell_head(&self) {
        let (seq, hash) = self.state.audit.committed();
        self.state.options.seal.durable(seq, &hash);
    }

    /// Ends a transaction that failed. What it left in memory is read again
    /// when the next one begins.
    fn give_up(&mut self) {
        let _ = self.connection.roll_back();
        self.state.seen = None;
    }

    /// A part of the index's own work, in a transaction of its own.
    fn put_in_order(&mut self) -> Result<(), StoreError> {
        self.begin(Durability::Now)?;
        self.state.index.work(&self.connection)?;
        self.commit(Durability::Now)
    }

    /// A part of taking values again, in a transaction of its own. The disk may
    /// follow: who loses it loses how far it was as well.
    fn reindex(&mut self) -> Result<(), StoreError> {
        let durability = if self.owed.is_due() {
            Durability::Now
        } else {
            Durability::Soon
        };
        self.begin(durability)?;
        let now = self.state.now();
        let mut session = Session::new(&self.connection, &mut self.state, now);
        index::step(&mut session)?;
        self.state.index.prepare_commit(&self.connection)?;
        self.commit(durability)?;
        self.reindexed = Instant::now();
        Ok(())
    }

    /// Runs a group of jobs in one transaction and commits it: durable now
    /// when one of those taken asks for it, or when it is time.
    fn fill(&mut self, group: &mut Vec<Box<dyn Job>>) -> Result<(), StoreError> {
        let started = Instant::now();
        let patience = Duration::from_millis(GROUP_MS_MAX as u64);
        let mut asked = self.taken.iter().map(|job| job.durability());
        let durability = if self.owed.is_due() || asked.any(|one| one == Durability::Now) {
            Durability::Now
        } else {
            Durability::Soon
        };
        let mut begun = self.begin(durability);
        while let Some(mut job) = self.next(durability) {
            if begun.is_ok() {
                begun = self.give_savepoint(&mut *job);
            }
            group.push(job);
            if begun.is_err() || group.len() >= GROUP_WRITES_MAX || started.elapsed() >= patience {
                break;
            }
        }
        begun?;
        self.write_tallies()?;
        self.write_audit()?;
        self.state.index.prepare_commit(&self.connection)?;
        self.commit(durability)
    }

    /// The next job that can go into a transaction as durable as this.
    fn next(&mut self, durability: Durability) -> Option<Box<dyn Job>> {
        if self.taken.is_empty() {
            self.taken.push_back(self.waiting.try_recv().ok()?);
        }
        let fits = durability == Durability::Now
            || self.taken.front().map(|job| job.durability()) == Some(Durability::Soon);
        if fits { self.taken.pop_front() } else { None }
    }

    fn begin(&mut self, durability: Durability) -> Result<(), StoreError> {
        let seen = Some(self.connection.begin_writing(durability)?);
        if self.state.seen == seen {
            return Ok(());
        }
        if self.state.seen.is_some() && self.connection.is_shared() {
            self.state.catch_up(&self.connection, seen)?;
        } else {
            self.state.reload(&self.connection, seen)?;
        }
        Ok(())
    }

    /// Runs one job. An error here is one of the whole group; one of the job
    /// stays with the job.
    fn give_savepoint(&mut self, job: &mut dyn Job) -> Result<(), StoreError> {
        self.connection.set_savepoint()?;
        let lines = self.state.audit.mark();
        let mark = self.state.index.mark();
        let parameters = Arc::clone(&self.state.parameters);
        let now = self.state.now();
        let mut session = Session::new(&self.connection, &mut self.state, now);
        // The savepoint and `forget` below undo whatever a panic left half done.
        let done = catch_unwind(AssertUnwindSafe(|| job.run(&mut session)));
        let tallies = std::mem::take(&mut session.tallies);
        if let Ok(true) = done {
            for (what, by) in tallies {
                *self.state.tallies.entry(what).or_default() += by;
            }
        } else {
            if done.is_err() {
                job.fail(StoreError::Fault);
            }
            self.connection.back_to_savepoint()?;
            self.state.audit.undo_to(lines);
            self.state.index.undo_to(mark);
            self.state.parameters = parameters;
            self.state.names.forget();
            self.state.rows.forget();
        }
        self.connection.release_savepoint()?;
        Ok(())
    }

    /// A seal that fails takes the group with it, and not the thread.
    fn write_audit(&self) -> Result<(), StoreError> {
        let State { audit, options, .. } = &self.state;
        let write = || audit.prepare_commit(&self.connection, &*options.seal);
        catch_unwind(AssertUnwindSafe(write)).unwrap_or(Err(StoreError::Fault))
    }

    fn write_tallies(&mut self) -> Result<(), StoreError> {
        let mut upsert = self.connection.prepare_cached(
            "INSERT INTO tally (what, count) VALUES (?1, ?2)
             ON CONFLICT (what) DO UPDATE SET count = tally.count + excluded.count",
        )?;
        for (what, by) in std::mem::take(&mut self.state.tallies) {
            if by != 0 {
                upsert.send([what, by])?;
            }
        }
        Ok(())
    }
}

/// The code of a failure, without a message that could quote a value.
fn reason(error: &StoreError) -> String {
    match error {
        StoreError::Database(failure) => failure.code(),
        other => other.to_string(),
    }
}
