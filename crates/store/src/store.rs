//! The store as others see it.

use std::path::PathBuf;
use std::sync::Arc;

use care::{AccessContext, Bsn, Clock, IdSource, Scope};

use crate::{
    Alongside, AuditBody, AuditLine, AuditPage, Change, Found, HistoryOf, HistoryPage, Integrity,
    Message, MessageFilter, MessageId, MessageSummary, NewMessage, OutboxEvent, Page, Seal,
    SearchPage, Statistics, StoreError, Written,
};

/// What a store is opened with.
#[derive(Clone)]
pub struct Options {
    /// The database file; it is made when it is not there.
    pub path: PathBuf,
    /// The FHIR base of this store, without a slash at the end: absolute
    /// references that start with it are local.
    pub base_url: String,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// The seal over the audit log.
    pub seal: Arc<dyn Seal>,
}

/// The store of one organisation. Cloning it is cheap.
#[derive(Clone)]
pub struct Store {}

#[expect(
    clippy::todo,
    clippy::unused_async,
    unused_variables,
    reason = "bodies follow at once"
)]
impl Store {
    /// Opens the file, makes or migrates the schema, starts the writer.
    ///
    /// # Errors
    /// When the file cannot be opened, or a newer release wrote it.
    pub fn open(options: Options) -> Result<Self, StoreError> {
        todo!()
    }

    /// The current version of a resource.
    pub async fn read(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        resource_type: &str,
        id: &str,
    ) -> Result<Found, StoreError> {
        todo!()
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
        todo!()
    }

    /// The versions of a resource, of a type, or of everything, newest first.
    pub async fn history(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        of: HistoryOf,
        page: Page,
    ) -> Result<HistoryPage, StoreError> {
        todo!()
    }

    /// Searches a resource type. `query` has decoded names (with modifiers)
    /// and values.
    pub async fn search(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        resource_type: &str,
        query: &[(String, String)],
    ) -> Result<SearchPage, StoreError> {
        todo!()
    }

    /// Writes all changes or none; durable when it resolves.
    pub async fn write(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        changes: Vec<Change>,
        with: Alongside,
    ) -> Result<Written, StoreError> {
        todo!()
    }

    /// Keeps a message that could not be taken in. `error` is for the
    /// operator and holds no patient data.
    pub async fn keep_refused(
        &self,
        cx: &AccessContext,
        message: NewMessage,
        error: &str,
    ) -> Result<MessageId, StoreError> {
        todo!()
    }

    /// Lists messages, newest first.
    pub async fn messages(
        &self,
        cx: &AccessContext,
        filter: MessageFilter,
    ) -> Result<Vec<MessageSummary>, StoreError> {
        todo!()
    }

    /// A message with its content.
    pub async fn message(
        &self,
        cx: &AccessContext,
        id: &MessageId,
    ) -> Result<Option<Message>, StoreError> {
        todo!()
    }

    /// Appends to the audit log; durable when it resolves.
    pub async fn append_audit(&self, bodies: Vec<AuditBody>) -> Result<(), StoreError> {
        todo!()
    }

    /// The audit lines about a patient, newest first.
    pub async fn audit_about(
        &self,
        cx: &AccessContext,
        bsn: &Bsn,
        page: AuditPage,
    ) -> Result<Vec<AuditLine>, StoreError> {
        todo!()
    }

    /// The audit lines after a place in the log, oldest first, for verifying.
    pub async fn audit_lines(
        &self,
        after_seq: u64,
        limit: usize,
    ) -> Result<Vec<AuditLine>, StoreError> {
        todo!()
    }

    /// Events that wait to be delivered, oldest first.
    pub async fn outbox(&self, limit: usize) -> Result<Vec<OutboxEvent>, StoreError> {
        todo!()
    }

    /// Takes delivered events out of the outbox.
    pub async fn outbox_done(&self, ids: Vec<u64>) -> Result<(), StoreError> {
        todo!()
    }

    /// Counts, without patient data.
    pub async fn statistics(&self) -> Result<Statistics, StoreError> {
        todo!()
    }

    /// Whether the file is sound. It reads the whole file.
    pub async fn check_integrity(&self) -> Result<Integrity, StoreError> {
        todo!()
    }
}
