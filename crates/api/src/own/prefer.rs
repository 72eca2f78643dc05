//! What a client prefers (RFC 7240): `Prefer: return=…` and `handling=…`.

use exchange::Returned;
use http::{HeaderMap, HeaderName};

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// What the answer to a change should hold; `None` when the client does not say.
/// A preference that is not known is as good as none (RFC 7240, 2): clients in use
/// send `return=presentation`.
pub(super) fn returned(headers: &HeaderMap) -> Option<Returned> {
    last_known(headers, "return=", |value| match value {
        "minimal" => Some(Returned::Minimal),
        "representation" => Some(Returned::Representation),
        "OperationOutcome" => Some(Returned::OperationOutcome),
        _ => None,
    })
}

/// Whether what is unknown in a search is left out, rather than refused
/// (`handling`, FHIR R4, http); it is refused when the client does not say, or
/// says what is not known (RFC 7240, 2).
pub(super) fn is_lenient(headers: &HeaderMap) -> bool {
    let known = last_known(headers, "handling=", |value| match value {
        "strict" => Some(false),
        "lenient" => Some(true),
        _ => None,
    });
    known.unwrap_or(false)
}

/// Whether the client prefers to be answered in the background.
pub(super) fn is_asynchronous(headers: &HeaderMap) -> bool {
    preferences(headers).any(|preference| preference == "respond-async")
}

/// The last value of a preference that is known; `start` is its name and the
/// equals sign.
fn last_known<T>(headers: &HeaderMap, start: &str, known: impl Fn(&str) -> Option<T>) -> Option<T> {
    preferences(headers)
        .filter_map(|preference| preference.strip_prefix(start))
        .filter_map(|value| known(value.trim_matches('"')))
        .last()
}

/// What the client prefers, in its order.
fn preferences(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(PREFER)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .map(str::trim)
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

    #[test]
    fn unknown_handling_is_as_good_as_none() {
        for (prefer, expected) in [
            ("handling=strict", false),
            ("handling=lenient", true),
            ("respond-async; handling=\"lenient\"", true),
            ("handling=other", false),
            ("handling=lenient, handling=other", true),
            ("handling=lenient, handling=strict", false),
            ("return=minimal", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(PREFER, prefer.parse().unwrap());
            assert_eq!(is_lenient(&headers), expected, "{prefer}");
        }
    }
}
