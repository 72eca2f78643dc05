//! People and organisations that had a part in it.

use fhir::{json::Value, value};

use super::{Draft, Link, Manner, element};
use crate::model::{Identifier, Party};

impl Draft<'_> {
    /// A reference to a party: to its resource when it has a number, else by
    /// name only.
    pub(super) fn party(&mut self, party: &Party) -> Value {
        let Some(identifier) = &party.identifier else {
            return element::named(&party.name);
        };
        if party.is_person {
            self.practitioner(party, identifier).reference()
        } else {
            self.organisation(party, identifier).reference()
        }
    }

    fn practitioner(&mut self, party: &Party, identifier: &Identifier) -> Link {
        let mut name = value!({ "text": &party.name });
        element::set_some(&mut name, "family", party.family.as_ref());
        element::set_list(
            &mut name,
            "given",
            party.given.iter().map(Value::from).collect(),
        );
        let resource = value!({
            "resourceType": "Practitioner",
            "identifier": [element::identifier(identifier)],
            "name": [name],
        });
        self.add(
            "Practitioner",
            resource,
            identifier,
            &party.name,
            Manner::CreateIfNone,
        )
    }

    fn organisation(&mut self, party: &Party, identifier: &Identifier) -> Link {
        let resource = value!({
            "resourceType": "Organization",
            "identifier": [element::identifier(identifier)],
            "name": &party.name,
        });
        self.add(
            "Organization",
            resource,
            identifier,
            &party.name,
            Manner::CreateIfNone,
        )
    }
}
