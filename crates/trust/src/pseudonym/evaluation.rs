//! The pseudonym service's side.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use care::Clock;
use serde::{Deserialize, Serialize};

use super::{Audience, PseudonymError};
use crate::Randomness;

/// The body of `POST /pseudonym/evaluate`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EvaluationRequest {
    /// The blinded identifier: a group element in base64url, 43 characters.
    pub encrypted_personal_id: String,
    /// [`Audience::organisation`].
    pub recipient_organization: String,
    /// [`Audience::scope`].
    pub recipient_scope: String,
}

/// The port: the embedded service, or the national one (PRS).
#[async_trait]
pub trait PseudonymService: Send + Sync {
    /// Evaluates a blinded identifier and encrypts the outcome for the recipient: a JWE.
    async fn evaluate(&self, request: &EvaluationRequest) -> Result<String, PseudonymError>;
}

/// A recipient that the service knows.
#[derive(Debug, Clone)]
pub struct RecipientRecord {
    /// Who, and for what.
    pub audience: Audience,
    /// The identifier of its key.
    pub kid: String,
    /// Its RSA public key: DER, SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
}

/// The embedded service. It keeps nothing of what it is asked.
pub struct EmbeddedPseudonyms {}

impl EmbeddedPseudonyms {
    /// Reads the secret from its file, or makes one (mode 0600).
    pub fn open(
        _path: &Path,
        _recipients: Vec<RecipientRecord>,
        _clock: Arc<dyn Clock>,
        _randomness: Arc<dyn Randomness>,
    ) -> Result<Self, PseudonymError> {
        unimplemented!()
    }
}

#[async_trait]
impl PseudonymService for EmbeddedPseudonyms {
    async fn evaluate(&self, _request: &EvaluationRequest) -> Result<String, PseudonymError> {
        unimplemented!()
    }
}
