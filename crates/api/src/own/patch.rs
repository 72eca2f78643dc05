//! `PATCH`: a part of a resource, by id or by a search that finds it.

use std::collections::BTreeSet;

use axum::{body::Body, extract::State, response::Response};
use bytes::Bytes;
use care::AccessContext;
use exchange::Returned;
use fhir::{
    FhirVersion,
    json::Document,
    outcome::IssueCode,
    patch::{Patch, PatchError},
};
use http::{HeaderMap, StatusCode, header};
use store::{Change, Target};

use super::{Own, Shared, prefer, write};
use crate::{
    body,
    envelope::Query,
    extract::{At, Caller},
    problem::Problem,
    representation::Format,
    resource,
};

/// The media type of JSON Patch.
pub(super) const JSON_PATCH: &str = "application/json-patch+json";

/// `PATCH [type]/[id]`, with `If-Match` only of the named version.
pub(super) async fn patch(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At((resource_type, id)): At<(String, String)>,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    own.patch(&cx, resource_type, Target::Id(id), &headers, body)
        .await
}

/// `PATCH [type]?[search]`: the one resource that the search finds.
pub(super) async fn patch_where(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(resource_type): At<String>,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let target = Target::Found(write::needed(query)?);
    own.patch(&cx, resource_type, target, &headers, body).await
}

impl Own {
    async fn patch(
        &self,
        cx: &AccessContext,
        resource_type: String,
        target: Target,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Response, Problem> {
        self.known_type(&resource_type)?;
        let refused = [header::IF_NONE_MATCH, write::IF_NONE_EXIST];
        write::refuse_preconditions(headers, &refused)?;
        let returned = prefer::returned(headers).unwrap_or(Returned::Representation);
        let if_match = write::if_match(headers)?;
        let body = body::read(headers, body, self.limits.body_bytes).await?;
        let change = Change::Patch {
            resource_type,
            target,
            patch: read(self.version, headers, body)?,
            if_match,
            named: BTreeSet::new(),
        };
        self.write(cx, change, returned).await
    }
}

/// A JSON Patch, or a FHIRPath Patch as Parameters in JSON or XML.
fn read(version: FhirVersion, headers: &HeaderMap, body: Bytes) -> Result<Patch, Problem> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next());
    let is_json_patch =
        content_type.is_some_and(|value| value.trim().eq_ignore_ascii_case(JSON_PATCH));
    let read = if is_json_patch {
        let document = Document::parse(&body).map_err(|error| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                IssueCode::Structure,
                format!("not valid JSON: {error}"),
            )
        })?;
        Patch::json(document.root())
    } else {
        let parameters = resource::parse(version, headers, body).map_err(|problem| {
            // What a patch may be (RFC 5789).
            let name = header::HeaderName::from_static("accept-patch");
            problem.and_header(name, accepted(version))
        })?;
        Patch::fhir_path(&parameters)
    };
    read.map_err(|error| {
        let status = match error {
            PatchError::LimitExceeded { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        Problem::with_issues(status, vec![error.issue()])
    })
}

fn accepted(version: FhirVersion) -> http::HeaderValue {
    let [json, xml] = [Format::Json, Format::Xml].map(|format| format.media_type(version));
    let types = [JSON_PATCH, json, xml].map(|one| one.split(';').next().unwrap_or(one));
    http::HeaderValue::from_str(&types.join(", "))
        .unwrap_or(http::HeaderValue::from_static(JSON_PATCH))
}
