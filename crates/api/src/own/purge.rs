//! `Patient/[id]/$purge`: all that there is of a patient, removed for good.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use fhir::outcome::{Issue, IssueCode, Severity};
use http::HeaderMap;

use super::Shared;
use crate::{
    envelope::Query,
    extract::{At, Caller},
    parameters::Parameters,
    problem::Problem,
    representation::FhirBody,
};

/// `POST`, without parameters. Answers with what was removed, in numbers.
pub(super) async fn purge(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(id): At<String>,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    if let Some(parameters) = own.operation_body(&headers, body).await? {
        Parameters::new(&parameters, &[])?;
    }
    let purged = own.node.purge(&cx, &id).await?;
    let text = format!(
        "Removed for good: {} resources in {} versions. Kept, because they are about other \
         patients too: {}. The audit log and the messages that came in stay.",
        purged.resources, purged.versions, purged.shared
    );
    let issue = Issue {
        severity: Severity::Information,
        code: IssueCode::Informational,
        text,
        expression: None,
    };
    Ok(FhirBody::Outcome(vec![issue]).into_response())
}
