//! Who is there: the session, the language, and the token for forms.

use std::{convert::Infallible, sync::Arc};

use axum::extract::FromRequestParts;
use base64::Engine as _;
use care::Role;
use http::{HeaderMap, request::Parts};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use trust::session::Session;

use super::cookies;
use crate::{
    fault::Fault,
    page::{Audience, Layout, NavItem, SignedIn},
    site::Site,
    view::{Reader, text},
    words::Language,
};

/// Who asks for a page. The middleware makes one per request.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    pub(crate) session: Option<Session>,
    /// The cookie value of the session, to close it by.
    pub(crate) session_cookie: Option<String>,
    pub(crate) language: Language,
    /// The secret behind the form token while nobody is signed in.
    form_secret: String,
    /// Whether the browser must be given that secret.
    pub(crate) form_secret_is_new: bool,
    /// The path of this request, without its query.
    path: String,
}

impl Visitor {
    pub(crate) fn of(site: &Site, headers: &HeaderMap, path: &str) -> Self {
        let session_cookie = cookies::value(headers, &site.cookies.session);
        let session = session_cookie.and_then(|cookie| site.options.sessions.find(cookie));
        let known = cookies::value(headers, &site.cookies.form)
            .filter(|secret| (20..=64).contains(&secret.len()));
        Self {
            session,
            session_cookie: session_cookie.map(str::to_owned),
            language: cookies::value(headers, cookies::LANGUAGE)
                .and_then(Language::from_code)
                .unwrap_or_default(),
            form_secret: known.map_or_else(|| site.secret(), str::to_owned),
            form_secret_is_new: known.is_none(),
            path: path.to_owned(),
        }
    }

    /// The secret to give to the browser.
    pub(crate) fn form_secret(&self) -> &str {
        &self.form_secret
    }

    /// The token of every form on the page.
    fn form_token(&self) -> String {
        if let Some(session) = &self.session {
            return session.csrf_token.clone();
        }
        let hash = Sha256::new()
            .chain_update(b"schakel form ")
            .chain_update(self.form_secret.as_bytes())
            .finalize();
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hash)
    }

    /// Whether a form carries the token; compared in constant time. A form
    /// secret that the browser did not send proves nothing.
    pub(crate) fn token_matches(&self, presented: &str) -> bool {
        if let Some(session) = &self.session {
            return session.csrf_matches(presented);
        }
        let matches = self.form_token().as_bytes().ct_eq(presented.as_bytes());
        !self.form_secret_is_new && bool::from(matches)
    }

    pub(crate) fn clinician(&self) -> Result<&Session, Fault> {
        self.in_role(Role::is_clinician)
    }

    pub(crate) fn patient(&self) -> Result<&Session, Fault> {
        self.in_role(|role| role == Role::Patient)
    }

    pub(crate) fn coordinator(&self) -> Result<&Session, Fault> {
        self.in_role(|role| role == Role::Coordinator)
    }

    pub(crate) fn operator(&self) -> Result<&Session, Fault> {
        self.in_role(|role| role == Role::Operator)
    }

    /// Sends people to the pages of their role. What they may see there is
    /// for the policies to say.
    fn in_role(&self, fits: impl FnOnce(Role) -> bool) -> Result<&Session, Fault> {
        let session = self.session.as_ref().ok_or(Fault::SignIn)?;
        if fits(session.person.role) {
            Ok(session)
        } else {
            Err(Fault::Forbidden)
        }
    }

    /// What is around the page.
    pub(crate) fn layout(&self, site: &Site) -> Layout {
        let role = self.session.as_ref().map(|session| session.person.role);
        let is_patient = role == Some(Role::Patient);
        Layout {
            language: self.language,
            place: site.options.node.organisation().name.clone(),
            person: self.session.as_ref().map(|session| SignedIn {
                name: session.person.name.clone(),
                role: text::role(self.language, session.person.role).to_owned(),
            }),
            nav: role.map(|role| self.navigation(role)).unwrap_or_default(),
            form_token: self.form_token(),
            here: self.path.clone(),
            audience: if is_patient {
                Audience::Patient
            } else {
                Audience::Staff
            },
            demo: site.options.demo,
        }
    }

    fn navigation(&self, role: Role) -> Vec<NavItem> {
        let items: &[(&'static str, &'static str)] = match role {
            Role::Patient => &[
                ("/my/record", "nav.my-record"),
                ("/my/consent", "nav.my-consent"),
                ("/my/log", "nav.my-log"),
            ],
            Role::Coordinator => &[("/region", "nav.region")],
            Role::Operator => &[("/messages", "nav.messages"), ("/checks", "nav.checks")],
            role if role.is_clinician() => &[("/patients", "nav.patients")],
            _ => &[],
        };
        items
            .iter()
            .map(|(path, key)| NavItem {
                path,
                key,
                current: self.path == *path,
            })
            .collect()
    }

    /// What the views need to know, for pages under `base`.
    pub(crate) fn reader(&self, site: &Site, base: String) -> Reader {
        Reader {
            language: self.language,
            zone: site.options.time_zone.clone(),
            now: site.options.clock.now(),
            base,
            exchange: None,
            salt: self.form_token(),
            apart: self.session.as_ref().map_or_else(Vec::new, |session| {
                let now = site.options.clock.now();
                site.rooms.apart(&session.csrf_token, now)
            }),
        }
    }
}

impl FromRequestParts<Arc<Site>> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Infallible> {
        Ok(match parts.extensions.get::<Self>() {
            Some(visitor) => visitor.clone(),
            None => Self::of(site, &parts.headers, parts.uri.path()),
        })
    }
}
