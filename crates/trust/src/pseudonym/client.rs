//! The asking node's side.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use care::Bsn;
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use voprf::{OprfClient, Ristretto255};
use zeroize::Zeroizing;

use super::{Audience, EvaluationRequest, PseudonymError, jwe::JWE_BYTES_MAX};
use crate::{Randomness, randomness::ForCurves};

/// A patient's identifier, blinded for one recipient, once. Two of the same
/// patient have nothing in common that the pseudonym service could see.
pub struct Blinded {
    state: OprfClient<Ristretto255>,
    request: EvaluationRequest,
}

/// What the recipient gets: the identifier value of the localisation guide,
/// base64url of `{"evaluated_output": JWE, "blind_factor": …}`. To the
/// recipient it is the patient's pseudonym, so it belongs in a request body.
#[derive(Clone)]
pub struct SealedPseudonym(pub String);

/// The value inside a [`SealedPseudonym`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sealed {
    pub(super) evaluated_output: String,
    pub(super) blind_factor: String,
}

impl Blinded {
    /// Blinds a patient's identifier for a recipient.
    pub fn new(
        patient: &Bsn,
        audience: &Audience,
        randomness: &dyn Randomness,
    ) -> Result<Self, PseudonymError> {
        let input = identifier_for(patient, audience)?;
        let blinded = OprfClient::<Ristretto255>::blind(&*input, &mut ForCurves(randomness))
            .map_err(|_| PseudonymError::Malformed)?;
        Ok(Self {
            request: EvaluationRequest {
                encrypted_personal_id: URL_SAFE_NO_PAD.encode(blinded.message.serialize()),
                recipient_organization: audience.organisation.clone(),
                recipient_scope: audience.scope.clone(),
            },
            state: blinded.state,
        })
    }

    /// What to ask the pseudonym service.
    pub fn request(&self) -> &EvaluationRequest {
        &self.request
    }

    /// What to send to the recipient, given the service's answer: a JWE that
    /// only the recipient can open.
    pub fn sealed(self, jwe: &str) -> Result<SealedPseudonym, PseudonymError> {
        if jwe.len() > JWE_BYTES_MAX {
            return Err(PseudonymError::Malformed);
        }
        let sealed = Sealed {
            evaluated_output: jwe.to_owned(),
            blind_factor: URL_SAFE_NO_PAD.encode(self.state.serialize()),
        };
        let json = serde_json::to_vec(&sealed).map_err(|_| PseudonymError::Malformed)?;
        Ok(SealedPseudonym(URL_SAFE_NO_PAD.encode(json)))
    }
}

/// The identifier that is evaluated: from the BSN, and different per recipient
/// and scope. HKDF-SHA256 without salt over the identifier in canonical JSON
/// (RFC 8785).
fn identifier_for(
    patient: &Bsn,
    audience: &Audience,
) -> Result<Zeroizing<[u8; 32]>, PseudonymError> {
    let identifier = Zeroizing::new(format!(
        r#"{{"landCode":"NL","type":"BSN","value":"{}"}}"#,
        patient.expose()
    ));
    let mut output = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, identifier.as_bytes())
        .expand(audience.info().as_bytes(), &mut *output)
        .map_err(|_| PseudonymError::Malformed)?;
    Ok(output)
}
