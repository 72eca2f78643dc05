//! Opaque access tokens of the node door.
//!
//! A token stands for one verified assertion: one person, one patient, one
//! exchange, one node at the other end. It holds for five minutes, here only:
//! the table is in memory. It remembers who asks, never what they may see;
//! that is decided at every question anew.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use care::{AccessContext, Clock, Ura};
use zeroize::Zeroizing;

use crate::{Randomness, Rejected, identity::Peer};

/// How long a token holds, in seconds.
pub const ACCESS_TOKEN_LIFETIME_S: i64 = 300;
/// The most tokens that one node can have out here.
pub const ACCESS_TOKENS_PER_PEER_MAX: usize = 20_000;
/// The most tokens that can be out in all.
pub const ACCESS_TOKENS_MAX: usize = 100_000;
/// The length of a token, in characters.
pub(crate) const SECRET_CHARACTERS: usize = 43;

/// A token that was given out.
#[derive(Clone)]
pub struct Granted {
    /// The token: 256 random bits in base64url, 43 characters.
    pub token: String,
    /// How long it holds, in seconds.
    pub expires_in_s: u64,
}

/// The access tokens that this node gave out and that still hold.
pub struct AccessTokens {
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    /// By hash: looking one up takes as long whatever it resembles, and a
    /// dump of the memory gives no token away.
    entries: HashMap<[u8; 32], Entry>,
    /// In the order in which they expire: all hold equally long.
    order: VecDeque<(i64, [u8; 32])>,
    per_peer: HashMap<Ura, usize>,
}

struct Entry {
    context: AccessContext,
    peer: Ura,
    thumbprint: [u8; 32],
    expires: i64,
}

impl AccessTokens {
    /// An empty table.
    pub fn new(clock: Arc<dyn Clock>, randomness: Arc<dyn Randomness>) -> Self {
        Self { clock, randomness, table: Mutex::default() }
    }

    /// Gives a token for what the assertion said. It needs a patient: nothing
    /// at the node door is asked about all patients at once.
    pub fn issue(&self, context: &AccessContext, peer: &Peer) -> Result<Granted, Rejected> {
        if context.patient().is_none() || context.organisation() != peer.ura() {
            return Err(Rejected::NotAllowed);
        }
        let token = secret(&*self.randomness);
        let key = hash(&token);
        let now = self.clock.now().as_second();
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.forget(now);
        let out_for_peer = table.per_peer.get(&peer.ura()).copied().unwrap_or_default();
        if table.entries.len() >= ACCESS_TOKENS_MAX || out_for_peer >= ACCESS_TOKENS_PER_PEER_MAX {
            return Err(Rejected::Busy);
        }
        let expires = now + ACCESS_TOKEN_LIFETIME_S;
        table.entries.insert(
            key,
            Entry {
                context: context.clone(),
                peer: peer.ura(),
                thumbprint: peer.thumbprint,
                expires,
            },
        );
        table.order.push_back((expires, key));
        table.per_peer.insert(peer.ura(), out_for_peer + 1);
        Ok(Granted { token, expires_in_s: ACCESS_TOKEN_LIFETIME_S as u64 })
    }

    /// Who asks with this token over this connection. The context is that of
    /// the assertion: the same patient, the same exchange.
    pub fn verify(&self, token: &str, peer: &Peer) -> Result<AccessContext, Rejected> {
        if token.len() != SECRET_CHARACTERS {
            return Err(Rejected::Invalid);
        }
        let now = self.clock.now().as_second();
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = table.entries.get(&hash(token)).ok_or(Rejected::Invalid)?;
        if entry.thumbprint != peer.thumbprint {
            return Err(Rejected::OtherHolder);
        }
        if now >= entry.expires {
            return Err(Rejected::Expired);
        }
        Ok(entry.context.clone())
    }

    /// Takes a token back, when its question is answered.
    pub fn revoke(&self, token: &str) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.remove(&hash(token));
    }
}

impl Table {
    fn forget(&mut self, now: i64) {
        while let Some((expires, key)) = self.order.front().copied() {
            if expires > now {
                return;
            }
            self.order.pop_front();
            self.remove(&key);
        }
    }

    fn remove(&mut self, key: &[u8; 32]) {
        let Some(entry) = self.entries.remove(key) else { return };
        if let Some(count) = self.per_peer.get_mut(&entry.peer) {
            *count -= 1;
            if *count == 0 {
                self.per_peer.remove(&entry.peer);
            }
        }
    }
}

/// 256 random bits in base64url.
pub(crate) fn secret(randomness: &dyn Randomness) -> String {
    let mut bytes = Zeroizing::new([0; 32]);
    randomness.fill(&mut *bytes);
    URL_SAFE_NO_PAD.encode(*bytes)
}

pub(crate) fn hash(secret: &str) -> [u8; 32] {
    digest(&SHA256, secret.as_bytes()).as_ref().try_into().expect("SHA-256 gives 32 bytes")
}
