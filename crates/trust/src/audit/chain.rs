//! The chain: each line sealed to the one before it.
//!
//! The hash covers the place, the time, the patient, the content and the hash
//! of the line before; the signature is the node's, over the hash of the last
//! line of each transaction. So nobody without the node's key can change, add
//! or take out a line unseen, and nobody at all can without making every later
//! line anew.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use store::{AuditEntry, Seal};

use super::HeadFile;
use crate::identity::NodeIdentity;

const HASH_DOMAIN: &[u8] = b"schakel audit line 1\0";
const SIGNATURE_DOMAIN: &[u8] = b"schakel audit hash 1\0";

/// Seals audit lines with the node's key.
pub struct Chain {
    identity: NodeIdentity,
    head: Option<HeadFile>,
    state: Mutex<State>,
}

/// Whether the store's chain goes on where the head left it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unknown,
    Continues,
    /// The store lost lines that were durable: the head is evidence, and stays.
    Broken,
}

impl Chain {
    /// Seals with this identity. The head is kept in the file given, which
    /// should be where who can change the database cannot change it unseen;
    /// without one, cutting off the end of the chain goes unnoticed.
    pub fn new(identity: &NodeIdentity, head: Option<HeadFile>) -> Self {
        Self {
            identity: identity.clone(),
            head,
            state: Mutex::new(State::Unknown),
        }
    }

    /// Whether the store's chain goes on where the head says it had come, given
    /// the line before the first that is sealed now.
    fn continues(head: &HeadFile, last_seq: u64, last_hash: &[u8; 32]) -> State {
        match head.read() {
            Ok(None) => State::Continues,
            // A crash may leave the head some lines behind, never ahead.
            Ok(Some(kept)) if kept.seq < last_seq => State::Continues,
            Ok(Some(kept)) if kept.seq == last_seq && kept.hash == *last_hash => State::Continues,
            Ok(Some(kept)) => {
                tracing::error!(
                    head = kept.seq,
                    last = last_seq,
                    "the audit log lost lines that were durable; its head is kept as evidence"
                );
                State::Broken
            }
            Err(error) => {
                tracing::error!(%error, "the head of the audit log cannot be read; it is kept");
                State::Broken
            }
        }
    }
}

impl Seal for Chain {
    fn hash(&self, entry: &AuditEntry<'_>) -> [u8; 32] {
        if let Some(head) = &self.head {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if *state == State::Unknown {
                *state = Self::continues(head, entry.seq.saturating_sub(1), entry.previous);
            }
        }
        hash(entry)
    }

    fn sign(&self, hash: &[u8; 32]) -> Vec<u8> {
        self.identity.sign(&signed(hash))
    }

    fn durable(&self, seq: u64, hash: &[u8; 32]) {
        let Some(head) = &self.head else { return };
        if *self.state.lock().unwrap_or_else(PoisonError::into_inner) != State::Continues {
            return;
        }
        if let Err(error) = head.keep(seq, *hash) {
            tracing::error!(%error, "the head of the audit log cannot be kept");
        }
    }
}

/// The hash of a line. Every part has a fixed length or its length before it,
/// so no two lines have the same input.
pub(super) fn hash(entry: &AuditEntry<'_>) -> [u8; 32] {
    let mut hash = Context::new(&SHA256);
    hash.update(HASH_DOMAIN);
    hash.update(entry.previous);
    hash.update(&entry.seq.to_be_bytes());
    hash.update(&entry.recorded.as_millisecond().to_be_bytes());
    let patient = entry.patient.map(care::Bsn::expose).unwrap_or_default();
    hash.update(&(patient.len() as u64).to_be_bytes());
    hash.update(patient.as_bytes());
    hash.update(&(entry.body.len() as u64).to_be_bytes());
    hash.update(entry.body);
    hash.finish()
        .as_ref()
        .try_into()
        .expect("SHA-256 gives 32 bytes")
}

/// What is signed for a hash: never mistaken for anything else that the key signs.
pub(super) fn signed(hash: &[u8; 32]) -> Vec<u8> {
    [SIGNATURE_DOMAIN, hash].concat()
}
