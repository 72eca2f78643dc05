//! The signed head of a chain, kept outside the database.
//!
//! A chain proves that nothing in it was changed, not that nothing was cut off
//! its end. The head says how far it had come. It is as strong as the place
//! where it is kept: who can put back an old head together with an old
//! database is not found out by it.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{identity::NodeIdentity, secret_file};

const DOMAIN: &[u8] = b"schakel audit head 1\0";

/// How far a chain had come.
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
    /// The file is damaged, or its signature is not that of this node.
    #[error("the head of the audit chain is not signed by this node")]
    NotSigned,
    /// The chain had come further already.
    #[error("the audit chain had come further already")]
    Backwards,
}

/// The file with the head.
pub struct HeadFile {
    path: PathBuf,
    identity: NodeIdentity,
    kept: Mutex<Option<u64>>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    seq: u64,
    hash: String,
    signature: String,
}

impl HeadFile {
    /// For the chain of this node.
    pub fn new(path: &Path, identity: &NodeIdentity) -> Self {
        Self {
            path: path.to_owned(),
            identity: identity.clone(),
            kept: Mutex::default(),
        }
    }

    /// Keeps how far the chain has come; call it when those lines are durable.
    /// It never goes back. The file may lag behind after a loss of power; it is
    /// never ahead.
    pub fn keep(&self, seq: u64, hash: [u8; 32]) -> Result<(), HeadError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match *kept {
            Some(before) => before,
            None => self.read()?.map_or(0, |head| head.seq),
        };
        if seq < before {
            return Err(HeadError::Backwards);
        }
        let stored = Stored {
            seq,
            hash: URL_SAFE_NO_PAD.encode(hash),
            signature: URL_SAFE_NO_PAD.encode(self.identity.sign(&signed(seq, &hash))),
        };
        let json = serde_json::to_vec(&stored).expect("strings and numbers become JSON");
        secret_file::replace(&self.path, &json).map_err(|source| self.failed(source))?;
        *kept = Some(seq);
        Ok(())
    }

    /// The head that was kept last; none when none was.
    pub fn read(&self) -> Result<Option<Head>, HeadError> {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(self.failed(source)),
        };
        self.parse(&bytes).map(Some).ok_or(HeadError::NotSigned)
    }

    fn parse(&self, bytes: &[u8]) -> Option<Head> {
        let stored: Stored = serde_json::from_slice(bytes).ok()?;
        let hash: [u8; 32] = URL_SAFE_NO_PAD.decode(stored.hash).ok()?.try_into().ok()?;
        let signature = URL_SAFE_NO_PAD.decode(stored.signature).ok()?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.identity.public_key())
            .verify(&signed(stored.seq, &hash), &signature)
            .ok()?;
        Some(Head {
            seq: stored.seq,
            hash,
        })
    }

    fn failed(&self, source: std::io::Error) -> HeadError {
        HeadError::File {
            path: self.path.clone(),
            source,
        }
    }
}

fn signed(seq: u64, hash: &[u8; 32]) -> Vec<u8> {
    [DOMAIN, &seq.to_be_bytes(), hash].concat()
}
