//! New identifiers, passed in.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

/// Gives identifiers that nobody has used. Passed in everywhere, so that a
/// test can know them beforehand.
pub trait IdSource: Send + Sync + 'static {
    /// A new identifier: a UUID in lower case, 36 characters.
    fn next(&self) -> String;
}

/// UUIDs of version 7: random, and in the order of time, which keeps the
/// indexes of the store compact.
#[derive(Debug, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that makes ids"
    )]
    fn next(&self) -> String {
        Uuid::now_v7().to_string()
    }
}

/// Identifiers that count up from one, for tests.
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl IdSource for SequentialIds {
    fn next(&self) -> String {
        let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        Uuid::from_u128(u128::from(count)).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequential_ids_count_and_random_ids_differ() {
        let ids = SequentialIds::default();
        assert_eq!(ids.next(), "00000000-0000-0000-0000-000000000001");
        assert_eq!(ids.next(), "00000000-0000-0000-0000-000000000002");
        assert_ne!(RandomIds.next(), RandomIds.next());
    }
}
