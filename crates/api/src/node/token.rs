//! `POST /oauth/token`: an access token for a signed assertion (RFC 7523).

use axum::{
    Json,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use trust::Rejected;

use super::Shared;
use crate::{
    body, envelope::Query, extract::FromPeer, limits::FORM_BYTES_MAX, problem::Problem, query,
};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

pub(super) async fn token(
    State(inner): State<Shared>,
    FromPeer(peer): FromPeer,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    let form = body::read(&headers, body, FORM_BYTES_MAX).await?;
    let Some(assertion) = assertion_of(&form) else {
        return Ok(refuse(StatusCode::BAD_REQUEST, "invalid_request"));
    };
    let granted = inner
        .assertions
        .verify(&assertion, &peer)
        .and_then(|cx| inner.access_tokens.issue(&cx, &peer));
    Ok(match granted {
        Ok(granted) => Json(json!({
            "access_token": granted.token,
            "token_type": "Bearer",
            "expires_in": granted.expires_in_s
        }))
        .into_response(),
        Err(rejected) => {
            inner.write_down(&peer, rejected).await;
            match rejected {
                Rejected::Busy => refuse(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable"),
                Rejected::NotAllowed => refuse(StatusCode::FORBIDDEN, "access_denied"),
                // Alike for all that is wrong with an assertion.
                _ => refuse(StatusCode::BAD_REQUEST, "invalid_grant"),
            }
        }
    })
}

/// The assertion of a token request; none when the request is not one.
fn assertion_of(form: &[u8]) -> Option<String> {
    let mut pairs = query::pairs(form).ok()?;
    let once = |name: &str| pairs.iter().filter(|(found, _)| found == name).count() == 1;
    let is_grant = once("grant_type")
        && once("assertion")
        && pairs
            .iter()
            .any(|(name, value)| name == "grant_type" && value == GRANT_TYPE);
    let at = pairs.iter().position(|(name, _)| name == "assertion")?;
    is_grant.then(|| pairs.swap_remove(at).1)
}

/// An error as RFC 6749 5.2 has it.
fn refuse(status: StatusCode, error: &'static str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_request_is_read_strictly() {
        let grant = "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer";
        for (form, expected) in [
            (format!("{grant}&assertion=a.b.c"), Some("a.b.c")),
            (format!("{grant}&assertion=a&scope=x"), Some("a")),
            (format!("{grant}&assertion=a&assertion=b"), None),
            (format!("{grant}&{grant}&assertion=a"), None),
            (grant.to_owned(), None),
            ("grant_type=client_credentials&assertion=a".to_owned(), None),
            ("assertion=a".to_owned(), None),
            ("%".to_owned(), None),
        ] {
            assert_eq!(assertion_of(form.as_bytes()).as_deref(), expected, "{form}");
        }
    }
}
