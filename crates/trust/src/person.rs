//! People who sign in, and the port through which they are identified.
//!
//! The embedded adapter is the demo issuer: a list of people in a JSON file.
//! In production OpenID Connect (Dezi) stands at the same port.

use async_trait::async_trait;
use care::{Bsn, Role, Ura};

use crate::Rejected;

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
pub struct People {}

/// A list of people that cannot be used. It tells which entry, not what it holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPeople {
    /// Not JSON of the expected form.
    #[error("the list of people is not valid JSON: {0}")]
    Syntax(String),
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

impl People {
    /// Checks and takes a list.
    pub fn new(_people: Vec<Person>) -> Result<Self, InvalidPeople> {
        unimplemented!()
    }
    /// Reads `[{"slug","name","role","organisation","bsn"?}]`.
    pub fn from_json(_bytes: &[u8]) -> Result<Self, InvalidPeople> {
        unimplemented!()
    }
    /// The list as JSON, for a file that only its owner reads.
    pub fn to_json(&self) -> Vec<u8> {
        unimplemented!()
    }
    /// Finds a person by slug.
    pub fn find(&self, _slug: &str) -> Option<&Person> {
        unimplemented!()
    }
    /// All people, in the order of the list.
    pub fn iter(&self) -> std::slice::Iter<'_, Person> {
        unimplemented!()
    }
    /// The people of one organisation.
    pub fn of(&self, organisation: Ura) -> impl Iterator<Item = &Person> {
        self.iter().filter(move |person| person.organisation == organisation)
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
