//! `POST /fhir/r4/$access-log`: who looked here, for the patient of the token.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use fhir::FhirVersion;
use http::HeaderMap;

use super::Shared;
use crate::{
    body, envelope::Query, extract::Caller, parameters::Parameters, problem::Problem,
    representation::FhirBody, resource,
};

pub(super) async fn access_log(
    State(inner): State<Shared>,
    Caller(cx): Caller,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    let body = body::read(&headers, body, inner.limits.body_bytes).await?;
    let resource = resource::parse(FhirVersion::R4, &headers, body)?;
    // About whom is in the token alone.
    Parameters::new(&resource, &[])?;
    let lines = inner.node.answer_access_log(&cx).await?;
    Ok(FhirBody::from(lines).into_response())
}
