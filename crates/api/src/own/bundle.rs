//! `POST` at the base: a transaction or a batch.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use exchange::Returned;
use http::HeaderMap;

use super::{Shared, prefer};
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
    let bundle = resource::parse_bundle(own.version, &headers, body)?;
    let returned = prefer::returned(&headers).unwrap_or(Returned::Minimal);
    let answer = own.node.bundle_returning(&cx, &bundle, returned).await?;
    Ok(FhirBody::from(&answer).into_response())
}
