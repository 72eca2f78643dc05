//! The access tokens that sources gave this node, until shortly before they end.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::hmac;
use care::{AccessContext, Bsn, ExchangeCode, TreatmentRelation, Ura};
use serde::Deserialize;
use tokio::time::Instant;
use trust::Randomness;

/// Tokens that are kept; past it, what ended goes, and then everything.
pub const TOKENS_MAX: usize = 10_000;
/// How long before its end a token is no longer used: it must still hold when
/// the last page is asked.
const MARGIN: Duration = Duration::from_secs(15);
/// The longest that a token is kept, whatever the source says.
const KEPT_LONGEST: Duration = Duration::from_mins(5);
/// The longest token, in bytes.
const TOKEN_BYTES_MAX: usize = 4_096;

/// Who asks whom what for, as a keyed hash: the memory of a node names no patient.
pub(super) type TokenKey = [u8; 32];

/// What a source answers at its token endpoint (RFC 6749 5.1).
#[derive(Deserialize)]
pub(super) struct TokenReply {
    pub(super) access_token: String,
    token_type: String,
    #[serde(default)]
    expires_in: u64,
}

impl TokenReply {
    /// Whether this is a bearer token that fits in a header.
    pub(super) fn is_usable(&self) -> bool {
        self.token_type.eq_ignore_ascii_case("bearer")
            && (1..=TOKEN_BYTES_MAX).contains(&self.access_token.len())
            && self
                .access_token
                .bytes()
                .all(|byte| byte.is_ascii_graphic())
    }
}

pub(super) struct TokenCache {
    key: hmac::Key,
    tokens: Mutex<HashMap<TokenKey, (String, Instant)>>,
}

impl TokenCache {
    pub(super) fn new(randomness: &dyn Randomness) -> Self {
        let mut key = [0; 32];
        randomness.fill(&mut key);
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            tokens: Mutex::default(),
        }
    }

    /// The key for everything that a token depends on. The request is not a
    /// part of it: it travels beside the token.
    pub(super) fn key_of(&self, source: Ura, context: &AccessContext) -> TokenKey {
        let mut hash = hmac::Context::with_key(&self.key);
        let (actor, organisation) = (context.actor(), context.organisation());
        let texts = [
            source.as_str(),
            &actor.id,
            &actor.name,
            context.role().code(),
            organisation.as_str(),
            context.purpose().code(),
            context.patient().map_or("", Bsn::expose),
            context.exchange().map_or("", |ExchangeCode(code)| code),
            context
                .treatment_relation()
                .map_or("", TreatmentRelation::code),
            context.emergency_reason().unwrap_or(""),
        ];
        for text in texts {
            // With its length, so that no two lists of texts hash alike.
            hash.update(&(text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        let mut key = [0; 32];
        key.copy_from_slice(hash.sign().as_ref());
        key
    }

    pub(super) fn find(&self, key: &TokenKey) -> Option<String> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens
            .get(key)
            .filter(|(_, end)| *end > Instant::now())
            .map(|(token, _)| token.clone())
    }

    pub(super) fn keep(&self, key: TokenKey, reply: &TokenReply, asked: Instant) {
        let holds = Duration::from_secs(reply.expires_in)
            .min(KEPT_LONGEST)
            .saturating_sub(MARGIN);
        if holds.is_zero() {
            return;
        }
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= TOKENS_MAX {
            let now = Instant::now();
            tokens.retain(|_, (_, end)| *end > now);
            if tokens.len() >= TOKENS_MAX {
                tokens.clear();
            }
        }
        tokens.insert(key, (reply.access_token.clone(), asked + holds));
    }

    /// Forgets a token that a source refused, unless a newer one is there.
    pub(super) fn forget(&self, key: &TokenKey, refused: &str) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.get(key).is_some_and(|(token, _)| token == refused) {
            tokens.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use trust::SystemRandomness;

    use super::*;

    fn reply(expires_in: u64) -> TokenReply {
        TokenReply {
            access_token: "token".to_owned(),
            token_type: "Bearer".to_owned(),
            expires_in,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_used_until_shortly_before_its_end() {
        let cache = TokenCache::new(&SystemRandomness);
        cache.keep([1; 32], &reply(60), Instant::now());
        assert_eq!(cache.find(&[1; 32]).as_deref(), Some("token"));
        tokio::time::advance(Duration::from_millis(44_999)).await;
        assert!(cache.find(&[1; 32]).is_some());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(cache.find(&[1; 32]).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_cannot_make_this_node_keep_a_token_for_long() {
        let cache = TokenCache::new(&SystemRandomness);
        cache.keep([1; 32], &reply(u64::MAX), Instant::now());
        tokio::time::advance(KEPT_LONGEST).await;
        assert!(cache.find(&[1; 32]).is_none());
        cache.keep([2; 32], &reply(0), Instant::now());
        assert!(cache.find(&[2; 32]).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn the_cache_is_bounded_and_a_refused_token_is_forgotten() {
        let cache = TokenCache::new(&SystemRandomness);
        let key = |number: usize| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&number.to_be_bytes());
            key
        };
        for number in 0..TOKENS_MAX {
            cache.keep(key(number), &reply(60), Instant::now());
        }
        assert!(cache.find(&key(0)).is_some());
        cache.keep(key(TOKENS_MAX), &reply(60), Instant::now());
        assert!(cache.find(&key(0)).is_none() && cache.find(&key(TOKENS_MAX)).is_some());
        cache.forget(&key(TOKENS_MAX), "another");
        assert!(cache.find(&key(TOKENS_MAX)).is_some());
        cache.forget(&key(TOKENS_MAX), "token");
        assert!(cache.find(&key(TOKENS_MAX)).is_none());
    }

    #[test]
    fn a_token_must_fit_in_a_header() {
        for (token, kind, expected) in [
            ("abc", "bearer", true),
            ("abc", "mac", false),
            ("", "Bearer", false),
            ("a\r\nx: y", "Bearer", false),
            ("é", "Bearer", false),
        ] {
            let reply = TokenReply {
                access_token: token.to_owned(),
                token_type: kind.to_owned(),
                expires_in: 1,
            };
            assert_eq!(reply.is_usable(), expected, "{token} {kind}");
        }
        let longest = "a".repeat(TOKEN_BYTES_MAX);
        assert!(
            TokenReply {
                access_token: longest.clone(),
                ..reply(1)
            }
            .is_usable()
        );
        assert!(
            !TokenReply {
                access_token: longest + "a",
                ..reply(1)
            }
            .is_usable()
        );
    }
}
