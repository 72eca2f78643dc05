//! The middleware around every page: who is there, the headers, and faults
//! made into pages.

use std::sync::Arc;

use askama::Template as _;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, header};

use super::{Visitor, cookies};
use crate::{fault::Fault, page::problem::ProblemPage, site::Site};

/// What browsers may do with these pages: load our stylesheet and our mark,
/// send forms to us, and nothing else.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; \
    img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=()",
    ),
];

/// Finds out who is there, answers, makes a page of a fault, and sets the
/// headers.
pub(crate) async fn dress(
    State(site): State<Arc<Site>>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let visitor = Visitor::of(&site, request.headers(), &path);
    request.extensions_mut().insert(visitor.clone());
    let answer = next.run(request).await;
    let mut response = match fault_of(&answer) {
        Some(fault) => problem(&site, &visitor, fault),
        None => answer,
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert_with(|| HeaderValue::from_static("no-store"));
    if visitor.session.is_none() && visitor.form_secret_is_new {
        let set = site
            .cookies
            .set(&site.cookies.form, visitor.form_secret(), None);
        if let Ok(set) = set.parse() {
            headers.append(header::SET_COOKIE, set);
        }
    }
    response
}

fn fault_of(response: &Response) -> Option<Fault> {
    if let Some(fault) = response.extensions().get::<Fault>() {
        return Some(*fault);
    }
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page {
        None
    } else {
        Fault::of_status(response.status())
    }
}

fn problem(site: &Site, visitor: &Visitor, fault: Fault) -> Response {
    let mut layout = visitor.layout(site);
    // Somebody comes back to a page that can be asked for, not to a form's address.
    "/".clone_into(&mut layout.here);
    match ProblemPage::new(layout, fault.kind()).render() {
        Ok(html) => (fault.status(), Html(html)).into_response(),
        Err(error) => {
            tracing::error!(error = %error, "the page about a fault could not be rendered");
            fault.status().into_response()
        }
    }
}

/// The cookie that remembers a language.
pub(crate) fn language_cookie(site: &Site, code: &str) -> String {
    site.cookies
        .set(cookies::LANGUAGE, code, Some(cookies::LANGUAGE_S))
}
