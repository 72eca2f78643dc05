//! What the patients chose.

use rand::{Rng, RngExt};

/// The choice of a patient when the region starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoConsent {
    /// Everyone who treats me may see everything.
    Everyone,
    /// GPs, hospitals, laboratories and pharmacies may see each other's data;
    /// nursing and mental health care take no part.
    CureOnly,
    /// Only the medication data of the pharmacy may be seen, by everyone.
    MedicationOnly,
    /// No choice was made, which is a no.
    NoChoice,
}

impl DemoConsent {
    pub(crate) fn random(rng: &mut impl Rng) -> Self {
        match rng.random_range(0..100) {
            0..65 => Self::Everyone,
            65..80 => Self::CureOnly,
            80..88 => Self::MedicationOnly,
            _ => Self::NoChoice,
        }
    }
}
