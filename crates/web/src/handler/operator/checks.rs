//! The health of the node.

use std::sync::Arc;

use axum::{extract::State, response::Response};

use crate::{fault::Fault, handler::html, security::Visitor, site::Site, view::checks};

/// What works, what does not, and what to do.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let session = visitor.operator()?;
    let statistics = match site.options.node.statistics(&session.context).await {
        Err(exchange::ExchangeError::NotAllowed) => return Err(Fault::Forbidden),
        Err(error) => {
            tracing::error!(error = %error, "the store does not tell its counts");
            None
        }
        Ok(statistics) => Some(statistics),
    };
    let findings = site.options.checks.findings().await;
    let reader = visitor.reader(&site, String::new());
    html(&checks::page(
        &reader,
        visitor.layout(&site),
        &findings,
        statistics.as_ref(),
    ))
}
