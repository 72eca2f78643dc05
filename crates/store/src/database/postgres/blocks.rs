//! Blocks of the index that were read before, for all connections of a process.
//! A block never changes and its number is never given again, so what is here
//! is right for as long as the database lives.

use std::sync::{Arc, Mutex, PoisonError};

use foldhash::HashMap;

/// Bytes of blocks that a process keeps at most.
pub(crate) const BLOCKS_CACHED_BYTES_MAX: usize = 64 << 20;

/// The blocks: those that were used lately, and those before them.
#[derive(Debug, Default)]
pub(crate) struct Blocks(Mutex<Halves>);

#[derive(Debug, Default)]
struct Halves {
    recent: HashMap<i64, Arc<[u8]>>,
    bytes: usize,
    before: HashMap<i64, Arc<[u8]>>,
}

impl Blocks {
    /// A block that was read before.
    pub(crate) fn get(&self, id: i64) -> Option<Arc<[u8]>> {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(block) = halves.recent.get(&id) {
            return Some(Arc::clone(block));
        }
        let block = halves.before.remove(&id)?;
        halves.keep(id, Arc::clone(&block), BLOCKS_CACHED_BYTES_MAX);
        Some(block)
    }

    /// Keeps a block that was read.
    pub(crate) fn keep(&self, id: i64, block: Arc<[u8]>) {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        halves.keep(id, block, BLOCKS_CACHED_BYTES_MAX);
    }
}

impl Halves {
    /// Each half holds half of the limit; a full one makes the other go.
    fn keep(&mut self, id: i64, block: Arc<[u8]>, limit: usize) {
        if self.bytes + block.len() > limit / 2 {
            self.before = std::mem::take(&mut self.recent);
            self.bytes = 0;
        }
        self.bytes += block.len();
        if let Some(other) = self.recent.insert(id, block) {
            self.bytes -= other.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let mut halves = Halves::default();
        let total = |halves: &Halves| {
            let all = halves.recent.values().chain(halves.before.values());
            all.map(|block| block.len()).sum::<usize>()
        };
        for id in 0..100 {
            halves.keep(id, vec![0; 10].into(), 100);
            assert!(total(&halves) <= 100);
        }
        assert!(halves.recent.contains_key(&99) && !halves.recent.contains_key(&9));
    }
}
