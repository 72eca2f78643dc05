//! One file per page or per few pages that belong together: what comes in is
//! parsed, `exchange` does the work, a view makes the context.

pub(crate) mod apart;
pub(crate) mod clinician;
pub(crate) mod consent;
pub(crate) mod coordinator;
pub(crate) mod everyone;
pub(crate) mod operator;
pub(crate) mod patient;
pub(crate) mod sign_in;

use askama::Template;
use axum::response::{Html, IntoResponse as _, Response};
use http::header;

use crate::{fault::Fault, view::trend::Period};

/// A page as a response.
fn html(page: &impl Template) -> Result<Response, Fault> {
    Ok(Html(page.render()?).into_response())
}

/// The values of a test as a file to keep; its name says nothing of whose they are.
fn csv_file(content: String) -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            "text/csv; charset=utf-8; header=present",
        ),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"schakel.csv\"",
        ),
    ];
    (headers, content).into_response()
}

/// The period that an address asks for.
fn period(asked: Option<&str>) -> Result<Period, Fault> {
    asked.map_or(Ok(Period::default()), |code| {
        Period::from_code(code).ok_or(Fault::Input)
    })
}
