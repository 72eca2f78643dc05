//! `$export-status/[id]`: how far an export has come, its manifest, its end.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use exchange::{Job, JobState};
use fhir::json::Value;
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::{
    envelope::Query,
    extract::{At, Caller},
    own::{Own, Shared, callers::Callers},
    problem::Problem,
};

const X_PROGRESS: HeaderName = HeaderName::from_static("x-progress");

/// Seconds after which a client may ask again.
const RETRY_AFTER_S: u64 = 2;

/// How HTTP writes a date (RFC 9110, 5.6.7).
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// `GET`: 202 while it is made, then the manifest.
pub(in crate::own) async fn state(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(id): At<String>,
    query: Query,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    let job = own.bulk.state(&cx, &id).await?;
    match job.state {
        JobState::Working => {
            let mut response = StatusCode::ACCEPTED.into_response();
            let headers = response.headers_mut();
            let (done, all, files) = (job.types_done, job.types.len(), job.files.len());
            let progress = format!("{done} of {all} resource types, {files} files");
            if let Ok(progress) = HeaderValue::from_str(&progress) {
                headers.insert(X_PROGRESS, progress);
            }
            headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
            Ok(response)
        }
        JobState::Done => {
            let mut response = Response::new(Body::from(own.manifest(&job).to_bytes()));
            let headers = response.headers_mut();
            let json = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json);
            let expires = job.expires.strftime(HTTP_DATE).to_string();
            if let Ok(expires) = HeaderValue::from_str(&expires) {
                headers.insert(header::EXPIRES, expires);
            }
            Ok(response)
        }
        JobState::Failed => Err(Problem::unexpected()),
    }
}

/// `DELETE`: stops it and removes what there is of it.
pub(in crate::own) async fn remove(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(id): At<String>,
    query: Query,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    own.bulk.remove(&cx, &id).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

impl Own {
    fn manifest(&self, job: &Job) -> Value {
        let files = |is_deleted: bool| -> Value {
            let files = job
                .files
                .iter()
                .filter(|file| file.is_deleted == is_deleted);
            let files = files.map(|file| {
                let url = format!("{}/$export-file/{}/{}", self.fhir_base, job.id, file.id);
                // What is deleted comes as Bundles that say so.
                let kind = if is_deleted {
                    "Bundle"
                } else {
                    &*file.resource_type
                };
                fhir::value!({ "type": (kind), "url": (url), "count": (file.count as i64) })
            });
            Value::from(files.collect::<Vec<_>>())
        };
        let needs_token = matches!(self.entrance.callers, Callers::Bearer(_));
        let mut manifest = fhir::value!({
            "transactionTime": (job.transaction_time.to_string()),
            "request": (job.request.clone()),
            "requiresAccessToken": (needs_token),
            "output": (files(false))
        });
        if job.since.is_some() {
            manifest.set("deleted", files(true));
        }
        manifest.set("error", Value::from(Vec::<Value>::new()));
        manifest
    }
}
