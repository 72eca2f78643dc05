//! The parameters of an export, read strictly.

use exchange::{ExportQuestion, Level, TypeFilter};
use fhir::{FhirVersion, Resource, outcome::IssueCode};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use super::{
    NDJSON,
    narrow::{elements, type_filters},
};
use crate::{own::prefer, problem::Problem, query::QueryPairs};

/// Checks that the client prefers `respond-async`; tells whether it also
/// prefers that unknown parameters are ignored (`handling=lenient`).
pub(super) fn asynchronous(headers: &HeaderMap) -> Result<bool, Problem> {
    if !prefer::is_asynchronous(headers) {
        return Err(Problem::bad_request(
            "An export is made in the background: it needs Prefer: respond-async",
        ));
    }
    Ok(prefer::is_lenient(headers))
}

/// The question of a URL.
pub(super) fn of_query(
    version: FhirVersion,
    level: Level,
    request: String,
    query: &QueryPairs,
    is_lenient: bool,
) -> Result<ExportQuestion, Problem> {
    let mut question = empty(level, request);
    for (name, value) in query {
        // In a query a plus sign means a space; many clients forget to encode it.
        let value = value.replace("fhir ", "fhir+");
        take(version, &mut question, name, &value, is_lenient)?;
    }
    of_one_mind(question, is_lenient)
}

/// The question of a Parameters resource.
pub(super) fn of_parameters(
    version: FhirVersion,
    level: Level,
    request: String,
    parameters: &Resource,
    is_lenient: bool,
) -> Result<ExportQuestion, Problem> {
    if parameters.resource_type() != "Parameters" {
        return Err(Problem::element(
            IssueCode::Invalid,
            "A Parameters resource is needed here",
            "resourceType",
        ));
    }
    let mut question = empty(level, request);
    for parameter in parameters.root().each("parameter") {
        let name = parameter.text("name").unwrap_or_default();
        if name == "patient" && question.level != Level::System {
            let reference = parameter
                .get("valueReference")
                .and_then(|reference| reference.text("reference"));
            let id = reference
                .as_deref()
                .and_then(|it| it.strip_prefix("Patient/"));
            let id = id.filter(|id| !id.is_empty() && !id.contains('/'));
            let id = id.ok_or_else(|| wrong("patient is not a reference to a Patient here"))?;
            question
                .patients
                .get_or_insert_default()
                .push(id.to_owned());
            continue;
        }
        let value = ["valueString", "valueInstant", "valueCode", "valueDateTime"]
            .into_iter()
            .find_map(|kind| parameter.text(kind))
            .unwrap_or_default();
        take(version, &mut question, &name, &value, is_lenient)?;
    }
    of_one_mind(question, is_lenient)
}

fn empty(level: Level, request: String) -> ExportQuestion {
    ExportQuestion {
        level,
        request,
        since: None,
        types: Vec::new(),
        patients: None,
        filters: Vec::new(),
        elements: Vec::new(),
    }
}

/// A search of a type that is not exported is refused, or left out.
fn of_one_mind(mut question: ExportQuestion, is_lenient: bool) -> Result<ExportQuestion, Problem> {
    let types = &question.types;
    let is_exported =
        |filter: &TypeFilter| types.is_empty() || types.contains(&filter.resource_type);
    if !is_lenient && !question.filters.iter().all(is_exported) {
        return Err(wrong("_typeFilter names a type that _type does not"));
    }
    question.filters.retain(is_exported);
    Ok(question)
}

fn take(
    version: FhirVersion,
    question: &mut ExportQuestion,
    name: &str,
    value: &str,
    is_lenient: bool,
) -> Result<(), Problem> {
    match name {
        "_outputFormat" => {
            if ![NDJSON, "application/ndjson", "ndjson"].contains(&value) {
                return Err(wrong("_outputFormat can be application/fhir+ndjson only"));
            }
        }
        "_since" => {
            let since = value.parse::<Timestamp>();
            let since = since.map_err(|_| wrong("_since is not an instant"))?;
            if question.since.replace(since).is_some() {
                return Err(wrong("_since is given twice"));
            }
        }
        "_type" => {
            for one in value.split(',') {
                match version.resource_type(one) {
                    Some(known) if question.types.iter().any(|type_| type_ == known) => {}
                    Some(known) => question.types.push(known.to_owned()),
                    None if is_lenient => {}
                    None => {
                        return Err(wrong("_type names a type that this version does not have"));
                    }
                }
            }
            if question.types.is_empty() {
                return Err(wrong("_type names no type that this version has"));
            }
        }
        "_typeFilter" => {
            let filters = type_filters(version, value, is_lenient)?;
            question.filters.extend(filters);
        }
        "_elements" => question
            .elements
            .extend(elements(version, value, is_lenient)?),
        _ if is_lenient => {}
        _ => {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                IssueCode::NotSupported,
                "An export takes the parameters _outputFormat, _since, _type, _typeFilter and \
                 _elements, and in a body patient, where it is not of the whole system",
            ));
        }
    }
    Ok(())
}

fn wrong(text: &'static str) -> Problem {
    Problem::bad_request(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handling_is_read_as_in_a_search() {
        for (prefer, expected) in [
            ("respond-async", Some(false)),
            ("respond-async, handling=lenient", Some(true)),
            ("respond-async, handling=\"lenient\"", Some(true)),
            ("handling=lenient; respond-async", Some(true)),
            (
                "respond-async, handling=lenient, handling=strict",
                Some(false),
            ),
            ("respond-async, handling=other", Some(false)),
            ("handling=lenient", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", prefer.parse().expect("a header value"));
            assert_eq!(asynchronous(&headers).ok(), expected, "{prefer}");
        }
    }

    #[test]
    fn questions_are_read_strictly() {
        for (name, value, strict, lenient) in [
            ("_type", "Patient,Observation", true, true),
            ("_type", "Patient,Unknown", false, true),
            ("_type", "Unknown", false, false),
            ("_type", "", false, false),
            ("_outputFormat", "ndjson", true, true),
            ("_outputFormat", "application/fhir ndjson", true, true),
            ("_outputFormat", "text/csv", false, false),
            ("_since", "2026-01-01T00:00:00Z", true, true),
            ("_since", "yesterday", false, false),
            ("_elements", "id", true, true),
            ("_elements", "shoe", false, true),
            ("_typeFilter", "Patient?active=true", true, true),
            ("_typeFilter", "Patient?_sort=name", false, false),
            ("includeAssociatedData", "x", false, true),
            ("patient", "Patient/a", false, true),
        ] {
            let query = vec![(name.to_owned(), value.to_owned())];
            for (is_lenient, expected) in [(false, strict), (true, lenient)] {
                let found = of_query(
                    FhirVersion::R4,
                    Level::System,
                    String::new(),
                    &query,
                    is_lenient,
                );
                assert_eq!(found.is_ok(), expected, "{name}={value} {is_lenient}");
            }
        }
    }

    #[test]
    fn a_filter_of_a_type_that_is_not_exported_is_refused_or_left_out() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let query = vec![
            pair("_typeFilter", "Patient?active=true,Observation?code=a"),
            pair("_type", "Patient"),
            pair("_typeFilter", "Patient?gender=female"),
        ];
        let read = |query: &QueryPairs, is_lenient| {
            of_query(
                FhirVersion::R4,
                Level::System,
                String::new(),
                query,
                is_lenient,
            )
        };
        assert!(read(&query, false).is_err());
        let left = read(&query, true).expect("a question");
        assert_eq!(left.filters.len(), 2, "those of Patient");
    }
}
