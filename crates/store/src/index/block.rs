//! Sorted keys as bytes: each but for what it shares with the one before.
//!
//! A key is: the number of shared bytes times two, plus one for a key that was
//! taken out; the number of bytes that follow; those bytes.

/// Writes sorted keys.
#[derive(Debug, Default)]
pub(crate) struct Packer {
    bytes: Vec<u8>,
    last: Vec<u8>,
}

impl Packer {
    /// Adds a key that comes after all before it.
    pub(crate) fn push(&mut self, key: &[u8], is_in: bool) {
        let shared = key
            .iter()
            .zip(&self.last)
            .take_while(|(one, other)| one == other)
            .count();
        length(&mut self.bytes, shared << 1 | usize::from(!is_in));
        length(&mut self.bytes, key.len() - shared);
        self.bytes.extend_from_slice(&key[shared..]);
        self.last.truncate(shared);
        self.last.extend_from_slice(&key[shared..]);
    }

    /// Bytes so far.
    pub(crate) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The last key.
    pub(crate) fn last(&self) -> &[u8] {
        &self.last
    }

    /// The bytes, and starts again.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.last.clear();
        std::mem::take(&mut self.bytes)
    }
}

/// Keys in memory, one after the other.
#[derive(Debug, Default, Clone)]
pub(crate) struct Keys {
    bytes: Vec<u8>,
    /// Where each ends, and whether it is in or was taken out.
    ends: Vec<(u32, bool)>,
}

impl Keys {
    /// Reads packed keys in place of what was here. Damaged bytes end early.
    pub(crate) fn unpack(&mut self, packed: &[u8]) {
        self.clear();
        // Keys share about two thirds of their bytes with the one before, and
        // what is left of each is some twelve bytes.
        self.bytes.reserve(packed.len() * 3);
        self.ends.reserve(packed.len() / 8);
        let mut rest = packed;
        let mut last = 0;
        while let Some((shared, is_in, suffix)) = next(&mut rest) {
            let start = self.bytes.len();
            if shared > start - last {
                break;
            }
            self.bytes.extend_from_within(last..last + shared);
            self.bytes.extend_from_slice(suffix);
            self.ends.push((self.bytes.len() as u32, is_in));
            last = start;
        }
    }

    /// Adds a key.
    pub(crate) fn push(&mut self, key: &[u8], is_in: bool) {
        self.bytes.extend_from_slice(key);
        self.ends.push((self.bytes.len() as u32, is_in));
    }

    /// Adds a key that comes in two parts.
    pub(crate) fn push_parts(&mut self, parts: [&[u8]; 2], is_in: bool) {
        self.bytes.extend_from_slice(parts[0]);
        self.push(parts[1], is_in);
    }

    /// Keeps the first ones only.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.ends.truncate(count);
        let end = self.ends.last().map_or(0, |(end, _)| *end as usize);
        self.bytes.truncate(end);
    }

    /// Takes out all.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// How many there are.
    pub(crate) const fn len(&self) -> usize {
        self.ends.len()
    }

    /// One of them.
    pub(crate) fn get(&self, at: usize) -> Option<&[u8]> {
        let end = self.ends.get(at)?.0 as usize;
        let start = at
            .checked_sub(1)
            .map_or(0, |before| self.ends[before].0 as usize);
        Some(&self.bytes[start..end])
    }

    /// Whether one of them is in; it was taken out otherwise.
    pub(crate) fn is_in(&self, at: usize) -> bool {
        self.ends.get(at).is_some_and(|(_, is_in)| *is_in)
    }

    /// How many come before `key`, when they are sorted.
    pub(crate) fn before(&self, key: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.get(middle).is_some_and(|found| found < key) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

fn length(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn next<'a>(rest: &mut &'a [u8]) -> Option<(usize, bool, &'a [u8])> {
    let head = read_length(rest)?;
    let suffix = read_length(rest)?;
    let (suffix, after) = rest.split_at_checked(suffix)?;
    *rest = after;
    Some((head >> 1, head & 1 == 0, suffix))
}

fn read_length(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0_usize;
    for shift in (0..56).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= usize::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_back(
            keys: BTreeMap<Vec<u8>, bool>,
            wanted: Vec<u8>,
        ) {
            let mut packer = Packer::default();
            for (key, is_in) in &keys {
                packer.push(key, *is_in);
            }
            let mut read = Keys::default();
            read.push(b"what was there", true);
            read.unpack(&packer.take());
            let found: BTreeMap<Vec<u8>, bool> = (0..read.len())
                .map(|at| (read.get(at).unwrap_or_default().to_vec(), read.is_in(at)))
                .collect();
            prop_assert_eq!(read.before(&wanted), keys.range(..wanted).count());
            prop_assert_eq!(found, keys);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(packed: Vec<u8>) {
            let mut read = Keys::default();
            read.unpack(&packed);
            prop_assert!(read.len() <= packed.len());
            prop_assert!((0..read.len()).all(|at| read.get(at).is_some()));
        }
    }
}
