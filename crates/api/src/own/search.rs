//! `GET [type]?…` and `POST [type]/_search`; the same without a type.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use care::AccessContext;
use exchange::ExchangeError;
use fhir::outcome::IssueCode;
use http::{HeaderMap, StatusCode, header};
use store::StoreError;

use super::{Own, Shared, prefer, subset::Wanted};
use crate::{
    body,
    bundle_text::BundleText,
    envelope::Query,
    extract::{At, Caller},
    limits::{FORM_BYTES_MAX, QUERY_PARAMETERS_MAX},
    problem::Problem,
    query::{self, QueryPairs},
    representation::FhirBody,
};

const FORM: &str = "application/x-www-form-urlencoded";

pub(super) async fn search(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(resource_type): At<String>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    let asked = Asked::of(&headers, &query.0, query.0.to_vec());
    own.search(&cx, Some(&resource_type), asked).await
}

/// `GET [base]?…`: across types.
pub(super) async fn search_types(
    State(own): State<Shared>,
    Caller(cx): Caller,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    let asked = Asked::of(&headers, &query.0, query.0.to_vec());
    own.search(&cx, None, asked).await
}

pub(super) async fn search_in_body(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(resource_type): At<String>,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let all = with_form(&headers, &query.0, body).await?;
    let asked = Asked::of(&headers, &query.0, all);
    own.search(&cx, Some(&resource_type), asked).await
}

/// `POST [base]/_search`: across types.
pub(super) async fn search_types_in_body(
    State(own): State<Shared>,
    Caller(cx): Caller,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let all = with_form(&headers, &query.0, body).await?;
    let asked = Asked::of(&headers, &query.0, all);
    own.search(&cx, None, asked).await
}

/// The query of the URL and that of the form in the body.
async fn with_form(
    headers: &HeaderMap,
    query: &QueryPairs,
    body: Body,
) -> Result<QueryPairs, Problem> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = content_type
        .and_then(|value| value.split(';').next())
        .map(str::trim);
    if !media_type.is_some_and(|media_type| media_type.eq_ignore_ascii_case(FORM)) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            IssueCode::NotSupported,
            "The search must be a form: application/x-www-form-urlencoded",
        ));
    }
    let form = body::read(headers, body, FORM_BYTES_MAX).await?;
    let mut all = query.clone();
    all.extend(query::pairs(&form)?);
    // How to answer is decided before the body is read: by the URL and `Accept`.
    all.retain(|(name, _)| !matches!(name.as_str(), "_format" | "_pretty"));
    if all.len() > QUERY_PARAMETERS_MAX {
        return Err(query::QueryFault::TooMany.into());
    }
    Ok(all)
}

/// A search as it is asked.
struct Asked {
    /// All parameters, of the URL and of the body.
    query: QueryPairs,
    /// Those of the URL: what was in the body stays out of every link.
    url: QueryPairs,
    /// Whether what is unknown is left out, rather than refused.
    is_lenient: bool,
}

impl Asked {
    fn of(headers: &HeaderMap, url: &QueryPairs, query: QueryPairs) -> Self {
        Self {
            query,
            url: url.clone(),
            is_lenient: prefer::is_lenient(headers),
        }
    }
}

impl Own {
    async fn search(
        &self,
        cx: &AccessContext,
        resource_type: Option<&str>,
        mut asked: Asked,
    ) -> Result<Response, Problem> {
        if let Some(name) = resource_type {
            self.known_type(name)?;
        }
        let wanted = Wanted::take(self.version, &mut asked.query, resource_type)?;
        let includes = |(name, _): &(String, String)| {
            name.starts_with("_include") || name.starts_with("_revinclude")
        };
        if wanted.is_text() && asked.query.iter().any(includes) {
            return Err(Problem::bad_request(
                "_summary=text cannot be combined with _include or _revinclude",
            ));
        }
        if wanted.is_count {
            // The store counts; it need not find.
            asked
                .query
                .push(("_summary".to_owned(), "count".to_owned()));
        }
        // The type of the URL is known, so it is one in the query.
        let unknown_type = || {
            let version = self.version;
            let text =
                format!("The search names a resource type that FHIR {version} does not have");
            Problem::bad_request(text)
        };
        if asked.is_lenient {
            let understood = match self.node.understood(resource_type, &asked.query) {
                Err(ExchangeError::Store(StoreError::UnknownResourceType)) => {
                    return Err(unknown_type());
                }
                understood => understood?,
            };
            asked.query = understood.applied;
            asked.url.retain(|pair| !understood.ignored.contains(pair));
        }
        let found = match resource_type {
            Some(resource_type) => self.node.search(cx, resource_type, &asked.query).await,
            None => self.node.search_types(cx, &asked.query).await,
        };
        let page = match found {
            Err(ExchangeError::Store(StoreError::UnknownResourceType)) => {
                return Err(unknown_type());
            }
            found => found?,
        };
        let base = &self.fhir_base;
        let path = resource_type.map_or_else(|| base.clone(), |name| format!("{base}/{name}"));
        let mut bundle = BundleText::new("searchset", page.total);
        bundle.link("self", &format!("{path}{}", own_link(&asked.url)));
        if let Some(cursor) = &page.next {
            let cursor = query::encode(cursor);
            let extent = wanted.link();
            bundle.link("next", &format!("{path}?_cursor={cursor}{extent}"));
        }
        for (list, mode) in [(&page.matches, "match"), (&page.included, "include")] {
            for stored in list {
                bundle.found(base, stored, &wanted.of(&stored.body), mode);
            }
        }
        Ok(FhirBody::from(bundle.finish()).into_response())
    }
}

/// The query of the `self` link: what the URL held, without what names a
/// person. Links are followed and logged.
fn own_link(query: &QueryPairs) -> String {
    let pairs: Vec<String> = query
        .iter()
        .filter(|(name, value)| !query::names_a_person(name, value))
        .map(|(name, value)| format!("{}={}", query::encode(name), query::encode(value)))
        .collect();
    if pairs.is_empty() {
        String::new()
    } else {
        format!("?{}", pairs.join("&"))
    }
}
