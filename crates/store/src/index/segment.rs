//! A segment: sorted keys that never change, in blocks of the file, with the
//! first key of each block in memory.

use crate::database::{Connection, OptionalExtension};

use std::sync::Arc;

use super::block::{Keys, Packer};
use super::bloom::{Filter, digest};
use super::key::value_of;
use crate::StoreError;

/// Bytes of packed keys in a block: two blocks fit a page of the database.
const BLOCK_BYTES: usize = 1_900;
/// Blocks that one segment can have: its number and the block's make the id.
const BLOCKS_SHIFT: u32 = 24;

/// What is known of a segment.
#[derive(Debug)]
pub(crate) struct Segment {
    /// Its number; a later one is higher.
    pub(crate) id: i64,
    /// How many times its keys were merged.
    pub(crate) level: i64,
    /// The last commit that it holds changes of.
    pub(crate) commit: i64,
    /// The first key of each block.
    firsts: Keys,
    last: Vec<u8>,
    values: Filter,
}

impl Segment {
    /// All segments of the file, the newest first; those that are known are
    /// not read again.
    pub(crate) fn load_all(
        connection: &Connection,
        known: &[Arc<Self>],
    ) -> Result<Vec<Arc<Self>>, StoreError> {
        let ids: Vec<i64> = connection
            .prepare_cached("SELECT id FROM segment ORDER BY committed DESC")?
            .query_all((), |row| row.get(0))?;
        let mut select = connection.prepare_cached(
            "SELECT id, level, committed, firsts, last, filter FROM segment WHERE id = ?1",
        )?;
        ids.into_iter()
            .map(|id| {
                if let Some(known) = known.iter().find(|known| known.id == id) {
                    return Ok(Arc::clone(known));
                }
                let segment = select.query_row([id], |row| {
                    let mut firsts = Keys::default();
                    firsts.unpack(row.get(3)?);
                    Ok(Self {
                        id: row.get(0)?,
                        level: row.get(1)?,
                        commit: row.get(2)?,
                        firsts,
                        last: row.get(4)?,
                        values: Filter::read(row.get(5)?),
                    })
                })?;
                Ok(Arc::new(segment))
            })
            .collect()
    }

    /// How many blocks it has.
    #[cfg(test)]
    pub(crate) const fn blocks(&self) -> usize {
        self.firsts.len()
    }

    /// Whether a range from one key to before another can have keys in it.
    pub(crate) fn meets(&self, from: &[u8], to: &[u8]) -> bool {
        self.last.as_slice() >= from && self.firsts.get(0).is_some_and(|first| first < to)
    }

    /// Whether it may have keys of a value, by the digest of what they start with.
    pub(crate) fn may_have(&self, value: u64) -> bool {
        self.values.may_have(value)
    }

    /// The block that a key is in, if it is in any.
    pub(crate) fn block_of(&self, key: &[u8]) -> usize {
        let before = self.firsts.before(key);
        if self.firsts.get(before) == Some(key) {
            before
        } else {
            before.saturating_sub(1)
        }
    }

    /// The first key of a block.
    pub(crate) fn first_of(&self, block: usize) -> Option<&[u8]> {
        self.firsts.get(block)
    }

    /// Reads a block.
    pub(crate) fn read(
        &self,
        connection: &Connection,
        block: usize,
        keys: &mut Keys,
    ) -> Result<(), StoreError> {
        connection
            .block(block_id(self.id, block), |body| keys.unpack(body))?
            .ok_or(StoreError::Corrupt {
                what: "a block of the index is missing",
            })
    }
}

/// Writes a segment; its keys come sorted.
#[derive(Debug)]
pub(crate) struct Builder {
    id: i64,
    level: i64,
    commit: i64,
    block: Packer,
    firsts: Keys,
    last: Vec<u8>,
    value: Vec<u8>,
    values: Vec<u64>,
}

impl Builder {
    /// A segment with a number of its own: after all that the file has, and
    /// those of `taken`.
    pub(crate) fn new(
        connection: &Connection,
        taken: Option<i64>,
        level: i64,
        commit: i64,
    ) -> Result<Self, StoreError> {
        let id = if connection.is_shared() {
            // Never given twice, because processes keep the blocks they read.
            connection.query_row("SELECT nextval('segment_number')", (), |row| row.get(0))?
        } else {
            after_all(connection, taken)?
        };
        Ok(Self {
            id,
            level,
            commit,
            block: Packer::default(),
            firsts: Keys::default(),
            last: Vec::new(),
            value: Vec::new(),
            values: Vec::new(),
        })
    }

    /// Its number.
    pub(crate) const fn id(&self) -> i64 {
        self.id
    }

    /// Adds a key after all before it.
    pub(crate) fn push(
        &mut self,
        connection: &Connection,
        key: &[u8],
        is_in: bool,
    ) -> Result<(), StoreError> {
        if self.block.len() == 0 {
            self.firsts.push(key, true);
        }
        self.block.push(key, is_in);
        let value = value_of(key);
        if self.value != value {
            self.value.clear();
            self.value.extend_from_slice(value);
            self.values.push(digest(value));
        }
        if self.block.len() >= BLOCK_BYTES {
            self.write_block(connection)?;
        }
        Ok(())
    }

    fn write_block(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let mut insert =
            connection.prepare_cached("INSERT INTO block (id, body) VALUES (?1, ?2)")?;
        let id = block_id(self.id, self.firsts.len() - 1);
        self.last.clear();
        self.last.extend_from_slice(self.block.last());
        insert.send((id, self.block.take()))?;
        Ok(())
    }

    /// Writes what is left; `None` when there was no key at all.
    pub(crate) fn finish(mut self, connection: &Connection) -> Result<Option<Segment>, StoreError> {
        if self.firsts.len() == 0 {
            return Ok(None);
        }
        if self.block.len() > 0 {
            self.write_block(connection)?;
        }
        let values = Filter::of(&self.values);
        let mut firsts = Packer::default();
        for at in 0..self.firsts.len() {
            firsts.push(self.firsts.get(at).unwrap_or_default(), true);
        }
        connection
            .prepare_cached(
                "INSERT INTO segment (id, level, committed, firsts, last, filter)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .send((
                self.id,
                self.level,
                self.commit,
                firsts.take(),
                &self.last,
                values.write(),
            ))?;
        Ok(Some(Segment {
            id: self.id,
            level: self.level,
            commit: self.commit,
            firsts: self.firsts,
            last: self.last,
            values,
        }))
    }
}

/// A number after all that the file has, and after `taken`.
fn after_all(connection: &Connection, taken: Option<i64>) -> Result<i64, StoreError> {
    let highest: Option<i64> = connection
        .prepare_cached("SELECT max(id) FROM segment")?
        .query_row((), |row| row.get(0))?;
    let with_blocks: Option<i64> = connection
        .prepare_cached("SELECT max(id) FROM block")?
        .query_row((), |row| row.get(0))?;
    let with_blocks = with_blocks.map(|block| block >> BLOCKS_SHIFT);
    Ok(highest.max(with_blocks).max(taken).unwrap_or(0) + 1)
}

const fn block_id(segment: i64, block: usize) -> i64 {
    segment << BLOCKS_SHIFT | block as i64
}

/// The segments that have blocks in the file but are not among `known`: what a
/// merge left that did not come to its end, or what one made superfluous.
pub(crate) fn orphans(connection: &Connection, known: &[i64]) -> Result<Vec<i64>, StoreError> {
    let mut orphans = Vec::new();
    let mut next =
        connection.prepare_cached("SELECT id FROM block WHERE id >= ?1 ORDER BY id LIMIT 1")?;
    let mut from = 0_i64;
    while let Some(block) = next.query_row([from], |row| row.get::<i64>(0)).optional()? {
        let segment = block >> BLOCKS_SHIFT;
        if !known.contains(&segment) {
            orphans.push(segment);
        }
        from = block_id(segment + 1, 0);
    }
    Ok(orphans)
}

/// Deletes some blocks of a segment; says whether that were all.
pub(crate) fn delete_blocks(
    connection: &Connection,
    segment: i64,
    count: usize,
) -> Result<bool, StoreError> {
    let (first, last) = (block_id(segment, 0), block_id(segment + 1, 0) - 1);
    let deleted = connection
        .prepare_cached(
            "DELETE FROM block WHERE id IN
             (SELECT id FROM block WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3)",
        )?
        .execute((first, last, count as i64))?;
    Ok(deleted < count)
}
