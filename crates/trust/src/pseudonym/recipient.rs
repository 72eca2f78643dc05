//! The recipient's side: the localisation index.

use std::{path::Path, sync::Arc};

use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeySize, OaepPrivateDecryptingKey, PrivateDecryptingKey},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use care::Clock;
use voprf::{Group, Ristretto255};
use zeroize::Zeroizing;

use super::{
    Audience, Pseudonym, PseudonymError, RecipientRecord,
    client::Sealed,
    evaluation::{EVALUATION_LIFETIME_S, Evaluated, SUBJECT_PREFIX, VERSION},
    jwe::{self, JWE_BYTES_MAX},
};
use crate::{jwt::CLOCK_SKEW_S, secret_file};

/// The longest sealed pseudonym that is looked at, in bytes.
pub const SEALED_BYTES_MAX: usize = 2 * JWE_BYTES_MAX;
/// Enough until 2030 (ECRYPT-CSA), and it holds no lasting secret: an answer is
/// of use for five minutes, within TLS.
const KEY_SIZE: KeySize = KeySize::Rsa2048;

/// The recipient of pseudonyms, with its RSA key.
pub struct Recipient {
    audience: Audience,
    kid: String,
    public_key: Vec<u8>,
    key: OaepPrivateDecryptingKey,
    clock: Arc<dyn Clock>,
}

impl Recipient {
    /// Reads the key from its file (PKCS#8 in base64), or makes one (mode 0600).
    pub fn open_key(
        path: &Path,
        audience: Audience,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, PseudonymError> {
        let key = if path.exists() {
            let text = secret_file::read_text(path).map_err(|_| PseudonymError::Key)?;
            let der = Zeroizing::new(
                base64::engine::general_purpose::STANDARD
                    .decode(text.trim())
                    .map_err(|_| PseudonymError::Key)?,
            );
            PrivateDecryptingKey::from_pkcs8(&der).map_err(|_| PseudonymError::Key)?
        } else {
            let key = PrivateDecryptingKey::generate(KEY_SIZE).map_err(|_| PseudonymError::Key)?;
            let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| PseudonymError::Key)?;
            let text =
                Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(der.as_ref()));
            secret_file::write(path, text.as_bytes()).map_err(|_| PseudonymError::Key)?;
            key
        };
        let public_key: PublicKeyX509Der<'_> =
            key.public_key().as_der().map_err(|_| PseudonymError::Key)?;
        Ok(Self {
            audience,
            kid: URL_SAFE_NO_PAD.encode(digest(&SHA256, public_key.as_ref())),
            public_key: public_key.as_ref().to_vec(),
            key: OaepPrivateDecryptingKey::new(key).map_err(|_| PseudonymError::Key)?,
            clock,
        })
    }

    /// What the pseudonym service must know of this recipient.
    pub fn record(&self) -> RecipientRecord {
        RecipientRecord {
            audience: self.audience.clone(),
            kid: self.kid.clone(),
            public_key: self.public_key.clone(),
        }
    }

    /// Opens what a node sent: the pseudonym, the same for the same patient
    /// every time.
    pub fn open(&self, sealed: &str) -> Result<Pseudonym, PseudonymError> {
        if sealed.len() > SEALED_BYTES_MAX {
            return Err(PseudonymError::Malformed);
        }
        let sealed = Zeroizing::new(
            URL_SAFE_NO_PAD
                .decode(sealed)
                .map_err(|_| PseudonymError::Malformed)?,
        );
        let sealed: Sealed =
            serde_json::from_slice(&sealed).map_err(|_| PseudonymError::Malformed)?;
        let content = jwe::decrypt(&sealed.evaluated_output, &self.kid, &self.key)?;
        let evaluated: Evaluated =
            serde_json::from_slice(&content).map_err(|_| PseudonymError::Malformed)?;
        self.check(&evaluated)?;
        let element = evaluated
            .subject
            .strip_prefix(SUBJECT_PREFIX)
            .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
            .and_then(|bytes| Ristretto255::deserialize_elem(&bytes).ok())
            .ok_or(PseudonymError::Malformed)?;
        let blind = URL_SAFE_NO_PAD
            .decode(sealed.blind_factor.as_bytes())
            .ok()
            .and_then(|bytes| Ristretto255::deserialize_scalar(&Zeroizing::new(bytes)).ok())
            .ok_or(PseudonymError::Malformed)?;
        // Unblinding only: RFC 9497 would hash the identifier in as well, which
        // the recipient must not know.
        let unblinded = element * Ristretto255::invert_scalar(blind);
        Ok(Pseudonym(
            URL_SAFE_NO_PAD.encode(Ristretto255::serialize_elem(unblinded)),
        ))
    }

    fn check(&self, evaluated: &Evaluated) -> Result<(), PseudonymError> {
        if evaluated.aud != self.audience.organisation
            || evaluated.scope != self.audience.scope
            || evaluated.version != VERSION
        {
            return Err(PseudonymError::OtherRecipient);
        }
        let now = self.clock.now().as_second();
        let lifetime = evaluated.exp.checked_sub(evaluated.iat);
        if evaluated.iat > now + CLOCK_SKEW_S
            || lifetime.is_none_or(|lifetime| !(1..=EVALUATION_LIFETIME_S).contains(&lifetime))
        {
            return Err(PseudonymError::Malformed);
        }
        if now >= evaluated.exp {
            Err(PseudonymError::Expired)
        } else {
            Ok(())
        }
    }
}
