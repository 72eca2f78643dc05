//! The credential that a request shows in its `Authorization` header.
//!
//! It only takes the token out; `trust` says whose it is, and compares what is
//! secret in constant time. A door keeps no secret of its own to compare with.

use http::{HeaderMap, header};

/// The longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// The bearer token of a request (RFC 6750 2.1). None when there is none, more
/// than one, or something that cannot be one.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(header), None) = (all.next(), all.next()) else {
        return None;
    };
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    let fits = scheme.eq_ignore_ascii_case("bearer")
        && (1..=TOKEN_BYTES_MAX).contains(&token.len())
        && token.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[&str], expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        assert_eq!(bearer_token(&headers), expected, "{values:?}");
    }

    #[test]
    fn one_bearer_token_or_none() {
        check(&["Bearer abc.def"], Some("abc.def"));
        check(&["bearer abc"], Some("abc"));
        check(&[], None);
        check(&["Bearer a", "Bearer b"], None);
        check(&["Basic abc"], None);
        check(&["Bearer "], None);
        check(&["Bearer a b"], None);
        let longest = "a".repeat(TOKEN_BYTES_MAX);
        check(&[&format!("Bearer {longest}")], Some(&longest));
        check(&[&format!("Bearer {longest}a")], None);
    }
}
