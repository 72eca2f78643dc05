//! `POST $access-log`: who looked at a patient's data, for that patient.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use exchange::{AccessLogLine, AccessLogSource, SourceState};
use fhir::json::Value;
use http::HeaderMap;
use trust::audit::Outcome;

use super::Shared;
use crate::{
    bundle_text::BundleText,
    envelope::Query,
    extract::Caller,
    parameters::{Parameters, required},
    problem::Problem,
    representation::FhirBody,
};

/// Takes Parameters with optionally `identifier` (the BSN); without it the
/// patient of the token. Answers a searchset Bundle: an AuditEvent for every
/// line at every organisation, the latest visit first, and one OperationOutcome
/// with an issue per organisation, as `$regional-record` has it.
pub(super) async fn access_log(
    State(own): State<Shared>,
    Caller(cx): Caller,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    let resource = own.received(&headers, body).await?;
    let parameters = Parameters::new(&resource, &["identifier"])?;
    let bsn = match parameters.bsn("identifier")? {
        Some(bsn) => bsn,
        None => cx
            .patient()
            .cloned()
            .ok_or_else(|| required("identifier is missing"))?,
    };
    let log = own.node.access_log(&cx, &bsn).await?;
    let total = log
        .visits
        .iter()
        .map(|visit| visit.lines.len() as u64)
        .sum();
    let mut bundle = BundleText::new("searchset", Some(total));
    for line in log.visits.iter().flat_map(|visit| &visit.lines) {
        bundle.loose(&audit_event(line).to_bytes(), "match");
    }
    bundle.loose(&outcome(&log.sources).to_bytes(), "outcome");
    Ok(FhirBody::from(bundle.finish()).into_response())
}

/// A line as the patient may read it: who, for whom, when, why, in what words.
fn audit_event(line: &AccessLogLine) -> Value {
    let record = &line.record;
    let outcome = match record.outcome {
        Outcome::Allowed => "0",
        Outcome::Refused => "4",
        Outcome::Failed => "8",
    };
    let mut agent = fhir::value!({
        "who": { "display": (record.actor_name.as_str()) },
        "requestor": true
    });
    if let Some(role) = record.role {
        let coding = fhir::value!([{ "system": (care::Role::SYSTEM), "code": (role.code()) }]);
        agent.set("role", fhir::value!([{ "coding": (coding) }]));
    }
    if let Some(purpose) = record.purpose {
        let system = care::Purpose::SYSTEM;
        let coding = fhir::value!([{ "system": (system), "code": (purpose.code()) }]);
        agent.set("purposeOfUse", fhir::value!([{ "coding": (coding) }]));
    }
    let organisation = fhir::value!({
        "who": { "display": (record.organisation_name.as_str()) },
        "requestor": false
    });
    let source = line.source.as_str();
    let system = care::Ura::SYSTEM;
    fhir::value!({
        "resourceType": "AuditEvent",
        "type": {
            "system": "http://terminology.hl7.org/CodeSystem/audit-event-type",
            "code": "rest"
        },
        "recorded": (record.recorded.to_string()),
        "outcome": (outcome),
        "outcomeDesc": (line.text_nl.as_str()),
        "agent": [(agent), (organisation)],
        "source": {
            "observer": {
                "identifier": { "system": (system), "value": (source) },
                "display": (record.holder_name.as_str())
            }
        }
    })
}

fn outcome(sources: &[AccessLogSource]) -> Value {
    let issues: Vec<Value> = sources
        .iter()
        .map(|source| {
            let (severity, code) = match source.state {
                SourceState::Data | SourceState::None => ("information", "informational"),
                SourceState::NoAnswer => ("warning", "incomplete"),
                SourceState::NotAllowed => ("warning", "suppressed"),
            };
            let state = source.state.code();
            fhir::value!({
                "severity": (severity),
                "code": (code),
                "details": {
                    "coding": [{ "system": (SourceState::SYSTEM), "code": (state) }],
                    "text": (source.name.as_str())
                },
                "diagnostics": (source.ura.as_str())
            })
        })
        .collect();
    fhir::value!({ "resourceType": "OperationOutcome", "issue": (issues) })
}
