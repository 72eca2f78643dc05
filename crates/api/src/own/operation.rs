//! Parameters of operations that can be asked in a URL as well as in a body.

use fhir::{Resource, json::Kind, outcome::IssueCode};

use crate::{envelope::Query, problem::Problem, query::QueryPairs};

/// The simple parameters of an operation, from the URL and from Parameters.
/// What is not a simple value is left to whoever knows it by name.
pub(super) fn simple(query: &Query, parameters: Option<&Resource>) -> Result<QueryPairs, Problem> {
    let mut pairs = query.0.to_vec();
    let Some(parameters) = parameters else {
        return Ok(pairs);
    };
    if parameters.resource_type() != "Parameters" {
        return Err(Problem::element(
            IssueCode::Invalid,
            "A Parameters resource is needed here",
            "resourceType",
        ));
    }
    for parameter in parameters.root().each("parameter") {
        let name = parameter.text("name").unwrap_or_default().into_owned();
        let value = parameter
            .members()
            .find(|(name, _)| name.starts_with("value"))
            .map(|(_, value)| value);
        match value.map(|value| (value.kind(), value)) {
            Some((Kind::String, value)) => {
                pairs.push((name, value.as_str().unwrap_or_default().into_owned()));
            }
            Some((Kind::Number | Kind::Bool, value)) => pairs.push((name, value.raw().to_owned())),
            _ => {}
        }
    }
    Ok(pairs)
}
