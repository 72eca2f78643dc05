//! Audit lines and the seal over them (NEN 7513).

use care::Bsn;
use jiff::Timestamp;

/// A line to append to the audit log.
#[derive(Clone)]
pub struct AuditBody {
    /// The patient that it is about, so that they can ask for it.
    pub patient: Option<Bsn>,
    /// The line: an AuditEvent.
    pub body: Vec<u8>,
}

/// Shows size only: lines hold patient data.
impl std::fmt::Debug for AuditBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AuditBody({} bytes)", self.body.len())
    }
}

/// What a seal is put on.
#[derive(Clone, Copy)]
pub struct AuditEntry<'a> {
    /// Its place in the log: from 1, without gaps.
    pub seq: u64,
    /// When it is written, to the millisecond.
    pub recorded: Timestamp,
    /// The patient that it is about.
    pub patient: Option<&'a Bsn>,
    /// The line.
    pub body: &'a [u8],
    /// The hash of the line before; zeroes for the first.
    pub previous: &'a [u8; 32],
}

/// Chains and signs audit lines. `trust` implements it.
pub trait Seal: Send + Sync + 'static {
    /// The hash over a line and the hash of the line before. Called on the
    /// writer's thread, in the order of the log.
    fn hash(&self, entry: &AuditEntry<'_>) -> [u8; 32];

    /// The signature over the hash of the last line of a transaction, and so
    /// over all its lines. It is never empty.
    fn sign(&self, hash: &[u8; 32]) -> Vec<u8>;

    /// Told after a commit how far the durable log has come.
    fn durable(&self, _seq: u64, _hash: &[u8; 32]) {}
}

/// A line of the audit log.
#[derive(Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Its place in the log: from 1, without gaps.
    pub seq: u64,
    /// When it was written.
    pub recorded: Timestamp,
    /// The patient that it is about.
    pub patient: Option<Bsn>,
    /// The line.
    pub body: Vec<u8>,
    /// The hash of the line before; zeroes for the first.
    pub previous: [u8; 32],
    /// The hash of this line.
    pub hash: [u8; 32],
    /// The signature over the hash; empty where the transaction goes on, and
    /// the next line that has one vouches for this one.
    pub signature: Vec<u8>,
}

/// Shows place and size only: lines hold patient data.
impl std::fmt::Debug for AuditLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AuditLine({}, {} bytes)", self.seq, self.body.len())
    }
}

/// Which part of a log, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditPage {
    /// Only lines before this one.
    pub before: Option<u64>,
    /// How many at most: 1 to [`crate::limits::LIST_MAX`].
    pub limit: usize,
}
