//! The versions of a resource, of a type, of everything.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use care::AccessContext;
use fhir::outcome::IssueCode;
use http::StatusCode;
use jiff::Timestamp;
use store::{HistoryOf, Page, limits};

use super::{Own, Shared, pages::Pages};
use crate::{
    bundle_text::BundleText,
    envelope::Query,
    extract::{At, Caller},
    problem::Problem,
    query::QueryPairs,
    representation::FhirBody,
};

/// `GET [type]/[id]/_history`.
pub(super) async fn of_instance(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At((resource_type, id)): At<(String, String)>,
    query: Query,
) -> Result<Response, Problem> {
    let path = format!("{resource_type}/{id}/_history");
    let pages = Pages::of(&own, &path, query.0.to_vec(), Some(&resource_type))?;
    let of = HistoryOf::Instance { resource_type, id };
    own.history(&cx, of, &pages).await
}

/// `GET [type]/_history`.
pub(super) async fn of_type(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(resource_type): At<String>,
    query: Query,
) -> Result<Response, Problem> {
    let path = format!("{resource_type}/_history");
    let pages = Pages::of(&own, &path, query.0.to_vec(), Some(&resource_type))?;
    own.history(&cx, HistoryOf::Type { resource_type }, &pages)
        .await
}

/// `GET _history`.
pub(super) async fn of_system(
    State(own): State<Shared>,
    Caller(cx): Caller,
    query: Query,
) -> Result<Response, Problem> {
    let pages = Pages::of(&own, "_history", query.0.to_vec(), None)?;
    own.history(&cx, HistoryOf::System, &pages).await
}

impl Own {
    async fn history(
        &self,
        cx: &AccessContext,
        of: HistoryOf,
        pages: &Pages,
    ) -> Result<Response, Problem> {
        let page = page(&pages.query)?;
        let is_whole = page.since.is_none() && page.at_ms.is_none();
        let of_instance = matches!(of, HistoryOf::Instance { .. });
        let found = self.node.history(cx, of, page).await?;
        if of_instance && found.entries.is_empty() && is_whole {
            return Err(Problem::not_found());
        }
        let mut bundle = BundleText::new("history", None);
        bundle.link("self", &pages.here());
        if let Some(cursor) = &found.next {
            bundle.link("next", &pages.at(cursor));
        }
        for entry in &found.entries {
            let part = pages.wanted.of(&entry.stored.body);
            bundle.version(self.version, &self.fhir_base, entry, &part);
        }
        Ok(FhirBody::from(bundle.finish()).into_response())
    }
}

/// The page that the parameters ask for. A count past the limit is brought
/// down to it, as FHIR allows; an unknown parameter is refused.
fn page(query: &QueryPairs) -> Result<Page, Problem> {
    let mut page = Page::first(limits::PAGE_DEFAULT);
    let wrong = |name: &str, what: &str| Problem::bad_request(format!("{name} {what}"));
    for (name, value) in query {
        match name.as_str() {
            "_count" => {
                let count = value.parse::<usize>().ok().filter(|count| *count > 0);
                let count = count.ok_or_else(|| wrong(name, "is not a number above zero"))?;
                page.count = count.min(limits::PAGE_MAX);
            }
            "_since" => {
                let since = value.parse::<Timestamp>();
                page.since = Some(since.map_err(|_| wrong(name, "is not an instant"))?);
            }
            "_at" => {
                let range = fhir::search::date_range(value);
                page.at_ms = Some(range.ok_or_else(|| wrong(name, "is not a date or time"))?);
            }
            "_cursor" => page.cursor = Some(value.clone()),
            _ => {
                return Err(Problem::new(
                    StatusCode::BAD_REQUEST,
                    IssueCode::NotSupported,
                    "A history takes the parameters _count, _since, _at and _cursor",
                ));
            }
        }
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_read_strictly() {
        let check = |name: &str, value: &str, expected: Option<usize>| {
            let found = page(&vec![(name.to_owned(), value.to_owned())]);
            assert_eq!(
                found.ok().map(|page| page.count),
                expected,
                "{name}={value}"
            );
        };
        check("_count", "7", Some(7));
        check("_count", "1000", Some(limits::PAGE_MAX));
        check("_count", "1001", Some(limits::PAGE_MAX));
        check("_count", "0", None);
        check("_count", "-1", None);
        check("_count", "ten", None);
        check("_since", "2026-01-01T00:00:00Z", Some(limits::PAGE_DEFAULT));
        check("_since", "yesterday", None);
        check("_at", "2026-01", Some(limits::PAGE_DEFAULT));
        check("_at", "2026-13", None);
        check("page", "1", None);
    }
}
