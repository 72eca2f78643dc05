//! A filter that tells that a segment does not have a value (Bloom, 1970): a
//! look at some bits in place of reading a block.

/// Bits for each value: about one look in a hundred is for nothing.
const BITS_PER_VALUE: usize = 10;
/// Bits that are set for a value.
const PROBES: u64 = 6;
const WORD_BITS: u64 = 64;

/// The filter of a segment.
#[derive(Debug)]
pub(crate) struct Filter(Vec<u64>);

/// A number for a value; the same in every release, because it is kept.
pub(crate) fn digest(value: &[u8]) -> u64 {
    // FNV-1a over eight bytes at a time, then the finisher of SplitMix64.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ value.len() as u64;
    for part in value.chunks(8) {
        let mut word = [0; 8];
        word[..part.len()].copy_from_slice(part);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3);
        hash ^= hash >> 29;
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

impl Filter {
    /// The filter of these values.
    pub(crate) fn of(digests: &[u64]) -> Self {
        let words = (digests.len() * BITS_PER_VALUE).div_ceil(WORD_BITS as usize);
        let mut filter = Self(vec![0; words.max(1)]);
        for digest in digests {
            for bit in filter.bits(*digest) {
                filter.0[(bit / WORD_BITS) as usize] |= 1 << (bit % WORD_BITS);
            }
        }
        filter
    }

    /// Reads one. An empty one knows nothing, and so lets everything through.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let (words, _) = bytes.as_chunks();
        Self(words.iter().map(|word| u64::from_le_bytes(*word)).collect())
    }

    /// As it is kept.
    pub(crate) fn write(&self) -> Vec<u8> {
        self.0.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Whether a value may be there.
    pub(crate) fn may_have(&self, digest: u64) -> bool {
        self.0.is_empty()
            || self
                .bits(digest)
                .all(|bit| self.0[(bit / WORD_BITS) as usize] >> (bit % WORD_BITS) & 1 == 1)
    }

    fn bits(&self, digest: u64) -> impl Iterator<Item = u64> + use<> {
        let (start, step) = (digest, digest.rotate_left(32) | 1);
        let bits = self.0.len() as u64 * WORD_BITS;
        (0..PROBES).map(move |probe| {
            let place = start.wrapping_add(probe.wrapping_mul(step));
            ((u128::from(place) * u128::from(bits)) >> 64) as u64
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_there_is_never_denied(values: Vec<Vec<u8>>) {
            let digests: Vec<u64> = values.iter().map(|value| digest(value)).collect();
            let filter = Filter::read(&Filter::of(&digests).write());
            prop_assert!(digests.iter().all(|digest| filter.may_have(*digest)));
        }
    }

    #[test]
    fn most_of_what_is_not_there_is_denied() {
        let value = |number: u32| digest(format!("t0001{number}").as_bytes());
        let digests: Vec<u64> = (0..10_000).map(value).collect();
        let filter = Filter::of(&digests);
        let wrong = (10_000..20_000)
            .filter(|number| filter.may_have(value(*number)))
            .count();
        assert!(wrong < 200, "{wrong} of 10000");
    }

    #[test]
    fn a_digest_stays_what_it_was() {
        assert_eq!(digest(b""), 0xf52a_15e9_a9b5_e89b);
    }
}
