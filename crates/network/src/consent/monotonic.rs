//! The runtime's clock as the lease book wants it.

use std::time::Duration;

use tokio::time::Instant;
use trust::consent::Monotonic;

/// Monotonic time by the runtime's clock, which the waits of this room use as
/// well, so that a test that holds that clock holds everything.
#[derive(Debug)]
pub struct TokioMonotonic(Instant);

impl Default for TokioMonotonic {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Monotonic for TokioMonotonic {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
