//! What a client prefers (RFC 7240): `Prefer: return=…`.

use exchange::Returned;
use http::{HeaderMap, HeaderName};

pub(super) const PREFER: HeaderName = HeaderName::from_static("prefer");

/// What the answer to a change should hold; `None` when the client does not say.
/// A preference that is not known is as good as none (RFC 7240, 2): clients in use
/// send `return=presentation`.
pub(super) fn returned(headers: &HeaderMap) -> Option<Returned> {
    headers
        .get_all(PREFER)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .filter_map(|preference| preference.trim().strip_prefix("return="))
        .filter_map(|preference| match preference.trim_matches('"') {
            "minimal" => Some(Returned::Minimal),
            "representation" => Some(Returned::Representation),
            "OperationOutcome" => Some(Returned::OperationOutcome),
            _ => None,
        })
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_read() {
        for (prefer, expected) in [
            ("return=minimal", Some(Returned::Minimal)),
            (
                "respond-async, return=representation",
                Some(Returned::Representation),
            ),
            (
                "return=OperationOutcome; x",
                Some(Returned::OperationOutcome),
            ),
            ("handling=strict", None),
            ("return=presentation", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(PREFER, prefer.parse().unwrap());
            assert_eq!(returned(&headers), expected, "{prefer}");
        }
    }
}
