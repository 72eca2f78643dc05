//! The pages of one node as a router, and what all handlers share.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use base64::Engine as _;

use crate::{
    handler::{apart, clinician, consent, coordinator, everyone, operator, patient, sign_in},
    options::WebOptions,
    rooms::Rooms,
    security,
};

/// The largest form, in bytes.
pub const FORM_BYTES_MAX: usize = 16 * 1024;

/// What all handlers share.
pub(crate) struct Site {
    pub(crate) options: WebOptions,
    pub(crate) rooms: Rooms,
    pub(crate) cookies: security::CookieNames,
}

impl Site {
    /// A name that nobody can guess: 128 random bits in base64url.
    pub(crate) fn secret(&self) -> String {
        let mut bytes = [0; 16];
        self.options.randomness.fill(&mut bytes);
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// The pages of one node. To be put at the root of its own door: it answers
/// `/`, `/static/…`, and the paths below; everything else is the page that
/// says that there is no such page.
///
/// A router that is merged with others must keep this one last, as its
/// fallback answers what nobody else does.
pub fn router(options: WebOptions) -> Router {
    let cookies = security::CookieNames::of(&options);
    let site = Arc::new(Site {
        options,
        rooms: Rooms::default(),
        cookies,
    });
    Router::new()
        .route("/", get(sign_in::start))
        .route("/sign-in", post(sign_in::sign_in))
        .route("/sign-in/people", post(sign_in::search))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/language", post(everyone::language))
        .route("/static/{file}", get(everyone::file))
        .route(
            "/patients",
            get(clinician::find::show).post(clinician::find::find),
        )
        .route("/patient/{handle}", get(clinician::record::show))
        .route(
            "/patient/{handle}/emergency",
            get(clinician::emergency::show).post(clinician::emergency::open),
        )
        .route("/patient/{handle}/apart", post(apart::of_patient))
        .route(
            "/patient/{handle}/trend/{series}",
            get(clinician::record::trend),
        )
        .route(
            "/patient/{handle}/trend/{series}/csv",
            get(clinician::record::trend_csv),
        )
        .route(
            "/patient/{handle}/datum/{datum}",
            get(clinician::record::datum),
        )
        .route("/my/record", get(patient::record::show))
        .route("/my/print", get(patient::print::show))
        .route("/my/apart", post(apart::of_mine))
        .route("/my/results", get(patient::record::results))
        .route("/my/trend/{series}", get(patient::record::trend))
        .route("/my/trend/{series}/csv", get(patient::record::trend_csv))
        .route("/my/datum/{datum}", get(patient::record::datum))
        .route("/my/log", get(patient::log::show))
        .route("/my/consent", get(consent::show::show))
        .route("/my/consent/holder/{holder}", get(consent::show::holder))
        .route("/my/consent/exception", get(consent::show::exception))
        .route("/my/consent/history", get(consent::show::history))
        .route("/my/consent/preview", post(consent::change::preview))
        .route("/my/consent/confirm", post(consent::change::confirm))
        .route("/region", get(coordinator::show))
        .route("/messages", get(operator::messages::list))
        .route(
            "/messages/{message}",
            get(operator::messages::show).post(operator::messages::reveal),
        )
        .route(
            "/messages/{message}/replay",
            post(operator::messages::replay),
        )
        .route("/checks", get(operator::checks::show))
        .fallback(everyone::nowhere)
        .layer(middleware::from_fn_with_state(
            Arc::clone(&site),
            security::dress,
        ))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .with_state(site)
}

/// Every route: method and path, for the test that tries each of them without
/// a session and with the wrong role.
pub const ROUTES: &[(&str, &str)] = &[
    ("GET", "/"),
    ("POST", "/sign-in"),
    ("POST", "/sign-in/people"),
    ("POST", "/sign-out"),
    ("POST", "/language"),
    ("GET", "/static/{file}"),
    ("GET", "/patients"),
    ("POST", "/patients"),
    ("GET", "/patient/{handle}"),
    ("GET", "/patient/{handle}/emergency"),
    ("POST", "/patient/{handle}/emergency"),
    ("POST", "/patient/{handle}/apart"),
    ("GET", "/patient/{handle}/trend/{series}"),
    ("GET", "/patient/{handle}/trend/{series}/csv"),
    ("GET", "/patient/{handle}/datum/{datum}"),
    ("GET", "/my/record"),
    ("GET", "/my/print"),
    ("POST", "/my/apart"),
    ("GET", "/my/results"),
    ("GET", "/my/trend/{series}"),
    ("GET", "/my/trend/{series}/csv"),
    ("GET", "/my/datum/{datum}"),
    ("GET", "/my/log"),
    ("GET", "/my/consent"),
    ("GET", "/my/consent/holder/{holder}"),
    ("GET", "/my/consent/exception"),
    ("GET", "/my/consent/history"),
    ("POST", "/my/consent/preview"),
    ("POST", "/my/consent/confirm"),
    ("GET", "/region"),
    ("GET", "/messages"),
    ("GET", "/messages/{message}"),
    ("POST", "/messages/{message}"),
    ("POST", "/messages/{message}/replay"),
    ("GET", "/checks"),
];
