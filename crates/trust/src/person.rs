//! People who sign in, and the port through which they are identified.
//!
//! The embedded adapter is the demo issuer: a list of people in a JSON file.
//! In production OpenID Connect (Dezi) stands at the same port.

use std::collections::HashMap;

use async_trait::async_trait;
use care::{AccessContext, Actor, Bsn, IdSource, Purpose, Role, Ura};
use serde::{Deserialize, Serialize};

use crate::{Rejected, context, identity::OrganisationRecord, jwt::is_text};

/// A person or record system that an organisation lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The identifier at the organisation: lower case letters, digits and hyphens.
    pub slug: String,
    /// The name, as the patient will read it in the access log.
    pub name: String,
    /// In what role they act.
    pub role: Role,
    /// The organisation that they act for; for a patient, the regional organisation.
    pub organisation: Ura,
    /// Who the patient is; exactly when the role is [`Role::Patient`].
    pub bsn: Option<Bsn>,
}

/// The people of the demo issuer.
#[derive(Debug, Clone, Default)]
pub struct People {
    list: Vec<Person>,
    by_slug: HashMap<String, usize>,
}

/// A list of people that cannot be used. It tells which entry, not what it holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPeople {
    /// Not JSON of the expected form.
    #[error("the list of people is wrong at line {line}, column {column}")]
    Syntax {
        /// At which line.
        line: usize,
        /// At which column.
        column: usize,
    },
    /// An entry is wrong.
    #[error("person {index} in the list: {what}")]
    Entry {
        /// Its place, from zero.
        index: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// More than [`PEOPLE_MAX`].
    #[error("more than {PEOPLE_MAX} people in the list")]
    TooMany,
}

/// The longest list of people that is read.
pub const PEOPLE_MAX: usize = 100_000;

/// The longest name of a person, in characters.
pub const PERSON_NAME_CHARACTERS_MAX: usize = 120;
/// The longest slug, in characters.
pub const SLUG_CHARACTERS_MAX: usize = 64;

/// A person as the file has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    slug: String,
    name: String,
    role: String,
    organisation: Ura,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bsn: Option<String>,
}

impl People {
    /// Checks and takes a list.
    pub fn new(people: Vec<Person>) -> Result<Self, InvalidPeople> {
        if people.len() > PEOPLE_MAX {
            return Err(InvalidPeople::TooMany);
        }
        let mut by_slug = HashMap::with_capacity(people.len());
        for (index, person) in people.iter().enumerate() {
            let wrong = |what| Err(InvalidPeople::Entry { index, what });
            let slug_fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
            if !is_text(&person.slug, SLUG_CHARACTERS_MAX) || !person.slug.bytes().all(slug_fits) {
                return wrong("the slug is not lower case letters, digits and hyphens");
            }
            if !is_text(&person.name, PERSON_NAME_CHARACTERS_MAX) {
                return wrong("the name is empty or too long");
            }
            if (person.role == Role::Patient) != person.bsn.is_some() {
                return wrong("a patient has a BSN, and nobody else has");
            }
            if by_slug.insert(person.slug.clone(), index).is_some() {
                return wrong("the slug is there twice");
            }
        }
        Ok(Self {
            list: people,
            by_slug,
        })
    }

    /// Reads `[{"slug", "name", "role", "organisation", "bsn"}]`: the role by
    /// its word ([`Role::name`]), the organisation by its URA, the BSN of a
    /// patient only.
    pub fn from_json(bytes: &[u8]) -> Result<Self, InvalidPeople> {
        let entries: Vec<Entry> = serde_json::from_slice(bytes).map_err(|error| {
            // serde_json would quote the value, which may be a BSN.
            InvalidPeople::Syntax {
                line: error.line(),
                column: error.column(),
            }
        })?;
        let person = |(index, entry): (usize, Entry)| {
            let wrong = |what| InvalidPeople::Entry { index, what };
            Ok(Person {
                role: Role::from_name(&entry.role).ok_or_else(|| wrong("unknown role"))?,
                bsn: match &entry.bsn {
                    Some(digits) => Some(Bsn::parse(digits).map_err(|_| wrong("not a BSN"))?),
                    None => None,
                },
                slug: entry.slug,
                name: entry.name,
                organisation: entry.organisation,
            })
        };
        Self::new(
            entries
                .into_iter()
                .enumerate()
                .map(person)
                .collect::<Result<_, _>>()?,
        )
    }

    /// The list as [`People::from_json`] reads it, for a file that only its
    /// owner can read: it holds BSNs.
    pub fn to_json(&self) -> Vec<u8> {
        let entries: Vec<_> = self
            .list
            .iter()
            .map(|person| Entry {
                slug: person.slug.clone(),
                name: person.name.clone(),
                role: person.role.name().to_owned(),
                organisation: person.organisation,
                bsn: person.bsn.as_ref().map(|bsn| bsn.expose().to_owned()),
            })
            .collect();
        serde_json::to_vec_pretty(&entries).expect("strings always become JSON")
    }

    /// Finds a person by slug.
    pub fn find(&self, slug: &str) -> Option<&Person> {
        self.by_slug.get(slug).map(|index| &self.list[*index])
    }

    /// All people, in the order of the list.
    pub fn iter(&self) -> std::slice::Iter<'_, Person> {
        self.list.iter()
    }

    /// The people of one organisation, in the order of the list.
    pub fn of(&self, organisation: Ura) -> impl Iterator<Item = &Person> {
        self.iter()
            .filter(move |person| person.organisation == organisation)
    }
}

impl<'a> IntoIterator for &'a People {
    type Item = &'a Person;
    type IntoIter = std::slice::Iter<'a, Person>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Person {
    /// The purpose for which this person asks unless they say otherwise.
    pub fn usual_purpose(&self) -> Purpose {
        match self.role {
            Role::Patient => Purpose::PatientRequest,
            Role::Coordinator | Role::Operator => Purpose::Operations,
            Role::RecordSystem => Purpose::RecordKeeping,
            _ => Purpose::Treatment,
        }
    }

    /// The context of this person, once identified, at their own organisation.
    pub(crate) fn context(
        &self,
        organisation: &OrganisationRecord,
        ids: &dyn IdSource,
    ) -> AccessContext {
        let actor = Actor {
            id: self.slug.clone(),
            name: self.name.clone(),
            role: self.role,
        };
        let claims = context::Claims {
            patient: self.bsn.clone(),
            ..Default::default()
        };
        context::context(
            actor,
            organisation,
            self.usual_purpose(),
            claims,
            ids.next(),
        )
    }
}

/// The port: turns what somebody presents at sign-in into a person.
#[async_trait]
pub trait Identification: Send + Sync {
    /// Says who presents this credential.
    async fn identify(&self, credential: &str) -> Result<Person, Rejected>;
}

/// The embedded adapter: believes whoever names a person of the list. For the
/// demo region, on synthetic people; no protection at all.
#[derive(Debug, Clone)]
pub struct DemoIssuer(pub std::sync::Arc<People>);

#[async_trait]
impl Identification for DemoIssuer {
    async fn identify(&self, credential: &str) -> Result<Person, Rejected> {
        self.0.find(credential).cloned().ok_or(Rejected::Invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"[
        {"slug":"jansen","name":"Dr. Jansen","role":"internist","organisation":"90000004"},
        {"slug":"p-1","name":"P. Een","role":"patient","organisation":"90000008","bsn":"999911119"}
    ]"#;

    fn check(list: &str, expected: &str) {
        assert_eq!(
            People::from_json(list.as_bytes()).unwrap_err().to_string(),
            expected
        );
    }

    #[test]
    fn a_list_reads_back() {
        let people = People::from_json(LIST.as_bytes()).unwrap();
        let again = People::from_json(&people.to_json()).unwrap();
        assert_eq!(again.list, people.list);
        assert_eq!(people.find("jansen").unwrap().role, Role::Internist);
        assert_eq!(people.find("p-2"), None);
        assert_eq!(people.of("90000008".parse().unwrap()).count(), 1);
    }

    #[test]
    fn a_wrong_list_is_refused_without_its_content() {
        check("{}", "the list of people is wrong at line 1, column 0");
        check(
            &LIST.replace("internist", "wizard"),
            "person 0 in the list: unknown role",
        );
        check(
            &LIST.replace("999911119", "999911118"),
            "person 1 in the list: not a BSN",
        );
        check(
            &LIST.replace("internist", "patient"),
            "person 0 in the list: a patient has a BSN, and nobody else has",
        );
        check(
            &LIST.replace("p-1", "jansen"),
            "person 1 in the list: the slug is there twice",
        );
        check(
            &LIST.replace("p-1", "P 1"),
            "person 1 in the list: the slug is not lower case letters, digits and hyphens",
        );
        check(
            &LIST.replace("Dr. Jansen", &"x".repeat(PERSON_NAME_CHARACTERS_MAX + 1)),
            "person 0 in the list: the name is empty or too long",
        );
        let longest = LIST.replace("Dr. Jansen", &"x".repeat(PERSON_NAME_CHARACTERS_MAX));
        assert!(People::from_json(longest.as_bytes()).is_ok());
    }

    #[test]
    fn a_slug_is_bounded() {
        let of = |count: usize| {
            People::from_json(
                LIST.replace("\"jansen\"", &format!("\"{}\"", "j".repeat(count)))
                    .as_bytes(),
            )
        };
        assert!(of(SLUG_CHARACTERS_MAX).is_ok());
        assert!(of(SLUG_CHARACTERS_MAX + 1).is_err());
    }

    #[test]
    fn the_list_is_bounded() {
        let person = People::from_json(LIST.as_bytes()).unwrap().list[0].clone();
        let many = |count: usize| {
            (0..count)
                .map(|n| Person {
                    slug: format!("p{n}"),
                    ..person.clone()
                })
                .collect()
        };
        assert!(People::new(many(PEOPLE_MAX)).is_ok());
        assert_eq!(
            People::new(many(PEOPLE_MAX + 1)).unwrap_err(),
            InvalidPeople::TooMany
        );
    }
}
