//! One file per page or per few pages that belong together: what comes in is
//! parsed, `exchange` does the work, a view makes the context.

pub(crate) mod clinician;
pub(crate) mod consent;
pub(crate) mod coordinator;
pub(crate) mod everyone;
pub(crate) mod operator;
pub(crate) mod patient;
pub(crate) mod sign_in;

use askama::Template;
use axum::response::{Html, IntoResponse as _, Response};

use crate::fault::Fault;

/// A page as a response.
fn html(page: &impl Template) -> Result<Response, Fault> {
    Ok(Html(page.render()?).into_response())
}
