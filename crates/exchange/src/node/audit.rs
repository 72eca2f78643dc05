//! Audit lines, written before anything is shown, sent or changed.

use care::{AccessContext, Bsn, Categories};
use store::AuditBody;
use trust::audit::{AuditLine, Happened, Outcome};

use super::Node;
use crate::error::ExchangeError;

/// What an audit line says beside who and why.
pub(super) struct Entry<'a> {
    pub(super) happened: Happened,
    pub(super) outcome: Outcome,
    pub(super) patient: Option<&'a Bsn>,
    pub(super) categories: Categories,
    /// Resource types or sections, never values.
    pub(super) asked: &'a [String],
    pub(super) count: Option<u64>,
}

impl Node {
    /// An audit line of this node, ready to be written.
    pub(super) fn audit_body(&self, cx: &AccessContext, entry: &Entry<'_>) -> AuditBody {
        let line = AuditLine {
            context: cx,
            happened: entry.happened,
            outcome: entry.outcome,
            holder: &self.parts.organisation,
            observer: &self.parts.organisation,
            patient: entry.patient,
            categories: entry.categories,
            asked: entry.asked,
            count: entry.count,
        };
        line.to_body(&self.parts.ids.next(), self.parts.clock.now())
    }

    /// Writes audit lines; durable when it resolves.
    pub(super) async fn write_audit(&self, bodies: Vec<AuditBody>) -> Result<(), ExchangeError> {
        self.parts
            .store
            .append_audit(bodies)
            .await
            .map_err(ExchangeError::Audit)
    }

    /// The same for what is only read at the own door: when it resolves the
    /// lines outlive the process, and the disk follows
    /// (docs/adr/0009-reading-waits-for-no-disk.md).
    pub(super) async fn write_audit_soon(
        &self,
        bodies: Vec<AuditBody>,
    ) -> Result<(), ExchangeError> {
        self.parts
            .store
            .append_audit_soon(bodies)
            .await
            .map_err(ExchangeError::Audit)
    }

    /// Writes down that somebody was refused, and says so.
    pub(super) async fn refuse<T>(
        &self,
        cx: &AccessContext,
        happened: Happened,
        patient: Option<&Bsn>,
        asked: &[String],
        error: ExchangeError,
    ) -> Result<T, ExchangeError> {
        let entry = Entry {
            happened,
            outcome: Outcome::Refused,
            patient,
            categories: Categories::NONE,
            asked,
            count: None,
        };
        self.write_audit(vec![self.audit_body(cx, &entry)]).await?;
        Err(error)
    }
}
