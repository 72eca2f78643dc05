//! Who looked, when and why.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    response::Response,
};
use serde::Deserialize;

use crate::{fault::Fault, handler::html, security::Visitor, site::Site, view::log};

/// The organisation to filter by, by a name that only this session knows:
/// which organisations looked is patient data.
#[derive(Deserialize)]
pub(crate) struct LogQuery {
    organisation: Option<String>,
}

/// Everybody who looked, asked of every organisation.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    Query(query): Query<LogQuery>,
) -> Result<Response, Fault> {
    let session = visitor.patient()?;
    let bsn = session.context.patient().ok_or(Fault::Forbidden)?;
    let log = site.options.node.access_log(&session.context, bsn).await?;
    let reader = visitor.reader(&site, "/my".to_owned());
    let only = query.organisation.filter(|token| !token.is_empty());
    html(&log::page(
        &reader,
        visitor.layout(&site),
        &log,
        only.as_deref(),
    ))
}
