//! `POST /fhir/r4`: a batch of searches about the one patient of the token.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use fhir::FhirVersion;
use http::HeaderMap;

use super::Shared;
use crate::{
    body, envelope::Query, extract::Caller, problem::Problem, representation::FhirBody, resource,
};

pub(super) async fn batch(
    State(inner): State<Shared>,
    Caller(cx): Caller,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    let body = body::read(&headers, body, inner.limits.body_bytes).await?;
    let bundle = resource::parse(FhirVersion::R4, &headers, body)?;
    let answer = inner.node.answer_batch(&cx, &bundle).await?;
    Ok(FhirBody::from(answer).into_response())
}
