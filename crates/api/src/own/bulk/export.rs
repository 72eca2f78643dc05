//! The question for an export: `GET` with parameters, or `POST` of Parameters.

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use care::AccessContext;
use exchange::Level;
use http::{HeaderValue, Method, StatusCode, header};

use super::question::{asynchronous, of_parameters, of_query};
use crate::{
    base,
    envelope::Query,
    extract::{At, Caller},
    own::{Own, Shared},
    problem::Problem,
};

/// `GET` and `POST $export`.
pub(in crate::own) async fn of_system(
    State(own): State<Shared>,
    Caller(cx): Caller,
    query: Query,
    request: Request,
) -> Result<Response, Problem> {
    own.export(&cx, Level::System, &query, request).await
}

/// `GET` and `POST Patient/$export`.
pub(in crate::own) async fn of_patients(
    State(own): State<Shared>,
    Caller(cx): Caller,
    query: Query,
    request: Request,
) -> Result<Response, Problem> {
    own.export(&cx, Level::Patients, &query, request).await
}

/// `GET` and `POST Group/[id]/$export`.
pub(in crate::own) async fn of_group(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(id): At<String>,
    query: Query,
    request: Request,
) -> Result<Response, Problem> {
    own.export(&cx, Level::Group(id), &query, request).await
}

impl Own {
    async fn export(
        &self,
        cx: &AccessContext,
        level: Level,
        query: &Query,
        request: Request,
    ) -> Result<Response, Problem> {
        let (head, body) = request.into_parts();
        let is_lenient = asynchronous(&head.headers)?;
        let (_, path) = base::split(head.uri.path()).unwrap_or_default();
        let mut asked = format!("{}{path}", self.fhir_base);
        let mut question = if head.method == Method::POST {
            query.must_be_empty()?;
            let parameters = self.received(&head.headers, body).await?;
            of_parameters(self.version, level, asked, &parameters, is_lenient)?
        } else {
            if let Some(query) = head.uri.query() {
                asked.push('?');
                asked.push_str(query);
            }
            of_query(self.version, level, asked, &query.0, is_lenient)?
        };
        for filter in &mut question.filters {
            if is_lenient {
                let of = Some(filter.resource_type.as_str());
                filter.query = self.node.understood(of, &filter.query)?.applied;
            }
        }
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
