//! Writes FHIR R4 from what a message says.
//!
//! One Bundle, a transaction. What the sender keeps under a number is updated
//! by that number *of that patient*, so that a correction becomes a new version
//! and a number that is used again for somebody else does not; people,
//! organisations and places are created when they are not there yet, and
//! otherwise left as they are: a laboratory does not decide about them.

mod element;
mod encounter;
mod observation;
mod party;
mod patient;
mod provenance;
mod report;

use std::collections::HashMap;

use fhir::{json::Value, value};
use jiff::Timestamp;

use crate::{Context, codes, model::Identifier, naming::hexadecimal};

pub(crate) use provenance::Origin;
pub(crate) use report::Setting;

/// A Bundle being written.
pub(crate) struct Draft<'c> {
    context: &'c Context<'c>,
    /// When the sender made the message, as a FHIR instant.
    sent: Option<String>,
    entries: Vec<Value>,
    /// What stands in the Bundle already, by the query that finds it.
    known: HashMap<String, Link>,
    /// What the Provenance is about.
    targets: Vec<Link>,
}

/// A resource in the Bundle, to refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    full_url: String,
    resource_type: &'static str,
    display: String,
    /// Of a patient: the condition that finds what is about them.
    of_patient: Option<String>,
}

impl Link {
    pub(crate) fn reference(&self) -> Value {
        value!({
            "reference": &self.full_url,
            "type": self.resource_type,
            "display": &self.display,
        })
    }
}

/// The most numbers of a patient that find what is about them: the BSN and the
/// first of the sender's own.
const PATIENT_NUMBERS_MAX: usize = 10;

/// How an entry treats what is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Update what has this identifier, or create it.
    Update,
    /// Create it when nothing has this identifier; leave it otherwise.
    CreateIfNone,
}

impl<'c> Draft<'c> {
    /// A Bundle of a message that was made at `sent`. A clock that runs ahead
    /// must not make a message newer than all that will follow it, so a time
    /// after the receipt counts as the receipt.
    pub(crate) fn new(context: &'c Context<'c>, sent: Option<Timestamp>) -> Self {
        Self {
            context,
            sent: sent.map(|sent| provenance::instant(sent.min(context.now))),
            entries: Vec::new(),
            known: HashMap::new(),
            targets: Vec::new(),
        }
    }

    /// Adds something about a patient under the sender's number for it, which
    /// counts for this patient only.
    fn add_about(
        &mut self,
        patient: &Link,
        resource_type: &'static str,
        resource: Value,
        identifier: &Identifier,
        display: &str,
    ) -> Link {
        let query = match &patient.of_patient {
            Some(of_patient) => format!("{}&{of_patient}", query(identifier)),
            None => query(identifier),
        };
        self.add_by(resource_type, resource, query, display, Manner::Update)
    }

    /// Adds a resource under its identifier. When the Bundle has it already,
    /// the first stands.
    fn add(
        &mut self,
        resource_type: &'static str,
        resource: Value,
        identifier: &Identifier,
        display: &str,
        manner: Manner,
    ) -> Link {
        self.add_by(resource_type, resource, query(identifier), display, manner)
    }

    fn add_by(
        &mut self,
        resource_type: &'static str,
        mut resource: Value,
        query: String,
        display: &str,
        manner: Manner,
    ) -> Link {
        let url = format!("{resource_type}?{query}");
        if let Some(link) = self.known.get(&url) {
            return link.clone();
        }
        let link = self.link(resource_type, display);
        if let (Some(sent), Manner::Update) = (&self.sent, manner) {
            let said = value!({ "url": codes::MESSAGE_TIME, "valueInstant": sent });
            resource.set("extension", vec![said]);
        }
        let request = match manner {
            Manner::Update => value!({ "method": "PUT", "url": &url }),
            Manner::CreateIfNone => {
                value!({ "method": "POST", "url": resource_type, "ifNoneExist": query })
            }
        };
        self.entries.push(value!({
            "fullUrl": &link.full_url,
            "resource": resource,
            "request": request,
        }));
        if manner == Manner::Update {
            self.targets.push(link.clone());
        }
        self.known.insert(url, link.clone());
        link
    }

    /// A new resource that is not found by an identifier.
    fn create(&mut self, resource_type: &'static str, resource: Value, display: &str) {
        let link = self.link(resource_type, display);
        self.entries.push(value!({
            "fullUrl": link.full_url,
            "resource": resource,
            "request": { "method": "POST", "url": resource_type },
        }));
    }

    fn link(&self, resource_type: &'static str, display: &str) -> Link {
        Link {
            full_url: format!("urn:uuid:{}", self.context.ids.next()),
            resource_type,
            display: display.to_owned(),
            of_patient: None,
        }
    }

    /// The Bundle, with its Provenance.
    pub(crate) fn finish(mut self, origin: &Origin<'_>) -> Value {
        provenance::add(&mut self, origin);
        value!({ "resourceType": "Bundle", "type": "transaction", "entry": self.entries })
    }
}

/// The search that finds an identifier, as it stands in a URL.
fn query(identifier: &Identifier) -> String {
    format!("identifier={}", token(identifier))
}

/// The search that finds what is about somebody with one of these identifiers.
fn of_patient(identifiers: &[&Identifier]) -> String {
    let tokens: Vec<String> = identifiers
        .iter()
        .take(PATIENT_NUMBERS_MAX)
        .map(|one| token(one))
        .collect();
    format!("patient.identifier={}", tokens.join(","))
}

/// An identifier as a token of a search, as it stands in a URL.
fn token(identifier: &Identifier) -> String {
    let mut query = format!("{}|", identifier.system);
    for character in identifier.value.chars() {
        match character {
            // What means something in a FHIR token search.
            '|' => query.push_str("%5C%7C"),
            ',' => query.push_str("%5C%2C"),
            '$' => query.push_str("%5C%24"),
            '\\' => query.push_str("%5C%5C"),
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' | '_' | '~' | ':' | '*' => {
                query.push(character);
            }
            other => {
                for byte in other.encode_utf8(&mut [0; 4]).bytes() {
                    query.push('%');
                    query.push_str(&hexadecimal(byte).to_uppercase());
                }
            }
        }
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_says_exactly_the_identifier() {
        let identifier = Identifier {
            system: "urn:a:b".into(),
            value: "1|2, é~3:4".into(),
        };
        assert_eq!(
            query(&identifier),
            "identifier=urn:a:b|1%5C%7C2%5C%2C%20%C3%A9~3:4"
        );
    }

    #[test]
    fn a_patient_is_found_by_so_many_numbers_and_no_more() {
        let numbers: Vec<Identifier> = (0..=PATIENT_NUMBERS_MAX)
            .map(|number| Identifier {
                system: "urn:a".into(),
                value: number.to_string(),
            })
            .collect();
        let all: Vec<&Identifier> = numbers.iter().collect();
        let count = |text: &str| text.matches("urn:a|").count();
        assert_eq!(count(&of_patient(&all[1..])), PATIENT_NUMBERS_MAX);
        assert_eq!(count(&of_patient(&all)), PATIENT_NUMBERS_MAX);
        assert_eq!(of_patient(&all[..2]), "patient.identifier=urn:a|0,urn:a|1");
    }
}
