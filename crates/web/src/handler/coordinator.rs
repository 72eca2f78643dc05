//! Can the region exchange now? Counts only.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use exchange::ExchangeError;

use super::html;
use crate::{fault::Fault, security::Visitor, site::Site, view::region};

/// The state of the region.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let session = visitor.coordinator()?;
    let room = site.options.region.as_ref().ok_or(Fault::NotFound)?;
    // The own node says whether this person may see counts at all.
    match site.options.node.statistics(&session.context).await {
        Ok(_) => {}
        Err(ExchangeError::NotAllowed) => return Err(Fault::Forbidden),
        Err(error) => return Err(error.into()),
    }
    site.options
        .node
        .note_consents_counted(&session.context)
        .await?;
    let (organisations, consents) = futures::join!(
        room.status.organisations(&session.context),
        room.consents.coverage(&session.context)
    );
    // The rest of the page is worth showing without the counts.
    let consents = consents.inspect_err(|error| {
        tracing::error!(
            error = error as &dyn std::error::Error,
            "consents cannot be counted"
        );
    });
    let reader = visitor.reader(&site, String::new());
    html(&region::page(
        &reader,
        visitor.layout(&site),
        &organisations,
        consents.ok().as_ref(),
    ))
}
