//! `_typeFilter` and `_elements` of an export (FHIR Bulk Data Access 2.0).

use exchange::{TypeFilter, WantedElement};
use fhir::{FhirVersion, outcome::IssueCode, subset::has_element};
use http::StatusCode;

use crate::{problem::Problem, query};

/// Parameters that say how a search is answered, not what it finds: an export is
/// not answered as a search is.
const RESULT_PARAMETERS: [&str; 12] = [
    "_count",
    "_cursor",
    "_elements",
    "_format",
    "_include",
    "_pretty",
    "_revinclude",
    "_sort",
    "_summary",
    "_total",
    "_type",
    "_typeFilter",
];

/// The searches of a `_typeFilter`: `[type]?[search]`, several with commas between.
/// A comma is one between searches only where a type and a question mark follow.
pub(super) fn type_filters(
    version: FhirVersion,
    value: &str,
    is_lenient: bool,
) -> Result<Vec<TypeFilter>, Problem> {
    let mut searches: Vec<String> = Vec::new();
    for piece in value.split(',') {
        let starts = piece.split_once('?').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic())
        });
        match searches.last_mut() {
            Some(search) if !starts => {
                search.push(',');
                search.push_str(piece);
            }
            _ => searches.push(piece.to_owned()),
        }
    }
    let mut filters = Vec::new();
    for search in searches {
        let Some((name, criteria)) = search.split_once('?') else {
            return Err(wrong("_typeFilter is a search such as Patient?active=true"));
        };
        let Some(resource_type) = version.resource_type(name) else {
            if is_lenient {
                continue;
            }
            return Err(wrong(
                "_typeFilter names a type that this version does not have",
            ));
        };
        let pairs = query::pairs(criteria.as_bytes())?;
        let plain = |name: &str| name.split(':').next().unwrap_or(name).to_owned();
        if pairs
            .iter()
            .any(|(name, _)| RESULT_PARAMETERS.contains(&plain(name).as_str()))
        {
            return Err(not_supported(
                "_typeFilter takes no parameters that say how a search is answered",
            ));
        }
        filters.push(TypeFilter {
            resource_type: resource_type.to_owned(),
            query: pairs,
        });
    }
    Ok(filters)
}

/// The elements of an `_elements`: `[type].[element]`, or `[element]` of all types
/// that have it.
pub(super) fn elements(
    version: FhirVersion,
    value: &str,
    is_lenient: bool,
) -> Result<Vec<WantedElement>, Problem> {
    let mut wanted = Vec::new();
    for one in value.split(',').map(str::trim) {
        let (of, name) = match one.split_once('.') {
            Some((of, name)) => (Some(of), name),
            None => (None, one),
        };
        let has = |resource_type: &&str| has_element(version, resource_type, name);
        let is_known = match of {
            Some(of) => version.resource_type(of).as_ref().is_some_and(has),
            None => version.resource_types().iter().any(has),
        };
        if is_known {
            wanted.push(WantedElement {
                of: of.map(str::to_owned),
                name: name.to_owned(),
            });
        } else if !is_lenient {
            return Err(not_supported(
                "_elements names what is no element of a resource",
            ));
        }
    }
    Ok(wanted)
}

fn wrong(text: &'static str) -> Problem {
    Problem::bad_request(text)
}

fn not_supported(text: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, IssueCode::NotSupported, text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const R4: FhirVersion = FhirVersion::R4;

    fn check_filters(value: &str, is_lenient: bool, expected: Option<&str>) {
        let found = type_filters(R4, value, is_lenient).ok().map(|filters| {
            let each = filters.iter().map(|filter| {
                let pairs = filter.query.iter();
                let pairs: Vec<String> = pairs
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                format!("{} {}", filter.resource_type, pairs.join("&"))
            });
            each.collect::<Vec<_>>().join("; ")
        });
        assert_eq!(found.as_deref(), expected, "{value}");
    }

    #[test]
    fn searches_are_told_apart() {
        for (value, expected) in [
            ("Patient?active=true", Some("Patient active=true")),
            (
                "Observation?code=a,b&status=final,Patient?active=true",
                Some("Observation code=a,b&status=final; Patient active=true"),
            ),
            ("Observation?code=a%2Cb", Some("Observation code=a,b")),
            ("Patient?", Some("Patient ")),
            ("Patient", None),
            ("", None),
            ("Unknown?a=b", None),
            ("Patient?_sort=name", None),
            ("Patient?_include:iterate=*", None),
            ("Patient?a=%", None),
        ] {
            check_filters(value, false, expected);
        }
        check_filters(
            "Unknown?a=b,Patient?active=true",
            true,
            Some("Patient active=true"),
        );
        check_filters("Patient?_count=1", true, None);
    }

    #[test]
    fn elements_are_those_of_resources() {
        for (value, strict, lenient) in [
            ("name", Some(1), Some(1)),
            ("Patient.name, id,Observation.code", Some(3), Some(3)),
            ("Patient.code", None, Some(0)),
            ("Unknown.id", None, Some(0)),
            ("shoe,name", None, Some(1)),
            ("Patient.name.family", None, Some(0)),
            ("", None, Some(0)),
        ] {
            for (is_lenient, expected) in [(false, strict), (true, lenient)] {
                let found = elements(R4, value, is_lenient).ok();
                assert_eq!(found.map(|found| found.len()), expected, "{value}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_value_is_judged_without_a_panic(value in "[A-Za-z?,=&%.:_é]{0,60}") {
            for is_lenient in [false, true] {
                let _ = type_filters(R4, &value, is_lenient);
                let _ = elements(R4, &value, is_lenient);
            }
        }
    }
}
