//! Signing in and out.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use care::Role;
use http::header;
use serde::Deserialize;
use trust::person::Person;

use super::html;
use crate::{
    fault::Fault,
    page::sign_in::{PatientSearch, PeopleGroup, PersonRow, SignInPage},
    security::{SafeForm, Visitor},
    site::Site,
    view::text,
};

/// How many patients the page lists.
const PATIENTS_SHOWN: usize = 12;

/// Who to sign in as.
#[derive(Deserialize)]
pub(crate) struct SignInForm {
    person: String,
}

/// Whom to look for.
#[derive(Deserialize)]
pub(crate) struct SearchForm {
    name: String,
}

/// The start: the page of the role, or the sign-in page.
pub(crate) async fn start(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
) -> Result<Response, Fault> {
    if let Some(session) = &visitor.session {
        return Ok(Redirect::to(home(session.person.role)).into_response());
    }
    let ended = visitor
        .session_cookie
        .as_ref()
        .is_some_and(|cookie| !cookie.is_empty());
    let notice = ended.then(|| visitor.language.text("sign-in.ended").to_owned());
    html(&page(&site, &visitor, notice, ""))
}

/// Lists patients by a part of their name, to sign in as one of them. The name
/// comes in a request body.
pub(crate) async fn search(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    SafeForm(form): SafeForm<SearchForm>,
) -> Result<Response, Fault> {
    html(&page(&site, &visitor, None, form.name.trim()))
}

/// Opens a session, always under a new cookie.
pub(crate) async fn sign_in(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    SafeForm(form): SafeForm<SignInForm>,
) -> Result<Response, Fault> {
    let again = || {
        let notice = visitor.language.text("sign-in.failed").to_owned();
        html(&page(&site, &visitor, Some(notice), ""))
    };
    let Ok(person) = site.options.issuer.identify(&form.person).await else {
        return again();
    };
    if person.role == Role::RecordSystem {
        return again();
    }
    let Ok(opened) = site.options.sessions.open(&person) else {
        return again();
    };
    if let Some(session) = site.options.sessions.find(&opened.cookie)
        && let Err(error) = site.options.node.note_session(&session.context, true).await
    {
        site.options.sessions.close(&opened.cookie);
        return Err(error.into());
    }
    close(&site, &visitor);
    let cookie = site.cookies.set(
        &site.cookies.session,
        &opened.cookie,
        Some(opened.max_age_s),
    );
    Ok((
        [(header::SET_COOKIE, cookie)],
        Redirect::to(home(person.role)),
    )
        .into_response())
}

/// Ends the session.
pub(crate) async fn sign_out(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    SafeForm(()): SafeForm<()>,
) -> Result<Response, Fault> {
    if let Some(session) = &visitor.session {
        // Signing out must succeed even when the log cannot be written.
        if let Err(error) = site
            .options
            .node
            .note_session(&session.context, false)
            .await
        {
            tracing::warn!(error = %error, "a sign-out could not be written down");
        }
    }
    close(&site, &visitor);
    let cookie = site.cookies.set(&site.cookies.session, "", Some(0));
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response())
}

/// Forgets the session that the browser had.
fn close(site: &Site, visitor: &Visitor) {
    if let Some(session) = &visitor.session {
        site.rooms.close(&session.csrf_token);
    }
    if let Some(cookie) = &visitor.session_cookie {
        site.options.sessions.close(cookie);
    }
}

/// Where somebody of a role begins.
const fn home(role: Role) -> &'static str {
    match role {
        Role::Patient => "/my/record",
        Role::Coordinator => "/region",
        Role::Operator => "/messages",
        _ => "/patients",
    }
}

fn page(site: &Site, visitor: &Visitor, notice: Option<String>, asked: &str) -> SignInPage {
    let people = &site.options.people;
    let own = site.options.node.organisation();
    let row = |person: &Person| PersonRow {
        slug: person.slug.clone(),
        name: person.name.clone(),
        role: text::role(visitor.language, person.role).to_owned(),
    };
    let staff = |person: &&Person| !matches!(person.role, Role::Patient | Role::RecordSystem);
    let mut groups = Vec::new();
    let here: Vec<PersonRow> = people.of(own.ura).filter(staff).map(row).collect();
    if !here.is_empty() {
        groups.push(PeopleGroup {
            name: own.name.clone(),
            elsewhere: None,
            people: here,
        });
    }
    groups.extend(site.options.elsewhere.iter().map(|other| {
        PeopleGroup {
            name: other.name.clone(),
            elsewhere: Some(other.address.clone()),
            people: other
                .people
                .iter()
                .filter_map(|slug| people.find(slug))
                .map(row)
                .collect(),
        }
    }));
    let mut found: Vec<PersonRow> = Vec::new();
    let (mut others, mut any) = (0, false);
    let wanted = asked.to_lowercase();
    for person in people
        .of(own.ura)
        .filter(|person| person.role == Role::Patient)
    {
        any = true;
        if !person.name.to_lowercase().contains(&wanted) {
            continue;
        }
        if found.len() < PATIENTS_SHOWN {
            found.push(row(person));
        } else {
            others += 1;
        }
    }
    let mut layout = visitor.layout(site);
    "/".clone_into(&mut layout.here);
    SignInPage {
        page: layout,
        notice,
        groups,
        search: any.then(|| PatientSearch {
            asked: asked.to_owned(),
            found,
            others,
        }),
    }
}
