//! Calls to other nodes: HTTPS with mutual TLS, limits on time and size, and
//! the certain knowledge of which organisation is at the other end.
//!
//! A connection to an organisation is only made with a certificate of that
//! organisation at the other end, so an address that is wrong, or was changed
//! by somebody else, gives no answer instead of the question to a stranger.
//! This module follows no redirect, uses no proxy and reads no environment.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use care::Ura;
use reqwest::{Method, Url, header};
use trust::identity::{NodeIdentity, TrustAnchors, client_tls_to};

/// The longest wait for a connection, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest wait for a whole call, when the caller names none.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest answer of a regional service, in bytes.
pub const REGIONAL_RESPONSE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How often an idle HTTP/2 connection is tried, so that a dead one is found
/// before a question needs it.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// How long such a try may take.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);
/// The organisations to which connections are kept; past it, all are dropped
/// and made anew as needed.
const CLIENTS_KEPT_MAX: usize = 1_024;

/// The header that carries the identifier of the question to every source, so
/// that the audit lines of all nodes can be laid side by side.
pub const REQUEST_ID_HEADER: &str = "x-request-id";

/// Where a node is, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerAddress {
    /// The organisation that must be at the other end.
    pub ura: Ura,
    /// The base of its node door, `https://host:port`, without a slash at the end.
    pub url: String,
}

/// One call to another node.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    /// The path from the base, with its slash, and a query where there is one.
    /// It may hold no patient data.
    pub(crate) path: &'a str,
    pub(crate) content_type: &'static str,
    pub(crate) bearer: Option<&'a str>,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) if_match: Option<&'a str>,
    pub(crate) body: Bytes,
    /// The budget for the whole call, from connecting to the last byte.
    pub(crate) timeout: Duration,
    pub(crate) response_bytes_max: usize,
}

impl<'a> Call<'a> {
    /// A POST of a body, with the limits of a regional service.
    pub(crate) fn post(path: &'a str, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            method: Method::POST,
            path,
            content_type,
            bearer: None,
            request_id: None,
            if_match: None,
            body: body.into(),
            timeout: CALL_TIMEOUT,
            response_bytes_max: REGIONAL_RESPONSE_BYTES_MAX,
        }
    }

    /// A GET, with the limits of a regional service.
    pub(crate) fn get(path: &'a str) -> Self {
        Self {
            method: Method::GET,
            ..Self::post(path, crate::door::JSON, Bytes::new())
        }
    }

    /// A PUT of a body, with the limits of a regional service.
    pub(crate) fn put(path: &'a str, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            method: Method::PUT,
            ..Self::post(path, content_type, body)
        }
    }
}

/// What a node answered; any status.
#[derive(Debug, Clone)]
pub(crate) struct PeerReply {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

/// Why a node did not answer. It carries nothing of the question or the answer.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The address is not one that a node may have.
    #[error("the address of the node is not an https address")]
    Address,
    /// The client cannot be made with these keys.
    #[error("no client can be made for the node")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No connection: nobody listens, or another organisation does.
    #[error("no connection to the node")]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No whole answer within the time.
    #[error("the node gave no whole answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The answer is larger than the limit.
    #[error("the answer of the node is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The connection broke, or what came was not HTTP.
    #[error("the connection to the node broke")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Calls other nodes in the name of one node; one pool of connections for each.
pub struct PeerClient {
    identity: NodeIdentity,
    anchors: TrustAnchors,
    clients: Mutex<Clients>,
}

/// The pools, and of which revocation list the certificates behind them were
/// judged.
#[derive(Default)]
struct Clients {
    revision: u64,
    by_node: HashMap<Ura, reqwest::Client>,
}

impl PeerClient {
    /// A client with the certificate of this node, for the nodes of this region.
    pub fn new(identity: NodeIdentity, anchors: TrustAnchors) -> Self {
        Self {
            identity,
            anchors,
            clients: Mutex::default(),
        }
    }

    /// The organisation in whose name this client calls.
    pub fn ura(&self) -> Ura {
        self.identity.ura()
    }

    /// Makes one call. The answer is read whole, within the limits of the call.
    pub(crate) async fn call(
        &self,
        address: &PeerAddress,
        call: Call<'_>,
    ) -> Result<PeerReply, PeerError> {
        let timeout = call.timeout;
        match tokio::time::timeout(timeout, self.call_unlimited(address, call)).await {
            Ok(result) => result,
            Err(_) => Err(PeerError::Timeout(timeout)),
        }
    }

    async fn call_unlimited(
        &self,
        address: &PeerAddress,
        call: Call<'_>,
    ) -> Result<PeerReply, PeerError> {
        let url = join(&address.url, call.path)?;
        let mut request = self
            .client(address.ura)?
            .request(call.method, url)
            .header(header::ACCEPT, "application/fhir+json, application/json")
            .header(header::CONTENT_TYPE, call.content_type);
        if let Some(token) = call.bearer {
            request = request.bearer_auth(token);
        }
        if let Some(id) = call.request_id {
            request = request.header(REQUEST_ID_HEADER, id);
        }
        if let Some(version) = call.if_match {
            request = request.header(header::IF_MATCH, version);
        }
        let mut response = request.body(call.body).send().await.map_err(sort)?;
        let limit = call.response_bytes_max;
        let announced = response.content_length().unwrap_or(0);
        if usize::try_from(announced).is_ok_and(|length| length > limit) {
            return Err(PeerError::TooLarge { limit });
        }
        let status = response.status().as_u16();
        let mut body = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
        while let Some(chunk) = response.chunk().await.map_err(sort)? {
            if body.len() + chunk.len() > limit {
                return Err(PeerError::TooLarge { limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(PeerReply {
            status,
            body: body.freeze(),
        })
    }

    fn client(&self, ura: Ura) -> Result<reqwest::Client, PeerError> {
        let mut kept = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        // After another list, who is at the other end must show it anew.
        let revision = self.anchors.revision();
        if kept.revision != revision {
            kept.by_node.clear();
            kept.revision = revision;
        }
        let clients = &mut kept.by_node;
        if let Some(client) = clients.get(&ura) {
            return Ok(client.clone());
        }
        let tls = client_tls_to(&self.identity, &self.anchors, ura)
            .map_err(|error| PeerError::Client(error.into()))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .no_proxy()
            .referer(false)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_adaptive_window(true)
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .http2_keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .build()
            .map_err(|error| PeerError::Client(error.without_url().into()))?;
        if clients.len() >= CLIENTS_KEPT_MAX {
            clients.clear();
        }
        clients.insert(ura, client.clone());
        Ok(client)
    }
}

/// Whether a text can be the base of a node door: https, a host, and no more.
pub(crate) fn is_node_url(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        url.scheme() == "https"
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && !text.ends_with('/')
    })
}

fn join(base: &str, path: &str) -> Result<Url, PeerError> {
    if !is_node_url(base) || !path.starts_with('/') {
        return Err(PeerError::Address);
    }
    Url::parse(&format!("{base}{path}")).map_err(|_| PeerError::Address)
}

fn sort(error: reqwest::Error) -> PeerError {
    let connect = error.is_connect();
    let source = Box::new(error.without_url());
    if connect {
        PeerError::Connect(source)
    } else {
        PeerError::Broken(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_url_is_https_and_no_more_than_a_base() {
        for (text, expected) in [
            ("https://127.0.0.1:9443", true),
            ("https://node.example/schakel", true),
            ("http://127.0.0.1:9443", false),
            ("https://127.0.0.1:9443/", false),
            ("https://user:secret@node.example", false),
            ("https://node.example?x=1", false),
            ("https://node.example#x", false),
            ("file:///etc/passwd", false),
            ("", false),
        ] {
            assert_eq!(is_node_url(text), expected, "{text}");
        }
    }

    mod over_tls {
        use std::sync::atomic::{AtomicUsize, Ordering};

        use axum::{
            Router,
            body::Body,
            http::{HeaderMap, Version},
            response::Redirect,
            routing::post,
        };
        use care::OrganisationType;
        use std::sync::Arc;

        use super::super::*;
        use crate::kit::Region;

        const LIMIT: usize = 1_000;

        async fn call(client: &PeerClient, address: &PeerAddress, path: &str) -> String {
            let call = Call {
                response_bytes_max: LIMIT,
                ..Call::post(path, "text/plain", "hello")
            };
            match client.call(address, call).await {
                Ok(reply) => format!("{} {} bytes", reply.status, reply.body.len()),
                Err(error) => error.to_string(),
            }
        }

        fn app(seen: Arc<AtomicUsize>) -> Router {
            let streamed = |bytes: usize| {
                post(move || async move {
                    let body = Bytes::from(vec![b'x'; bytes]);
                    let chunks: Vec<_> = body.chunks(100).map(|it| body.slice_ref(it)).collect();
                    Body::from_stream(futures::stream::iter(
                        chunks.into_iter().map(Ok::<_, std::convert::Infallible>),
                    ))
                })
            };
            Router::new()
                .route(
                    "/count",
                    post(move |version: Version| async move {
                        assert_eq!(version, Version::HTTP_2);
                        seen.fetch_add(1, Ordering::SeqCst);
                        "counted"
                    }),
                )
                .route("/whole/limit", post(|| async { "x".repeat(LIMIT) }))
                .route("/whole/past", post(|| async { "x".repeat(LIMIT + 1) }))
                .route("/streamed/limit", streamed(LIMIT))
                .route("/streamed/past", streamed(LIMIT + 1))
                .route(
                    "/elsewhere",
                    post(|| async { Redirect::temporary("/count") }),
                )
                .route(
                    "/headers",
                    post(|headers: HeaderMap| async move {
                        assert!(!headers.contains_key("cookie"));
                        headers[REQUEST_ID_HEADER].to_str().unwrap().to_owned()
                    }),
                )
        }

        #[tokio::test]
        async fn calls_keep_their_limits() {
            let region = Region::new();
            let hospital = region.admit(2, OrganisationType::Hospital);
            let practice = region.admit(1, OrganisationType::GeneralPractice);
            let seen = Arc::new(AtomicUsize::new(0));
            let door = region.open_door(&hospital, app(seen.clone())).await;
            let address = door.organisation.address();
            let mut lines = Vec::new();
            for path in [
                "/count",
                "/whole/limit",
                "/whole/past",
                "/streamed/limit",
                "/streamed/past",
                "/elsewhere",
                "/nowhere",
            ] {
                lines.push(format!(
                    "{path}: {}",
                    call(&practice.peers, &address, path).await
                ));
            }
            insta::assert_snapshot!(lines.join("\n"), @r#"
            /count: 200 7 bytes
            /whole/limit: 200 1000 bytes
            /whole/past: the answer of the node is larger than 1000 bytes
            /streamed/limit: 200 1000 bytes
            /streamed/past: the answer of the node is larger than 1000 bytes
            /elsewhere: 307 0 bytes
            /nowhere: 404 0 bytes
            "#);
            assert_eq!(seen.load(Ordering::SeqCst), 1, "a redirect is not followed");
        }

        #[tokio::test]
        async fn the_question_goes_to_the_right_organisation_or_nowhere() {
            let region = Region::new();
            let hospital = region.admit(2, OrganisationType::Hospital);
            let practice = region.admit(1, OrganisationType::GeneralPractice);
            let seen = Arc::new(AtomicUsize::new(0));
            let door = region.open_door(&hospital, app(seen.clone())).await;
            let mut address = door.organisation.address();
            assert_eq!(
                call(&practice.peers, &address, "/count").await,
                "200 7 bytes"
            );
            address.ura = "3".parse().unwrap();
            assert_eq!(
                call(&practice.peers, &address, "/count").await,
                "no connection to the node"
            );
            // A certificate of another region is nobody here.
            let stranger = Region::new().admit(1, OrganisationType::GeneralPractice);
            let answer = call(&stranger.peers, &door.organisation.address(), "/count").await;
            assert_eq!(answer, "no connection to the node");
            assert_eq!(seen.load(Ordering::SeqCst), 1);
            let closed = door.organisation.address();
            drop(door);
            let error = call(&practice.peers, &closed, "/count").await;
            assert!(!error.starts_with("200"), "{error}");
        }

        #[tokio::test]
        async fn the_identifier_of_the_question_goes_along() {
            let region = Region::new();
            let hospital = region.admit(2, OrganisationType::Hospital);
            let door = region.open_door(&hospital, app(Arc::default())).await;
            let call = Call {
                request_id: Some("request-7"),
                ..Call::post("/headers", "text/plain", "")
            };
            let reply = hospital
                .peers
                .call(&door.organisation.address(), call)
                .await
                .unwrap();
            assert_eq!(reply.body, "request-7");
        }
    }
}
