//! `POST /messages/hl7v2` and `POST /messages/edifact`: messages over HTTP.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use exchange::Channel;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::Shared;
use crate::{body, envelope::Query, extract::Caller, incoming, problem::Problem};

const HL7V2: &str = "x-application/hl7-v2+er7";
const EDIFACT: &str = "application/edifact";

pub(super) async fn hl7v2(
    State(own): State<Shared>,
    Caller(cx): Caller,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    let message = body::read(&headers, body, own.limits.body_bytes).await?;
    let (ids, now) = (&*own.ids, own.clock.now());
    let channel = Channel::Hl7v2;
    let answer = incoming::receive_hl7v2(&own.node, &cx, channel, message, ids, now).await?;
    Ok(acknowledged(HL7V2, answer.acknowledgement, answer.accepted))
}

pub(super) async fn edifact(
    State(own): State<Shared>,
    Caller(cx): Caller,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    let interchange = body::read(&headers, body, own.limits.body_bytes).await?;
    let receipt = own.node.receive(&cx, Channel::Edifact, interchange).await?;
    Ok(acknowledged(
        EDIFACT,
        receipt.acknowledgement,
        receipt.accepted,
    ))
}

/// The acknowledgement in the message's own language: with 200 when all was
/// accepted, with 422 when something was kept for the operator instead.
fn acknowledged(media_type: &'static str, acknowledgement: Vec<u8>, accepted: bool) -> Response {
    let status = if accepted {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let mut response = (status, acknowledgement).into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
