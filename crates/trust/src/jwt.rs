//! Signed tokens (JWS compact, ES256 and nothing else).
//!
//! Times are judged by the caller, with the clock that was passed in: see
//! [`check_times`].

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Rejected, identity::NodeIdentity};

/// The longest token that is looked at, in bytes.
pub(crate) const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// How far the clocks of two nodes may be apart, in seconds.
pub(crate) const CLOCK_SKEW_S: i64 = 5;

/// The identifier of a key in the header: SHA-256 over the point, base64url.
pub(crate) fn key_id(public_key: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, public_key))
}

/// Signs claims with a node's key. `kind` keeps tokens for one use from being
/// taken for another (RFC 8725 3.11).
pub(crate) fn sign<T: Serialize>(
    identity: &NodeIdentity,
    kind: &str,
    claims: &T,
) -> Result<String, Rejected> {
    let mut header = Header::new(Algorithm::ES256);
    header.typ = Some(kind.to_owned());
    header.kid = Some(identity.key_id().to_owned());
    let token = jsonwebtoken::encode(&header, claims, &EncodingKey::from_ec_der(identity.pkcs8()))
        .map_err(|_| Rejected::Invalid)?;
    // What is too long to be verified must not be signed either.
    if token.len() > TOKEN_BYTES_MAX {
        Err(Rejected::Invalid)
    } else {
        Ok(token)
    }
}

/// What a token must be.
pub(crate) struct Expected<'a> {
    pub(crate) kind: &'a str,
    pub(crate) public_key: &'a [u8],
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
}

/// Verifies a token and gives its claims; everything but the times.
pub(crate) fn verify<T: DeserializeOwned>(
    token: &str,
    expected: &Expected<'_>,
) -> Result<T, Rejected> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Rejected::Invalid);
    }
    // Before the signature: which key it claims costs nothing to compare.
    let header = jsonwebtoken::decode_header(token).map_err(|_| Rejected::Invalid)?;
    if header.alg != Algorithm::ES256
        || header.typ.as_deref() != Some(expected.kind)
        || header.kid.as_deref() != Some(key_id(expected.public_key).as_str())
        || header.crit.is_some()
    {
        return Err(Rejected::Invalid);
    }
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.audience]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // By the clock of the machine, which is not the one that was passed in.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let key = DecodingKey::from_ec_der(expected.public_key);
    jsonwebtoken::decode::<T>(token, &key, &validation)
        .map(|data| data.claims)
        .map_err(|_| Rejected::Invalid)
}

/// Whether a token that was issued at `issued` and holds until `expires`
/// (seconds since 1970) holds now, and for no longer than it may.
pub(crate) fn check_times(
    now: Timestamp,
    issued: i64,
    expires: i64,
    longest_s: i64,
) -> Result<(), Rejected> {
    let now = now.as_second();
    let lifetime = expires.checked_sub(issued).ok_or(Rejected::Invalid)?;
    if !(1..=longest_s).contains(&lifetime) || issued > now + CLOCK_SKEW_S {
        return Err(Rejected::Invalid);
    }
    if now >= expires {
        Err(Rejected::Expired)
    } else {
        Ok(())
    }
}

/// Whether a text of a token may enter a context: not empty, not too long, and
/// without characters that would break a log line or a page.
pub(crate) fn is_text(text: &str, characters_max: usize) -> bool {
    let text_length = text.chars().count();
    (1..=characters_max).contains(&text_length) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use care::OrganisationType;
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::node;

    /// Base64 writes three bytes as four characters, so not every length exists.
    #[test]
    fn a_token_is_as_long_as_the_limit_and_no_longer() {
        let identity = node(OrganisationType::Hospital);
        let signed = |count: usize| {
            let claims = json!({
                "iss": "i", "aud": "a", "sub": "s", "exp": 1, "text": "x".repeat(count)
            });
            sign(&identity, "test", &claims)
        };
        let longest = (0..TOKEN_BYTES_MAX)
            .rev()
            .find_map(|count| Some((count, signed(count).ok()?)));
        let (count, token) = longest.unwrap();
        assert!((TOKEN_BYTES_MAX - 3..=TOKEN_BYTES_MAX).contains(&token.len()));
        assert_eq!(signed(count + 1).unwrap_err(), Rejected::Invalid);
        let expected = Expected {
            kind: "test",
            public_key: identity.public_key(),
            issuer: "i",
            audience: "a",
        };
        assert!(verify::<Value>(&token, &expected).is_ok());
        // The same claims with white space behind them verify no more.
        let longer = token + &" ".repeat(4);
        assert!(verify::<Value>(&longer, &expected).is_err());
    }
}
