//! JSON Web Encryption, compact serialisation (RFC 7516): RSA-OAEP for the
//! key, A256GCM for the content, as the national pseudonym service uses them.
//! RSA by AWS-LC.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rsa::{
        OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
        OaepPublicEncryptingKey,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::PseudonymError;
use crate::Randomness;

/// The longest JWE that is looked at, in bytes.
pub const JWE_BYTES_MAX: usize = 4096;
const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
const RSA_BYTES_MAX: usize = 1024;

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    enc: String,
    kid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crit: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zip: Option<String>,
}

/// Encrypts a text for a recipient.
pub(super) fn encrypt(
    content: &[u8],
    kid: &str,
    recipient: &OaepPublicEncryptingKey,
    randomness: &dyn Randomness,
) -> Result<String, PseudonymError> {
    let failed = |_| PseudonymError::Key;
    let header = Header {
        // SHA-1 inside OAEP is no weakness of the encryption, and it is what
        // the national service issues.
        alg: "RSA-OAEP".to_owned(),
        enc: "A256GCM".to_owned(),
        kid: kid.to_owned(),
        crit: None,
        zip: None,
    };
    let header = serde_json::to_vec(&header).map_err(|_| PseudonymError::Key)?;
    let protected = URL_SAFE_NO_PAD.encode(header);

    let mut key = Zeroizing::new([0; KEY_BYTES]);
    randomness.fill(&mut *key);
    let mut nonce = [0; NONCE_LEN];
    randomness.fill(&mut nonce);

    let mut wrapped = vec![0; recipient.ciphertext_size()];
    let wrapped = recipient
        .encrypt(&OAEP_SHA1_MGF1SHA1, &*key, &mut wrapped, None)
        .map_err(failed)?;
    let sealing = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*key).map_err(failed)?);
    let mut text = content.to_vec();
    let tag = sealing
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(protected.as_bytes()),
            &mut text,
        )
        .map_err(failed)?;
    let parts: [&[u8]; 4] = [wrapped, &nonce, &text, tag.as_ref()];
    let parts = parts.map(|part| URL_SAFE_NO_PAD.encode(part));
    Ok(format!("{protected}.{}", parts.join(".")))
}

/// Decrypts a JWE for this recipient. Every failure is the same failure.
pub(super) fn decrypt(
    jwe: &str,
    kid: &str,
    key: &OaepPrivateDecryptingKey,
) -> Result<Zeroizing<Vec<u8>>, PseudonymError> {
    if jwe.len() > JWE_BYTES_MAX {
        return Err(PseudonymError::Malformed);
    }
    try_decrypt(jwe, kid, key).ok_or(PseudonymError::OtherRecipient)
}

fn try_decrypt(jwe: &str, kid: &str, key: &OaepPrivateDecryptingKey) -> Option<Zeroizing<Vec<u8>>> {
    let mut parts = jwe.split('.');
    let protected = parts.next()?;
    let mut bytes = || URL_SAFE_NO_PAD.decode(parts.next()?).ok();
    let [wrapped, nonce, mut text, tag] = [bytes()?, bytes()?, bytes()?, bytes()?];
    if parts.next().is_some() || tag.len() != TAG_BYTES {
        return None;
    }
    let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(protected).ok()?).ok()?;
    if header.enc != "A256GCM" || header.kid != kid || header.crit.is_some() || header.zip.is_some()
    {
        return None;
    }
    let algorithm: &'static OaepAlgorithm = match header.alg.as_str() {
        "RSA-OAEP" => &OAEP_SHA1_MGF1SHA1,
        "RSA-OAEP-256" => &OAEP_SHA256_MGF1SHA256,
        _ => return None,
    };
    let mut unwrapped = Zeroizing::new([0; RSA_BYTES_MAX]);
    let content_key = key
        .decrypt(
            algorithm,
            &wrapped,
            unwrapped.get_mut(..key.min_output_size())?,
            None,
        )
        .ok()?;
    let opening = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, content_key).ok()?);
    text.extend_from_slice(&tag);
    let content = opening
        .open_in_place(
            Nonce::try_assume_unique_for_key(&nonce).ok()?,
            Aad::from(protected.as_bytes()),
            &mut text,
        )
        .ok()?;
    Some(Zeroizing::new(content.to_vec()))
}
