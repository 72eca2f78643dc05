//! The own record on paper.

use std::sync::Arc;

use axum::{extract::State, response::Response};

use super::record;
use crate::{fault::Fault, handler::html, security::Visitor, site::Site, view::my_print};

/// Everything that the region has, ready to be printed.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let (reader, combined) = record::asked(&site, &visitor).await?;
    let name = visitor.patient()?.person.name.clone();
    let layout = visitor.layout(&site);
    html(&my_print::page(&reader, layout, &combined, name))
}
