//! Random bytes, passed in.

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::rand::SecureRandom;
use sha2::{Digest, Sha256};

/// Gives random bytes. Passed in, so that a test can repeat a run.
pub trait Randomness: Send + Sync + 'static {
    /// Fills the slice with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// The random bytes of the machine, by AWS-LC.
#[derive(Debug, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::SystemRandom::new()
            .fill(bytes)
            .expect("AWS-LC aborts the process sooner than give no random bytes");
    }
}

/// Bytes that follow from a seed, for tests and for nothing else: whoever
/// knows the seed knows every key.
#[derive(Debug)]
pub struct SeededRandomness(Mutex<(u64, u64)>);

impl SeededRandomness {
    /// The bytes that follow from this seed.
    pub fn from_seed(seed: u64) -> Self {
        Self(Mutex::new((seed, 0)))
    }
}

impl Randomness for SeededRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in bytes.chunks_mut(32) {
            state.1 += 1;
            let block = Sha256::new()
                .chain_update(state.0.to_be_bytes())
                .chain_update(state.1.to_be_bytes())
                .finalize();
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

/// `Randomness` as `voprf` wants it.
pub(crate) struct ForCurves<'a>(pub(crate) &'a dyn Randomness);

impl rand_core_06::CryptoRng for ForCurves<'_> {}

impl rand_core_06::RngCore for ForCurves<'_> {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.0.fill(dest);
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core_06::Error> {
        self.0.fill(dest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(source: &dyn Randomness) -> [u8; 40] {
        let mut bytes = [0; 40];
        source.fill(&mut bytes);
        bytes
    }

    #[test]
    fn a_seed_repeats_and_the_machine_does_not() {
        let seeded = SeededRandomness::from_seed(1);
        let first = bytes_of(&seeded);
        assert_eq!(first, bytes_of(&SeededRandomness::from_seed(1)));
        assert_ne!(first, bytes_of(&seeded));
        assert_ne!(bytes_of(&SystemRandomness), bytes_of(&SystemRandomness));
    }
}
