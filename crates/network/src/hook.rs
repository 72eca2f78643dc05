//! Notifications to the endpoints of subscribers: HTTP calls to addresses that
//! somebody else chose.
//!
//! So an endpoint is called only when the configuration names where it is, over
//! TLS unless it is on this machine, without following redirects, without a
//! proxy, within a time limit, and without reading what it answers.

use std::{net::IpAddr, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::{
    Client, Method,
    header::{self, HeaderMap},
    redirect,
};
pub use reqwest::{
    Url,
    header::{HeaderName, HeaderValue},
};

use crate::CONNECT_TIMEOUT;

/// Bytes of the address of an endpoint.
pub const ENDPOINT_BYTES_MAX: usize = 2_048;
/// Headers that a subscriber may add.
pub const HOOK_HEADERS_MAX: usize = 10;
/// Bytes of one such header, name and value together.
pub const HOOK_HEADER_BYTES_MAX: usize = 4_096;

/// Headers that are not the subscriber's to choose: those of the connection,
/// of the message, and of who is called.
const OURS: [&str; 15] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-forwarded-for",
];

/// Which endpoints may be called: none, unless said otherwise.
#[derive(Debug, Clone, Default)]
pub struct AllowedEndpoints {
    prefixes: Vec<Url>,
    this_machine: bool,
}

/// Why an address is none to send notifications to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It is no URL.
    #[error("the endpoint is not an absolute URL")]
    NoUrl,
    /// It is longer than [`ENDPOINT_BYTES_MAX`].
    #[error("the endpoint is longer than ENDPOINT_BYTES_MAX of {ENDPOINT_BYTES_MAX} bytes")]
    TooLong,
    /// It has a user name, a password, a query or a fragment.
    #[error("the endpoint has a user name, a password, a query or a fragment")]
    Extras,
    /// It is not over TLS.
    #[error("the endpoint must be https")]
    NotHttps,
    /// The configuration does not name it.
    #[error("the configuration of this node does not allow this endpoint")]
    NotAllowed,
}

/// Why a header is none to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HookHeaderError {
    /// It is not `Name: value`.
    #[error("a header is a name, a colon and a value of visible characters")]
    Malformed,
    /// It is longer than [`HOOK_HEADER_BYTES_MAX`].
    #[error("a header is longer than HOOK_HEADER_BYTES_MAX of {HOOK_HEADER_BYTES_MAX} bytes")]
    TooLong,
    /// It says something that is not the subscriber's to say.
    #[error("this header is not the subscriber's to choose")]
    NotYours,
}

/// The prefixes of a configuration are not right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{prefix}` is no prefix of endpoints: {reason}")]
pub struct PrefixError {
    prefix: String,
    reason: EndpointError,
}

impl AllowedEndpoints {
    /// Those that begin with one of these: the same scheme, host and port, and
    /// a path below that of the prefix. https, or http on this machine.
    pub fn below<P: AsRef<str>>(prefixes: &[P]) -> Result<Self, PrefixError> {
        let prefixes = prefixes.iter().map(|prefix| {
            let prefix = prefix.as_ref();
            parse(prefix).map_err(|reason| PrefixError {
                prefix: prefix.to_owned(),
                reason,
            })
        });
        Ok(Self {
            prefixes: prefixes.collect::<Result<_, _>>()?,
            this_machine: false,
        })
    }

    /// Those on this machine, at any port.
    pub const fn this_machine() -> Self {
        Self {
            prefixes: Vec::new(),
            this_machine: true,
        }
    }

    /// The address, when it may be called.
    pub fn check(&self, endpoint: &str) -> Result<Url, EndpointError> {
        let url = parse(endpoint)?;
        let is_allowed = (self.this_machine && is_this_machine(&url))
            || self.prefixes.iter().any(|prefix| is_below(&url, prefix));
        if is_allowed {
            Ok(url)
        } else {
            Err(EndpointError::NotAllowed)
        }
    }
}

fn parse(text: &str) -> Result<Url, EndpointError> {
    if text.len() > ENDPOINT_BYTES_MAX {
        return Err(EndpointError::TooLong);
    }
    let url = Url::parse(text).map_err(|_| EndpointError::NoUrl)?;
    if !url.has_host() || !matches!(url.scheme(), "http" | "https") {
        return Err(EndpointError::NoUrl);
    }
    let has_extras = !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some();
    if has_extras {
        return Err(EndpointError::Extras);
    }
    if url.scheme() != "https" && !is_this_machine(&url) {
        return Err(EndpointError::NotHttps);
    }
    Ok(url)
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_below(url: &Url, prefix: &Url) -> bool {
    let same_place = url.scheme() == prefix.scheme()
        && url.host_str() == prefix.host_str()
        && url.port_or_known_default() == prefix.port_or_known_default();
    let (path, above) = (url.path(), prefix.path().trim_end_matches('/'));
    same_place
        && path
            .strip_prefix(above)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A header of a subscriber, checked: `Name: value`.
pub fn hook_header(text: &str) -> Result<(HeaderName, HeaderValue), HookHeaderError> {
    if text.len() > HOOK_HEADER_BYTES_MAX {
        return Err(HookHeaderError::TooLong);
    }
    let (name, value) = text.split_once(':').ok_or(HookHeaderError::Malformed)?;
    let name = HeaderName::from_bytes(name.trim().as_bytes());
    let name = name.map_err(|_| HookHeaderError::Malformed)?;
    let mut value = HeaderValue::from_str(value.trim()).map_err(|_| HookHeaderError::Malformed)?;
    if OURS.contains(&name.as_str()) || name.as_str().starts_with("proxy-") {
        return Err(HookHeaderError::NotYours);
    }
    value.set_sensitive(true);
    Ok((name, value))
}

/// A notification on its way to an endpoint.
#[derive(Debug, Clone)]
pub struct HookCall {
    /// Where to: what [`AllowedEndpoints::check`] gave.
    pub endpoint: Url,
    /// A type and an id below it, to PUT there; else it is a POST.
    pub put_at: Option<(&'static str, String)>,
    /// The headers of the subscriber, from [`hook_header`].
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What the body is; none for no body.
    pub content_type: Option<&'static str>,
    /// The body.
    pub body: Bytes,
    /// The longest that the call may take.
    pub timeout: Duration,
}

/// Why a notification did not arrive. It says nothing of what was in it, nor of
/// what the endpoint answered but its status.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    /// The endpoint answered with something else than a success.
    #[error("the endpoint answered with status {0}")]
    Status(u16),
    /// No connection.
    #[error("there was no connection to the endpoint")]
    NoConnection,
    /// No answer in time.
    #[error("the endpoint gave no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The connection broke.
    #[error("the connection to the endpoint broke")]
    Broken,
}

/// Brings notifications to endpoints.
#[async_trait]
pub trait Hooks: Send + Sync {
    /// Resolves when the endpoint has taken it.
    async fn call(&self, call: HookCall) -> Result<(), HookError>;
}

/// The one that calls over HTTP.
pub struct HttpHooks(Client);

impl HttpHooks {
    /// With the roots that this machine trusts.
    ///
    /// # Errors
    /// When these cannot be read.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .build()?;
        Ok(Self(client))
    }
}

#[async_trait]
impl Hooks for HttpHooks {
    async fn call(&self, call: HookCall) -> Result<(), HookError> {
        let HookCall {
            mut endpoint,
            put_at,
            headers,
            content_type,
            body,
            timeout,
        } = call;
        let method = if let Some((resource_type, id)) = &put_at {
            let mut path = endpoint
                .path_segments_mut()
                .map_err(|()| HookError::NoConnection)?;
            path.pop_if_empty().push(resource_type).push(id);
            Method::PUT
        } else {
            Method::POST
        };
        let mut all = HeaderMap::with_capacity(headers.len() + 1);
        for (name, value) in headers {
            all.append(name, value);
        }
        if let Some(content_type) = content_type {
            all.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let request = self
            .0
            .request(method, endpoint)
            .headers(all)
            .timeout(timeout)
            .body(body);
        let response = request.send().await.map_err(|error| {
            if error.is_timeout() {
                HookError::Timeout(timeout)
            } else if error.is_connect() {
                HookError::NoConnection
            } else {
                HookError::Broken
            }
        })?;
        // What it says beside its status is not read.
        if response.status().is_success() {
            Ok(())
        } else {
            Err(HookError::Status(response.status().as_u16()))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_is_below_a_prefix_is_allowed() {
        let allowed = AllowedEndpoints::below(&["https://his.example/hooks/"]).unwrap();
        for (endpoint, expected) in [
            ("https://his.example/hooks", Ok(())),
            ("https://his.example/hooks/a/b", Ok(())),
            ("https://HIS.example:443/hooks/a", Ok(())),
            (
                "https://his.example/hooks-of-others",
                Err(EndpointError::NotAllowed),
            ),
            (
                "https://his.example/hooks/../admin",
                Err(EndpointError::NotAllowed),
            ),
            (
                "https://his.example/hooks/%2e%2e/admin",
                Err(EndpointError::NotAllowed),
            ),
            (
                "https://his.example:8443/hooks",
                Err(EndpointError::NotAllowed),
            ),
            (
                "https://his.example.org/hooks",
                Err(EndpointError::NotAllowed),
            ),
            ("https://localhost/hooks", Err(EndpointError::NotAllowed)),
            ("http://his.example/hooks", Err(EndpointError::NotHttps)),
            (
                "https://his.example@other.example/hooks",
                Err(EndpointError::Extras),
            ),
            (
                "https://his.example/hooks?patient=1",
                Err(EndpointError::Extras),
            ),
            ("https://his.example/hooks#a", Err(EndpointError::Extras)),
            ("file:///etc/passwd", Err(EndpointError::NoUrl)),
            ("gopher://his.example/hooks", Err(EndpointError::NoUrl)),
            ("/hooks", Err(EndpointError::NoUrl)),
            ("", Err(EndpointError::NoUrl)),
        ] {
            assert_eq!(allowed.check(endpoint).map(|_| ()), expected, "{endpoint}");
        }
        let nothing = AllowedEndpoints::default();
        assert_eq!(
            nothing.check("https://his.example/hooks"),
            Err(EndpointError::NotAllowed)
        );
    }

    #[test]
    fn this_machine_is_loopback_alone() {
        let allowed = AllowedEndpoints::this_machine();
        for (endpoint, expected) in [
            ("http://localhost:8080/hook", true),
            ("http://127.0.0.1/hook", true),
            ("http://127.9.9.9:1/hook", true),
            ("http://[::1]:9/hook", true),
            ("http://0.0.0.0/hook", false),
            ("http://169.254.169.254/latest", false),
            ("http://localhost.example.org/", false),
            ("http://10.0.0.1/", false),
            ("https://his.example/hooks", false),
        ] {
            assert_eq!(allowed.check(endpoint).is_ok(), expected, "{endpoint}");
        }
    }

    #[test]
    fn a_prefix_must_be_one_itself() {
        for prefix in [
            "http://his.example",
            "his.example",
            "https://a:b@his.example",
        ] {
            assert!(AllowedEndpoints::below(&[prefix]).is_err(), "{prefix}");
        }
    }

    #[test]
    fn the_length_of_an_endpoint_is_held() {
        let allowed = AllowedEndpoints::this_machine();
        let of = |length: usize| {
            let start = "http://localhost/";
            format!("{start}{}", "a".repeat(length - start.len()))
        };
        assert!(allowed.check(&of(ENDPOINT_BYTES_MAX)).is_ok());
        assert_eq!(
            allowed.check(&of(ENDPOINT_BYTES_MAX + 1)),
            Err(EndpointError::TooLong)
        );
    }

    #[test]
    fn headers_of_the_connection_are_ours() {
        for (header, expected) in [
            ("Authorization: Bearer abc", None),
            ("X-Tenant:7", None),
            ("Host: other.example", Some(HookHeaderError::NotYours)),
            ("content-LENGTH: 3", Some(HookHeaderError::NotYours)),
            (
                "Transfer-Encoding: chunked",
                Some(HookHeaderError::NotYours),
            ),
            ("Proxy-Authorization: x", Some(HookHeaderError::NotYours)),
            ("X: a\r\nHost: b", Some(HookHeaderError::Malformed)),
            ("no colon", Some(HookHeaderError::Malformed)),
            (": x", Some(HookHeaderError::Malformed)),
        ] {
            assert_eq!(hook_header(header).err(), expected, "{header}");
        }
        let of = |length: usize| format!("X: {}", "a".repeat(length - 3));
        assert!(hook_header(&of(HOOK_HEADER_BYTES_MAX)).is_ok());
        assert_eq!(
            hook_header(&of(HOOK_HEADER_BYTES_MAX + 1)).err(),
            Some(HookHeaderError::TooLong)
        );
    }

    proptest! {
        #[test]
        fn nothing_that_is_read_panics(text in "\\PC{0,80}") {
            let _ = hook_header(&text);
            let _ = AllowedEndpoints::this_machine().check(&text);
        }
    }
}
