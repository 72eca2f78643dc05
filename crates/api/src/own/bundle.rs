//! `POST` at the base: a transaction or a batch.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::HeaderMap;

use super::Shared;
use crate::{
    body, envelope::Query, extract::Caller, problem::Problem, representation::FhirBody, resource,
};

pub(super) async fn bundle(
    State(own): State<Shared>,
    Caller(cx): Caller,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    let body = body::read(&headers, body, own.limits.body_bytes).await?;
    let bundle = resource::parse(&headers, body)?;
    let answer = own.node.bundle(&cx, &bundle).await?;
    Ok(FhirBody::from(&answer).into_response())
}
