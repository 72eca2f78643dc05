//! `POST $regional-record`: what the whole region has on one patient.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use care::{AccessContext, ExchangeCode, Purpose};
use fhir::outcome::IssueCode;
use http::HeaderMap;

use super::Shared;
use crate::{
    envelope::Query,
    extract::Caller,
    parameters::{Parameters, required},
    problem::Problem,
    representation::FhirBody,
};

/// The longest reason for emergency access, in characters.
const REASON_CHARACTERS_MAX: usize = 500;

/// Takes Parameters `identifier` (the BSN, as `valueIdentifier` or
/// `valueString`), `exchange` (its code), and optionally `purpose` (a code of
/// v3-ActReason) and `reason` (why the glass is broken, with purpose ETREAT).
pub(super) async fn regional_record(
    State(own): State<Shared>,
    Caller(cx): Caller,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    let resource = own.received(&headers, body).await?;
    let parameters = Parameters::new(&resource, &["identifier", "exchange", "purpose", "reason"])?;
    let bsn = parameters
        .bsn("identifier")?
        .ok_or_else(|| required("identifier is missing"))?;
    let exchange = parameters
        .text("exchange")?
        .ok_or_else(|| required("exchange is missing"))?;
    let cx = with_purpose(cx, &parameters)?;
    let record = own
        .node
        .regional_record(&cx, &bsn, &ExchangeCode(exchange))
        .await?;
    Ok(FhirBody::from(record.to_bundle()).into_response())
}

/// The same person asking for the `purpose` and `reason` that the parameters name.
pub(super) fn with_purpose(
    cx: AccessContext,
    parameters: &Parameters<'_>,
) -> Result<AccessContext, Problem> {
    let reason = parameters.text("reason")?;
    let Some(code) = parameters.text("purpose")? else {
        return if reason.is_some() {
            Err(wrong("a reason goes with a purpose"))
        } else {
            Ok(cx)
        };
    };
    let purpose = Purpose::from_code(&code).ok_or_else(|| wrong("unknown purpose"))?;
    if reason.is_some() && purpose != Purpose::EmergencyTreatment {
        return Err(wrong("only emergency access has a reason"));
    }
    if reason
        .as_ref()
        .is_some_and(|text| text.chars().count() > REASON_CHARACTERS_MAX)
    {
        return Err(wrong("the reason is longer than 500 characters"));
    }
    Ok(cx.for_purpose(purpose, reason))
}

fn wrong(text: &'static str) -> Problem {
    Problem::element(IssueCode::Value, text, "Parameters.parameter")
}
