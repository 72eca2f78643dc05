//! The keys that changed since the last segment was written: in memory, and in
//! the log of the file until they stand in a segment.
//!
//! Every change has the number of the commit that it came with. Whoever reads
//! says how far they see, so a reader finds exactly what its moment holds while
//! the writer goes on.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use super::block::Keys;

/// Keys that changed, each with what became of it and when.
#[derive(Debug)]
pub(crate) struct Fresh {
    keys: RwLock<BTreeMap<InlineKey, Changes>>,
    since: u64,
}

/// Bytes of a key that lie where the tree can compare them without going
/// elsewhere. Most keys are not longer.
const INLINE_BYTES: usize = 32;

/// A key; its first bytes inline. The order is that of the bytes: of keys with
/// the same head, a shorter one comes first, because the head ends in zeros.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct InlineKey {
    head: [u8; INLINE_BYTES],
    inline: u8,
    rest: Box<[u8]>,
}

impl InlineKey {
    fn of(key: &[u8]) -> Self {
        let (inline, rest) = key.split_at(key.len().min(INLINE_BYTES));
        let mut head = [0; INLINE_BYTES];
        head[..inline.len()].copy_from_slice(inline);
        Self {
            head,
            inline: inline.len() as u8,
            rest: rest.into(),
        }
    }

    /// Its bytes, in two parts.
    fn parts(&self) -> [&[u8]; 2] {
        [&self.head[..usize::from(self.inline)], &self.rest]
    }
}

/// What became of one key: commits, rising, each times two, plus one when the
/// key is in after it.
#[derive(Debug)]
struct Changes {
    last: u64,
    /// Few keys change twice before they stand in a segment.
    #[expect(clippy::box_collection, reason = "a third of the bytes of every entry")]
    earlier: Option<Box<Vec<u64>>>,
}

/// What a key was in the commit under way, before it changed: to undo it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// Not changed in this commit.
    Untouched,
    /// Changed already.
    Changed(bool),
}

impl Changes {
    fn seen_at(&self, commit: u64) -> Option<bool> {
        let is_seen = |change: u64| change >> 1 <= commit;
        if is_seen(self.last) {
            return Some(self.last & 1 == 1);
        }
        let earlier = self.earlier.as_ref()?;
        let seen = earlier.iter().rev().find(|change| is_seen(**change))?;
        Some(seen & 1 == 1)
    }
}

impl Fresh {
    /// No keys yet: all that changes after a commit will be here.
    pub(crate) const fn since_commit(commit: u64) -> Self {
        Self {
            keys: RwLock::new(BTreeMap::new()),
            since: commit,
        }
    }

    /// The commit after which all changes are here.
    pub(crate) const fn since(&self) -> u64 {
        self.since
    }

    /// Whether a key from one to before another changed after a commit.
    pub(crate) fn has_changed(&self, commit: u64, from: &[u8], to: &[u8]) -> bool {
        let (from, to) = (InlineKey::of(from), InlineKey::of(to));
        from < to
            && self
                .read()
                .range(from..to)
                .any(|(_, changes)| changes.last >> 1 > commit)
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<InlineKey, Changes>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes changes of a commit; tells what each key was before.
    pub(crate) fn change<'k>(
        &self,
        commit: u64,
        changes: impl IntoIterator<Item = (&'k [u8], bool)>,
        mut before: impl FnMut(&'k [u8], bool, Before),
    ) {
        let mut all = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        for (key, is_in) in changes {
            let change = commit << 1 | u64::from(is_in);
            match all.entry(InlineKey::of(key)) {
                Entry::Vacant(entry) => {
                    entry.insert(Changes {
                        last: change,
                        earlier: None,
                    });
                    before(key, is_in, Before::Untouched);
                }
                Entry::Occupied(mut entry) => {
                    let known = entry.get_mut();
                    if known.last >> 1 == commit {
                        before(key, is_in, Before::Changed(known.last & 1 == 1));
                    } else {
                        known.earlier.get_or_insert_default().push(known.last);
                        before(key, is_in, Before::Untouched);
                    }
                    known.last = change;
                }
            }
        }
    }

    /// Takes a change of the commit under way back.
    pub(crate) fn undo(&self, commit: u64, key: &[u8], before: Before) {
        let mut all = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = all.get_mut(&InlineKey::of(key)) else {
            return;
        };
        match before {
            Before::Changed(is_in) => known.last = commit << 1 | u64::from(is_in),
            Before::Untouched => match known.earlier.as_mut().and_then(|earlier| earlier.pop()) {
                Some(earlier) => known.last = earlier,
                None => {
                    all.remove(&InlineKey::of(key));
                }
            },
        }
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.read().len()
    }

    /// Adds up to `count` keys of a range to `found`, as they are after a
    /// commit: the first ones, or the last ones, last first.
    pub(crate) fn collect(
        &self,
        commit: u64,
        range: (Bound<&[u8]>, Bound<&[u8]>),
        backward: bool,
        count: usize,
        found: &mut Keys,
    ) {
        // A range that ends before it starts is empty; the map would panic.
        if let (Bound::Included(low) | Bound::Excluded(low), Bound::Excluded(high)) = range
            && low >= high
        {
            return;
        }
        let all = self.read();
        let mut keys = all.range((range.0.map(InlineKey::of), range.1.map(InlineKey::of)));
        let mut add = |(key, changes): (&InlineKey, &Changes)| {
            if let Some(is_in) = changes.seen_at(commit) {
                found.push_parts(key.parts(), is_in);
            }
            found.len() < count
        };
        if backward {
            keys.rev().all(&mut add);
        } else {
            keys.all(&mut add);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(fresh: &Fresh, commit: u64) -> String {
        let mut keys = Keys::default();
        let all = (Bound::Included(&[][..]), Bound::Unbounded);
        fresh.collect(commit, all, false, usize::MAX, &mut keys);
        let mut seen = String::new();
        for at in 0..keys.len() {
            seen.push(if keys.is_in(at) { '+' } else { '-' });
            seen.push_str(&String::from_utf8_lossy(keys.get(at).unwrap_or_default()));
        }
        seen
    }

    /// Keys around the length of an inline one, often with the same start.
    fn key() -> impl Strategy<Value = Vec<u8>> {
        let end = prop::collection::vec(0_u8..3, 0..4);
        (0_u8..3, 0_usize..40, end).prop_map(|(byte, count, end)| [vec![byte; count], end].concat())
    }

    proptest! {
        #[test]
        fn keys_sort_as_their_bytes_do(one in key(), other in key()) {
            let keys = [&one, &other].map(|key| InlineKey::of(key));
            prop_assert_eq!(keys[0].cmp(&keys[1]), one.cmp(&other));
            prop_assert_eq!(keys[0].parts().concat(), one);
        }
    }

    #[test]
    fn each_moment_sees_its_own() {
        let fresh = Fresh::since_commit(0);
        fresh.change(1, [(&b"a"[..], true), (b"b", true)], |_, _, _| {});
        fresh.change(2, [(&b"a"[..], false)], |_, _, _| {});
        fresh.change(3, [(&b"a"[..], true)], |_, _, _| {});
        let moments = [0, 1, 2, 3].map(|commit| seen(&fresh, commit));
        assert_eq!(moments, ["", "+a+b", "-a+b", "+a+b"]);
    }

    #[test]
    fn a_change_is_known_to_those_who_came_before_it() {
        let fresh = Fresh::since_commit(4);
        fresh.change(5, [(&b"b"[..], true)], |_, _, _| {});
        fresh.change(7, [(&b"b"[..], false)], |_, _, _| {});
        assert!(fresh.has_changed(6, b"b", b"c") && !fresh.has_changed(7, b"b", b"c"));
        assert!(!fresh.has_changed(0, b"a", b"b") && !fresh.has_changed(0, b"c", b"a"));
        assert_eq!(fresh.since(), 4);
    }

    #[test]
    fn what_is_undone_was_not() {
        let fresh = Fresh::since_commit(0);
        fresh.change(1, [(&b"a"[..], true)], |_, _, _| {});
        let mut undo = Vec::new();
        for change in [(&b"a"[..], false), (b"a", true), (b"b", true)] {
            fresh.change(2, [change], |key, _, before| undo.push((key, before)));
        }
        assert_eq!(seen(&fresh, 2), "+a+b");
        for (key, before) in undo.into_iter().rev() {
            fresh.undo(2, key, before);
        }
        assert_eq!((seen(&fresh, 2).as_str(), fresh.len()), ("+a", 1));
    }
}
