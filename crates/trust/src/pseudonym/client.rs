//! The asking node's side.

use care::Bsn;

use super::{Audience, EvaluationRequest, PseudonymError};
use crate::Randomness;

/// A patient's identifier, blinded for one recipient, once.
pub struct Blinded {}

/// What the recipient gets: the identifier value of the localisation guide,
/// base64url of `{"evaluated_output": JWE, "blind_factor": …}`.
#[derive(Clone)]
pub struct SealedPseudonym(pub String);

impl Blinded {
    /// Blinds a patient's identifier for a recipient.
    pub fn new(
        _patient: &Bsn,
        _audience: &Audience,
        _randomness: &dyn Randomness,
    ) -> Result<Self, PseudonymError> {
        unimplemented!()
    }
    /// What to ask the pseudonym service.
    pub fn request(&self) -> EvaluationRequest {
        unimplemented!()
    }
    /// What to send to the recipient, given the service's answer.
    pub fn sealed(self, _jwe: &str) -> Result<SealedPseudonym, PseudonymError> {
        unimplemented!()
    }
}
