//! `GET [type]/[id]` and `GET [type]/[id]/_history/[version]`.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use fhir::FhirVersion;
use http::{HeaderMap, StatusCode, header};
use store::Stored;

use super::{Shared, subset::Wanted};
use crate::{
    envelope::Query,
    extract::{At, Caller},
    problem::Problem,
    resource,
};

pub(super) async fn read(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At((resource_type, id)): At<(String, String)>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = only_extent(own.version, &query, &resource_type)?;
    let stored = own.node.read(&cx, &resource_type, &id).await?;
    if is_known(&headers, &stored) {
        return Ok(resource::unchanged(&stored));
    }
    Ok(resource::stored(
        StatusCode::OK,
        &stored,
        wanted.of(&stored.body),
    ))
}

pub(super) async fn read_version(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At((resource_type, id, version)): At<(String, String, String)>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = only_extent(own.version, &query, &resource_type)?;
    // A version that is no number is a version that is not there.
    let version = version.parse().map_err(|_| Problem::not_found())?;
    let stored = own
        .node
        .read_version(&cx, &resource_type, &id, version)
        .await?;
    if is_known(&headers, &stored) {
        return Ok(resource::unchanged(&stored));
    }
    Ok(resource::stored(
        StatusCode::OK,
        &stored,
        wanted.of(&stored.body),
    ))
}

/// How much is wanted; a read takes no other parameters.
pub(super) fn only_extent(
    version: FhirVersion,
    query: &Query,
    resource_type: &str,
) -> Result<Wanted, Problem> {
    let mut rest = query.0.to_vec();
    let wanted = Wanted::take_of_resources(version, &mut rest, Some(resource_type))?;
    Query(Arc::new(rest)).must_be_empty()?;
    Ok(wanted)
}

/// Whether the client has this version already (`If-None-Match`), or has it
/// from after it was written (`If-Modified-Since`, which counts only without
/// the other: RFC 9110, 13.1.3).
fn is_known(headers: &HeaderMap, stored: &Stored) -> bool {
    if headers.contains_key(header::IF_NONE_MATCH) {
        return headers
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .filter_map(|tags| tags.to_str().ok())
            .flat_map(|tags| tags.split(','))
            .any(|tag| tag.trim() == "*" || resource::version_of(tag) == Some(stored.version));
    }
    let since = headers
        .get(header::IF_MODIFIED_SINCE)
        .and_then(|date| resource::moment_of(date.to_str().ok()?));
    // A date of HTTP has whole seconds.
    since.is_some_and(|since| stored.last_updated.as_second() <= since.as_second())
}
