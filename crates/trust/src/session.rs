//! Sessions of people on the web pages, in memory: a restart signs everybody out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use care::{AccessContext, Clock, IdSource};
use jiff::Timestamp;
use subtle::ConstantTimeEq;

use crate::{
    Randomness, Rejected,
    access_token::{SECRET_CHARACTERS, hash, secret},
    identity::OrganisationRecord,
    person::Person,
};

/// After how long without a request a session ends, in seconds.
pub const SESSION_IDLE_S: i64 = 30 * 60;
/// After how long a session ends whatever happens, in seconds.
pub const SESSION_LIFETIME_S: i64 = 8 * 60 * 60;
/// The most sessions at once.
pub const SESSIONS_MAX: usize = 10_000;
/// The most sessions of one person; another one ends the oldest.
pub const SESSIONS_PER_PERSON_MAX: usize = 10;

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
    pub fn csrf_matches(&self, presented: &str) -> bool {
        self.csrf_token
            .as_bytes()
            .ct_eq(presented.as_bytes())
            .into()
    }
}

/// The sessions of one organisation's pages.
pub struct Sessions {
    organisation: OrganisationRecord,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    randomness: Arc<dyn Randomness>,
    /// By hash of the cookie, so that looking one up tells nothing by its timing.
    table: Mutex<HashMap<[u8; 32], Entry>>,
}

struct Entry {
    person: Person,
    csrf_token: String,
    opened: Timestamp,
    seen: Timestamp,
}

impl Entry {
    fn holds(&self, now: Timestamp) -> bool {
        now.as_second() - self.seen.as_second() < SESSION_IDLE_S
            && now.as_second() - self.opened.as_second() < SESSION_LIFETIME_S
    }
}

impl Sessions {
    /// None yet.
    pub fn new(
        organisation: OrganisationRecord,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        Self {
            organisation,
            clock,
            ids,
            randomness,
            table: Mutex::default(),
        }
    }

    /// Opens a session for a person of this organisation, always under a new
    /// cookie: one from before signing in is worth nothing.
    pub fn open(&self, person: &Person) -> Result<Opened, Rejected> {
        if person.organisation != self.organisation.ura {
            return Err(Rejected::NotAllowed);
        }
        let cookie = secret(&*self.randomness);
        let now = self.clock.now();
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.len() >= SESSIONS_MAX {
            table.retain(|_, entry| entry.holds(now));
        }
        let of_person = || {
            table
                .iter()
                .filter(|(_, entry)| entry.person.slug == person.slug)
        };
        if of_person().count() >= SESSIONS_PER_PERSON_MAX
            && let Some(oldest) = of_person().min_by_key(|(_, entry)| entry.seen)
        {
            let oldest = *oldest.0;
            table.remove(&oldest);
        }
        if table.len() >= SESSIONS_MAX {
            return Err(Rejected::Busy);
        }
        let csrf_token = secret(&*self.randomness);
        let entry = Entry {
            person: person.clone(),
            csrf_token,
            opened: now,
            seen: now,
        };
        table.insert(hash(&cookie), entry);
        Ok(Opened {
            cookie,
            max_age_s: SESSION_LIFETIME_S as u64,
        })
    }

    /// The session of a cookie value, and a sign of life for it.
    pub fn find(&self, cookie: &str) -> Option<Session> {
        if cookie.len() != SECRET_CHARACTERS {
            return None;
        }
        let key = hash(cookie);
        let now = self.clock.now();
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if !table.get(&key)?.holds(now) {
            table.remove(&key);
            return None;
        }
        let entry = table.get_mut(&key)?;
        entry.seen = now;
        Some(Session {
            context: entry.person.context(&self.organisation, &*self.ids),
            person: entry.person.clone(),
            csrf_token: entry.csrf_token.clone(),
        })
    }

    /// Ends a session.
    pub fn close(&self, cookie: &str) {
        self.table
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&hash(cookie));
    }
}

#[cfg(test)]
mod tests {
    use care::{ManualClock, OrganisationType, Purpose, Role};

    use super::*;
    use crate::{
        SeededRandomness,
        testing::{SECOND, bsn, clock, ids, organisation},
    };

    fn person(slug: &str) -> Person {
        Person {
            slug: slug.into(),
            name: "P. Een".into(),
            role: Role::Patient,
            organisation: organisation(OrganisationType::RegionalOrganisation).ura,
            bsn: Some(bsn()),
        }
    }

    fn sessions() -> (Sessions, Arc<ManualClock>) {
        let clock = clock();
        let region = organisation(OrganisationType::RegionalOrganisation);
        let randomness = Arc::new(SeededRandomness::from_seed(1));
        (
            Sessions::new(region, clock.clone(), ids(), randomness),
            clock,
        )
    }

    #[test]
    fn a_session_is_found_by_its_cookie_until_it_is_closed() {
        let (sessions, _) = sessions();
        let opened = sessions.open(&person("p-1")).unwrap();
        assert_eq!((opened.cookie.len(), opened.max_age_s), (43, 8 * 3600));
        let session = sessions.find(&opened.cookie).unwrap();
        assert_eq!(session.context.patient(), Some(&bsn()));
        assert_eq!(session.context.purpose(), Purpose::PatientRequest);
        assert!(session.csrf_matches(&session.csrf_token.clone()));
        assert!(!session.csrf_matches("") && !session.csrf_matches(&opened.cookie));
        let again = sessions.find(&opened.cookie).unwrap();
        assert_ne!(again.context.request(), session.context.request());
        assert_eq!(again.csrf_token, session.csrf_token);
        for wrong in ["", "A", &"A".repeat(43), &"A".repeat(5000)] {
            assert!(sessions.find(wrong).is_none());
        }
        sessions.close(&opened.cookie);
        assert!(sessions.find(&opened.cookie).is_none());
    }

    #[test]
    fn a_session_ends_when_idle_and_at_the_end_of_the_day() {
        let (sessions, clock) = sessions();
        let opened = sessions.open(&person("p-1")).unwrap();
        let idle = SESSION_IDLE_S as u32;
        for _ in 0..16 {
            clock.advance(SECOND * (idle - 1));
            assert!(sessions.find(&opened.cookie).is_some());
        }
        // 16 × (30 min − 1 s) is 16 s short of eight hours.
        clock.advance(SECOND * 15);
        assert!(sessions.find(&opened.cookie).is_some());
        clock.advance(SECOND);
        assert!(sessions.find(&opened.cookie).is_none());
        let opened = sessions.open(&person("p-1")).unwrap();
        clock.advance(SECOND * idle);
        assert!(sessions.find(&opened.cookie).is_none());
    }

    #[test]
    fn another_session_of_one_person_ends_the_oldest() {
        let (sessions, clock) = sessions();
        let first = sessions.open(&person("p-1")).unwrap();
        let other = sessions.open(&person("p-2")).unwrap();
        for _ in 1..SESSIONS_PER_PERSON_MAX {
            clock.advance(SECOND);
            sessions.open(&person("p-1")).unwrap();
        }
        assert!(sessions.find(&first.cookie).is_some());
        clock.advance(SECOND);
        let second = sessions.open(&person("p-1")).unwrap();
        // The first gave a sign of life, so the one after it had to go.
        assert!(sessions.find(&first.cookie).is_some());
        assert!(sessions.find(&second.cookie).is_some() && sessions.find(&other.cookie).is_some());
        let mine = sessions.table.lock().unwrap();
        assert_eq!(
            mine.values()
                .filter(|entry| entry.person.slug == "p-1")
                .count(),
            10
        );
    }

    #[test]
    fn the_sessions_are_bounded_and_of_one_organisation() {
        let (sessions, clock) = sessions();
        for number in 0..SESSIONS_MAX {
            sessions.table.lock().unwrap().insert(
                hash(&number.to_string()),
                Entry {
                    person: person(&format!("p-{number}")),
                    csrf_token: String::new(),
                    opened: clock.now(),
                    seen: clock.now(),
                },
            );
        }
        assert_eq!(
            sessions.open(&person("one-more")).err(),
            Some(Rejected::Busy)
        );
        clock.advance(SECOND * SESSION_IDLE_S as u32);
        assert!(sessions.open(&person("one-more")).is_ok());
        let stranger = Person {
            organisation: "1".parse().unwrap(),
            ..person("x")
        };
        assert_eq!(sessions.open(&stranger).err(), Some(Rejected::NotAllowed));
    }
}
