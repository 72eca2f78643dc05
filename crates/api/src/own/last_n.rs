//! `Observation/$lastn`: the most recent observations of each code (FHIR R4 and
//! STU3, Observation).

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use fhir::outcome::IssueCode;
use http::{HeaderMap, StatusCode};
use store::limits::LAST_N_MAX;

use super::{Shared, operation, subset::Wanted};
use crate::{
    bundle_text::BundleText,
    envelope::Query,
    extract::Caller,
    problem::Problem,
    query::{QueryPairs, names_a_person},
    representation::FhirBody,
};

/// Parameters of a search that say how it is answered: here the operation says so.
const RESULT_PARAMETERS: [&str; 8] = [
    "_count",
    "_cursor",
    "_include",
    "_revinclude",
    "_sort",
    "_summary",
    "_total",
    "_type",
];

/// `GET` with the search in the URL, or `POST` with a part of it in a Parameters
/// resource: `max` (1 when it is not given), a patient or subject, a category or
/// code, and what other parameters of a search there are.
pub(super) async fn last_n(
    State(own): State<Shared>,
    Caller(cx): Caller,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let parameters = own.operation_body(&headers, body).await?;
    let mut asked = operation::simple(&query, parameters.as_ref())?;
    let mut extent: QueryPairs = asked.clone();
    extent.retain(|(name, value)| is_extent(name) && value != "count");
    let wanted = Wanted::take_of_resources(own.version, &mut extent, Some("Observation"))?;
    asked.retain(|(name, value)| !is_extent(name) || value == "count");
    let max = take_max(&mut asked)?;
    check(&asked)?;
    let page = own.node.last_n(&cx, max, &asked).await?;
    let mut bundle = BundleText::new("searchset", page.total);
    let told = query
        .0
        .iter()
        .filter(|(name, value)| !names_a_person(name, value));
    let told: Vec<String> = told
        .map(|(name, value)| format!("{name}={}", crate::query::encode(value)))
        .collect();
    let base = &own.fhir_base;
    let link = format!("{base}/Observation/$lastn?{}", told.join("&"));
    bundle.link("self", link.trim_end_matches('?'));
    for stored in &page.matches {
        bundle.found(base, stored, &wanted.of(&stored.body), "match");
    }
    Ok(FhirBody::from(bundle.finish()).into_response())
}

fn is_extent(name: &str) -> bool {
    matches!(name, "_summary" | "_elements")
}

/// How many of each code; out of the query.
fn take_max(query: &mut QueryPairs) -> Result<usize, Problem> {
    let mut max = None;
    for (_, value) in query.iter().filter(|(name, _)| name == "max") {
        let number = value.parse::<usize>().ok().filter(|number| *number > 0);
        let number =
            number.ok_or_else(|| Problem::bad_request("max is not a number above zero"))?;
        if max.replace(number.min(LAST_N_MAX + 1)).is_some() {
            return Err(Problem::bad_request("max is given twice"));
        }
    }
    query.retain(|(name, _)| name != "max");
    Ok(max.unwrap_or(1))
}

/// Holds what must be given, and what cannot be.
fn check(query: &QueryPairs) -> Result<(), Problem> {
    let plain = |name: &str| name.split([':', '.']).next().unwrap_or(name).to_owned();
    let names: Vec<String> = query.iter().map(|(name, _)| plain(name)).collect();
    let required = |text: &'static str| {
        let (status, code) = (StatusCode::BAD_REQUEST, IssueCode::Required);
        Problem::new(status, code, text)
    };
    if let Some(name) = names
        .iter()
        .find(|name| RESULT_PARAMETERS.contains(&name.as_str()))
    {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            IssueCode::NotSupported,
            format!("$lastn does not take {name}"),
        ));
    }
    if !names
        .iter()
        .any(|name| matches!(&**name, "patient" | "subject"))
    {
        return Err(required("$lastn needs a patient or a subject"));
    }
    // `code`, `combo-code`, `code-value-quantity`…
    if !names
        .iter()
        .any(|name| name == "category" || name.contains("code"))
    {
        return Err(required("$lastn needs a category or a code"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_be_given_is_asked_for() {
        for (query, expected) in [
            ("patient=a&code=b", Some(1)),
            ("subject:Patient=a&category=b&max=3", Some(3)),
            ("subject.identifier=a&combo-code=b&max=100", Some(100)),
            ("patient=a&code-value-quantity=b$1", Some(1)),
            ("patient=a", None),
            ("code=a", None),
            ("patient=a&code=b&max=0", None),
            ("patient=a&code=b&max=x", None),
            ("patient=a&code=b&max=1&max=2", None),
            ("patient=a&code=b&_sort=date", None),
            ("patient=a&code=b&_include=*", None),
            ("patient=a&code=b&_include:iterate=*", None),
            ("patient=a&code=b&_summary=count", None),
        ] {
            let mut pairs = crate::query::pairs(query.as_bytes()).expect("a query");
            let found = take_max(&mut pairs).and_then(|max| check(&pairs).map(|()| max));
            assert_eq!(found.ok(), expected, "{query}");
        }
    }
}
