//! Resources that come in at a base, in its version of FHIR.

use axum::body::Body;
use fhir::{Resource, outcome::IssueCode};
use http::{HeaderMap, header};

use super::Own;
use crate::{body, problem::Problem, resource};

impl Own {
    /// The resource type of that name; where the version has none, there is
    /// nothing here.
    pub(super) fn known_type(&self, name: &str) -> Result<&'static str, Problem> {
        self.version
            .resource_type(name)
            .ok_or_else(Problem::not_found)
    }

    /// The resource in a body.
    pub(super) async fn received(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Resource, Problem> {
        let body = body::read(headers, body, self.limits.body_bytes).await?;
        resource::parse(self.version, headers, body)
    }

    /// The resource in a body, which is of the type that the URL names.
    pub(super) async fn received_as(
        &self,
        resource_type: &str,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Resource, Problem> {
        self.known_type(resource_type)?;
        let resource = self.received(headers, body).await?;
        if resource.resource_type() == resource_type {
            return Ok(resource);
        }
        Err(Problem::element(
            IssueCode::Value,
            "The resource is of another type than the URL says",
            "resourceType",
        ))
    }

    /// The resource in the body of an operation; none when there is no body.
    pub(super) async fn operation_body(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Option<Resource>, Problem> {
        let body = body::read(headers, body, self.limits.body_bytes).await?;
        if body.is_empty() && !headers.contains_key(header::CONTENT_TYPE) {
            return Ok(None);
        }
        resource::parse(self.version, headers, body).map(Some)
    }
}
