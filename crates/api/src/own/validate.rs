//! `$validate`: whether a resource is right, without storing it.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use care::AccessContext;
use fhir::{
    Resource,
    outcome::{Issue, IssueCode, Severity},
    validation::{self, Finding, Rule},
};
use http::{HeaderMap, StatusCode};

use super::{Own, Shared, operation};
use crate::{
    envelope::Query,
    extract::{At, Caller},
    problem::Problem,
    query::QueryPairs,
    representation::FhirBody,
};

/// For what the resource is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Create,
    Update,
    Delete,
}

/// What is asked.
struct Asked {
    resource: Option<Resource>,
    mode: Option<Mode>,
    profiles: Vec<String>,
}

/// `POST [type]/$validate`: the resource, or Parameters that hold it.
pub(super) async fn of_type(
    State(own): State<Shared>,
    Caller(_): Caller,
    At(resource_type): At<String>,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = own.asked(&resource_type, &query, &headers, body).await?;
    if matches!(asked.mode, Some(Mode::Update | Mode::Delete)) {
        return Err(Problem::bad_request(
            "Of what is there already, validate with the id in the URL",
        ));
    }
    let resource = asked.resource.as_ref().ok_or_else(needed)?;
    Ok(own.judged(resource, &asked.profiles, Vec::new()))
}

/// `POST [type]/[id]/$validate`: what is sent as a version of this resource, or
/// the resource itself when nothing is sent.
pub(super) async fn of_instance(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At((resource_type, id)): At<(String, String)>,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let asked = own.asked(&resource_type, &query, &headers, body).await?;
    own.validate(&cx, &resource_type, &id, asked).await
}

/// `GET [type]/[id]/$validate`: the resource as it is stored.
pub(super) async fn of_stored(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At((resource_type, id)): At<(String, String)>,
    query: Query,
) -> Result<Response, Problem> {
    let (mode, profiles) = simple(&query.0)?;
    let asked = Asked {
        resource: None,
        mode,
        profiles,
    };
    own.validate(&cx, &resource_type, &id, asked).await
}

impl Own {
    async fn asked(
        &self,
        resource_type: &str,
        query: &Query,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Asked, Problem> {
        self.known_type(resource_type)?;
        let sent = self.operation_body(headers, body).await?;
        let is_parameters = |one: &Resource| one.resource_type() == "Parameters";
        let (pairs, resource) = match sent {
            Some(sent) if is_parameters(&sent) && resource_type != "Parameters" => {
                let pairs = operation::simple(query, Some(&sent))?;
                let mut parameters = sent.root().each("parameter");
                let node = parameters
                    .find(|one| one.text("name").as_deref() == Some("resource"))
                    .and_then(|one| one.get("resource"));
                let resource =
                    match node {
                        Some(node) => Some(Resource::from_node_in(self.version, node).map_err(
                            |issues| Problem::with_issues(StatusCode::BAD_REQUEST, issues),
                        )?),
                        None => None,
                    };
                (pairs, resource)
            }
            sent => (query.0.to_vec(), sent),
        };
        if resource
            .as_ref()
            .is_some_and(|one| one.resource_type() != resource_type)
        {
            return Err(Problem::element(
                IssueCode::Value,
                "The resource is of another type than the URL says",
                "resourceType",
            ));
        }
        let (mode, profiles) = simple(&pairs)?;
        Ok(Asked {
            resource,
            mode,
            profiles,
        })
    }

    async fn validate(
        &self,
        cx: &AccessContext,
        resource_type: &str,
        id: &str,
        asked: Asked,
    ) -> Result<Response, Problem> {
        if asked.mode == Some(Mode::Create) {
            return Err(Problem::bad_request(
                "Of what is not there yet, validate without an id in the URL",
            ));
        }
        let Some(resource) = &asked.resource else {
            let stored = self.node.read(cx, resource_type, id).await?;
            if asked.mode == Some(Mode::Delete) {
                // Nothing here stands in the way of a deletion.
                return Ok(FhirBody::from(&validation::outcome(&[])).into_response());
            }
            let resource = Resource::parse_in(self.version, &stored.body)
                .map_err(|_| Problem::unexpected())?;
            return Ok(self.judged(&resource, &asked.profiles, Vec::new()));
        };
        let other_id = resource.id().as_deref() != Some(id);
        let findings = other_id.then(|| Finding {
            issue: Issue {
                severity: Severity::Error,
                code: IssueCode::Value,
                text: "the resource must have the id that the URL names".to_owned(),
                expression: Some(format!("{resource_type}.id")),
            },
            rule: Rule::Shape,
            found: None,
        });
        Ok(self.judged(resource, &asked.profiles, findings.into_iter().collect()))
    }

    fn judged(
        &self,
        resource: &Resource,
        profiles: &[String],
        mut findings: Vec<Finding>,
    ) -> Response {
        let profiles: Vec<&str> = profiles.iter().map(String::as_str).collect();
        findings.extend(self.validator.validate(resource, &profiles));
        FhirBody::from(&validation::outcome(&findings)).into_response()
    }
}

fn simple(query: &QueryPairs) -> Result<(Option<Mode>, Vec<String>), Problem> {
    let mut mode = None;
    let mut profiles = Vec::new();
    for (name, value) in query {
        match (name.as_str(), value.as_str()) {
            ("mode", "create") => mode = Some(Mode::Create),
            ("mode", "update") => mode = Some(Mode::Update),
            ("mode", "delete") => mode = Some(Mode::Delete),
            ("mode", _) => {
                return Err(Problem::bad_request("mode is create, update or delete"));
            }
            ("profile", url) => profiles.push(url.to_owned()),
            _ => {
                return Err(Problem::new(
                    StatusCode::BAD_REQUEST,
                    IssueCode::NotSupported,
                    "$validate takes resource, mode and profile",
                ));
            }
        }
    }
    Ok((mode, profiles))
}

fn needed() -> Problem {
    Problem::element(
        IssueCode::Required,
        "There is nothing to validate: send the resource, or Parameters with resource",
        "Parameters.parameter",
    )
}
