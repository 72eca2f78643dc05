//! Walking over the keys of a range in all segments and the fresh ones at
//! once: of the same key, the newest word counts.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::database::Connection;

use super::block::Keys;
use super::fresh::Fresh;
use super::segment::Segment;
use crate::StoreError;

/// Fresh keys that are fetched at first; each time after that, twice as many.
const FIRST_CHUNK: usize = 32;
/// Fresh keys that are fetched at once at most.
const CHUNK_MAX: usize = 1_024;

/// The keys of one source, in the order of the walk.
#[derive(Debug)]
pub(crate) struct Cursor {
    source: Source,
    from: Vec<u8>,
    to: Vec<u8>,
    backward: bool,
    keys: Keys,
    /// Place of the current key in `keys`; past them at the end.
    at: usize,
}

#[derive(Debug)]
enum Source {
    Fresh {
        keys: Arc<Fresh>,
        commit: u64,
        chunk: usize,
    },
    Segment {
        segment: Arc<Segment>,
        block: usize,
    },
}

impl Cursor {
    /// Fresh keys of a range as they are after a commit.
    pub(crate) fn of_fresh(
        keys: Arc<Fresh>,
        commit: u64,
        (from, to): (&[u8], &[u8]),
        backward: bool,
    ) -> Self {
        let mut cursor = Self {
            source: Source::Fresh {
                keys,
                commit,
                chunk: FIRST_CHUNK,
            },
            from: from.to_vec(),
            to: to.to_vec(),
            backward,
            keys: Keys::default(),
            at: 0,
        };
        let range = (Bound::Included(from), Bound::Excluded(to));
        cursor.fetch(range);
        cursor
    }

    /// The keys of a range in a segment.
    pub(crate) fn of_segment(
        connection: &Connection,
        segment: Arc<Segment>,
        (from, to): (&[u8], &[u8]),
        backward: bool,
    ) -> Result<Self, StoreError> {
        let block = segment.block_of(if backward { to } else { from });
        let mut cursor = Self {
            source: Source::Segment { segment, block },
            from: from.to_vec(),
            to: to.to_vec(),
            backward,
            keys: Keys::default(),
            at: 0,
        };
        cursor.read_block(connection)?;
        if backward {
            let before = cursor.keys.before(to);
            cursor.at = before;
            cursor.advance(connection)?;
        } else {
            cursor.at = cursor.keys.before(from);
            if cursor.at == cursor.keys.len() {
                cursor.advance(connection)?;
            }
        }
        Ok(cursor)
    }

    /// The key where the walk is, and whether it is in or was taken out;
    /// `None` at the end.
    pub(crate) fn current(&self) -> Option<(&[u8], bool)> {
        let key = self.keys.get(self.at)?;
        let inside = if self.backward {
            key >= self.from.as_slice()
        } else {
            key < self.to.as_slice()
        };
        inside.then(|| (key, self.keys.is_in(self.at)))
    }

    /// Goes to the next key.
    pub(crate) fn advance(&mut self, connection: &Connection) -> Result<(), StoreError> {
        match &mut self.source {
            Source::Fresh { .. } => {
                self.at += 1;
                if self.at >= self.keys.len() {
                    self.fetch_next();
                }
            }
            Source::Segment { segment, block } => {
                if self.backward {
                    if self.at > 0 {
                        self.at -= 1;
                        return Ok(());
                    }
                    // The keys of a block before the first are all past the end.
                    let Some(before) = block.checked_sub(1) else {
                        self.keys.clear();
                        return Ok(());
                    };
                    *block = before;
                    self.read_block(connection)?;
                    self.at = self.keys.len().saturating_sub(1);
                } else {
                    self.at += 1;
                    if self.at < self.keys.len() {
                        return Ok(());
                    }
                    *block += 1;
                    let inside = segment
                        .first_of(*block)
                        .is_some_and(|first| first < self.to.as_slice());
                    if !inside {
                        self.keys.clear();
                        return Ok(());
                    }
                    self.read_block(connection)?;
                    self.at = 0;
                }
            }
        }
        Ok(())
    }

    fn read_block(&mut self, connection: &Connection) -> Result<(), StoreError> {
        if let Source::Segment { segment, block } = &self.source {
            segment.read(connection, *block, &mut self.keys)?;
        }
        Ok(())
    }

    fn fetch_next(&mut self) {
        let Some(last) = self.keys.get(self.keys.len().wrapping_sub(1)) else {
            return;
        };
        let last = last.to_vec();
        let (from, to) = (self.from.clone(), self.to.clone());
        self.fetch(if self.backward {
            (Bound::Included(&from), Bound::Excluded(&last))
        } else {
            (Bound::Excluded(&last), Bound::Excluded(&to))
        });
    }

    fn fetch(&mut self, range: (Bound<&[u8]>, Bound<&[u8]>)) {
        if let Source::Fresh {
            keys,
            commit,
            chunk,
        } = &mut self.source
        {
            self.keys.clear();
            self.at = 0;
            keys.collect(*commit, range, self.backward, *chunk, &mut self.keys);
            *chunk = (*chunk * 2).min(CHUNK_MAX);
        }
    }
}

/// Several cursors as one. They come newest source first, and all go the same
/// way.
#[derive(Debug)]
pub(crate) struct Merged {
    cursors: Vec<Cursor>,
    backward: bool,
    /// The nearest key of the cursors that do not lead.
    bound: Option<Vec<u8>>,
    lead: usize,
}

impl Merged {
    /// One walk over all.
    pub(crate) fn new(mut cursors: Vec<Cursor>, backward: bool) -> Self {
        cursors.retain(|cursor| cursor.current().is_some());
        let mut merged = Self {
            cursors,
            backward,
            bound: None,
            lead: 0,
        };
        merged.choose();
        merged
    }

    /// Offers keys, those that were taken out too, until `take` breaks or all
    /// have been offered. A key at which it breaks has been offered. Says
    /// whether all have.
    pub(crate) fn each(
        &mut self,
        connection: &Connection,
        mut take: impl FnMut(&[u8], bool) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<bool, StoreError> {
        loop {
            let Some(lead) = self.cursors.get_mut(self.lead) else {
                return Ok(true);
            };
            let Some((key, is_in)) = lead.current() else {
                self.cursors.remove(self.lead);
                self.choose();
                continue;
            };
            if let Some(bound) = &self.bound {
                let leads = if self.backward {
                    key > bound.as_slice()
                } else {
                    key < bound.as_slice()
                };
                if !leads {
                    self.choose();
                    let Some((key, is_in)) = self.cursors.get(self.lead).and_then(Cursor::current)
                    else {
                        continue;
                    };
                    let flow = take(key, is_in)?;
                    self.pass(connection)?;
                    if flow.is_break() {
                        return Ok(false);
                    }
                    continue;
                }
            }
            let flow = take(key, is_in)?;
            lead.advance(connection)?;
            if flow.is_break() {
                return Ok(false);
            }
        }
    }

    /// Goes past the key of the lead, in all cursors that have it.
    fn pass(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let Some((key, _)) = self.cursors.get(self.lead).and_then(Cursor::current) else {
            return Ok(());
        };
        let key = key.to_vec();
        for cursor in &mut self.cursors {
            if cursor.current().is_some_and(|(other, _)| other == key) {
                cursor.advance(connection)?;
            }
        }
        self.cursors.retain(|cursor| cursor.current().is_some());
        self.choose();
        Ok(())
    }

    /// Finds the cursor with the nearest key, the newest of several, and the
    /// nearest key of the others.
    fn choose(&mut self) {
        let backward = self.backward;
        let nearer = |one: &[u8], other: &[u8]| if backward { one > other } else { one < other };
        let mut lead: Option<(usize, &[u8])> = None;
        let mut bound: Option<&[u8]> = None;
        for (at, cursor) in self.cursors.iter().enumerate() {
            let Some((key, _)) = cursor.current() else {
                continue;
            };
            match lead {
                Some((_, nearest)) if !nearer(key, nearest) => {
                    if bound.is_none_or(|bound| nearer(key, bound)) {
                        bound = Some(key);
                    }
                }
                _ => {
                    if let Some((_, nearest)) = lead {
                        bound = Some(nearest);
                    }
                    lead = Some((at, key));
                }
            }
        }
        let bound = bound.map(<[u8]>::to_vec);
        self.lead = lead.map_or(usize::MAX, |(at, _)| at);
        self.bound = bound;
    }
}
