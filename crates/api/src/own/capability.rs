//! `GET metadata`: the CapabilityStatement. It says what this door does, and
//! nothing that it does not.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use fhir::{
    json::Value,
    search::{Kind, Parameter},
};
use jiff::Timestamp;

use super::Shared;
use crate::{envelope::Query, problem::Problem, representation::FhirBody};

/// What can be done with every resource type.
const INTERACTIONS: [&str; 9] = [
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "create",
    "search-type",
];

/// What can be done at the base.
const SYSTEM_INTERACTIONS: [&str; 3] = ["transaction", "batch", "history-system"];

pub(super) async fn capability(
    State(own): State<Shared>,
    query: Query,
) -> Result<Response, Problem> {
    // FHIR lets clients ask for a mode; there is one.
    if !query
        .0
        .iter()
        .all(|(name, value)| name == "mode" && value == "full")
    {
        query.must_be_empty()?;
    }
    Ok(FhirBody::from(own.capability.clone()).into_response())
}

/// The statement of a door at this base.
pub(super) fn statement(fhir_base: &str, now: Timestamp) -> Bytes {
    let resources: Vec<Value> = fhir::resource_types()
        .iter()
        .filter(|name| !matches!(**name, "Parameters" | "OperationOutcome"))
        .map(|name| resource(name))
        .collect();
    let interactions = codes(&SYSTEM_INTERACTIONS);
    let statement = fhir::value!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": (now.to_string()),
        "kind": "instance",
        "software": { "name": "Schakel", "version": (env!("CARGO_PKG_VERSION")) },
        "implementation": {
            "description": "The own door of a Schakel node",
            "url": (fhir_base)
        },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "application/fhir+xml"],
        "patchFormat": [
            "application/json-patch+json", "application/fhir+json", "application/fhir+xml"
        ],
        "rest": [{
            "mode": "server",
            "documentation": "Unknown search parameters are refused, whatever Prefer says. A BSN \
                belongs in a body: search with POST [type]/_search. POST $regional-record \
                asks the region about a patient, POST $access-log tells who looked.",
            "security": {
                "cors": false,
                "description": "Bearer tokens of the organisation (RFC 6750)"
            },
            "resource": (resources),
            "interaction": (interactions)
        }]
    });
    statement.to_bytes().into()
}

fn resource(name: &str) -> Value {
    let parameters: Vec<Value> = fhir::search::parameters(name)
        .iter()
        .filter(|one| is_searched(one))
        .map(parameter)
        .collect();
    let interactions = codes(&INTERACTIONS);
    fhir::value!({
        "type": (name),
        "interaction": (interactions),
        "versioning": "versioned-update",
        "readHistory": true,
        "updateCreate": true,
        "conditionalCreate": true,
        "conditionalRead": "full-support",
        "conditionalUpdate": true,
        "conditionalDelete": "single",
        "searchParam": (parameters)
    })
}

/// Whether the index holds values for the parameter.
fn is_searched(parameter: &Parameter) -> bool {
    parameter.kind != Kind::Special && !parameter.expression.is_empty()
}

fn parameter(parameter: &Parameter) -> Value {
    fhir::value!({ "name": (parameter.code), "type": (parameter.kind.code()) })
}

fn codes(codes: &[&str]) -> Value {
    Value::from(
        codes
            .iter()
            .map(|code| fhir::value!({ "code": (*code) }))
            .collect::<Vec<_>>(),
    )
}

#[cfg(test)]
mod tests {
    use fhir::Resource;

    use super::*;

    #[test]
    fn the_statement_is_a_valid_resource() {
        let statement = statement("http://localhost/fhir/r4", Timestamp::UNIX_EPOCH);
        let resource = Resource::parse(&statement[..]).unwrap();
        assert_eq!(fhir::structure::check(&resource), []);
    }
}
