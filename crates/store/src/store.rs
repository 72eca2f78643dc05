//! The store as others see it.

mod subscriptions;

use std::sync::Arc;

use care::{AccessContext, Bsn, Clock, IdSource, Scope};
use fhir::FhirVersion;
use tokio::sync::Notify;

use crate::database::holder::Holder;
use crate::database::kinds::Kinds;
use crate::database::readers::Readers;
use crate::database::snapshot::{Shared, Snapshot};
use crate::database::writer::{State, Writer};
use crate::database::{Connection, Database, Durability, Source, schema, soundness, version};
use crate::index::{keep_to_rules, progress, rebuild};
use crate::limits::{LIST_MAX, MESSAGE_BYTES_MAX};
use crate::search::{CursorKey, Searching};
use crate::{
    AddedParameter, Alongside, AuditBody, AuditLine, AuditPage, Change, Found, HistoryOf,
    HistoryPage, Integrity, Message, MessageFilter, MessageId, MessageOverview, MessageSummary,
    Moment, NewMessage, OutboxEvent, Page, Purged, Reindexing, Seal, SearchPage, Statistics,
    StoreError, Stored, Understood, Walk, WalkPage, Whole, WholePage, Written, lists, moment, read,
    search, whole, write,
};

/// What a store is opened with.
#[derive(Clone)]
pub struct Options {
    /// The database; an SQLite file is made when it is not there.
    pub database: Database,
    /// The FHIR base of this store, without a slash at the end: absolute
    /// references that start with it are local.
    pub base_url: String,
    /// The version of FHIR that its resources are of. A file keeps to the
    /// version that it was made for.
    pub version: FhirVersion,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// The seal over the audit log.
    pub seal: Arc<dyn Seal>,
}

/// The store of one organisation. Cloning it is cheap; dropping the last clone
/// waits for the writes under way and closes the database.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    options: Options,
    kinds: Arc<Kinds>,
    key: Arc<CursorKey>,
    shared: Shared,
    readers: Readers,
    holder: Holder,
    writer: Writer,
    changed: Notify,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.0.options.database)
    }
}

impl Store {
    /// Opens the database, makes or migrates the schema, starts the writer.
    ///
    /// # Errors
    /// When the database cannot be opened, a newer release wrote it, or it was
    /// made for another version of FHIR.
    pub fn open(options: Options) -> Result<Self, StoreError> {
        match options.database {
            Database::Sqlite(_) => Self::open_here(options),
            // A connection is driven by the thread that waits for it, which an
            // async one may not.
            Database::Postgres(_) => std::thread::scope(|scope| {
                let opening = scope.spawn(|| Self::open_here(options));
                opening.join().map_err(|_| StoreError::Fault)?
            }),
        }
    }

    fn open_here(options: Options) -> Result<Self, StoreError> {
        let source = Source::new(options.database.clone());
        let connection = Connection::writer(&source)?;
        schema::migrate(&connection)?;
        let seen = connection.begin_writing(Durability::Now)?;
        let seen = connection.after_own(seen);
        version::settle(&connection, options.version)?;
        let shared = Shared::of(options.version);
        let mut state = State::load(&connection, options.clone(), shared.clone(), seen)?;
        rebuild(&connection, &mut state.index)?;
        keep_to_rules(&connection, &state.kinds)?;
        state.read_parameters(&connection)?;
        let key = Arc::new(CursorKey::load(&connection)?);
        connection.commit()?;
        let kinds = Arc::clone(&state.kinds);
        let readers = Readers::new(source.clone());
        let holder = Holder::new(source);
        let writer = Writer::start(connection, state)?;
        Ok(Self(Arc::new(Inner {
            options,
            kinds,
            key,
            shared,
            readers,
            holder,
            writer,
            changed: Notify::new(),
        })))
    }

    /// The version of FHIR that its resources are of.
    pub fn version(&self) -> FhirVersion {
        self.0.options.version
    }

    /// The current version of a resource. What the scope does not let through
    /// is [`Found::Absent`].
    pub async fn read(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        resource_type: &str,
        id: &str,
    ) -> Result<Found, StoreError> {
        let (kinds, scope) = (Arc::clone(&self.0.kinds), bound(cx, scope)?);
        let (resource_type, id) = (resource_type.to_owned(), id.to_owned());
        self.0
            .readers
            .glance(move |file| read::current(file, &kinds, &scope, &resource_type, &id))
            .await
    }

    /// One version of a resource.
    pub async fn read_version(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        resource_type: &str,
        id: &str,
        version: u64,
    ) -> Result<Found, StoreError> {
        let (kinds, scope) = (Arc::clone(&self.0.kinds), bound(cx, scope)?);
        let (resource_type, id) = (resource_type.to_owned(), id.to_owned());
        self.0
            .readers
            .glance(move |file| read::version(file, &kinds, &scope, &resource_type, &id, version))
            .await
    }

    /// The versions of a resource, of a type, or of everything, newest first.
    ///
    /// # Errors
    /// [`StoreError::InvalidCursor`] for a cursor that this store did not give.
    pub async fn history(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        of: HistoryOf,
        page: Page,
    ) -> Result<HistoryPage, StoreError> {
        let inner = Arc::clone(&self.0);
        let (kinds, key) = (Arc::clone(&inner.kinds), Arc::clone(&inner.key));
        let scope = bound(cx, scope)?;
        inner
            .readers
            .read(move |file| read::history(file, &kinds, &key, &scope, &of, &page))
            .await
    }

    /// A page of all that there is of a patient: the compartment of the Patient
    /// with this id. `None` when there is no such Patient, or none that the
    /// scope lets through.
    ///
    /// # Errors
    /// [`StoreError::InvalidCursor`] for a cursor that this store did not give
    /// for this patient.
    pub async fn whole(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        patient: &str,
        of: Whole,
    ) -> Result<Option<WholePage>, StoreError> {
        let inner = &self.0;
        let (kinds, key) = (Arc::clone(&inner.kinds), Arc::clone(&inner.key));
        let (shared, scope) = (inner.shared.clone(), bound(cx, scope)?);
        let patient = patient.to_owned();
        inner
            .readers
            .read(move |file| {
                let file = &Snapshot::of(file, &kinds, &shared)?;
                whole::page(file, &kinds, &key, &scope, &patient, &of)
            })
            .await
    }

    /// The moment of the last write that is there.
    pub async fn moment(&self) -> Result<Moment, StoreError> {
        self.0.readers.read(moment::last).await
    }

    /// A page of the resources of one type as they were at a moment, whatever
    /// is written meanwhile.
    pub async fn walk(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        walk: Walk,
    ) -> Result<WalkPage, StoreError> {
        let (kinds, scope) = (Arc::clone(&self.0.kinds), bound(cx, scope)?);
        self.0
            .readers
            .read(move |file| moment::walk(file, &kinds, &scope, &walk))
            .await
    }

    /// Searches a resource type. `query` has decoded names (with modifiers)
    /// and values; to go on, only `_cursor` with [`SearchPage::next`].
    ///
    /// Result parameters: `_count` (0 to [`crate::limits::PAGE_MAX`]),
    /// `_sort`, `_total`, `_summary=count`, `_include`, `_revinclude`.
    /// `_elements`, `_format`, `_pretty` and other values of `_summary` are for
    /// the edge: accepted here, without effect.
    ///
    /// # Errors
    /// For a parameter, modifier or value that is not understood: never an
    /// answer to another question. [`StoreError::LimitExceeded`] names the limit.
    pub async fn search(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        resource_type: &str,
        query: &[(String, String)],
    ) -> Result<SearchPage, StoreError> {
        self.search_in(cx, scope, Some(resource_type.to_owned()), query)
            .await
    }

    /// Searches across resource types: those of `_type` (names with commas
    /// between), or all. Parameters must be known of every one of them. As
    /// [`Self::search`] otherwise.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub async fn search_types(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        query: &[(String, String)],
    ) -> Result<SearchPage, StoreError> {
        self.search_in(cx, scope, None, query).await
    }

    /// Splits a query in what is understood and what is not, for
    /// `Prefer: handling=lenient`; without a type one across types. Nothing of
    /// the query is answered yet.
    ///
    /// # Errors
    /// [`StoreError::UnknownResourceType`].
    pub fn understood(
        &self,
        resource_type: Option<&str>,
        query: &[(String, String)],
    ) -> Result<Understood, StoreError> {
        let Inner {
            kinds,
            options,
            shared,
            ..
        } = &*self.0;
        search::understood(
            kinds,
            &shared.parameters.get(),
            options,
            resource_type,
            query,
        )
    }

    /// The most recent observations of each code among those that fit a query,
    /// at most `max` (1 to [`crate::limits::LAST_N_MAX`]) of each, the most
    /// recent first (FHIR R4, Observation `$lastn`). Codes that stand in one
    /// observation are one group; without a code the text is. Which parameters
    /// must be given is for the edge.
    ///
    /// # Errors
    /// As [`Self::search`].
    pub async fn last_n(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        max: usize,
        query: &[(String, String)],
    ) -> Result<SearchPage, StoreError> {
        self.searching(cx, scope, query, move |searching, query| {
            search::last_n(searching, max, query)
        })
        .await
    }

    /// Resources in sight that have between them every profile, tag and security
    /// label that is in use on a type, or on all without one. A value that a hidden
    /// resource alone has is not among them.
    ///
    /// # Errors
    /// [`StoreError::LimitExceeded`] past [`crate::limits::META_VALUES_MAX`] values.
    pub async fn in_use(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        resource_type: Option<&str>,
    ) -> Result<Vec<Stored>, StoreError> {
        let of = resource_type.map(str::to_owned);
        self.searching(cx, scope, &[], move |searching, _| {
            search::in_use(searching, of.as_deref())
        })
        .await
    }

    async fn search_in(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        resource_type: Option<String>,
        query: &[(String, String)],
    ) -> Result<SearchPage, StoreError> {
        self.searching(cx, scope, query, move |searching, query| {
            search::run(searching, resource_type.as_deref(), query)
        })
        .await
    }

    async fn searching<T: Send + 'static>(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        query: &[(String, String)],
        search: impl FnOnce(Searching<'_>, &[(String, String)]) -> Result<T, StoreError>
        + Send
        + 'static,
    ) -> Result<T, StoreError> {
        let inner = &self.0;
        let (kinds, key) = (Arc::clone(&inner.kinds), Arc::clone(&inner.key));
        let shared = inner.shared.clone();
        let (options, scope) = (inner.options.clone(), bound(cx, scope)?);
        let query = query.to_vec();
        let answer = inner
            .readers
            .read(move |file| {
                let searching = Searching {
                    file: &Snapshot::of(file, &kinds, &shared)?,
                    kinds: &kinds,
                    options: &options,
                    key: &key,
                    scope: &scope,
                };
                search(searching, &query).map_err(|error| told(error, searching))
            })
            .await;
        if matches!(answer, Err(StoreError::BeingIndexed { .. })) {
            // Another process that began it may be gone, and a step that failed is
            // tried again: a writer that looks goes on with it.
            inner.writer.write_soon(|_| Ok(())).await?;
        }
        answer
    }

    /// The search parameters that SearchParameter resources added and that all
    /// values are there of.
    pub async fn added_parameters(&self) -> Result<Vec<AddedParameter>, StoreError> {
        let (kinds, shared) = (Arc::clone(&self.0.kinds), self.0.shared.clone());
        self.0
            .readers
            .read(move |file| Ok(Snapshot::of(file, &kinds, &shared)?.parameters.offered()))
            .await
    }

    /// The resource types whose values are being taken again, with how far it is.
    pub async fn reindexing(&self) -> Result<Vec<Reindexing>, StoreError> {
        let kinds = Arc::clone(&self.0.kinds);
        self.0
            .readers
            .read(move |file| progress(file, &kinds))
            .await
    }

    /// Writes all changes or none, with what goes alongside; durable when it
    /// resolves. Deletions are done first (FHIR R4, http, transactions).
    ///
    /// # Errors
    /// [`StoreError::OutOfScope`] unless the scope is the organisation's own.
    /// All errors leave everything as it was.
    pub async fn write(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        changes: Vec<Change>,
        with: Alongside,
    ) -> Result<Written, StoreError> {
        if bound(cx, scope)? != Scope::Organisation {
            return Err(StoreError::OutOfScope);
        }
        if with
            .message
            .as_ref()
            .is_some_and(|message| message.bytes.len() > MESSAGE_BYTES_MAX)
        {
            return Err(StoreError::LimitExceeded {
                limit: "MESSAGE_BYTES_MAX",
                max: MESSAGE_BYTES_MAX,
            });
        }
        let (kinds, options) = (Arc::clone(&self.0.kinds), self.0.options.clone());
        let shared = self.0.shared.clone();
        let (changes, with, plan, digest) = self
            .0
            .readers
            .read(move |file| {
                let file = Snapshot::of(file, &kinds, &shared)?;
                let plan = write::prepare(&file, &kinds, &options, &changes)?;
                let digest = with.message.as_ref().map(write::digest);
                Ok((changes, with, plan, digest))
            })
            .await?;
        let written = self
            .0
            .writer
            .write(move |session| write::apply(session, &changes, plan, &with, digest.as_ref()))
            .await?;
        self.0.changed.notify_one();
        Ok(written)
    }

    /// Removes all that belongs to a Patient alone for good, all versions and what
    /// was deleted included, with audit lines in the same transaction; durable
    /// when it resolves. The audit log and the messages stay.
    ///
    /// # Errors
    /// [`StoreError::NothingThere`] when there is no such Patient and was none;
    /// [`StoreError::OutOfScope`] unless the scope is the organisation's own.
    pub async fn purge(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        patient: &str,
        audit: Vec<AuditBody>,
    ) -> Result<Purged, StoreError> {
        if bound(cx, scope)? != Scope::Organisation {
            return Err(StoreError::OutOfScope);
        }
        let kinds = Arc::clone(&self.0.kinds);
        let id = patient.to_owned();
        let (id, deleted) = self
            .0
            .readers
            .read(move |file| {
                let deleted = write::deleted_of(file, &kinds, &id)?;
                Ok((id, deleted))
            })
            .await?;
        self.0
            .writer
            .write(move |session| write::purge(session, &id, deleted, &audit))
            .await
    }

    /// Keeps a message that could not be taken in. `error` is for the operator
    /// and holds no patient data. The same message again keeps its first id.
    pub async fn keep_refused(
        &self,
        _cx: &AccessContext,
        message: NewMessage,
        error: &str,
    ) -> Result<MessageId, StoreError> {
        let error = error.to_owned();
        self.0
            .writer
            .write(move |session| write::keep_refused(session, &message, &error))
            .await
    }

    /// Lists messages, newest first.
    pub async fn messages(
        &self,
        _cx: &AccessContext,
        filter: MessageFilter,
    ) -> Result<Vec<MessageSummary>, StoreError> {
        self.0
            .readers
            .read(move |file| lists::messages(file, &filter))
            .await
    }

    /// How many messages a filter leaves, and what there is to filter by.
    pub async fn message_overview(
        &self,
        _cx: &AccessContext,
        filter: MessageFilter,
    ) -> Result<MessageOverview, StoreError> {
        self.0
            .readers
            .read(move |file| lists::message_overview(file, &filter))
            .await
    }

    /// A message with its content.
    pub async fn message(
        &self,
        _cx: &AccessContext,
        id: &MessageId,
    ) -> Result<Option<Message>, StoreError> {
        let id = id.clone();
        self.0
            .readers
            .read(move |file| lists::message(file, &id))
            .await
    }

    /// Appends to the audit log; durable when it resolves.
    pub async fn append_audit(&self, bodies: Vec<AuditBody>) -> Result<(), StoreError> {
        self.0
            .writer
            .write(move |session| write::audit::append(session, &bodies))
            .await
    }

    /// Appends to the audit log lines about what is only read. When it
    /// resolves they outlive the process; they are on disk
    /// [`crate::limits::OWED_MS_MAX`] later at most, or with the next write.
    pub async fn append_audit_soon(&self, bodies: Vec<AuditBody>) -> Result<(), StoreError> {
        self.0
            .writer
            .write_soon(move |session| write::audit::append(session, &bodies))
            .await
    }

    /// The audit lines about a patient, newest first.
    ///
    /// # Errors
    /// [`StoreError::OtherPatient`] when the context is bound to another one.
    pub async fn audit_about(
        &self,
        cx: &AccessContext,
        bsn: &Bsn,
        page: AuditPage,
    ) -> Result<Vec<AuditLine>, StoreError> {
        if cx.patient().is_some_and(|patient| patient != bsn) {
            return Err(StoreError::OtherPatient);
        }
        let bsn = bsn.clone();
        self.0
            .readers
            .read(move |file| lists::audit_about(file, &bsn, page))
            .await
    }

    /// The audit lines after a place in the log, oldest first, for verifying.
    pub async fn audit_lines(
        &self,
        after_seq: u64,
        limit: usize,
    ) -> Result<Vec<AuditLine>, StoreError> {
        self.0
            .readers
            .read(move |file| lists::audit_lines(file, after_seq, limit))
            .await
    }

    /// Events that wait to be delivered, oldest first. Of several processes
    /// over one database one gets them, for as long as it lives; the others
    /// find nothing to deliver.
    pub async fn outbox(&self, limit: usize) -> Result<Vec<OutboxEvent>, StoreError> {
        if !self.0.holder.delivers().await? {
            return Ok(Vec::new());
        }
        self.0
            .readers
            .read(move |file| lists::outbox(file, limit))
            .await
    }

    /// Takes delivered events out of the outbox.
    pub async fn outbox_done(&self, ids: Vec<u64>) -> Result<(), StoreError> {
        if ids.len() > LIST_MAX {
            return Err(StoreError::LimitExceeded {
                limit: "LIST_MAX",
                max: LIST_MAX,
            });
        }
        self.0
            .writer
            .write(move |session| {
                let mut delete = session
                    .connection
                    .prepare_cached("DELETE FROM outbox WHERE id = ?1")?;
                for id in ids {
                    delete.send([i64::try_from(id).unwrap_or(i64::MAX)])?;
                }
                Ok(())
            })
            .await
    }

    /// Counts, without patient data.
    pub async fn statistics(&self) -> Result<Statistics, StoreError> {
        let kinds = Arc::clone(&self.0.kinds);
        self.0
            .readers
            .read(move |file| lists::statistics(file, &kinds))
            .await
    }

    /// Whether the file is sound. It reads the whole file.
    pub async fn check_integrity(&self) -> Result<Integrity, StoreError> {
        let database = self.0.options.database.clone();
        self.0
            .readers
            .read(move |file| soundness::check(file, &database))
            .await
    }
}

/// Says how far indexing is to who may see all resources: to others it would
/// tell of what they may not see.
fn told(error: StoreError, searching: Searching<'_>) -> StoreError {
    match error {
        StoreError::BeingIndexed {
            resource_type,
            name,
            percent: None,
        } if *searching.scope == Scope::Organisation => {
            let all = progress(searching.file.connection, searching.kinds);
            let percent = all.ok().and_then(|all| {
                let one = all.iter().find(|one| one.resource_type == resource_type)?;
                Some(one.percent())
            });
            StoreError::BeingIndexed {
                resource_type,
                name,
                percent,
            }
        }
        other => other,
    }
}

/// The scope, when it fits the context: a credential for one patient cannot be
/// used with the scope of another.
fn bound(cx: &AccessContext, scope: &Scope) -> Result<Scope, StoreError> {
    match (scope, cx.patient()) {
        (Scope::Patient { bsn, .. }, Some(patient)) if bsn != patient => {
            Err(StoreError::OtherPatient)
        }
        _ => Ok(scope.clone()),
    }
}
