//! What the writer answered before the disk had it, and until when it may be.

use std::time::{Duration, Instant};

use super::Durability;
use crate::limits::OWED_MS_MAX;
use crate::write::audit::Head;

/// What is owed to the disk, and to who keeps the head of the audit log.
#[derive(Debug)]
pub(super) struct Owed {
    /// Since when.
    since: Option<Instant>,
    /// Whether there are commits that the disk may lack.
    unsynced: bool,
    /// The head that was told last.
    told: Head,
    told_at: Option<Instant>,
}

impl Owed {
    /// Nothing, with the log where it is.
    pub(super) const fn nothing(head: Head) -> Self {
        Self {
            since: None,
            unsynced: false,
            told: head,
            told_at: None,
        }
    }

    /// How long nobody need do anything about it; `None` when nothing is owed.
    pub(super) fn left(&self) -> Option<Duration> {
        let patience = Duration::from_millis(OWED_MS_MAX as u64);
        self.since
            .map(|since| patience.saturating_sub(since.elapsed()))
    }

    /// Whether it is time.
    pub(super) fn is_due(&self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }

    /// Whether there are commits that the disk may lack.
    pub(super) const fn is_unsynced(&self) -> bool {
        self.unsynced
    }

    /// Takes note of a commit, after which the log has come this far. Answers
    /// whether to tell the head now: when it is durable, and was not told a
    /// moment ago.
    pub(super) fn committed(&mut self, durability: Durability, head: Head) -> bool {
        self.unsynced = durability == Durability::Soon;
        let tell = !self.unsynced && head != self.told && self.may_tell();
        if tell {
            self.told(head);
        } else if self.unsynced || head != self.told {
            self.since.get_or_insert_with(Instant::now);
        } else {
            self.since = None;
        }
        tell
    }

    /// Takes note that the head was told.
    pub(super) fn told(&mut self, head: Head) {
        self.told = head;
        self.told_at = Some(Instant::now());
        self.since = None;
    }

    /// Takes note that paying failed: it is tried again, not at once.
    pub(super) fn failed(&mut self) {
        self.since = Some(Instant::now());
    }

    fn may_tell(&self) -> bool {
        let pause = Duration::from_millis(OWED_MS_MAX as u64);
        self.told_at.is_none_or(|at| at.elapsed() >= pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = (1, [1; 32]);
    const LATER: Head = (2, [2; 32]);

    #[test]
    fn a_head_is_told_when_it_is_durable_and_not_too_often() {
        let mut owed = Owed::nothing((0, [0; 32]));
        assert!(!owed.committed(Durability::Soon, HEAD));
        assert!(owed.is_unsynced() && owed.left().is_some());
        assert!(owed.committed(Durability::Now, HEAD));
        assert!(!owed.is_unsynced() && owed.left().is_none());
        assert!(!owed.committed(Durability::Now, LATER), "told just now");
        assert!(!owed.is_unsynced() && owed.left().is_some());
        owed.told(LATER);
        assert!(owed.left().is_none());
        assert!(!owed.committed(Durability::Now, LATER), "nothing new");
        assert!(owed.left().is_none());
    }
}
