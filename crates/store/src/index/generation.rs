//! Which segments and fresh keys belong together, and which of them a moment
//! of the file sees.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::database::Connection;

use super::block::Keys;
use super::fresh::Fresh;
use super::segment::Segment;
use crate::StoreError;

/// Generations that are remembered: the one that a commit under way brings, and
/// the one before. A reader finds its own within microseconds of its first look
/// at the file; one that comes later reads the file. Each holds its fresh keys
/// in memory, so more would cost more than that.
const REMEMBERED: usize = 2;

/// Segments, and what changed since the newest of them.
#[derive(Debug)]
pub(crate) struct Generation {
    /// Its number; each new set of segments has a higher one.
    pub(crate) number: i64,
    /// The newest first.
    pub(crate) segments: Vec<Arc<Segment>>,
    /// The fresh keys.
    pub(crate) fresh: Arc<Fresh>,
    /// The last commit whose changes are in the fresh keys.
    pub(crate) known: Arc<AtomicU64>,
}

/// The place of a moment of the file: its generation and its last commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The number of the generation.
    pub(crate) generation: i64,
    /// The last commit that changed the index.
    pub(crate) commit: u64,
    /// The state of the search parameters.
    pub(crate) parameters: i64,
}

impl Moment {
    /// What a transaction sees.
    pub(crate) fn of(connection: &Connection) -> Result<Self, StoreError> {
        Ok(connection
            .prepare_cached("SELECT generation, committed, parameters FROM index_state")?
            .query_row((), |row| {
                Ok(Self {
                    generation: row.get(0)?,
                    commit: row.get::<i64>(1)? as u64,
                    parameters: row.get(2)?,
                })
            })?)
    }
}

impl Generation {
    /// What the file holds at a moment: the segments, and the fresh keys from
    /// the log.
    pub(crate) fn load(connection: &Connection, moment: Moment) -> Result<Self, StoreError> {
        let segments = Segment::load_all(connection, &[])?;
        let fresh = Fresh::since_commit(written(&segments));
        read_log(connection, &fresh, 0)?;
        Ok(Self {
            number: moment.generation,
            segments,
            fresh: Arc::new(fresh),
            known: Arc::new(AtomicU64::new(moment.commit)),
        })
    }

    /// What the file holds at a moment that comes after this generation, whose
    /// changes other processes made. What is known is not read again.
    pub(crate) fn follow(
        self: &Arc<Self>,
        connection: &Connection,
        moment: Moment,
    ) -> Result<Arc<Self>, StoreError> {
        if self.number == moment.generation {
            read_log(connection, &self.fresh, self.known.load(Ordering::Acquire))?;
            self.known.store(moment.commit, Ordering::Release);
            return Ok(Arc::clone(self));
        }
        let segments = Segment::load_all(connection, &self.segments)?;
        let written = written(&segments);
        let (fresh, known) = if written == self.fresh.since() {
            // Segments were merged; the fresh keys go on.
            read_log(connection, &self.fresh, self.known.load(Ordering::Acquire))?;
            self.known.store(moment.commit, Ordering::Release);
            (Arc::clone(&self.fresh), Arc::clone(&self.known))
        } else {
            let fresh = Fresh::since_commit(written);
            read_log(connection, &fresh, 0)?;
            (Arc::new(fresh), Arc::new(AtomicU64::new(moment.commit)))
        };
        Ok(Arc::new(Self {
            number: moment.generation,
            segments,
            fresh,
            known,
        }))
    }

    /// Whether its fresh keys have all that a moment sees.
    fn has(&self, moment: Moment) -> bool {
        self.number == moment.generation && self.known.load(Ordering::Acquire) >= moment.commit
    }
}

/// The last commit that stands in segments.
fn written(segments: &[Arc<Segment>]) -> u64 {
    segments.first().map_or(0, |newest| newest.commit as u64)
}

/// Reads the keys that changed after a commit from the log.
fn read_log(connection: &Connection, fresh: &Fresh, after: u64) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT committed, changes FROM index_log WHERE committed > ?1 ORDER BY committed",
    )?;
    let mut rows = statement.query([after as i64])?;
    let mut keys = Keys::default();
    while let Some(row) = rows.next()? {
        let commit: i64 = row.get(0)?;
        keys.unpack(row.get(1)?);
        let changes = (0..keys.len()).filter_map(|at| Some((keys.get(at)?, keys.is_in(at))));
        fresh.change(commit as u64, changes, |_, _, _| {});
    }
    Ok(())
}

/// The generations that readers may need: the writer makes them, readers find
/// theirs.
#[derive(Debug, Default)]
pub(crate) struct Generations(RwLock<VecDeque<Arc<Generation>>>);

impl Generations {
    /// Makes a generation known. This comes before the commit that brings it,
    /// so that nobody sees the file without finding it.
    pub(crate) fn publish(&self, generation: Arc<Generation>) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| known.number != generation.number);
        all.push_front(generation);
        all.truncate(REMEMBERED);
    }

    /// What a transaction sees. What this process does not know of is read
    /// from the file.
    pub(crate) fn at(
        &self,
        connection: &Connection,
    ) -> Result<(Arc<Generation>, Moment), StoreError> {
        let moment = Moment::of(connection)?;
        let known = {
            let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
            all.iter().find(|known| known.has(moment)).map(Arc::clone)
        };
        match known {
            Some(known) => Ok((known, moment)),
            None if connection.is_shared() => Ok((self.catch_up(connection, moment)?, moment)),
            None => Ok((Arc::new(Generation::load(connection, moment)?), moment)),
        }
    }

    /// Reads what other processes changed, once for all readers.
    fn catch_up(
        &self,
        connection: &Connection,
        moment: Moment,
    ) -> Result<Arc<Generation>, StoreError> {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.iter().find(|known| known.has(moment)) {
            return Ok(Arc::clone(known));
        }
        let newest = all.front().map(Arc::clone);
        let next = match newest {
            // A moment of long ago, which nobody else will ask for.
            Some(newest) if newest.number > moment.generation => {
                return Ok(Arc::new(Generation::load(connection, moment)?));
            }
            Some(newest) => newest.follow(connection, moment)?,
            None => Arc::new(Generation::load(connection, moment)?),
        };
        all.retain(|known| known.number != next.number);
        all.push_front(Arc::clone(&next));
        all.truncate(REMEMBERED);
        Ok(next)
    }
}
