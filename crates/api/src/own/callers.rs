//! Who may come in at an own door.

use std::{net::IpAddr, sync::Arc};

use care::AccessContext;
use http::{header, request::Parts};
use trust::{Rejected, bearer::Bearer};

use crate::credentials::bearer_token;

/// Who may come in at an own door.
pub enum Callers {
    /// Whoever shows a token of the organisation.
    Bearer(Arc<Bearer>),
    /// Anybody on this machine, as the organisation's record system: for a
    /// sandbox with made-up people. The door must listen on loopback only.
    ///
    /// A request must name the door by a name of loopback, so that a web page
    /// from elsewhere cannot have its own name point here and read the answers.
    AnybodyHere(Box<dyn Fn() -> AccessContext + Send + Sync>),
}

impl Callers {
    /// Who sends this request.
    pub(super) fn verify(&self, head: &Parts) -> Result<AccessContext, Rejected> {
        match self {
            Self::Bearer(bearer) => match bearer_token(&head.headers) {
                Some(token) => bearer.verify(token),
                None => Err(Rejected::Missing),
            },
            Self::AnybodyHere(context) if names_loopback(head) => Ok(context()),
            Self::AnybodyHere(_) => Err(Rejected::NotAllowed),
        }
    }
}

/// Whether a request calls the host that it is sent to by a name of loopback.
fn names_loopback(head: &Parts) -> bool {
    let named = head
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| head.uri.authority().map(http::uri::Authority::as_str));
    let Some(named) = named.and_then(|named| named.parse::<http::uri::Authority>().ok()) else {
        return false;
    };
    let host = named.host().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn only_names_of_loopback_reach_a_sandbox() {
        for (host, expected) in [
            (Some("localhost"), true),
            (Some("LOCALHOST:8080"), true),
            (Some("127.0.0.1:8080"), true),
            (Some("127.1.2.3"), true),
            (Some("[::1]:8080"), true),
            (Some("192.0.2.1:8080"), false),
            (Some("localhost.example.org"), false),
            (Some("127.0.0.1.example.org"), false),
            (Some("example.org@127.0.0.1:80"), true),
            (Some("127.0.0.1@example.org"), false),
            (Some(""), false),
            (None, false),
        ] {
            let mut request = Request::builder().uri("/fhir/r4/Patient");
            if let Some(host) = host {
                request = request.header(header::HOST, host);
            }
            let (head, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(names_loopback(&head), expected, "{host:?}");
        }
    }
}
