//! The terminology service: `$lookup`, `$validate-code`, `$expand`, `$translate` and
//! `$subsumes`, by GET with the parameters in the URL or by POST with a Parameters
//! resource, on a type or on one resource, as FHIR R4 has them.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use care::AccessContext;
use exchange::TerminologyQuestion;
use http::{HeaderMap, Method, StatusCode};
use terminology::{
    definitions::Kind,
    operation::{Inputs, Operation, Refusal, RefusalKind},
};

use super::Shared;
use crate::{
    body,
    envelope::Query,
    extract::{At, Caller},
    parameters::required,
    problem::Problem,
    representation::FhirBody,
    resource,
    route::{Credential, Route, route},
};

/// The operations: the type, the name, what it does, its path on the type and, where
/// FHIR has it, on one resource.
pub(super) const OPERATIONS: [(Kind, &str, Operation, &str, Option<&str>); 6] = [
    (
        Kind::CodeSystem,
        "lookup",
        Operation::Lookup,
        "/fhir/r4/CodeSystem/$lookup",
        None,
    ),
    (
        Kind::CodeSystem,
        "validate-code",
        Operation::ValidateCode,
        "/fhir/r4/CodeSystem/$validate-code",
        Some("/fhir/r4/CodeSystem/{id}/$validate-code"),
    ),
    (
        Kind::CodeSystem,
        "subsumes",
        Operation::Subsumes,
        "/fhir/r4/CodeSystem/$subsumes",
        Some("/fhir/r4/CodeSystem/{id}/$subsumes"),
    ),
    (
        Kind::ValueSet,
        "expand",
        Operation::Expand,
        "/fhir/r4/ValueSet/$expand",
        Some("/fhir/r4/ValueSet/{id}/$expand"),
    ),
    (
        Kind::ValueSet,
        "validate-code",
        Operation::ValidateCode,
        "/fhir/r4/ValueSet/$validate-code",
        Some("/fhir/r4/ValueSet/{id}/$validate-code"),
    ),
    (
        Kind::ConceptMap,
        "translate",
        Operation::Translate,
        "/fhir/r4/ConceptMap/$translate",
        Some("/fhir/r4/ConceptMap/{id}/$translate"),
    ),
];

/// The routes of the operations.
pub(super) fn routes() -> Vec<Route<Shared>> {
    let mut routes = Vec::new();
    for (kind, _, operation, of_type, of_resource) in OPERATIONS {
        for method in [Method::GET, Method::POST] {
            let handler = type_handler(&method, kind, operation);
            routes.push(route(method.clone(), of_type, Credential::Bearer, handler));
            if let Some(path) = of_resource {
                let handler = resource_handler(&method, kind, operation);
                routes.push(route(method, path, Credential::Bearer, handler));
            }
        }
    }
    routes
}

fn type_handler(method: &Method, of: Kind, operation: Operation) -> MethodRouter<Shared> {
    let handler = move |State(own): State<Shared>,
                        Caller(cx): Caller,
                        method: Method,
                        query: Query,
                        headers: HeaderMap,
                        body: Body| async move {
        let inputs = inputs(&own, &method, &query, &headers, body).await?;
        let question = TerminologyQuestion {
            operation,
            of,
            id: None,
            inputs,
        };
        answer(&own, &cx, question).await
    };
    on(method, handler)
}

fn resource_handler(method: &Method, of: Kind, operation: Operation) -> MethodRouter<Shared> {
    let handler = move |State(own): State<Shared>,
                        Caller(cx): Caller,
                        At(id): At<String>,
                        method: Method,
                        query: Query,
                        headers: HeaderMap,
                        body: Body| async move {
        let inputs = inputs(&own, &method, &query, &headers, body).await?;
        let question = TerminologyQuestion {
            operation,
            of,
            id: Some(id),
            inputs,
        };
        answer(&own, &cx, question).await
    };
    on(method, handler)
}

fn on<H, T>(method: &Method, handler: H) -> MethodRouter<Shared>
where
    H: axum::handler::Handler<T, Shared>,
    T: 'static,
{
    if *method == Method::GET {
        get(handler)
    } else {
        axum::routing::post(handler)
    }
}

async fn inputs(
    own: &Shared,
    method: &Method,
    query: &Query,
    headers: &HeaderMap,
    body: Body,
) -> Result<Inputs, Problem> {
    // HEAD comes by the way of GET.
    if *method != Method::POST {
        return Ok(Inputs::of_query(&query.0));
    }
    query.must_be_empty()?;
    let body = body::read(headers, body, own.limits.body_bytes).await?;
    let resource = resource::parse(headers, body)?;
    if resource.resource_type() != "Parameters" {
        return Err(required("A Parameters resource is needed here"));
    }
    Inputs::of_parameters(resource.root()).map_err(refused)
}

async fn answer(
    own: &Shared,
    cx: &AccessContext,
    question: TerminologyQuestion,
) -> Result<Response, Problem> {
    let found = own.node.terminology(cx, question).await?;
    let answer = found.map_err(refused)?;
    Ok(FhirBody::from(&answer).into_response())
}

fn refused(refusal: Refusal) -> Problem {
    let status = match refusal.kind {
        RefusalKind::Invalid => StatusCode::BAD_REQUEST,
        RefusalKind::NotFound => StatusCode::NOT_FOUND,
        RefusalKind::CannotTell => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Problem::with_issues(status, vec![refusal.issue])
}
