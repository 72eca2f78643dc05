//! What a node door hands to a service behind it, and what it gets back.
//!
//! The regional services answer whole HTTP requests, so that the `api` room
//! only authenticates the peer, reads the body within its limit and forwards.
//! Nothing here opens a socket.

use serde_json::{Value, json};

/// The media type of FHIR in JSON.
pub const FHIR_JSON: &str = "application/fhir+json";
/// The media type of plain JSON.
pub const JSON: &str = "application/json";

/// A request of an authenticated peer, as it came in at the node door.
#[derive(Debug, Clone, Copy)]
pub struct DoorRequest<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path under the prefix of the service, without a leading slash:
    /// `Organization/90000101` for `/addressing/fhir/Organization/90000101`.
    pub path: &'a str,
    /// The query string without its question mark, still encoded.
    pub query: &'a str,
    /// The `If-Match` header.
    pub if_match: Option<&'a str>,
    /// The body, read whole; the caller limits its size.
    pub body: &'a [u8],
}

/// What to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorReply {
    /// The HTTP status.
    pub status: u16,
    /// The media type of the body.
    pub content_type: &'static str,
    /// The `ETag` header, where there is one.
    pub etag: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl DoorReply {
    /// A FHIR resource.
    pub(crate) fn fhir(status: u16, resource: &Value) -> Self {
        Self {
            status,
            content_type: FHIR_JSON,
            etag: None,
            body: resource.to_string().into_bytes(),
        }
    }

    /// A plain JSON value.
    pub(crate) fn json<T: serde::Serialize>(status: u16, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self {
                status,
                content_type: JSON,
                etag: None,
                body,
            },
            Err(_) => Self::refused(500, "exception", "the answer could not be written"),
        }
    }

    /// A refusal, as an OperationOutcome. `text` is a constant: it repeats
    /// nothing of the request.
    pub(crate) fn refused(status: u16, code: &'static str, text: &str) -> Self {
        Self::fhir(
            status,
            &json!({
                "resourceType": "OperationOutcome",
                "issue": [{"severity": "error", "code": code, "diagnostics": text}]
            }),
        )
    }

    /// The answer to a path or method that the service does not have.
    pub(crate) fn not_found() -> Self {
        Self::refused(404, "not-found", "there is nothing at this address")
    }
}

/// The decoded pairs of a query string or form body.
pub(crate) fn pairs(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).into_owned().collect()
}
