//! What a client prefers (RFC 7240): `Prefer: return=…`.

use exchange::Returned;
use http::{HeaderMap, HeaderName};

use crate::problem::Problem;

pub(super) const PREFER: HeaderName = HeaderName::from_static("prefer");

/// What the answer to a change should hold; `None` when the client does not say.
pub(super) fn returned(headers: &HeaderMap) -> Result<Option<Returned>, Problem> {
    let preferences = headers
        .get_all(PREFER)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .filter_map(|preference| preference.trim().strip_prefix("return="));
    let mut returned = None;
    for preference in preferences {
        returned = Some(match preference.trim_matches('"') {
            "minimal" => Returned::Minimal,
            "representation" => Returned::Representation,
            "OperationOutcome" => Returned::OperationOutcome,
            _ => return Err(Problem::bad_request("Prefer asks for what there is not")),
        });
    }
    Ok(returned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_read() {
        for (prefer, expected) in [
            ("return=minimal", Some(Some(Returned::Minimal))),
            (
                "respond-async, return=representation",
                Some(Some(Returned::Representation)),
            ),
            (
                "return=OperationOutcome; x",
                Some(Some(Returned::OperationOutcome)),
            ),
            ("handling=strict", Some(None)),
            ("return=everything", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(PREFER, prefer.parse().unwrap());
            assert_eq!(returned(&headers).ok(), expected, "{prefer}");
        }
    }
}
