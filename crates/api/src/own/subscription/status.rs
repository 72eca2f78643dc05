//! `$status`: how subscriptions stand.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::HeaderMap;

use crate::{
    envelope::Query,
    extract::{At, Caller},
    own::{Shared, operation},
    problem::Problem,
    representation::FhirBody,
};

/// Of those that `id` and `status` name, each given any number of times; of
/// all without them.
pub(super) async fn of_type(
    State(own): State<Shared>,
    Caller(cx): Caller,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let parameters = own.operation_body(&headers, body).await?;
    let (mut ids, mut states) = (Vec::new(), Vec::new());
    for (name, value) in operation::simple(&query, parameters.as_ref())? {
        let values = value.split(',').map(str::to_owned);
        match name.as_str() {
            "id" => ids.extend(values),
            "status" => states.extend(values),
            _ => return Err(Problem::bad_request("$status takes id and status")),
        }
    }
    let bundle = own.subscriptions.status(&cx, &ids, &states).await?;
    Ok(FhirBody::from(&bundle).into_response())
}

/// Of one.
pub(super) async fn of_one(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(id): At<String>,
    query: Query,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    own.node.may_see(&cx, "Subscription", &id).await?;
    let bundle = own.subscriptions.status(&cx, &[id], &[]).await?;
    Ok(FhirBody::from(&bundle).into_response())
}
