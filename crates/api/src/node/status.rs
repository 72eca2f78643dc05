//! `GET /status`: how this node does, in numbers, for the organisation that
//! watches over the region.

use axum::{extract::State, response::Response};
use network::status::{may_ask, reply};

use super::{Shared, service::response};
use crate::{envelope::Query, extract::FromPeer, problem::Problem};

pub(super) async fn status(
    State(inner): State<Shared>,
    FromPeer(peer): FromPeer,
    query: Query,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    if !may_ask(&peer.organisation) {
        return Err(Problem::forbidden());
    }
    let statistics = inner.node.store().statistics().await.map_err(|error| {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "the counts cannot be read"
        );
        Problem::unexpected()
    })?;
    Ok(response(reply(&statistics)))
}
