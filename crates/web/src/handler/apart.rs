//! Taking a group of facts apart, or putting it together again: a choice of the
//! view, kept for the session. Nothing of the record is stored.

use std::sync::Arc;

use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse as _, Redirect, Response},
};
use exchange::combined::SectionKind;
use serde::Deserialize;
use trust::session::Session;

use crate::{
    fault::Fault,
    security::{SafeForm, Visitor},
    site::Site,
};

/// The longest token of a group, in bytes.
const TOKEN_BYTES_MAX: usize = 16;

/// Which group.
#[derive(Deserialize)]
pub(crate) struct ApartForm {
    #[serde(default)]
    group: String,
    #[serde(default)]
    section: String,
    #[serde(default)]
    choice: String,
}

/// The exchange under which the record is shown.
#[derive(Deserialize)]
pub(crate) struct ExchangeQuery {
    exchange: Option<String>,
}

/// For a clinician.
pub(crate) async fn of_patient(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    Path(handle): Path<String>,
    Query(query): Query<ExchangeQuery>,
    SafeForm(form): SafeForm<ApartForm>,
) -> Result<Response, Fault> {
    let session = visitor.clinician()?;
    let now = site.options.clock.now();
    site.rooms
        .patient(&session.csrf_token, now, &handle)
        .ok_or(Fault::NotFound)?;
    let catalogue = site.options.node.catalogue();
    let known = |code: &String| catalogue.iter().any(|exchange| exchange.code.0 == *code);
    let exchange = query.exchange.filter(known);
    let query = exchange.map_or_else(String::new, |code| format!("?exchange={code}"));
    choose(&site, session, &form, &format!("/patient/{handle}{query}"))
}

/// For the patient.
pub(crate) async fn of_mine(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    SafeForm(form): SafeForm<ApartForm>,
) -> Result<Response, Fault> {
    choose(&site, visitor.patient()?, &form, "/my/record")
}

fn choose(
    site: &Site,
    session: &Session,
    form: &ApartForm,
    record: &str,
) -> Result<Response, Fault> {
    let is_token = form.group.len() == TOKEN_BYTES_MAX
        && form.group.bytes().all(|byte| byte.is_ascii_hexdigit());
    let section = SectionKind::from_code(&form.section).ok_or(Fault::Input)?;
    let apart = match form.choice.as_str() {
        "apart" => true,
        "together" => false,
        _ => return Err(Fault::Input),
    };
    if !is_token {
        return Err(Fault::Input);
    }
    let now = site.options.clock.now();
    site.rooms
        .take_apart(&session.csrf_token, now, &form.group, apart);
    Ok(Redirect::to(&format!("{record}#{}", section.code())).into_response())
}
