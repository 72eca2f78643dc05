//! What happens around every request at a door: an id, the limits, the form
//! of the answer, the security headers, one line in the log.
//!
//! The log line names the method, the route, the status and the time; never
//! the path, the query or a header, which can hold anything a client sends.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use care::{IdSource, RequestId};
use fhir::{FhirVersion, outcome::IssueCode};
use futures::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout},
};

use crate::{
    base,
    bodies::{Bodies, Share},
    limits::HttpLimits,
    problem::Problem,
    query::{self, QueryPairs},
    representation::{FormFault, Representation},
};

/// The header that carries the id of a request.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id of a request that a peer may give, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// How long a client should wait when too many requests are under way.
pub(crate) const BUSY_WAIT: Duration = Duration::from_secs(1);

/// What every answer says to browsers: nothing here is a page, keep nothing.
/// There are no CORS headers, so no page of another origin can read anything.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];

/// What a door puts around its requests.
pub(crate) struct Envelope {
    /// The name of the door, for the log.
    pub(crate) door: &'static str,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) limits: HttpLimits,
    /// What all bodies may take together.
    pub(crate) bodies: Bodies,
    /// One permit for each request that may be under way.
    pub(crate) in_flight: Semaphore,
    /// Whether the id that the other side gives is taken over: between nodes,
    /// whose audit lines share it.
    pub(crate) takes_request_ids: bool,
}

impl Envelope {
    pub(crate) fn new(
        door: &'static str,
        ids: Arc<dyn IdSource>,
        limits: HttpLimits,
        bodies: Bodies,
        takes_request_ids: bool,
    ) -> Self {
        let in_flight = Semaphore::new(limits.requests_in_flight);
        Self {
            door,
            ids,
            limits,
            bodies,
            in_flight,
            takes_request_ids,
        }
    }

    fn request_id(&self, headers: &HeaderMap) -> String {
        let given = headers.get(REQUEST_ID).filter(|_| self.takes_request_ids);
        let given = given.and_then(|id| id.to_str().ok()).filter(|id| {
            (1..=REQUEST_ID_BYTES_MAX).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
        given.map_or_else(|| self.ids.next(), str::to_owned)
    }
}

/// The middleware.
pub(crate) async fn envelope(
    State(envelope): State<Arc<Envelope>>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let id = envelope.request_id(request.headers());
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = answer(&envelope, request, next).await;
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        headers.insert(name, value);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    tracing::info!(
        door = envelope.door,
        %method,
        route = route.as_ref().map_or("none", MatchedPath::as_str),
        status = response.status().as_u16(),
        duration_ms = began.elapsed().as_millis() as u64,
        request = id,
        "request"
    );
    response
}

async fn answer(envelope: &Envelope, mut request: Request, next: Next) -> Response {
    // What is no FHIR base refuses in R4, as it always did.
    let (version, below) = base::split(request.uri().path()).unwrap_or_default();
    let in_lines = answers_in_lines(below);
    let (representation, query) = match prepare(&envelope.limits, &request, version, below) {
        Ok(prepared) => prepared,
        Err(problem) => return Representation::standard(version).render(problem.into_response()),
    };
    request.extensions_mut().insert(Query(Arc::new(query)));
    // Whoever watches over the node must hear that it lives, most of all when
    // it is busy.
    let is_watched = request.uri().path().starts_with("/health/");
    let working = envelope.in_flight.try_acquire();
    if working.is_err() && !is_watched {
        return representation.render(Problem::too_many_requests(BUSY_WAIT).into_response());
    }
    // What reads lines keeps few of them, and answers while it reads.
    let (request, share) = if in_lines {
        (request, Share::default())
    } else {
        envelope.bodies.counted(request)
    };
    let handling = AssertUnwindSafe(next.run(request)).catch_unwind();
    let response = match timeout(envelope.limits.request_timeout, handling).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            // What panicked may hold patient data; the panic hook's place is enough.
            tracing::error!(door = envelope.door, "a handler panicked");
            Problem::unexpected().into_response()
        }
        Err(_) => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            IssueCode::Timeout,
            "This took too long; whether it was done is not known",
        )
        .into_response(),
    };
    let response = representation.render(response);
    drop(share);
    response
}

/// Checks the request target and reads what form the answer should have.
/// `below` is the path below the FHIR base of the version.
fn prepare(
    limits: &HttpLimits,
    request: &Request,
    version: FhirVersion,
    below: &str,
) -> Result<(Representation, QueryPairs), Problem> {
    let target_bytes = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if target_bytes > limits.url_bytes {
        return Err(Problem::new(
            StatusCode::URI_TOO_LONG,
            IssueCode::TooLong,
            format!("The URL is longer than {} bytes", limits.url_bytes),
        ));
    }
    let headers = request.headers().iter();
    let header_bytes: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if header_bytes > limits.header_bytes {
        return Err(Problem::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            IssueCode::TooLong,
            format!("The headers are larger than {} bytes", limits.header_bytes),
        ));
    }
    if is_packed(request.headers()) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            IssueCode::NotSupported,
            "A body is taken as it is, without a Content-Encoding",
        ));
    }
    let mut query = query::pairs(request.uri().query().unwrap_or_default().as_bytes())?;
    if !may_name_persons(version, below) {
        query::refuse_persons(&query)?;
    }
    let representation = match Representation::wanted(version, &query, request.headers()) {
        // Lines have a form of their own; only refusals are in another.
        Err(FormFault::Unsupported(_)) if answers_in_lines(below) => {
            Representation::standard(version)
        }
        wanted => wanted?,
    };
    query.retain(|(name, _)| !matches!(name.as_str(), "_format" | "_pretty"));
    Ok((representation, query))
}

/// Whether the body must be unpacked before it can be read (RFC 9110, 8.4):
/// what would come out has no limit that is known before.
fn is_packed(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Whether the URL may name a person by their BSN: only in a FHIR interaction
/// with a type at the own door. Dutch specifications prescribe such searches
/// (BgZ-MSZ 2.0), so a record system may send them; no link, log or error
/// repeats them, and this program never sends one itself.
fn may_name_persons(version: FhirVersion, below: &str) -> bool {
    below
        .strip_prefix('/')
        .is_some_and(|rest| version.resource_type(rest).is_some())
}

/// Whether the answer is lines of resources, which `Accept` then asks for.
fn answers_in_lines(below: &str) -> bool {
    below.starts_with("/$export-file/") || below == "/$import"
}

/// The parameters of the URL without those that say how to answer.
#[derive(Debug, Clone)]
pub(crate) struct Query(pub(crate) Arc<QueryPairs>);

impl Query {
    /// Refuses parameters at an endpoint that has none: one that is ignored
    /// would answer another question than was asked.
    pub(crate) fn must_be_empty(&self) -> Result<(), Problem> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::BAD_REQUEST,
            IssueCode::NotSupported,
            "This takes no other parameters than _format and _pretty",
        ))
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        body::{Body, to_bytes},
        middleware::from_fn_with_state,
        routing::get,
    };
    use care::SequentialIds;
    use http::Request;
    use tokio::sync::Notify;
    use tower::ServiceExt;

    use super::*;

    use crate::representation::Format;

    const URL_BYTES_MAX: usize = 40;

    fn media_type(format: Format, version: FhirVersion) -> HeaderValue {
        HeaderValue::from_static(format.media_type(version))
    }

    fn limits() -> HttpLimits {
        HttpLimits {
            url_bytes: URL_BYTES_MAX,
            requests_in_flight: 1,
            request_timeout: Duration::from_millis(50),
            ..HttpLimits::STANDARD
        }
    }

    fn router(limits: HttpLimits) -> (Router, Arc<Notify>) {
        let entered = Arc::new(Notify::new());
        let told = Arc::clone(&entered);
        let bodies = Bodies::new(&limits);
        let around = Arc::new(Envelope::new(
            "test",
            Arc::new(SequentialIds::default()),
            limits,
            bodies,
            false,
        ));
        let router = Router::new()
            .route("/health/live", get(async || "alive"))
            .route("/missing", get(async || Problem::not_found()))
            .route("/fhir/stu3/x", get(async || Problem::not_found()))
            .route(
                "/query",
                get(async |query: Query| query.must_be_empty().map_err(|_| "no")),
            )
            .route("/panic", get(async || -> Problem { panic!("999911119") }))
            .route(
                "/forever",
                get(async move || -> Problem {
                    told.notify_one();
                    std::future::pending().await
                }),
            )
            .layer(from_fn_with_state(around, envelope));
        (router, entered)
    }

    async fn ask(router: &Router, url: &str, accept: &str) -> (u16, HeaderMap, String) {
        let request = Request::get(url)
            .header("accept", accept)
            .body(Body::empty())
            .unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (
            parts.status.as_u16(),
            parts.headers,
            String::from_utf8(body.to_vec()).unwrap(),
        )
    }

    #[tokio::test]
    async fn every_answer_has_an_id_and_security_headers_and_no_cors() {
        let (router, _) = router(limits());
        for url in ["/missing", "/panic", "/nowhere", "/query?a=1"] {
            let (_, headers, _) = ask(&router, url, "*/*").await;
            assert!(headers.contains_key(REQUEST_ID), "{url}");
            for (name, value) in SECURITY_HEADERS {
                assert_eq!(headers[&name], value, "{url}");
            }
            assert!(
                headers
                    .keys()
                    .all(|name| !name.as_str().starts_with("access-control"))
            );
        }
    }

    #[tokio::test]
    async fn answers_come_in_the_form_that_is_asked_for() {
        let (router, _) = router(limits());
        let (status, headers, body) = ask(&router, "/missing", "*/*").await;
        assert_eq!(
            (status, &headers["content-type"]),
            (404, &media_type(Format::Json, FhirVersion::R4))
        );
        insta::assert_snapshot!(
            body,
            @r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found","diagnostics":"There is nothing here"}]}"#
        );
        let (_, headers, body) = ask(&router, "/missing", "application/fhir+xml").await;
        assert_eq!(
            headers["content-type"],
            media_type(Format::Xml, FhirVersion::R4)
        );
        assert!(body.contains("<code value=\"not-found\"/>"), "{body}");
        let (_, headers, _) = ask(&router, "/fhir/stu3/x", "*/*").await;
        assert_eq!(
            headers["content-type"],
            media_type(Format::Json, FhirVersion::Stu3)
        );
        let (_, _, body) = ask(&router, "/missing?_pretty=true", "*/*").await;
        assert!(
            body.contains("\n  \"resourceType\": \"OperationOutcome\""),
            "{body}"
        );
        assert_eq!(ask(&router, "/missing", "text/html").await.0, 406);
        assert_eq!(ask(&router, "/missing?_format=ttl", "*/*").await.0, 406);
        assert_eq!(ask(&router, "/missing?_pretty=yes", "*/*").await.0, 400);
    }

    #[tokio::test]
    async fn form_parameters_are_not_the_handlers() {
        let (router, _) = router(limits());
        assert_eq!(
            ask(&router, "/query?_format=xml&_pretty=true", "*/*")
                .await
                .0,
            200
        );
        assert_eq!(ask(&router, "/query?a=1", "*/*").await.2, "no");
        assert_eq!(ask(&router, "/query?a=%FF", "*/*").await.0, 400);
    }

    #[tokio::test]
    async fn the_longest_url_is_taken_and_one_byte_more_is_not() {
        let (router, _) = router(limits());
        let url = |bytes: usize| format!("/missing?{}", "&".repeat(bytes - "/missing?".len()));
        assert_eq!(ask(&router, &url(URL_BYTES_MAX), "*/*").await.0, 404);
        assert_eq!(ask(&router, &url(URL_BYTES_MAX + 1), "*/*").await.0, 414);
    }

    #[tokio::test]
    async fn the_largest_headers_are_taken_and_one_byte_more_is_not() {
        let header_bytes = 100;
        let (router, _) = router(HttpLimits {
            header_bytes,
            ..limits()
        });
        for (bytes, expected) in [(header_bytes, 404), (header_bytes + 1, 431)] {
            let accept = format!("*/*;a={}", "a".repeat(bytes - "accept*/*;a=".len()));
            assert_eq!(
                ask(&router, "/missing", &accept).await.0,
                expected,
                "{bytes}"
            );
        }
    }

    #[tokio::test]
    async fn a_packed_body_is_refused_before_it_is_read() {
        let (router, _) = router(limits());
        for (coding, expected) in [("identity", 404), ("gzip", 415), ("identity, br", 415)] {
            let request = Request::get("/missing").header("content-encoding", coding);
            let request = request.body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), expected, "{coding}");
        }
    }

    #[tokio::test]
    async fn a_bsn_in_a_url_is_refused_and_not_repeated() {
        let (router, _) = router(limits());
        let (status, headers, body) = ask(&router, "/query?identifier=999911119", "*/*").await;
        assert_eq!(status, 400);
        assert!(!body.contains("9999") && !format!("{headers:?}").contains("9999"));
    }

    #[tokio::test]
    async fn a_panic_is_told_without_its_message() {
        let (router, _) = router(limits());
        let (status, _, body) = ask(&router, "/panic", "*/*").await;
        assert_eq!(status, 500);
        assert!(!body.contains("9999"));
    }

    #[tokio::test]
    async fn one_request_too_many_is_told_to_wait_and_a_slow_one_is_stopped() {
        let (router, entered) = router(limits());
        let slow = tokio::spawn({
            let router = router.clone();
            async move { ask(&router, "/forever", "*/*").await.0 }
        });
        entered.notified().await;
        let (status, headers, _) = ask(&router, "/missing", "*/*").await;
        assert_eq!(
            (status, &headers["retry-after"]),
            (429, &HeaderValue::from_static("1"))
        );
        assert_eq!(
            ask(&router, "/health/live", "*/*").await.0,
            200,
            "but it lives"
        );
        assert_eq!(slow.await.unwrap(), 503);
        assert_eq!(
            ask(&router, "/missing", "*/*").await.0,
            404,
            "there is room again"
        );
    }

    #[test]
    fn only_between_nodes_an_id_is_taken_over() {
        let check = |takes: bool, given: &str, expected: &str| {
            let ids = Arc::new(SequentialIds::default());
            let envelope = Envelope::new("test", ids, limits(), Bodies::new(&limits()), takes);
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, given.parse().unwrap());
            assert_eq!(envelope.request_id(&headers), expected, "{takes} {given}");
        };
        let new = "00000000-0000-0000-0000-000000000001";
        check(false, "abc", new);
        check(true, "abc-1", "abc-1");
        check(true, "a b", new);
        check(
            true,
            &"a".repeat(REQUEST_ID_BYTES_MAX),
            &"a".repeat(REQUEST_ID_BYTES_MAX),
        );
        check(true, &"a".repeat(REQUEST_ID_BYTES_MAX + 1), new);
    }
}
