//! `POST` at the base: a transaction or a batch.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use exchange::Returned;
use http::HeaderMap;

use super::{Shared, prefer};
use crate::{envelope::Query, extract::Caller, problem::Problem, representation::FhirBody};

pub(super) async fn bundle(
    State(own): State<Shared>,
    Caller(cx): Caller,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    let bundle = own.received(&headers, body).await?;
    let returned = prefer::returned(&headers).unwrap_or(Returned::Minimal);
    let answer = own.node.bundle_returning(&cx, &bundle, returned).await?;
    Ok(FhirBody::from(&answer).into_response())
}
