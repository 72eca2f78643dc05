//! The pseudonym service's side.

use std::{collections::HashMap, path::Path, sync::Arc};

use async_trait::async_trait;
use aws_lc_rs::rsa::{OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use care::Clock;
use serde::{Deserialize, Serialize};
use voprf::{BlindedElement, OprfServer, Ristretto255};
use zeroize::Zeroizing;

use super::{Audience, PseudonymError, jwe};
use crate::{Randomness, secret_file};

/// The length of a group element in base64url, in characters.
pub(super) const ELEMENT_CHARACTERS: usize = 43;
/// How long an answer may be used, in seconds.
pub const EVALUATION_LIFETIME_S: i64 = 300;
/// What stands before an evaluated element in the subject of an answer.
pub(super) const SUBJECT_PREFIX: &str = "pseudonym:eval:";
pub(super) const VERSION: &str = "1.1";

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
    /// Evaluates a blinded identifier and encrypts the outcome for the
    /// recipient: a JWE in compact serialisation.
    async fn evaluate(&self, request: &EvaluationRequest) -> Result<String, PseudonymError>;
}

/// A recipient that the service knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientRecord {
    /// Who, and for what.
    pub audience: Audience,
    /// The identifier of its key.
    pub kid: String,
    /// Its RSA public key: DER, SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
}

/// The embedded service. It keeps nothing of what it is asked, and cannot tell
/// whom it was asked about.
pub struct EmbeddedPseudonyms {
    recipients: HashMap<Audience, Known>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

struct Known {
    kid: String,
    key: OaepPublicEncryptingKey,
    /// One key per recipient, of one secret: so what is evaluated for one
    /// recipient is nothing to another, even if a node asks it to lie.
    server: OprfServer<Ristretto255>,
}

/// What the recipient finds in the JWE.
#[derive(Serialize, Deserialize)]
pub(super) struct Evaluated {
    pub(super) subject: String,
    pub(super) aud: String,
    pub(super) scope: String,
    pub(super) version: String,
    pub(super) iat: i64,
    pub(super) exp: i64,
}

impl EmbeddedPseudonyms {
    /// Reads the secret from its file, or makes one (mode 0600). Who loses the
    /// file loses every pseudonym: the index must be filled anew.
    pub fn open(
        path: &Path,
        recipients: Vec<RecipientRecord>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, PseudonymError> {
        let secret = if path.exists() {
            let text = secret_file::read_text(path).map_err(|_| PseudonymError::Key)?;
            let bytes = URL_SAFE_NO_PAD
                .decode(text.trim())
                .map_err(|_| PseudonymError::Key)?;
            let secret = bytes
                .as_slice()
                .try_into()
                .map_err(|_| PseudonymError::Key)?;
            Zeroizing::new(secret)
        } else {
            let mut secret = Zeroizing::new([0; 32]);
            randomness.fill(&mut *secret);
            let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(*secret));
            secret_file::write(path, text.as_bytes()).map_err(|_| PseudonymError::Key)?;
            secret
        };
        Self::with_secret(&secret, recipients, clock, randomness)
    }

    fn with_secret(
        secret: &[u8; 32],
        recipients: Vec<RecipientRecord>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, PseudonymError> {
        let known = |recipient: RecipientRecord| {
            let key = PublicEncryptingKey::from_der(&recipient.public_key)
                .map_err(|_| PseudonymError::Key)?;
            let info = recipient.audience.info();
            let known = Known {
                kid: recipient.kid,
                key: OaepPublicEncryptingKey::new(key).map_err(|_| PseudonymError::Key)?,
                server: OprfServer::new_from_seed(secret, info.as_bytes())
                    .map_err(|_| PseudonymError::Key)?,
            };
            Ok((recipient.audience, known))
        };
        let recipients = recipients
            .into_iter()
            .map(known)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            recipients,
            clock,
            randomness,
        })
    }
}

#[async_trait]
impl PseudonymService for EmbeddedPseudonyms {
    async fn evaluate(&self, request: &EvaluationRequest) -> Result<String, PseudonymError> {
        let audience = Audience {
            organisation: request.recipient_organization.clone(),
            scope: request.recipient_scope.clone(),
        };
        let known = self
            .recipients
            .get(&audience)
            .ok_or(PseudonymError::UnknownRecipient)?;
        if request.encrypted_personal_id.len() != ELEMENT_CHARACTERS {
            return Err(PseudonymError::Malformed);
        }
        let element = URL_SAFE_NO_PAD
            .decode(&request.encrypted_personal_id)
            .ok()
            .and_then(|bytes| BlindedElement::<Ristretto255>::deserialize(&bytes).ok())
            .ok_or(PseudonymError::Malformed)?;
        let evaluated = known.server.blind_evaluate(&element).serialize();
        let now = self.clock.now().as_second();
        let content = Evaluated {
            subject: format!("{SUBJECT_PREFIX}{}", URL_SAFE_NO_PAD.encode(evaluated)),
            aud: audience.organisation,
            scope: audience.scope,
            version: VERSION.to_owned(),
            iat: now,
            exp: now + EVALUATION_LIFETIME_S,
        };
        let content = serde_json::to_vec(&content).map_err(|_| PseudonymError::Malformed)?;
        jwe::encrypt(&content, &known.kid, &known.key, &*self.randomness)
    }
}
