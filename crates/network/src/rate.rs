//! How often one client may ask: a token bucket per client.
//!
//! It knows no HTTP: a door or a service says who the client is and what to do
//! when the bucket is empty.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use care::Clock;
use jiff::Timestamp;

/// What one client may ask for in time: a bucket that refills steadily.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many requests come back each second.
    pub per_second: u32,
    /// How many requests the full bucket holds.
    pub burst: u32,
}

/// The buckets of all clients of one door.
///
/// It keeps at most `clients_max` of them. When there are more, it forgets the
/// ones that are full again, which loses nothing; should all be in use, the
/// newcomer is refused, because forgetting a busy client would free it.
pub struct Buckets<K> {
    rate: Rate,
    clients_max: usize,
    clock: Arc<dyn Clock>,
    levels: Mutex<HashMap<K, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

impl<K: Eq + Hash> Buckets<K> {
    /// Buckets that are all full.
    pub fn new(rate: Rate, clients_max: usize, clock: Arc<dyn Clock>) -> Self {
        Self {
            rate,
            clients_max,
            clock,
            levels: Mutex::new(HashMap::new()),
        }
    }

    /// Takes one token of the client's bucket. An error says how long the
    /// client should wait for the next one; never less than a millisecond.
    pub fn take(&self, client: K) -> Result<(), Duration> {
        let now = self.clock.now();
        let mut buckets = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.clients_max && !buckets.contains_key(&client) {
            buckets.retain(|_, bucket| bucket.level(self.rate, now) < f64::from(self.rate.burst));
            if buckets.len() >= self.clients_max {
                return Err(Duration::from_secs(1));
            }
        }
        let bucket = buckets.entry(client).or_insert(Bucket {
            tokens: f64::from(self.rate.burst),
            at: now,
        });
        bucket.tokens = bucket.level(self.rate, now);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        let wait = (1.0 - bucket.tokens) / f64::from(self.rate.per_second.max(1));
        Err(Duration::from_secs_f64(wait).max(Duration::from_millis(1)))
    }
}

impl Bucket {
    /// How many tokens the bucket holds at a time.
    fn level(self, rate: Rate, now: Timestamp) -> f64 {
        let passed_s = now.duration_since(self.at).as_secs_f64().max(0.0);
        (self.tokens + passed_s * f64::from(rate.per_second)).min(f64::from(rate.burst))
    }
}

#[cfg(test)]
mod tests {
    use care::ManualClock;

    use super::*;

    fn buckets(clients_max: usize) -> (Arc<ManualClock>, Buckets<&'static str>) {
        let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
        let rate = Rate {
            per_second: 2,
            burst: 3,
        };
        (Arc::clone(&clock), Buckets::new(rate, clients_max, clock))
    }

    #[test]
    fn a_burst_is_served_and_one_more_must_wait() {
        let (clock, buckets) = buckets(10);
        for _ in 0..3 {
            assert_eq!(buckets.take("a"), Ok(()));
        }
        assert_eq!(buckets.take("a"), Err(Duration::from_millis(500)));
        assert_eq!(
            buckets.take("b"),
            Ok(()),
            "another client has its own bucket"
        );
        clock.advance(Duration::from_millis(500));
        assert_eq!(buckets.take("a"), Ok(()));
        assert!(buckets.take("a").is_err());
    }

    #[test]
    fn only_idle_clients_are_forgotten() {
        let (clock, buckets) = buckets(2);
        buckets.take("a").unwrap();
        buckets.take("b").unwrap();
        assert!(buckets.take("c").is_err(), "both are busy");
        clock.advance(Duration::from_secs(1));
        assert_eq!(buckets.take("c"), Ok(()), "both were full again");
    }
}
