//! The time, passed in.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;

/// Tells the time. Passed in everywhere, so that a test can hold it still.
pub trait Clock: Send + Sync + 'static {
    /// The time now, to the millisecond.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine, made never to run backwards within a process: a
/// version's `lastUpdated` must not be before the one it replaces.
#[derive(Debug, Default)]
pub struct SystemClock {
    latest_ms: AtomicI64,
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks the machine"
    )]
    fn now(&self) -> Timestamp {
        let machine_ms = Timestamp::now().as_millisecond();
        let ms = self
            .latest_ms
            .fetch_max(machine_ms, Ordering::AcqRel)
            .max(machine_ms);
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn at(start: Timestamp) -> Self {
        Self(Mutex::new(start))
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(by).unwrap_or(Timestamp::MAX);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), clock.now());
        clock.advance(Duration::from_millis(1500));
        assert_eq!(clock.now().as_millisecond(), 1500);
    }

    #[test]
    fn the_system_clock_never_runs_backwards() {
        let clock = SystemClock::default();
        let future = clock.now().as_millisecond() + 60_000;
        clock.latest_ms.store(future, Ordering::Release);
        assert_eq!(clock.now().as_millisecond(), future);
    }
}
