//! What the pages remember of a session, in memory: which patients are open,
//! and which change of consent waits for a confirmation. It is here so that no
//! address needs to name a patient.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use care::Bsn;
use jiff::Timestamp;
use trust::consent::Change;

/// The most patients that one session keeps open; another one closes the oldest.
pub const OPEN_PATIENTS_MAX: usize = 20;
/// The most changes of one session that wait for a confirmation.
pub const PENDING_CHANGES_MAX: usize = 10;
/// The most groups that one session has taken apart; another one puts the
/// oldest together again.
pub const APART_MAX: usize = 100;
/// The most sessions that are remembered.
pub const ROOMS_MAX: usize = 10_000;
/// After how long without a sign of life a session is forgotten, in seconds.
pub const ROOM_IDLE_S: i64 = 60 * 60;

/// A patient that a session has open.
#[derive(Debug, Clone)]
pub(crate) struct OpenPatient {
    pub(crate) handle: String,
    pub(crate) bsn: Bsn,
    /// Name and date of birth, once a source told them.
    pub(crate) shown: Option<(String, String)>,
    pub(crate) emergency_reason: Option<String>,
}

/// A change of consent that waits for a confirmation.
#[derive(Debug, Clone)]
pub(crate) struct PendingChange {
    pub(crate) name: String,
    pub(crate) change: Change,
    /// The version of the choices that the patient saw.
    pub(crate) version: u64,
}

#[derive(Debug)]
struct Room {
    seen: Timestamp,
    patients: Vec<OpenPatient>,
    pending: Vec<PendingChange>,
    /// The groups of facts that the reader took apart, by a token that says
    /// nothing of what is in them; the oldest first.
    apart: Vec<String>,
}

/// All sessions, by a secret that only the session has.
#[derive(Debug, Default)]
pub(crate) struct Rooms(Mutex<HashMap<String, Room>>);

impl Rooms {
    fn with<T>(&self, session: &str, now: Timestamp, act: impl FnOnce(&mut Room) -> T) -> T {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rooms.len() >= ROOMS_MAX && !rooms.contains_key(session) {
            let holds = |room: &Room| now.as_second() - room.seen.as_second() < ROOM_IDLE_S;
            rooms.retain(|_, room| holds(room));
            if rooms.len() >= ROOMS_MAX {
                rooms.clear();
            }
        }
        let room = rooms.entry(session.to_owned()).or_insert_with(|| Room {
            seen: now,
            patients: Vec::new(),
            pending: Vec::new(),
            apart: Vec::new(),
        });
        room.seen = now;
        act(room)
    }

    /// Opens a patient under a new handle, or under the one that it has.
    pub(crate) fn open(&self, session: &str, now: Timestamp, bsn: &Bsn, handle: String) -> String {
        self.with(session, now, |room| {
            if let Some(known) = room.patients.iter().find(|patient| patient.bsn == *bsn) {
                return known.handle.clone();
            }
            if room.patients.len() >= OPEN_PATIENTS_MAX {
                room.patients.remove(0);
            }
            room.patients.push(OpenPatient {
                handle: handle.clone(),
                bsn: bsn.clone(),
                shown: None,
                emergency_reason: None,
            });
            handle
        })
    }

    /// The patient with a handle of this session.
    pub(crate) fn patient(
        &self,
        session: &str,
        now: Timestamp,
        handle: &str,
    ) -> Option<OpenPatient> {
        self.with(session, now, |room| {
            room.patients
                .iter()
                .find(|patient| patient.handle == handle)
                .cloned()
        })
    }

    /// The patients of this session of whom a name is known, the latest first.
    pub(crate) fn patients(&self, session: &str, now: Timestamp) -> Vec<OpenPatient> {
        self.with(session, now, |room| {
            room.patients
                .iter()
                .rev()
                .filter(|patient| patient.shown.is_some())
                .cloned()
                .collect()
        })
    }

    /// Remembers something of an open patient.
    pub(crate) fn note(
        &self,
        session: &str,
        now: Timestamp,
        handle: &str,
        note: impl FnOnce(&mut OpenPatient),
    ) {
        self.with(session, now, |room| {
            if let Some(patient) = room.patients.iter_mut().find(|one| one.handle == handle) {
                note(patient);
            }
        });
    }

    /// Keeps a change until it is confirmed.
    pub(crate) fn keep(&self, session: &str, now: Timestamp, pending: PendingChange) {
        self.with(session, now, |room| {
            if room.pending.len() >= PENDING_CHANGES_MAX {
                room.pending.remove(0);
            }
            room.pending.push(pending);
        });
    }

    /// The change with a name, which stays.
    pub(crate) fn pending(
        &self,
        session: &str,
        now: Timestamp,
        name: &str,
    ) -> Option<PendingChange> {
        self.with(session, now, |room| {
            room.pending
                .iter()
                .find(|pending| pending.name == name)
                .cloned()
        })
    }

    /// Forgets a change that was made.
    pub(crate) fn made(&self, session: &str, now: Timestamp, name: &str) {
        self.with(session, now, |room| {
            room.pending.retain(|pending| pending.name != name);
        });
    }

    /// Takes a group of facts apart, or puts it together again.
    pub(crate) fn take_apart(&self, session: &str, now: Timestamp, group: &str, apart: bool) {
        self.with(session, now, |room| {
            room.apart.retain(|token| token != group);
            if apart {
                if room.apart.len() >= APART_MAX {
                    room.apart.remove(0);
                }
                room.apart.push(group.to_owned());
            }
        });
    }

    /// The groups that this session took apart.
    pub(crate) fn apart(&self, session: &str, now: Timestamp) -> Vec<String> {
        self.with(session, now, |room| room.apart.clone())
    }

    /// Forgets a session.
    pub(crate) fn close(&self, session: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(session);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    /// The `n`th number that passes the eleven-test.
    fn bsn(n: usize) -> Bsn {
        (999_900_000..999_999_999)
            .filter_map(|number: u32| Bsn::parse(&number.to_string()).ok())
            .nth(n)
            .unwrap()
    }

    #[test]
    fn a_handle_is_known_in_its_own_session_only() {
        let rooms = Rooms::default();
        let handle = rooms.open("a", NOW, &bsn(0), "h".to_owned());
        assert!(rooms.patient("a", NOW, &handle).is_some());
        assert!(rooms.patient("b", NOW, &handle).is_none());
        assert_eq!(rooms.open("a", NOW, &bsn(0), "other".to_owned()), "h");
        rooms.close("a");
        assert!(rooms.patient("a", NOW, &handle).is_none());
    }

    #[test]
    fn the_oldest_patient_closes_when_too_many_are_open() {
        let rooms = Rooms::default();
        for n in 0..OPEN_PATIENTS_MAX {
            rooms.open("a", NOW, &bsn(n), format!("h{n}"));
        }
        assert!(rooms.patient("a", NOW, "h0").is_some());
        rooms.open("a", NOW, &bsn(OPEN_PATIENTS_MAX), "one-past".to_owned());
        assert!(rooms.patient("a", NOW, "h0").is_none());
        assert!(rooms.patient("a", NOW, "one-past").is_some());
    }

    #[test]
    fn sessions_are_bounded() {
        let rooms = Rooms::default();
        for n in 0..=ROOMS_MAX {
            rooms.open(&n.to_string(), NOW, &bsn(0), "h".to_owned());
        }
        assert!(rooms.0.lock().unwrap().len() <= ROOMS_MAX);
    }

    #[test]
    fn a_group_stays_apart_in_its_own_session_until_too_many_are() {
        let rooms = Rooms::default();
        for n in 0..APART_MAX {
            rooms.take_apart("a", NOW, &n.to_string(), true);
        }
        rooms.take_apart("a", NOW, "0", true);
        assert_eq!(rooms.apart("a", NOW).len(), APART_MAX);
        rooms.take_apart("a", NOW, "one-past", true);
        let apart = rooms.apart("a", NOW);
        assert_eq!(apart.len(), APART_MAX);
        assert!(apart.contains(&"0".to_owned()) && !apart.contains(&"1".to_owned()));
        rooms.take_apart("a", NOW, "0", false);
        assert!(!rooms.apart("a", NOW).contains(&"0".to_owned()));
        assert!(rooms.apart("b", NOW).is_empty());
    }

    #[test]
    fn a_change_waits_once_and_the_oldest_gives_way() {
        let rooms = Rooms::default();
        let pending = |n: usize| PendingChange {
            name: n.to_string(),
            change: Change::default(),
            version: 0,
        };
        for n in 0..=PENDING_CHANGES_MAX {
            rooms.keep("a", NOW, pending(n));
        }
        assert!(rooms.pending("a", NOW, "0").is_none());
        assert!(rooms.pending("a", NOW, "1").is_some());
        rooms.made("a", NOW, "1");
        assert!(rooms.pending("a", NOW, "1").is_none());
    }
}
