//! The signed head of a chain, kept outside the database.

use std::path::{Path, PathBuf};

use crate::identity::NodeIdentity;

/// How far a chain had come, signed by the node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The last line.
    pub seq: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// A head that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// The file cannot be read or written.
    #[error("cannot use the file {}", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The signature is not that of this node.
    #[error("the head of the audit chain is not signed by this node")]
    NotSigned,
}

/// The file with the head.
pub struct HeadFile {}

impl HeadFile {
    /// For the chain of this node.
    pub fn new(_path: &Path, _identity: &NodeIdentity) -> Self {
        unimplemented!()
    }
    /// Keeps how far the chain has come, after those lines are durable.
    pub fn keep(&self, _seq: u64, _hash: [u8; 32]) -> Result<(), HeadError> {
        unimplemented!()
    }
    /// The head that was kept last; none when none was.
    pub fn read(&self) -> Result<Option<Head>, HeadError> {
        unimplemented!()
    }
}
