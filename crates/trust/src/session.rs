//! Sessions of people on the web pages.

use std::sync::Arc;

use care::{AccessContext, Clock, IdSource};

use crate::{Randomness, Rejected, identity::OrganisationRecord, person::Person};

/// A session that was opened: the value for the cookie.
#[derive(Clone)]
pub struct Opened {
    /// The cookie value: 256 random bits in base64url, 43 characters.
    pub cookie: String,
    /// How long the cookie may live at most, in seconds.
    pub max_age_s: u64,
}

/// A session as a page sees it.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who is asking; with a new request identifier at every [`Sessions::find`].
    pub context: AccessContext,
    /// The person that signed in.
    pub person: Person,
    /// The token that every form of this session carries.
    pub csrf_token: String,
}

impl Session {
    /// Whether a form carries the token of this session; compared in constant time.
    pub fn csrf_matches(&self, _presented: &str) -> bool {
        unimplemented!()
    }
}

/// The sessions of one organisation's pages, in memory.
pub struct Sessions {}

impl Sessions {
    /// None yet.
    pub fn new(
        _organisation: OrganisationRecord,
        _clock: Arc<dyn Clock>,
        _ids: Arc<dyn IdSource>,
        _randomness: Arc<dyn Randomness>,
    ) -> Self {
        unimplemented!()
    }
    /// Opens a session for a person of this organisation.
    pub fn open(&self, _person: &Person) -> Result<Opened, Rejected> {
        unimplemented!()
    }
    /// The session of a cookie value.
    pub fn find(&self, _cookie: &str) -> Option<Session> {
        unimplemented!()
    }
    /// Ends a session.
    pub fn close(&self, _cookie: &str) {
        unimplemented!()
    }
}
