//! Leases: for how long a node may remember an answer of the consent service.
//!
//! The consent service promises a node that holds a lease that it will hear of
//! every change before the patient does. So a node may answer from memory as
//! long as its lease holds, and not a moment longer. Each side measures with
//! its own monotonic clock: the node from before it sent its request, the
//! service from after it received it, so the node's lease always ends first.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use care::Ura;

/// How long a lease holds.
pub const LEASE_DURATION: Duration = Duration::from_secs(2);
/// After how long a node renews it.
pub const LEASE_RENEWAL: Duration = Duration::from_secs(1);
/// The most nodes that can hold a lease at once.
pub const LEASE_HOLDERS_MAX: usize = 4096;

/// Time that only goes forward, from an arbitrary start; setting the machine's
/// clock does not move it.
pub trait Monotonic: Send + Sync + 'static {
    /// The time since the start.
    fn elapsed(&self) -> Duration;
}

/// The machine's monotonic clock.
#[derive(Debug)]
pub struct SystemMonotonic(Instant);

impl Default for SystemMonotonic {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Monotonic for SystemMonotonic {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Time that stands still until a test moves it.
#[derive(Debug, Default)]
pub struct ManualMonotonic(Mutex<Duration>);

impl ManualMonotonic {
    /// Moves the time on.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Monotonic for ManualMonotonic {
    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// No lease can be given: [`LEASE_HOLDERS_MAX`] nodes hold one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many nodes hold a lease")]
pub struct LeaseRefused;

/// Who must hear of a change before the patient does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outstanding {
    /// The nodes that hold a lease, and how long it still runs.
    pub holders: Vec<(Ura, Duration)>,
    /// How long a lease from before this service started may still run: nobody
    /// knows who holds those, so the change must wait them out.
    pub unknown: Duration,
}

/// The service's side: who holds a lease.
pub struct LeaseBook {
    clock: Arc<dyn Monotonic>,
    started: Duration,
    until: Mutex<HashMap<Ura, Duration>>,
}

impl LeaseBook {
    /// An empty book of a service that starts now.
    pub fn new(clock: Arc<dyn Monotonic>) -> Self {
        let started = clock.elapsed();
        Self {
            clock,
            started,
            until: Mutex::default(),
        }
    }

    /// Gives or renews a node's lease. Call it after the request was received
    /// and before any answer is sent.
    pub fn grant(&self, node: Ura) -> Result<Duration, LeaseRefused> {
        let now = self.clock.elapsed();
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if until.len() >= LEASE_HOLDERS_MAX && !until.contains_key(&node) {
            until.retain(|_, end| *end > now);
            if until.len() >= LEASE_HOLDERS_MAX {
                return Err(LeaseRefused);
            }
        }
        until.insert(node, now + LEASE_DURATION);
        Ok(LEASE_DURATION)
    }

    /// Ends a node's lease, when it goes away in good order.
    pub fn release(&self, node: Ura) {
        self.until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&node);
    }

    /// Whom a change that was just committed must be told to, and for how long
    /// those that do not acknowledge must be waited for.
    pub fn outstanding(&self) -> Outstanding {
        let now = self.clock.elapsed();
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.retain(|_, end| *end > now);
        let mut holders: Vec<_> = until
            .iter()
            .map(|(node, end)| (*node, end.saturating_sub(now)))
            .collect();
        holders.sort_unstable();
        Outstanding {
            holders,
            unknown: (self.started + LEASE_DURATION).saturating_sub(now),
        }
    }
}

/// The node's side: whether it holds a lease.
pub struct HeldLease {
    clock: Arc<dyn Monotonic>,
    until: Mutex<Duration>,
}

impl HeldLease {
    /// No lease yet.
    pub fn new(clock: Arc<dyn Monotonic>) -> Self {
        Self {
            clock,
            until: Mutex::default(),
        }
    }

    /// The moment to hand to [`HeldLease::renewed`]: take it before the request
    /// for renewal is sent.
    pub fn before_request(&self) -> Duration {
        self.clock.elapsed()
    }

    /// The service granted a lease for `granted`, asked for at `asked`.
    /// Never longer than [`LEASE_DURATION`], whatever the service says.
    pub fn renewed(&self, asked: Duration, granted: Duration) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(asked + granted.min(LEASE_DURATION));
    }

    /// Gives the lease up.
    pub fn lost(&self) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Duration::ZERO;
    }

    /// Whether an answer may be remembered and given from memory now.
    pub fn holds(&self) -> bool {
        self.clock.elapsed() < *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ura(number: u32) -> Ura {
        number.to_string().parse().unwrap()
    }

    #[test]
    fn a_lease_ends_at_the_node_before_it_ends_at_the_service() {
        let clock = Arc::new(ManualMonotonic::default());
        let (book, held) = (LeaseBook::new(clock.clone()), HeldLease::new(clock.clone()));
        assert!(!held.holds());
        let asked = held.before_request();
        clock.advance(Duration::from_millis(30));
        let granted = book.grant(ura(1)).unwrap();
        clock.advance(Duration::from_millis(30));
        held.renewed(asked, granted);
        assert!(held.holds());
        clock.advance(Duration::from_millis(1939));
        assert!(held.holds());
        clock.advance(Duration::from_millis(1));
        assert!(!held.holds());
        assert_eq!(
            book.outstanding().holders,
            [(ura(1), Duration::from_millis(30))]
        );
        clock.advance(Duration::from_millis(30));
        assert_eq!(book.outstanding().holders, []);
    }

    #[test]
    fn a_service_that_restarts_waits_for_leases_it_forgot() {
        let clock = Arc::new(ManualMonotonic::default());
        clock.advance(Duration::from_secs(9));
        let book = LeaseBook::new(clock.clone());
        assert_eq!(book.outstanding().unknown, LEASE_DURATION);
        clock.advance(LEASE_DURATION);
        assert_eq!(book.outstanding().unknown, Duration::ZERO);
    }

    #[test]
    fn a_renewal_never_shortens_and_never_believes_too_much() {
        let clock = Arc::new(ManualMonotonic::default());
        let held = HeldLease::new(clock.clone());
        held.renewed(Duration::ZERO, Duration::from_hours(1));
        clock.advance(LEASE_DURATION);
        assert!(!held.holds());
        held.renewed(clock.elapsed(), LEASE_DURATION);
        held.renewed(Duration::ZERO, LEASE_DURATION);
        assert!(held.holds());
        held.lost();
        assert!(!held.holds());
    }

    #[test]
    fn the_book_is_bounded_and_forgets_what_ended() {
        let clock = Arc::new(ManualMonotonic::default());
        let book = LeaseBook::new(clock.clone());
        for number in 0..LEASE_HOLDERS_MAX as u32 {
            book.grant(ura(number)).unwrap();
        }
        assert_eq!(book.grant(ura(9_999_999)), Err(LeaseRefused));
        assert!(book.grant(ura(1)).is_ok(), "who holds one may renew it");
        book.release(ura(1));
        assert!(book.grant(ura(9_999_999)).is_ok());
        clock.advance(LEASE_DURATION);
        assert!(book.grant(ura(1)).is_ok());
    }
}
