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
use crate::{envelope::Query, problem::Problem, representation::FhirBody, route::Endpoint};

/// How an interaction with a resource type is asked for, and its code.
const INTERACTIONS: [(&str, &str, &str); 9] = [
    ("GET", "/fhir/r4/{type}/{id}", "read"),
    ("GET", "/fhir/r4/{type}/{id}/_history/{version}", "vread"),
    ("PUT", "/fhir/r4/{type}/{id}", "update"),
    ("PATCH", "/fhir/r4/{type}/{id}", "patch"),
    ("DELETE", "/fhir/r4/{type}/{id}", "delete"),
    ("GET", "/fhir/r4/{type}/{id}/_history", "history-instance"),
    ("GET", "/fhir/r4/{type}/_history", "history-type"),
    ("POST", "/fhir/r4/{type}", "create"),
    ("GET", "/fhir/r4/{type}", "search-type"),
];

/// The same for the base.
const SYSTEM_INTERACTIONS: [(&str, &str, &str); 4] = [
    ("POST", "/fhir/r4", "transaction"),
    ("POST", "/fhir/r4", "batch"),
    ("GET", "/fhir/r4/_history", "history-system"),
    ("GET", "/fhir/r4", "search-system"),
];

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

/// The statement of a door at this base, with these endpoints.
pub(super) fn statement(fhir_base: &str, endpoints: &[Endpoint], now: Timestamp) -> Bytes {
    let resources: Vec<Value> = fhir::resource_types()
        .iter()
        .filter(|name| !matches!(**name, "Parameters" | "OperationOutcome"))
        .map(|name| resource(name, endpoints))
        .collect();
    let interactions = codes(&SYSTEM_INTERACTIONS, endpoints);
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
        "format": ["application/fhir+json", "application/fhir+xml", "json", "xml"],
        "patchFormat": [
            "application/json-patch+json", "application/fhir+json", "application/fhir+xml"
        ],
        "rest": [{
            "mode": "server",
            "documentation": "Unknown search parameters are refused, unless Prefer says \
                handling=lenient. A BSN belongs in a body: search with POST [type]/_search. \
                POST $regional-record asks the region about a patient, POST $access-log \
                tells who looked, POST $import stores lines of resources.",
            "security": {
                "cors": false,
                "description": "Bearer tokens of the organisation (RFC 6750)"
            },
            "resource": (resources),
            "interaction": (interactions),
            "operation": [{ "name": "export", "definition": (export("export")) }]
        }]
    });
    statement.to_bytes().into()
}

fn resource(name: &str, endpoints: &[Endpoint]) -> Value {
    let parameters: Vec<Value> = fhir::search::parameters(name)
        .iter()
        .filter(|one| is_searched(one))
        .map(parameter)
        .collect();
    let interactions = codes(&INTERACTIONS, endpoints);
    let operations = operations(name, endpoints);
    let mut resource = fhir::value!({
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
    });
    if !operations.is_empty() {
        resource.set("operation", operations);
    }
    resource
}

/// The operations of FHIR on a resource type, as the endpoints have them: those
/// on all types are defined on Resource.
fn operations(resource_type: &str, endpoints: &[Endpoint]) -> Vec<Value> {
    let mut found: Vec<(&str, &str)> = endpoints
        .iter()
        .filter_map(|endpoint| {
            let path = endpoint.path.strip_prefix("/fhir/r4/")?;
            let (of, rest) = path.split_once('/')?;
            let (_, name) = rest
                .rsplit_once('$')
                .filter(|(_, name)| !name.contains('/'))?;
            match of {
                "{type}" => Some(("Resource", name)),
                of if of == resource_type => Some((of, name)),
                _ => None,
            }
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    let operation = |(of, name): (&str, &str)| {
        let definition = match name {
            "export" => export(&format!("{}-export", of.to_lowercase())),
            _ => format!("http://hl7.org/fhir/OperationDefinition/{of}-{name}"),
        };
        fhir::value!({ "name": (name), "definition": (definition) })
    };
    found.into_iter().map(operation).collect()
}

/// The definition of an operation of FHIR Bulk Data Access.
fn export(name: &str) -> String {
    format!("http://hl7.org/fhir/uv/bulkdata/OperationDefinition/{name}")
}

/// Whether the index holds values for the parameter.
fn is_searched(parameter: &Parameter) -> bool {
    parameter.kind != Kind::Special && !parameter.expression.is_empty()
}

fn parameter(parameter: &Parameter) -> Value {
    fhir::value!({ "name": (parameter.code), "type": (parameter.kind.code()) })
}

/// The codes of those interactions for which there is an endpoint.
fn codes(interactions: &[(&str, &str, &str)], endpoints: &[Endpoint]) -> Value {
    let is_there = |method: &str, path: &str| {
        endpoints
            .iter()
            .any(|endpoint| endpoint.method == method && endpoint.path == path)
    };
    Value::from(
        interactions
            .iter()
            .filter(|(method, path, _)| is_there(method, path))
            .map(|(_, _, code)| fhir::value!({ "code": (*code) }))
            .collect::<Vec<_>>(),
    )
}

#[cfg(test)]
mod tests {
    use fhir::Resource;

    use super::*;

    #[test]
    fn the_statement_is_a_valid_resource() {
        let endpoints = crate::own::endpoints();
        let statement = statement(
            "http://localhost/fhir/r4",
            &endpoints,
            Timestamp::UNIX_EPOCH,
        );
        let resource = Resource::parse(&statement[..]).unwrap();
        assert_eq!(fhir::structure::check(&resource), []);
    }

    #[test]
    fn without_an_endpoint_nothing_is_claimed() {
        let statement = statement("http://localhost/fhir/r4", &[], Timestamp::UNIX_EPOCH);
        let resource = Resource::parse(&statement[..]).unwrap();
        let rest = resource.root().path(&["rest", "resource"]).unwrap();
        assert_eq!(rest.each("interaction").count(), 0);
        assert_eq!(rest.each("operation").count(), 0);
    }
}
