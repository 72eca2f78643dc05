//! The index as one moment of the file has it.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::database::Connection;

use super::bloom::digest;
use super::cursor::{Cursor, Merged};
use super::generation::{Generation, Generations, Moment};
use super::key::{self, Term, after_all, rid_of};
use crate::StoreError;

/// The index, to look things up in.
#[derive(Debug, Clone)]
pub(crate) struct View {
    generation: Arc<Generation>,
    commit: u64,
}

/// Keys from one to before another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    pub(super) from: Vec<u8>,
    pub(super) to: Vec<u8>,
    /// Of codes: only those of this system.
    pub(super) system: Option<i64>,
    /// The digest of the value, when all keys have the same.
    pub(super) value: Option<u64>,
}

impl Range {
    /// All resources with this value; of a code, in any system.
    pub(crate) fn of(term: &Term<'_>) -> Self {
        let start = term.start();
        Self {
            value: Some(digest(&start)),
            ..Self::starting(start)
        }
    }

    /// Codes of one system only.
    pub(crate) fn of_system(mut self, system: i64) -> Self {
        self.system = Some(system);
        self
    }

    /// The keys that start so.
    pub(crate) fn starting(start: Vec<u8>) -> Self {
        Self {
            to: after_all(&start),
            from: start,
            system: None,
            value: None,
        }
    }

    /// From one value up to and with another of the same kind.
    pub(crate) fn between(first: &Term<'_>, last: &Term<'_>) -> Self {
        Self {
            from: first.start(),
            to: after_all(&last.start()),
            system: None,
            value: None,
        }
    }

    /// What comes after a resource, when all keys have the same value.
    pub(crate) fn after(mut self, rid: i64) -> Self {
        key::signed(&mut self.from, rid.saturating_add(1));
        self
    }

    /// From one resource up to and with another, when all keys have the same
    /// value and none was left out yet.
    pub(crate) fn within(mut self, first: i64, last: i64) -> Self {
        self.to.clone_from(&self.from);
        key::signed(&mut self.from, first);
        key::signed(&mut self.to, last.saturating_add(1));
        self
    }
}

impl View {
    /// The index as a transaction sees it, and the moment that it is of.
    pub(crate) fn at(
        connection: &Connection,
        known: &Generations,
    ) -> Result<(Self, Moment), StoreError> {
        let (generation, moment) = known.at(connection)?;
        let view = Self {
            generation,
            commit: moment.commit,
        };
        Ok((view, moment))
    }

    /// The last commit that it sees changes of.
    pub(crate) const fn commit(&self) -> u64 {
        self.commit
    }

    /// The index with the changes of a commit that is under way.
    pub(super) const fn within(generation: Arc<Generation>, commit: u64) -> Self {
        Self { generation, commit }
    }

    /// Whether no key of these ranges changed after a commit; `false` when that
    /// is not known any more.
    pub(crate) fn is_unchanged_since(&self, commit: u64, ranges: &[Range]) -> bool {
        let fresh = &self.generation.fresh;
        fresh.since() <= commit
            && ranges
                .iter()
                .all(|range| !fresh.has_changed(commit, &range.from, &range.to))
    }

    /// Offers the keys of a range, in order or in reverse, until `take` breaks.
    pub(crate) fn keys(
        &self,
        connection: &Connection,
        range: &Range,
        backward: bool,
        mut take: impl FnMut(&[u8]) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let bounds = (range.from.as_slice(), range.to.as_slice());
        if bounds.0 >= bounds.1 {
            return Ok(());
        }
        let mut cursors = Vec::with_capacity(self.generation.segments.len() + 1);
        cursors.push(Cursor::of_fresh(
            Arc::clone(&self.generation.fresh),
            self.commit,
            bounds,
            backward,
        ));
        for segment in &self.generation.segments {
            let may_have = range.value.is_none_or(|value| segment.may_have(value));
            if may_have && segment.meets(bounds.0, bounds.1) {
                let segment = Arc::clone(segment);
                cursors.push(Cursor::of_segment(connection, segment, bounds, backward)?);
            }
        }
        let wanted = range.system;
        Merged::new(cursors, backward).each(connection, |key, is_in| {
            let fits = is_in && wanted.is_none_or(|system| key::system_of(key) == Some(system));
            if fits {
                take(key)
            } else {
                Ok(ControlFlow::Continue(()))
            }
        })?;
        Ok(())
    }

    /// Offers the resources of a range in the order of its keys. Where all keys
    /// have the same value, that is the order of their numbers.
    pub(crate) fn each(
        &self,
        connection: &Connection,
        range: &Range,
        mut take: impl FnMut(i64) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut last = None;
        self.keys(connection, range, false, |key| match rid_of(key) {
            // A code in two systems: its keys are neighbours.
            Some(rid) if last.replace(rid) == Some(rid) => Ok(ControlFlow::Continue(())),
            Some(rid) => take(rid),
            None => Err(StoreError::Corrupt {
                what: "a key of the index names no resource",
            }),
        })
    }

    /// Adds the resources of a range to `rids`; says whether these were all
    /// and no more than `limit` are there now.
    pub(crate) fn gather(
        &self,
        connection: &Connection,
        range: &Range,
        limit: usize,
        rids: &mut Vec<i64>,
    ) -> Result<bool, StoreError> {
        self.each(connection, range, |rid| {
            rids.push(rid);
            Ok(if rids.len() > limit {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })?;
        Ok(rids.len() <= limit)
    }
}
