//! `GET [type]?…` and `POST [type]/_search`.

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

use super::{Own, Shared, subset::Wanted};
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
    query: Query,
) -> Result<Response, Problem> {
    let own_link = own_link(&query.0);
    own.search(&cx, &resource_type, &query.0, &own_link).await
}

pub(super) async fn search_in_body(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(resource_type): At<String>,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
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
    let form = body::read(&headers, body, FORM_BYTES_MAX).await?;
    let mut all = query.0.to_vec();
    all.extend(query::pairs(&form)?);
    // How to answer is decided before the body is read: by the URL and `Accept`.
    all.retain(|(name, _)| !matches!(name.as_str(), "_format" | "_pretty"));
    if all.len() > QUERY_PARAMETERS_MAX {
        return Err(query::QueryFault::TooMany.into());
    }
    // What was in the body stays out of every link.
    own.search(&cx, &resource_type, &all, &own_link(&query.0))
        .await
}

impl Own {
    async fn search(
        &self,
        cx: &AccessContext,
        resource_type: &str,
        query: &QueryPairs,
        own_link: &str,
    ) -> Result<Response, Problem> {
        if fhir::resource_type(resource_type).is_none() {
            return Err(Problem::not_found());
        }
        let mut query = query.clone();
        let wanted = Wanted::take(&mut query, Some(resource_type))?;
        let includes = |(name, _): &(String, String)| {
            name.starts_with("_include") || name.starts_with("_revinclude")
        };
        if wanted.is_text() && query.iter().any(includes) {
            return Err(Problem::bad_request(
                "_summary=text cannot be combined with _include or _revinclude",
            ));
        }
        if wanted.is_count {
            // The store counts; it need not find.
            query.push(("_summary".to_owned(), "count".to_owned()));
        }
        let page = match self.node.search(cx, resource_type, &query).await {
            // The type of the URL is known, so it is one in a chain.
            Err(ExchangeError::Store(StoreError::UnknownResourceType)) => {
                return Err(Problem::bad_request(
                    "The search names a resource type that FHIR R4 does not have",
                ));
            }
            found => found?,
        };
        let base = &self.fhir_base;
        let mut bundle = BundleText::new("searchset", page.total);
        bundle.link("self", &format!("{base}/{resource_type}{own_link}"));
        if let Some(cursor) = &page.next {
            let cursor = query::encode(cursor);
            let extent = wanted.link();
            let next = format!("{base}/{resource_type}?_cursor={cursor}{extent}");
            bundle.link("next", &next);
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
