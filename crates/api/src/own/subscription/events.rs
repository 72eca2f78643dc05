//! `$events`: what a subscription told, again.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use exchange::EventsQuestion;
use http::HeaderMap;

use crate::{
    envelope::Query,
    extract::{At, Caller},
    own::{Shared, operation},
    problem::Problem,
    representation::FhirBody,
};

pub(super) async fn events(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(id): At<String>,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let parameters = own.operation_body(&headers, body).await?;
    let pairs = operation::simple(&query, parameters.as_ref())?;
    let (mut since, mut until, mut content) = (None, None, None);
    for (name, value) in &pairs {
        let place = match name.as_str() {
            "eventsSinceNumber" => &mut since,
            "eventsUntilNumber" => &mut until,
            "content" => &mut content,
            _ => {
                return Err(Problem::bad_request(
                    "$events takes eventsSinceNumber, eventsUntilNumber and content",
                ));
            }
        };
        if place.replace(value.as_str()).is_some() {
            return Err(Problem::bad_request("A parameter is given twice"));
        }
    }
    let question = EventsQuestion::read(since, until, content)?;
    let bundle = own.subscriptions.events(&cx, &id, question).await?;
    Ok(FhirBody::from(&bundle).into_response())
}
