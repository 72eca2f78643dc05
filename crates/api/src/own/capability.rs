//! `GET metadata`: the CapabilityStatement. It says what this door does, and
//! nothing that it does not.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use fhir::{
    FhirVersion,
    json::{Document, Value},
    search::Parameter,
};
use jiff::Timestamp;
use store::AddedParameter;

use super::{Shared, subscription};
use crate::{base, envelope::Query, problem::Problem, representation::FhirBody, route::Endpoint};

/// The type that topics are about.
const SUBSCRIPTION: &str = "Subscription";

/// How an interaction with a resource type is asked for, below the base, and its
/// code.
const INTERACTIONS: [(&str, &str, &str); 9] = [
    ("GET", "/{type}/{id}", "read"),
    ("GET", "/{type}/{id}/_history/{version}", "vread"),
    ("PUT", "/{type}/{id}", "update"),
    ("PATCH", "/{type}/{id}", "patch"),
    ("DELETE", "/{type}/{id}", "delete"),
    ("GET", "/{type}/{id}/_history", "history-instance"),
    ("GET", "/{type}/_history", "history-type"),
    ("POST", "/{type}", "create"),
    ("GET", "/{type}", "search-type"),
];

/// The same for the base itself.
const SYSTEM_INTERACTIONS: [(&str, &str, &str); 4] = [
    ("POST", "", "transaction"),
    ("POST", "", "batch"),
    ("GET", "/_history", "history-system"),
    ("GET", "", "search-system"),
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
    let added = own.node.added_parameters().await?;
    if added.is_empty() {
        return Ok(FhirBody::from(own.capability.clone()).into_response());
    }
    let statement = with_added(&own.capability, &added).ok_or_else(Problem::unexpected)?;
    Ok(FhirBody::from(Bytes::from(statement)).into_response())
}

/// The statement with the search parameters that the organisation added.
fn with_added(statement: &Bytes, added: &[AddedParameter]) -> Option<Vec<u8>> {
    let document = Document::parse(statement).ok()?;
    let mut statement = Value::from(document.root());
    let rest = statement.get_mut("rest")?.items_mut().first_mut()?;
    for resource in rest.get_mut("resource")?.items_mut() {
        let of_type = |one: &&AddedParameter| resource.text("type") == Some(one.resource_type);
        let added: Vec<Value> = added
            .iter()
            .filter(of_type)
            .map(|one| {
                fhir::value!({
                    "name": (&*one.code),
                    "definition": (&*one.definition),
                    "type": (one.kind.code())
                })
            })
            .collect();
        let parameters = resource.get_mut("searchParam")?;
        for one in added {
            parameters.push(one);
        }
    }
    Some(statement.to_bytes())
}

/// The statement of a base of this version, with these endpoints.
pub(super) fn statement(
    version: FhirVersion,
    fhir_base: &str,
    endpoints: &[Endpoint],
    now: Timestamp,
) -> Bytes {
    let offered = Offered {
        version,
        endpoints: endpoints
            .iter()
            .filter_map(|endpoint| {
                let path = endpoint.path.strip_prefix(base::path(version))?;
                Some((endpoint.method.as_str(), path))
            })
            .collect(),
    };
    let resources: Vec<Value> = version
        .resource_types()
        .iter()
        .filter(|name| !matches!(**name, "Parameters" | "OperationOutcome"))
        .map(|name| offered.resource(name))
        .collect();
    let interactions = offered.codes(&SYSTEM_INTERACTIONS);
    let mut statement = fhir::value!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": (now.to_string()),
        "kind": "instance",
        "software": { "name": "Schakel", "version": (env!("CARGO_PKG_VERSION")) },
        "implementation": {
            "description": "The own door of a Schakel node",
            "url": (fhir_base)
        },
        "fhirVersion": (version.number())
    });
    if version == FhirVersion::Stu3 {
        // What is not known is refused: elements and extensions alike.
        statement.set("acceptUnknown", "no");
    }
    let region = match version {
        FhirVersion::R4 => {
            " POST $regional-record asks the region about a patient, POST $access-log tells \
             who looked."
        }
        FhirVersion::Stu3 => "",
    };
    let documentation = format!(
        "Unknown search parameters are refused, unless Prefer says handling=lenient. A BSN \
         belongs in a body: search with POST [type]/_search. POST $import stores lines of \
         resources.{region}"
    );
    statement.set(
        "format",
        fhir::value!([
            "application/fhir+json",
            "application/fhir+xml",
            "json",
            "xml"
        ]),
    );
    statement.set(
        "patchFormat",
        fhir::value!([
            "application/json-patch+json",
            "application/fhir+json",
            "application/fhir+xml"
        ]),
    );
    let mut rest = fhir::value!({
        "mode": "server",
        "documentation": (documentation),
        "security": {
            "cors": false,
            "description": "Bearer tokens of the organisation (RFC 6750)"
        },
        "resource": (resources),
        "interaction": (interactions)
    });
    let operations = offered.of_base();
    if !operations.is_empty() {
        rest.set("operation", operations);
    }
    statement.set("rest", fhir::value!([(rest)]));
    statement.to_bytes().into()
}

/// What a base offers: methods and paths below it.
struct Offered<'a> {
    version: FhirVersion,
    endpoints: Vec<(&'a str, &'a str)>,
}

impl Offered<'_> {
    fn resource(&self, name: &str) -> Value {
        let parameters: Vec<Value> = fhir::search::parameters_in(self.version, name)
            .iter()
            .filter(|one| one.is_searched())
            .map(|one| parameter(one))
            .collect();
        let interactions = self.codes(&INTERACTIONS);
        let interactions = match name {
            // One is changed as a whole, so that what it asks for is checked.
            SUBSCRIPTION => without(&interactions, "patch"),
            _ => interactions,
        };
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
        // STU3 names operations at the base only.
        let operations = match self.version {
            FhirVersion::R4 => self.on(name),
            FhirVersion::Stu3 => Vec::new(),
        };
        if !operations.is_empty() {
            if name == SUBSCRIPTION {
                subscription::claim(&mut resource);
            }
            resource.set("operation", operations);
        }
        resource
    }

    /// The operations that are named at the base: those on it, and in STU3 all.
    fn of_base(&self) -> Vec<Value> {
        let mut found = Vec::new();
        if self.endpoints.iter().any(|(_, path)| *path == "/$export") {
            found.push(self.operation("export", &export("export")));
        }
        if self.version == FhirVersion::R4 {
            if self.endpoints.iter().any(|(_, path)| *path == "/$meta") {
                found.push(self.operation("meta", &defined("Resource", "meta")));
            }
        } else {
            let mut named: Vec<(&str, &str)> = self
                .operations()
                .filter(|(of, _)| *of == "Resource" || self.version.resource_type(of).is_some())
                .collect();
            named.sort_unstable();
            named.dedup();
            let named = named.into_iter();
            found.extend(named.map(|(of, name)| self.operation(name, &defined(of, name))));
        }
        found
    }

    /// The operations of FHIR on a resource type, as the endpoints have them: those
    /// on all types are defined on Resource.
    fn on(&self, resource_type: &str) -> Vec<Value> {
        let mut found: Vec<(&str, &str)> = self
            .operations()
            .filter(|(of, _)| *of == "Resource" || *of == resource_type)
            .collect();
        found.sort_unstable();
        found.dedup();
        let found = found.into_iter();
        found
            .map(|(of, name)| self.operation(name, &defined(of, name)))
            .collect()
    }

    /// The type and the name of each operation on types and resources.
    fn operations(&self) -> impl Iterator<Item = (&str, &str)> {
        self.endpoints.iter().filter_map(|(_, path)| {
            let (of, rest) = path.strip_prefix('/')?.split_once('/')?;
            let (_, name) = rest.rsplit_once('$')?;
            let of = if of == "{type}" { "Resource" } else { of };
            (!of.starts_with('$') && !name.contains('/')).then_some((of, name))
        })
    }

    fn operation(&self, name: &str, definition: &str) -> Value {
        match self.version {
            FhirVersion::R4 => fhir::value!({ "name": (name), "definition": (definition) }),
            FhirVersion::Stu3 => fhir::value!({
                "name": (name),
                "definition": { "reference": (definition) }
            }),
        }
    }

    /// The codes of those interactions for which there is an endpoint.
    fn codes(&self, interactions: &[(&str, &str, &str)]) -> Value {
        let is_there = |method: &str, path: &str| self.endpoints.contains(&(method, path));
        Value::from(
            interactions
                .iter()
                .filter(|(method, path, _)| is_there(method, path))
                .map(|(_, _, code)| fhir::value!({ "code": (*code) }))
                .collect::<Vec<_>>(),
        )
    }
}

/// Interactions but one.
fn without(interactions: &Value, code: &str) -> Value {
    let kept = interactions.items().iter();
    let kept = kept.filter(|one| one.text("code") != Some(code));
    Value::from(kept.cloned().collect::<Vec<_>>())
}

/// The definition of an operation on a type.
fn defined(of: &str, name: &str) -> String {
    match name {
        "export" => export(&format!("{}-export", of.to_lowercase())),
        _ if of == SUBSCRIPTION => subscription::defined(name),
        _ => format!("http://hl7.org/fhir/OperationDefinition/{of}-{name}"),
    }
}

/// The definition of an operation of FHIR Bulk Data Access.
fn export(name: &str) -> String {
    format!("http://hl7.org/fhir/uv/bulkdata/OperationDefinition/{name}")
}

fn parameter(parameter: &Parameter) -> Value {
    fhir::value!({ "name": (&*parameter.code), "type": (parameter.kind.code()) })
}

#[cfg(test)]
mod tests {
    use fhir::Resource;

    use super::*;

    fn of(version: FhirVersion, endpoints: &[Endpoint]) -> Resource {
        let statement = statement(
            version,
            "http://localhost/fhir",
            endpoints,
            Timestamp::UNIX_EPOCH,
        );
        Resource::parse_in(version, statement).expect("a resource")
    }

    #[test]
    fn the_statement_is_a_valid_resource() {
        let endpoints = crate::own::endpoints();
        for version in FhirVersion::ALL {
            let resource = of(version, &endpoints);
            assert_eq!(fhir::structure::check(&resource), [], "{version}");
            let validator = fhir::validation::Validator::new(version, Vec::new());
            let wrong: Vec<String> = validator
                .validate(&resource, &[])
                .into_iter()
                .filter(|finding| finding.issue.severity == fhir::outcome::Severity::Error)
                .map(|finding| format!("{:?}", finding.issue))
                .collect();
            assert_eq!(wrong, [""; 0], "{version}");
        }
    }

    #[test]
    fn what_the_organisation_added_stands_beside_the_standard() {
        for version in FhirVersion::ALL {
            let endpoints = crate::own::endpoints();
            let base = "http://localhost/fhir";
            let statement = statement(version, base, &endpoints, Timestamp::UNIX_EPOCH);
            let added = AddedParameter {
                code: "nickname".to_owned(),
                kind: fhir::search::Kind::String,
                definition: "https://a.example/nickname".to_owned(),
                resource_type: "Patient",
            };
            let statement = with_added(&statement, &[added]).expect("a statement");
            let resource = Resource::parse_in(version, statement).expect("a resource");
            assert_eq!(fhir::structure::check(&resource), [], "{version}");
            let with_it: Vec<_> = resource
                .root()
                .each("rest")
                .flat_map(|rest| rest.each("resource"))
                .filter(|of| {
                    of.each("searchParam").any(|one| {
                        one.text("name").as_deref() == Some("nickname")
                            && one.text("definition").as_deref()
                                == Some("https://a.example/nickname")
                    })
                })
                .filter_map(|of| of.text("type"))
                .collect();
            assert_eq!(with_it, ["Patient"], "{version}");
        }
    }

    #[test]
    fn without_an_endpoint_nothing_is_claimed() {
        for version in FhirVersion::ALL {
            let resource = of(version, &[]);
            let rest = resource.root().path(&["rest", "resource"]).expect("types");
            assert_eq!(rest.each("interaction").count(), 0);
            assert_eq!(rest.each("operation").count(), 0);
            let rest = resource.root().path(&["rest"]).expect("rest");
            assert_eq!(rest.each("operation").count(), 0);
        }
    }
}
