//! The state of the node, for whoever watches over it.

use axum::{Json, extract::State};
use http::StatusCode;
use serde_json::{Value, json};

use super::Shared;

/// `GET /health/live`: the process answers.
pub(super) async fn live() -> Json<Value> {
    Json(json!({ "status": "live" }))
}

/// `GET /health/ready`: 200 when the node can do its work, else 503. Everybody may
/// ask, so it tells nothing more.
pub(super) async fn ready(State(own): State<Shared>) -> (StatusCode, Json<Value>) {
    if *own.ready.borrow() {
        (StatusCode::OK, Json(json!({ "status": "ready" })))
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(json!({ "status": "starting" })),
        )
    }
}
