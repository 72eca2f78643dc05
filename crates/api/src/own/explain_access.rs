//! `POST $explain-access`: why somebody may or may not see what a source has,
//! rule by rule.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use care::{ExchangeCode, Ura};
use fhir::{json::Value, outcome::IssueCode};
use http::HeaderMap;
use trust::policy::RuleLine;

use super::{Shared, regional_record::with_purpose};
use crate::{
    envelope::Query,
    extract::Caller,
    parameters::{Parameters, required},
    problem::Problem,
    representation::FhirBody,
};

/// Takes Parameters `identifier` (the BSN), `source` (a URA), and optionally
/// `exchange`, `purpose` and `reason`. The caller is the person that it is
/// explained for; it shows no data of the patient.
pub(super) async fn explain_access(
    State(own): State<Shared>,
    Caller(cx): Caller,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    let resource = own.received(&headers, body).await?;
    let names = ["identifier", "source", "exchange", "purpose", "reason"];
    let parameters = Parameters::new(&resource, &names)?;
    let bsn = parameters
        .bsn("identifier")?
        .ok_or_else(|| required("identifier is missing"))?;
    let source = parameters
        .text("source")?
        .ok_or_else(|| required("source is missing"))?;
    let source: Ura = source.parse().map_err(|_| {
        Problem::element(
            IssueCode::Value,
            "source is not a URA",
            "Parameters.parameter",
        )
    })?;
    let exchange = parameters.text("exchange")?.map(ExchangeCode);
    let cx = with_purpose(cx, &parameters)?;
    let lines = own
        .node
        .explain_access(&cx, &bsn, exchange.as_ref(), source)
        .await?;
    Ok(FhirBody::from(&answer(&lines)).into_response())
}

fn answer(lines: &[RuleLine]) -> Value {
    let parameters: Vec<Value> = lines.iter().map(line).collect();
    fhir::value!({"resourceType": "Parameters", "parameter": (parameters)})
}

fn line(line: &RuleLine) -> Value {
    fhir::value!({
        "name": "line",
        "part": [
            {"name": "rule", "valueString": (line.rule.as_str())},
            {"name": "applies", "valueBoolean": (line.applies)},
            {"name": "text", "valueString": (line.text_en.as_str())},
            {"name": "tekst", "valueString": (line.text_nl.as_str())}
        ]
    })
}
