//! The chain.

use jiff::Timestamp;

use crate::identity::NodeIdentity;

/// Seals audit lines with the node's key.
pub struct Chain {}

impl Chain {
    /// Seals with this identity.
    pub fn new(_identity: &NodeIdentity) -> Self {
        unimplemented!()
    }
}

/// A line as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its place, from one, without gaps.
    pub seq: u64,
    /// When it was written.
    pub recorded: Timestamp,
    /// The AuditEvent, as bytes.
    pub body: Vec<u8>,
    /// The hash of the line before; zeroes for the first.
    pub previous: [u8; 32],
    /// The hash of this line.
    pub hash: [u8; 32],
    /// The node's ES256 signature over the hash: 64 bytes.
    pub signature: Vec<u8>,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The content is not what was sealed.
    Altered,
    /// A line before this one is gone.
    Removed,
    /// This line does not belong here.
    Inserted,
    /// The signature is not the node's.
    Signature,
    /// The end of the chain is gone.
    CutOff,
}

/// Where a chain is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the audit chain is broken at line {seq}: {kind:?}")]
pub struct ChainFault {
    /// At which line.
    pub seq: u64,
    /// What is wrong.
    pub kind: FaultKind,
}

/// A chain that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// How many lines.
    pub lines: u64,
    /// The hash of the last; zeroes when there is none.
    pub head: [u8; 32],
}

/// Verifies a whole chain.
pub fn verify(
    _lines: impl IntoIterator<Item = Line>,
    _head: Option<&super::Head>,
    _public_key: &[u8],
) -> Result<Verified, ChainFault> {
    unimplemented!()
}
