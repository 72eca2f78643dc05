//! The state of the node, for whoever watches over it.

use axum::{Json, extract::State};
use http::StatusCode;
use serde_json::{Value, json};

use super::Shared;

/// `GET /health/live`: the process answers.
pub(super) async fn live() -> Json<Value> {
    Json(json!({ "status": "live" }))
}

/// `GET /health/ready`: 200 when the node can do its work, else 503; and how many
/// resources with errors were refused, or stored all the same, since the start.
pub(super) async fn ready(State(own): State<Shared>) -> (StatusCode, Json<Value>) {
    if *own.ready.borrow() {
        let found = own.node.validation().counts();
        let validation = json!({ "refused": found.refused, "warned": found.warned });
        (
            StatusCode::OK,
            Json(json!({ "status": "ready", "validation": validation })),
        )
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(json!({ "status": "starting" })),
        )
    }
}
