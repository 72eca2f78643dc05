//! `Patient/[id]/$everything`: all that there is of a patient.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use fhir::{FhirVersion, outcome::IssueCode};
use http::{HeaderMap, StatusCode};
use store::{Whole, limits::WHOLE_PAGE_MAX};

use super::{Shared, operation, pages::Pages};
use crate::{
    bundle_text::BundleText,
    envelope::Query,
    extract::{At, Caller},
    problem::Problem,
    query::QueryPairs,
    representation::FhirBody,
};

/// `GET` with the parameters in the URL, or `POST` with some in a Parameters
/// resource.
pub(super) async fn everything(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(id): At<String>,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let parameters = own.operation_body(&headers, body).await?;
    let query = operation::simple(&query, parameters.as_ref())?;
    let pages = Pages::of(&own, &format!("Patient/{id}/$everything"), query, None)?;
    let of = whole(own.version, &pages.query)?;
    let is_first = of.cursor.is_none();
    let page = own.node.everything(&cx, &id, of).await?;
    let is_all = is_first && page.next.is_none();
    let total = is_all.then_some(page.resources.len() as u64);
    let mut bundle = BundleText::new("searchset", total);
    if let Some(cursor) = &page.next {
        bundle.link("next", &pages.at(cursor));
    }
    for (list, mode) in [(&page.resources, "match"), (&page.referred, "include")] {
        for stored in list {
            let part = pages.wanted.of(&stored.body);
            bundle.found(&own.fhir_base, stored, &part, mode);
        }
    }
    Ok(FhirBody::from(bundle.finish()).into_response())
}

/// What the parameters ask for; one that is not known is refused.
fn whole(version: FhirVersion, query: &QueryPairs) -> Result<Whole, Problem> {
    let mut of = Whole {
        count: WHOLE_PAGE_MAX,
        ..Whole::default()
    };
    let (mut first, mut last) = (None, None);
    for (name, value) in query {
        let wrong = |what: &str| Problem::bad_request(format!("{name} {what}"));
        let date = || fhir::search::date_range(value).ok_or_else(|| wrong("is not a date"));
        match name.as_str() {
            "_count" => {
                let count = value.parse::<usize>().ok().filter(|count| *count > 0);
                let count = count.ok_or_else(|| wrong("is not a number above zero"))?;
                of.count = count.min(WHOLE_PAGE_MAX);
            }
            "_since" => of.since = Some(value.parse().map_err(|_| wrong("is not an instant"))?),
            "_type" => {
                for one in value.split(',') {
                    let known = version.resource_type(one.trim());
                    of.types
                        .push(known.ok_or_else(|| wrong("names no resource type"))?);
                }
            }
            "start" => first = Some(date()?.0),
            "end" => last = Some(date()?.1),
            "_cursor" => of.cursor = Some(value.clone()),
            _ => {
                return Err(Problem::new(
                    StatusCode::BAD_REQUEST,
                    IssueCode::NotSupported,
                    "$everything takes start, end, _since, _type, _count, _summary and _elements",
                ));
            }
        }
    }
    if first.is_some() || last.is_some() {
        of.period_ms = Some((first.unwrap_or(i64::MIN), last.unwrap_or(i64::MAX)));
    }
    Ok(of)
}
