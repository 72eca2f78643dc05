//! The recipient's side.

use std::{path::Path, sync::Arc};

use care::Clock;

use super::{Audience, Pseudonym, PseudonymError, RecipientRecord};

/// The recipient of pseudonyms, with its RSA key.
pub struct Recipient {}

impl Recipient {
    /// Reads the key from its file, or makes one (mode 0600).
    pub fn open_key(
        _path: &Path,
        _audience: Audience,
        _clock: Arc<dyn Clock>,
    ) -> Result<Self, PseudonymError> {
        unimplemented!()
    }
    /// What the pseudonym service must know of this recipient.
    pub fn record(&self) -> RecipientRecord {
        unimplemented!()
    }
    /// Opens what a node sent: the pseudonym.
    pub fn open(&self, _sealed: &str) -> Result<Pseudonym, PseudonymError> {
        unimplemented!()
    }
}
