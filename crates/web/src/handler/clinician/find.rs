//! Finding a patient by BSN, in a request body.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use care::Bsn;
use serde::Deserialize;

use crate::{
    fault::Fault,
    handler::html,
    page::patients::{FindPatientPage, OpenPatient},
    security::{SafeForm, Visitor},
    site::Site,
};

/// The BSN.
#[derive(Deserialize)]
pub(crate) struct FindForm {
    bsn: String,
}

/// The page to find a patient on.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
) -> Result<Response, Fault> {
    visitor.clinician()?;
    html(&page(&site, &visitor, false)?)
}

/// Opens the patient under a handle of this session. Nothing is asked yet, and
/// nothing tells whether anybody knows the patient.
pub(crate) async fn find(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    SafeForm(form): SafeForm<FindForm>,
) -> Result<Response, Fault> {
    let session = visitor.clinician()?;
    let digits: String = form
        .bsn
        .chars()
        .filter(|one| !one.is_whitespace() && *one != '.')
        .collect();
    let Ok(bsn) = Bsn::parse(&digits) else {
        return html(&page(&site, &visitor, true)?);
    };
    let now = site.options.clock.now();
    let handle = site
        .rooms
        .open(&session.csrf_token, now, &bsn, site.secret());
    Ok(Redirect::to(&format!("/patient/{handle}")).into_response())
}

fn page(site: &Site, visitor: &Visitor, failed: bool) -> Result<FindPatientPage, Fault> {
    let session = visitor.clinician()?;
    let open = site
        .rooms
        .patients(&session.csrf_token, site.options.clock.now())
        .into_iter()
        .filter_map(|patient| {
            let (name, born) = patient.shown?;
            Some(OpenPatient {
                path: format!("/patient/{}", patient.handle),
                name,
                born,
            })
        })
        .collect();
    Ok(FindPatientPage {
        page: visitor.layout(site),
        fault: failed.then(|| visitor.language.text("find.fault").to_owned()),
        open,
    })
}
