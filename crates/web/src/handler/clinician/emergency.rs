//! Emergency access: an interruption, a reason, and only then the record.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use exchange::EMERGENCY_REASON_CHARACTERS_MAX;
use serde::Deserialize;

use crate::{
    fault::Fault,
    handler::html,
    page::patients::EmergencyPage,
    rooms::OpenPatient,
    security::{SafeForm, Visitor},
    site::Site,
};

/// The shortest reason that says something, in characters.
pub(crate) const EMERGENCY_REASON_CHARACTERS_MIN: usize = 10;

/// The reason.
#[derive(Deserialize)]
pub(crate) struct ReasonForm {
    #[serde(default)]
    reason: String,
}

/// The interruption page.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    Path(handle): Path<String>,
) -> Result<Response, Fault> {
    let patient = physician_with(&site, &visitor, &handle)?;
    html(&page(&site, &visitor, &patient, false))
}

/// Keeps the reason for this patient and this session, and opens the record.
/// The audit line is written when the region is asked.
pub(crate) async fn open(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    Path(handle): Path<String>,
    SafeForm(form): SafeForm<ReasonForm>,
) -> Result<Response, Fault> {
    let patient = physician_with(&site, &visitor, &handle)?;
    let reason = form.reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let length = reason.chars().count();
    if !(EMERGENCY_REASON_CHARACTERS_MIN..=EMERGENCY_REASON_CHARACTERS_MAX).contains(&length) {
        return html(&page(&site, &visitor, &patient, true));
    }
    let session = visitor.clinician()?;
    site.rooms.note(
        &session.csrf_token,
        site.options.clock.now(),
        &handle,
        |patient| {
            patient.emergency_reason = Some(reason);
        },
    );
    Ok(Redirect::to(&format!("/patient/{handle}")).into_response())
}

/// Offered to physicians only; the policies decide again when the region is asked.
fn physician_with(site: &Site, visitor: &Visitor, handle: &str) -> Result<OpenPatient, Fault> {
    let session = visitor.clinician()?;
    if !session.person.role.is_physician() {
        return Err(Fault::Forbidden);
    }
    site.rooms
        .patient(&session.csrf_token, site.options.clock.now(), handle)
        .ok_or(Fault::NotFound)
}

fn page(site: &Site, visitor: &Visitor, patient: &OpenPatient, failed: bool) -> EmergencyPage {
    EmergencyPage {
        page: visitor.layout(site),
        action: format!("/patient/{}/emergency", patient.handle),
        fault: failed.then(|| visitor.language.text("emergency.fault").to_owned()),
        reason_characters_max: EMERGENCY_REASON_CHARACTERS_MAX,
    }
}
