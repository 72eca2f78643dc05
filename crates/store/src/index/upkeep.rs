//! The writer's side of the index: notes changes, writes segments, merges them.
//!
//! Changed keys stand in memory and, packed, in the log of the file, in the
//! commit that changed them. When there are enough of them they are written as
//! a segment. Segments of a level are merged into one of the next level, a
//! part with each commit, so that no commit waits for a whole merge and the
//! work keeps up with what is written. What a merge made superfluous is deleted
//! in parts as well. After a crash the log gives the fresh keys back, and a
//! merge that did not come to its end starts again.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::database::Connection;

use super::block::{Keys, Packer};
use super::cursor::{Cursor, Merged};
use super::fresh::{Before, Fresh};
use super::generation::{Generation, Generations, Moment};
use super::segment::{self, Builder, Segment};
use super::view::View;
use crate::StoreError;

/// Fresh keys at which a segment is written.
const FRESH_KEYS_MAX: usize = 1 << 14;
/// Segments of one level at which they are merged.
const MERGED_AT_ONCE: usize = 4;
/// Keys that are merged for each key that a commit changed: there are about as
/// many levels.
const MERGED_PER_CHANGE: usize = 6;
/// Keys that are merged at once when nobody waits.
const MERGED_WHEN_IDLE: usize = 1 << 15;
/// Blocks that are deleted at once.
const DELETED_AT_ONCE: usize = 256;
/// What every key is before.
const PAST_ALL: [u8; 1] = [u8::MAX];

/// The index, to write to.
#[derive(Debug)]
pub(crate) struct Upkeep {
    known: Arc<Generations>,
    current: Arc<Generation>,
    /// The commit under way.
    commit: u64,
    /// What it changed, and what that was before.
    changed: Keys,
    before: Vec<Before>,
    merge: Option<Merge>,
    /// Segments whose blocks are to be deleted.
    superfluous: Vec<i64>,
    /// A generation that the commit under way brings.
    next: Option<Arc<Generation>>,
    limit: usize,
}

/// A merge under way.
#[derive(Debug)]
struct Merge {
    inputs: Vec<i64>,
    walk: Merged,
    out: Builder,
    /// Whether nothing older is left, so that what was taken out can be forgotten.
    to_the_bottom: bool,
}

impl Upkeep {
    /// Reads what the file has.
    pub(crate) fn load(
        connection: &Connection,
        known: Arc<Generations>,
    ) -> Result<Self, StoreError> {
        let moment = Moment::of(connection)?;
        let current = Arc::new(Generation::load(connection, moment)?);
        let ids: Vec<i64> = current.segments.iter().map(|segment| segment.id).collect();
        let superfluous = segment::orphans(connection, &ids)?;
        known.publish(Arc::clone(&current));
        Ok(Self {
            known,
            current,
            commit: moment.commit + 1,
            changed: Keys::default(),
            before: Vec::new(),
            merge: None,
            superfluous,
            next: None,
            limit: FRESH_KEYS_MAX,
        })
    }

    /// Reads what other processes changed since this was last up to date.
    /// Nothing of an own commit may be under way.
    pub(crate) fn catch_up(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let moment = Moment::of(connection)?;
        self.current = self.current.follow(connection, moment)?;
        self.commit = moment.commit + 1;
        Ok(())
    }

    /// The same with another number of fresh keys at which a segment is written.
    #[cfg(test)]
    pub(super) fn with_limit(mut self, fresh_keys: usize) -> Self {
        self.limit = fresh_keys;
        self
    }

    /// How many blocks its segments have.
    #[cfg(test)]
    pub(super) fn blocks(&self) -> usize {
        self.current
            .segments
            .iter()
            .map(|segment| segment.blocks())
            .sum()
    }

    /// The index as the commit under way has it so far.
    pub(crate) fn view(&self) -> View {
        View::within(Arc::clone(&self.current), self.commit)
    }

    /// Notes that keys came in or were taken out.
    pub(crate) fn change(&mut self, keys: &Keys) {
        let changes = (0..keys.len()).filter_map(|at| Some((keys.get(at)?, keys.is_in(at))));
        let (changed, before) = (&mut self.changed, &mut self.before);
        self.current
            .fresh
            .change(self.commit, changes, |key, is_in, was| {
                changed.push(key, is_in);
                before.push(was);
            });
    }

    /// A point to go back to.
    pub(crate) const fn mark(&self) -> usize {
        self.before.len()
    }

    /// Takes everything since a point back.
    pub(crate) fn undo_to(&mut self, mark: usize) {
        for (at, before) in self.before.iter().enumerate().skip(mark).rev() {
            if let Some(key) = self.changed.get(at) {
                self.current.fresh.undo(self.commit, key, *before);
            }
        }
        self.before.truncate(mark);
        self.changed.truncate(mark);
    }

    /// Whether there is work that can be done when nobody waits.
    pub(crate) fn has_work(&self) -> bool {
        self.merge.is_some() || !self.superfluous.is_empty() || self.full_level().is_some()
    }

    /// Work for when nobody waits, inside a transaction.
    pub(crate) fn work(&mut self, connection: &Connection) -> Result<(), StoreError> {
        self.delete_superfluous(connection)?;
        self.merge_on(connection, MERGED_WHEN_IDLE)?;
        self.write_state(connection)
    }

    /// Writes what the commit under way changed, inside its transaction.
    pub(crate) fn prepare_commit(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let changes = self.changed.len();
        if changes == 0 {
            return Ok(());
        }
        self.current.known.store(self.commit, Ordering::Release);
        if self.current.fresh.len() < self.limit {
            let mut packer = Packer::default();
            for at in 0..changes {
                packer.push(
                    self.changed.get(at).unwrap_or_default(),
                    self.changed.is_in(at),
                );
            }
            connection
                .prepare_cached("INSERT INTO index_log (committed, changes) VALUES (?1, ?2)")?
                .send((self.commit as i64, packer.take()))?;
        } else {
            self.write_segment(connection)?;
        }
        self.delete_superfluous(connection)?;
        self.merge_on(connection, changes * MERGED_PER_CHANGE)?;
        self.write_state(connection)
    }

    /// After the commit: what it brought is what counts.
    pub(crate) fn committed(&mut self) {
        if let Some(next) = self.next.take() {
            self.current = next;
        }
        if self.changed.len() > 0 {
            self.changed.clear();
            self.before.clear();
            self.commit += 1;
        }
    }

    fn write_state(&self, connection: &Connection) -> Result<(), StoreError> {
        let generation = self.next.as_ref().unwrap_or(&self.current);
        let commit = if self.changed.len() > 0 {
            self.commit
        } else {
            self.commit - 1
        };
        connection
            .prepare_cached("UPDATE index_state SET generation = ?1, committed = ?2")?
            .send((generation.number, commit as i64))?;
        Ok(())
    }

    /// Segments that the commit under way leaves.
    fn segments(&self) -> &[Arc<Segment>] {
        &self.next.as_ref().unwrap_or(&self.current).segments
    }

    /// Makes a generation that comes with the commit under way.
    fn bring(&mut self, segments: Vec<Arc<Segment>>, fresh: Option<Arc<Fresh>>) {
        let latest = self.next.as_ref().unwrap_or(&self.current);
        let (fresh, known) = match fresh {
            Some(fresh) => (fresh, Arc::new(AtomicU64::new(self.commit))),
            None => (Arc::clone(&latest.fresh), Arc::clone(&latest.known)),
        };
        let next = Arc::new(Generation {
            number: self.current.number + 1,
            segments,
            fresh,
            known,
        });
        self.known.publish(Arc::clone(&next));
        self.next = Some(next);
    }

    /// Writes all fresh keys as a segment, and starts with none.
    fn write_segment(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let is_first = self.segments().is_empty();
        let taken = self.merge.as_ref().map(|merge| merge.out.id());
        let mut out = Builder::new(connection, taken, 0, self.commit as i64)?;
        let walk = Cursor::of_fresh(
            Arc::clone(&self.current.fresh),
            self.commit,
            (&[], &PAST_ALL),
            false,
        );
        Merged::new(vec![walk], false).each(connection, |key, is_in| {
            if is_in || !is_first {
                out.push(connection, key, is_in)?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let mut segments: Vec<_> = out.finish(connection)?.map(Arc::new).into_iter().collect();
        segments.extend_from_slice(self.segments());
        connection
            .prepare_cached("DELETE FROM index_log")?
            .send(())?;
        let fresh = Fresh::since_commit(self.commit);
        self.bring(segments, Some(Arc::new(fresh)));
        Ok(())
    }

    /// The oldest segments of a level that has enough of them, newest first.
    fn full_level(&self) -> Option<Vec<Arc<Segment>>> {
        let segments = self.segments();
        let levels = segments.iter().map(|segment| segment.level);
        let fullest = levels.max()?;
        (0..=fullest).find_map(|level| {
            let of_level: Vec<_> = segments
                .iter()
                .filter(|segment| segment.level == level)
                .map(Arc::clone)
                .collect();
            let newer = of_level.len().checked_sub(MERGED_AT_ONCE)?;
            Some(of_level[newer..].to_vec())
        })
    }

    /// Starts a merge when one is due, and goes on with it over about so many keys.
    fn merge_on(&mut self, connection: &Connection, keys: usize) -> Result<(), StoreError> {
        if self.merge.is_none() {
            let Some(inputs) = self.full_level() else {
                return Ok(());
            };
            self.merge = Some(self.start_merge(connection, &inputs)?);
        }
        let Some(merge) = &mut self.merge else {
            return Ok(());
        };
        let (out, to_the_bottom) = (&mut merge.out, merge.to_the_bottom);
        // Where others write as well, a merge in parts would be in their way.
        let mut left = if connection.is_shared() {
            usize::MAX
        } else {
            keys
        };
        let is_done = merge.walk.each(connection, |key, is_in| {
            if is_in || !to_the_bottom {
                out.push(connection, key, is_in)?;
            }
            left = left.saturating_sub(1);
            Ok(if left == 0 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })?;
        if is_done {
            self.finish_merge(connection)?;
        }
        Ok(())
    }

    fn start_merge(
        &self,
        connection: &Connection,
        inputs: &[Arc<Segment>],
    ) -> Result<Merge, StoreError> {
        let cursors = inputs
            .iter()
            .map(|segment| {
                Cursor::of_segment(connection, Arc::clone(segment), (&[], &PAST_ALL), false)
            })
            .collect::<Result<_, _>>()?;
        let (level, commit) = inputs
            .first()
            .map_or((0, 0), |newest| (newest.level, newest.commit));
        let oldest = inputs.last().map(|segment| segment.id);
        Ok(Merge {
            inputs: inputs.iter().map(|segment| segment.id).collect(),
            walk: Merged::new(cursors, false),
            out: Builder::new(connection, None, level + 1, commit)?,
            to_the_bottom: self.segments().last().map(|segment| segment.id) == oldest,
        })
    }

    fn finish_merge(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let Some(merge) = self.merge.take() else {
            return Ok(());
        };
        let mut delete = connection.prepare_cached("DELETE FROM segment WHERE id = ?1")?;
        for id in &merge.inputs {
            delete.execute([id])?;
        }
        let merged = merge.out.finish(connection)?.map(Arc::new);
        let mut segments = Vec::with_capacity(self.segments().len());
        let mut place = merged;
        for segment in self.segments() {
            if merge.inputs.contains(&segment.id) {
                segments.extend(place.take());
            } else {
                segments.push(Arc::clone(segment));
            }
        }
        self.superfluous.extend(merge.inputs);
        self.bring(segments, None);
        Ok(())
    }

    fn delete_superfluous(&mut self, connection: &Connection) -> Result<(), StoreError> {
        if let Some(segment) = self.superfluous.last()
            && segment::delete_blocks(connection, *segment, DELETED_AT_ONCE)?
        {
            self.superfluous.pop();
        }
        Ok(())
    }
}
