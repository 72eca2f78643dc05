//! A set of concepts: one bit each.

/// A set of numbers below a fixed length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bits {
    words: Vec<u64>,
    length: usize,
}

impl Bits {
    /// The empty set.
    pub(crate) fn new(length: usize) -> Self {
        Self {
            words: vec![0; length.div_ceil(64)],
            length,
        }
    }

    /// All of them.
    pub(crate) fn full(length: usize) -> Self {
        let mut bits = Self::new(length);
        bits.words.fill(u64::MAX);
        if let Some(last) = bits.words.last_mut().filter(|_| !length.is_multiple_of(64)) {
            *last = (1 << (length % 64)) - 1;
        }
        bits
    }

    /// Adds one; gives whether it is new. One past the length is never in.
    pub(crate) fn insert(&mut self, at: u32) -> bool {
        let at = at as usize;
        if at >= self.length {
            return false;
        }
        let (word, bit) = (&mut self.words[at / 64], 1 << (at % 64));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    pub(crate) fn contains(&self, at: u32) -> bool {
        let at = at as usize;
        at < self.length && self.words[at / 64] & (1 << (at % 64)) != 0
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    pub(crate) fn unite(&mut self, other: &Self) {
        self.each(other, |one, other| one | other);
    }

    pub(crate) fn intersect(&mut self, other: &Self) {
        self.each(other, |one, other| one & other);
    }

    pub(crate) fn subtract(&mut self, other: &Self) {
        self.each(other, |one, other| one & !other);
    }

    fn each(&mut self, other: &Self, join: impl Fn(u64, u64) -> u64) {
        for (one, other) in self.words.iter_mut().zip(&other.words) {
            *one = join(*one, *other);
        }
    }

    /// The members, from low to high.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros();
                (bit < 64).then(|| {
                    rest &= rest - 1;
                    at as u32 * 64 + bit
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const LENGTH: u32 = 150;

    fn bits(set: &BTreeSet<u32>) -> Bits {
        let mut bits = Bits::new(LENGTH as usize);
        for at in set {
            bits.insert(*at);
        }
        bits
    }

    fn set() -> impl Strategy<Value = BTreeSet<u32>> {
        prop::collection::btree_set(0..LENGTH, 0..100)
    }

    #[test]
    fn full_is_every_one_and_no_more() {
        for length in [0, 1, 63, 64, 65, 128] {
            let full = Bits::full(length);
            assert_eq!(full.count(), length);
            assert!(!full.contains(length as u32));
            assert!(!full.clone().insert(length as u32));
        }
    }

    proptest! {
        #[test]
        fn it_is_a_set(one in set(), other in set()) {
            let check = |join: fn(&mut Bits, &Bits), expected: BTreeSet<u32>| {
                let mut found = bits(&one);
                join(&mut found, &bits(&other));
                assert_eq!(found.count(), expected.len());
                assert_eq!(found.iter().collect::<BTreeSet<u32>>(), expected);
            };
            check(Bits::unite, &one | &other);
            check(Bits::intersect, &one & &other);
            check(Bits::subtract, &one - &other);
        }
    }
}
