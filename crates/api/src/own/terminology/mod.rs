//! The terminology service: `$lookup`, `$validate-code`, `$expand`, `$translate` and
//! `$subsumes`, by GET with the parameters in the URL or by POST with a Parameters
//! resource, on a type or on one resource, as FHIR has them.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use care::AccessContext;
use exchange::TerminologyQuestion;
use fhir::FhirVersion;
use http::{HeaderMap, Method, StatusCode};
use terminology::{
    definitions::Kind,
    operation::{Inputs, Operation, Refusal, RefusalKind},
};

use super::Shared;
use crate::{
    envelope::Query,
    extract::{At, Caller},
    parameters::required,
    problem::Problem,
    representation::FhirBody,
    route::{Credential, Route, route},
};

/// An operation of the terminology service.
struct Offered {
    of: Kind,
    operation: Operation,
    name: &'static str,
    /// Whether it can be asked of one resource, beside the type.
    on_one: bool,
    /// Whether STU3 has it.
    in_stu3: bool,
}

const fn offered(of: Kind, operation: Operation, name: &'static str) -> Offered {
    Offered {
        of,
        operation,
        name,
        on_one: true,
        in_stu3: true,
    }
}

const OFFERED: [Offered; 6] = [
    Offered {
        on_one: false,
        ..offered(Kind::CodeSystem, Operation::Lookup, "lookup")
    },
    Offered {
        in_stu3: false,
        ..offered(Kind::CodeSystem, Operation::ValidateCode, "validate-code")
    },
    offered(Kind::CodeSystem, Operation::Subsumes, "subsumes"),
    offered(Kind::ValueSet, Operation::Expand, "expand"),
    offered(Kind::ValueSet, Operation::ValidateCode, "validate-code"),
    offered(Kind::ConceptMap, Operation::Translate, "translate"),
];

/// The routes of the operations that a version has.
pub(super) fn routes(version: FhirVersion) -> Vec<Route<Shared>> {
    let mut routes = Vec::new();
    for one in OFFERED {
        if version == FhirVersion::Stu3 && !one.in_stu3 {
            continue;
        }
        let (of, operation) = (one.of, one.operation);
        let (resource_type, name) = (of.resource_type(), one.name);
        let of_type = async move |State(own): State<Shared>,
                                  Caller(cx): Caller,
                                  method: Method,
                                  query: Query,
                                  headers: HeaderMap,
                                  body: Body| {
            let inputs = inputs(&own, &method, &query, &headers, body).await?;
            let question = TerminologyQuestion {
                operation,
                of,
                id: None,
                inputs,
            };
            answer(&own, &cx, question).await
        };
        let of_one = async move |State(own): State<Shared>,
                                 Caller(cx): Caller,
                                 At(id): At<String>,
                                 method: Method,
                                 query: Query,
                                 headers: HeaderMap,
                                 body: Body| {
            let inputs = inputs(&own, &method, &query, &headers, body).await?;
            let question = TerminologyQuestion {
                operation,
                of,
                id: Some(id),
                inputs,
            };
            answer(&own, &cx, question).await
        };
        let bearer = Credential::Bearer;
        let path = format!("/{resource_type}/${name}");
        routes.push(route(path, bearer).get_or_post(of_type));
        if one.on_one {
            let path = format!("/{resource_type}/{{id}}/${name}");
            routes.push(route(path, bearer).get_or_post(of_one));
        }
    }
    routes
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
    let resource = own.received(headers, body).await?;
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
