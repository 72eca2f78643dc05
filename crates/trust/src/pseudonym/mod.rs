//! Pseudonyms: how the localisation index finds a patient without knowing who
//! it is.
//!
//! The steps, as the national pseudonym service (PRS) has them: the node turns
//! the BSN into an identifier that is different for every recipient, blinds
//! it and has the pseudonym service evaluate it ([`Blinded::new`],
//! [`PseudonymService::evaluate`]). The service sees only the blinded value;
//! its answer is encrypted for the recipient. The node sends that answer with
//! the blinding factor to the recipient ([`Blinded::sealed`]), who alone can
//! open both ([`Recipient::open`]): always the same pseudonym for the same
//! patient, another one at every other recipient. OPRF over ristretto255,
//! RFC 9497. Neither side may keep or log what passes through.

mod client;
mod evaluation;
mod jwe;
mod recipient;

use std::fmt;

pub use client::{Blinded, SealedPseudonym};
pub use evaluation::{
    EVALUATION_LIFETIME_S, EmbeddedPseudonyms, EvaluationRequest, PseudonymService, RecipientRecord,
};
pub use jwe::JWE_BYTES_MAX;
pub use recipient::{Recipient, SEALED_BYTES_MAX};

/// Whom a pseudonym is for, and for what: pseudonyms of different recipients
/// or scopes cannot be linked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Audience {
    /// The organisation, such as `ura:90000901`.
    pub organisation: String,
    /// What it is for, such as `nationale-verwijsindex`.
    pub scope: String,
}

impl Audience {
    /// The localisation index run by this organisation.
    pub fn localisation(ura: care::Ura) -> Self {
        Self {
            organisation: format!("ura:{ura}"),
            scope: "nationale-verwijsindex".to_owned(),
        }
    }

    fn info(&self) -> String {
        format!("{}|{}|v1", self.organisation, self.scope)
    }
}

/// A pseudonym: 32 bytes in base64url, 43 characters. Stable for one patient
/// at one recipient, and meaningless elsewhere. It still singles a patient
/// out, so it does not print.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pseudonym(String);

impl Pseudonym {
    /// The 43 characters, for the index's database.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonym(*)")
    }
}

/// Why a pseudonym could not be made. It tells nothing of whom it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PseudonymError {
    /// A value is not a point or number of the group, not base64url, or too long.
    #[error("the pseudonym request is not valid")]
    Malformed,
    /// The answer was made for another recipient or scope, or by nobody.
    #[error("the sealed pseudonym is not for this recipient")]
    OtherRecipient,
    /// The answer is too old.
    #[error("the sealed pseudonym has expired")]
    Expired,
    /// The service does not know this recipient.
    #[error("unknown recipient")]
    UnknownRecipient,
    /// The service cannot be reached.
    #[error("the pseudonym service does not answer")]
    Unreachable,
    /// A key cannot be read or written.
    #[error("the key of the pseudonym service cannot be used")]
    Key,
}

#[cfg(test)]
mod tests;
