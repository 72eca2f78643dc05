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
        Self {
            clock,
            randomness,
            table: Mutex::default(),
        }
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
        Ok(Granted {
            token,
            expires_in_s: ACCESS_TOKEN_LIFETIME_S as u64,
        })
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
        let Some(entry) = self.entries.remove(key) else {
            return;
        };
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
    digest(&SHA256, secret.as_bytes())
        .as_ref()
        .try_into()
        .expect("SHA-256 gives 32 bytes")
}

#[cfg(test)]
mod tests {
    use care::{ManualClock, OrganisationType};

    use super::*;
    use crate::{
        SeededRandomness,
        testing::{Asker, SECOND, clock, internist, node, peer_of, ura},
    };

    fn tokens() -> (AccessTokens, Arc<ManualClock>, Peer) {
        let clock = clock();
        let tokens = AccessTokens::new(clock.clone(), Arc::new(SeededRandomness::from_seed(1)));
        (tokens, clock, peer_of(&node(OrganisationType::Hospital)))
    }

    #[test]
    fn a_token_stands_for_its_assertion_on_its_own_connection() {
        let (tokens, clock, peer) = tokens();
        let context = internist().context();
        let granted = tokens.issue(&context, &peer).unwrap();
        assert_eq!(
            (granted.token.len(), granted.expires_in_s),
            (SECRET_CHARACTERS, 300)
        );
        let found = tokens.verify(&granted.token, &peer).unwrap();
        assert_eq!(format!("{found:?}"), format!("{context:?}"));
        // Another node, and the same organisation with another certificate.
        let other = peer_of(&node(OrganisationType::Pharmacy));
        let renewed = peer_of(&node(OrganisationType::Hospital));
        for thief in [other, renewed] {
            assert_eq!(
                tokens.verify(&granted.token, &thief).unwrap_err(),
                Rejected::OtherHolder
            );
        }
        clock.advance(SECOND * 299);
        assert!(tokens.verify(&granted.token, &peer).is_ok());
        clock.advance(SECOND);
        assert_eq!(
            tokens.verify(&granted.token, &peer).unwrap_err(),
            Rejected::Expired
        );
        tokens.issue(&context, &peer).unwrap();
        assert_eq!(
            tokens.verify(&granted.token, &peer).unwrap_err(),
            Rejected::Invalid
        );
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let (tokens, _, peer) = tokens();
        let granted = tokens.issue(&internist().context(), &peer).unwrap();
        let check = |token: &str| {
            assert_eq!(tokens.verify(token, &peer).unwrap_err(), Rejected::Invalid);
        };
        check("");
        check(&granted.token[..42]);
        check(&format!("{}A", granted.token));
        check(&"A".repeat(43));
        tokens.revoke(&granted.token);
        check(&granted.token);
        tokens.revoke(&granted.token);
    }

    #[test]
    fn a_token_needs_a_patient_and_its_own_organisation() {
        let (tokens, _, peer) = tokens();
        let nobody = Asker {
            patient: None,
            ..internist()
        };
        let other = Asker {
            kind: OrganisationType::Pharmacy,
            ..internist()
        };
        for asker in [nobody, other] {
            let refused = tokens.issue(&asker.context(), &peer).err();
            assert_eq!(refused, Some(Rejected::NotAllowed));
        }
    }

    #[test]
    fn one_node_cannot_take_all_the_room() {
        let (tokens, clock, peer) = tokens();
        let context = internist().context();
        let first = tokens.issue(&context, &peer).unwrap();
        for _ in 1..ACCESS_TOKENS_PER_PEER_MAX {
            tokens.issue(&context, &peer).unwrap();
        }
        assert_eq!(tokens.issue(&context, &peer).err(), Some(Rejected::Busy));
        let other = peer_of(&node(OrganisationType::Pharmacy));
        let asker = Asker {
            kind: OrganisationType::Pharmacy,
            ..internist()
        };
        assert!(tokens.issue(&asker.context(), &other).is_ok());
        tokens.revoke(&first.token);
        assert!(tokens.issue(&context, &peer).is_ok());
        assert_eq!(tokens.issue(&context, &peer).err(), Some(Rejected::Busy));
        clock.advance(SECOND * 300);
        assert!(tokens.issue(&context, &peer).is_ok());
        assert_eq!(peer.ura(), ura(OrganisationType::Hospital));
    }

    #[test]
    fn the_table_is_bounded() {
        let (tokens, _, peer) = tokens();
        let context = internist().context();
        tokens.issue(&context, &peer).unwrap();
        let mut table = tokens.table.lock().unwrap();
        for number in 1..ACCESS_TOKENS_MAX {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&number.to_be_bytes());
            let entry = Entry {
                context: context.clone(),
                peer: ura(OrganisationType::Pharmacy),
                thumbprint: [0; 32],
                expires: i64::MAX,
            };
            table.entries.insert(key, entry);
        }
        drop(table);
        assert_eq!(tokens.issue(&context, &peer).err(), Some(Rejected::Busy));
    }
}
