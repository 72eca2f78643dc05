//! `$get-ws-binding-token`: a token with which a websocket is bound.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use care::AccessContext;
use fhir::FhirVersion;
use http::HeaderMap;

use super::SOCKET;
use crate::{
    envelope::Query,
    extract::{At, Caller},
    own::{Own, Shared, operation},
    problem::Problem,
    representation::FhirBody,
};

/// For the subscriptions that `id` names.
pub(super) async fn of_type(
    State(own): State<Shared>,
    Caller(cx): Caller,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let parameters = own.operation_body(&headers, body).await?;
    let mut ids = Vec::new();
    for (name, value) in operation::simple(&query, parameters.as_ref())? {
        if name != "id" {
            return Err(Problem::bad_request("$get-ws-binding-token takes id"));
        }
        ids.extend(value.split(',').map(str::to_owned));
    }
    own.token(&cx, &ids).await
}

/// For one.
pub(super) async fn of_one(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(id): At<String>,
    query: Query,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    own.token(&cx, &[id]).await
}

impl Own {
    async fn token(&self, cx: &AccessContext, ids: &[String]) -> Result<Response, Problem> {
        let given = self.subscriptions.socket_token(cx, ids).await?;
        // http becomes ws, https becomes wss.
        let socket = self.fhir_base.replacen("http", "ws", 1);
        let mut parameters = vec![
            fhir::value!({ "name": "token", "valueString": (&given.token) }),
            fhir::value!({ "name": "expiration", "valueDateTime": (given.expires.to_string()) }),
        ];
        parameters.extend(
            given
                .subscriptions
                .iter()
                .map(|id| fhir::value!({ "name": "subscription", "valueString": (id) })),
        );
        let socket = format!("{socket}{SOCKET}");
        parameters.push(match self.version {
            FhirVersion::R4 => fhir::value!({ "name": "websocket-url", "valueUrl": (socket) }),
            // STU3 has no url.
            FhirVersion::Stu3 => fhir::value!({ "name": "websocket-url", "valueUri": (socket) }),
        });
        let answer = fhir::value!({ "resourceType": "Parameters", "parameter": (parameters) });
        Ok(FhirBody::from(&answer).into_response())
    }
}
