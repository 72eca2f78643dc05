//! The question for an export: `GET` with parameters, or `POST` of Parameters.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use care::AccessContext;
use exchange::Level;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};

use super::question::{asynchronous, of_parameters, of_query};
use crate::{
    body,
    envelope::Query,
    extract::{At, Caller},
    own::{Own, Shared},
    problem::Problem,
    resource,
};

/// `GET $export`.
pub(in crate::own) async fn of_system(
    State(own): State<Shared>,
    Caller(cx): Caller,
    uri: Uri,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    own.export(&cx, Level::System, &uri, &query, &headers, None)
        .await
}

/// `POST $export`.
pub(in crate::own) async fn of_system_in_body(
    State(own): State<Shared>,
    Caller(cx): Caller,
    uri: Uri,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    own.export(&cx, Level::System, &uri, &query, &headers, Some(body))
        .await
}

/// `GET Patient/$export`.
pub(in crate::own) async fn of_patients(
    State(own): State<Shared>,
    Caller(cx): Caller,
    uri: Uri,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    own.export(&cx, Level::Patients, &uri, &query, &headers, None)
        .await
}

/// `POST Patient/$export`.
pub(in crate::own) async fn of_patients_in_body(
    State(own): State<Shared>,
    Caller(cx): Caller,
    uri: Uri,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    own.export(&cx, Level::Patients, &uri, &query, &headers, Some(body))
        .await
}

/// `GET Group/[id]/$export`.
pub(in crate::own) async fn of_group(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(id): At<String>,
    uri: Uri,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    own.export(&cx, Level::Group(id), &uri, &query, &headers, None)
        .await
}

/// `POST Group/[id]/$export`.
pub(in crate::own) async fn of_group_in_body(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(id): At<String>,
    uri: Uri,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    own.export(&cx, Level::Group(id), &uri, &query, &headers, Some(body))
        .await
}

impl Own {
    async fn export(
        &self,
        cx: &AccessContext,
        level: Level,
        uri: &Uri,
        query: &Query,
        headers: &HeaderMap,
        body: Option<Body>,
    ) -> Result<Response, Problem> {
        let is_lenient = asynchronous(headers)?;
        let path = uri.path().strip_prefix("/fhir/r4").unwrap_or_default();
        let mut request = format!("{}{path}", self.fhir_base);
        let question = if let Some(body) = body {
            query.must_be_empty()?;
            let body = body::read(headers, body, self.limits.body_bytes).await?;
            let parameters = resource::parse(headers, body)?;
            of_parameters(level, request, &parameters, is_lenient)?
        } else {
            if let Some(query) = uri.query() {
                request.push('?');
                request.push_str(query);
            }
            of_query(level, request, &query.0, is_lenient)?
        };
        let id = self.bulk.export(cx, question).await?;
        let mut response = StatusCode::ACCEPTED.into_response();
        let place = format!("{}/$export-status/{id}", self.fhir_base);
        let place = HeaderValue::from_str(&place).map_err(|_| Problem::unexpected())?;
        response
            .headers_mut()
            .insert(header::CONTENT_LOCATION, place);
        Ok(response)
    }
}
