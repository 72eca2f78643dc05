//! A contact with care.

use fhir::{json::Value, value};

use super::{Draft, Link, Manner, element};
use crate::{codes, model::Visit};

impl Draft<'_> {
    /// Adds a contact and the place where it is.
    pub(crate) fn encounter(&mut self, visit: &Visit, patient: &Link) -> Link {
        let mut encounter = element::resource("Encounter");
        encounter.set("identifier", vec![element::identifier(&visit.identifier)]);
        encounter.set("status", visit.status);
        encounter.set("class", element::coding(&visit.class));
        encounter.set("subject", patient.reference());
        let participants = visit
            .participants
            .iter()
            .map(|(kind, party)| {
                let individual = self.party(party);
                value!({
                    "type": [{ "coding": [{ "system": codes::PARTICIPATION, "code": *kind }] }],
                    "individual": individual,
                })
            })
            .collect();
        element::set_list(&mut encounter, "participant", participants);
        let mut period = Value::object();
        element::set_some(&mut period, "start", visit.start.as_ref());
        element::set_some(&mut period, "end", visit.end.as_ref());
        if !period.members().is_empty() {
            encounter.set("period", period);
        }
        let reason = visit
            .reason
            .as_ref()
            .map(|reason| vec![element::concept(reason)]);
        element::set_some(&mut encounter, "reasonCode", reason);
        if let Some((identifier, name)) = &visit.location {
            let location = value!({
                "resourceType": "Location",
                "identifier": [element::identifier(identifier)],
                "name": name,
            });
            let link = self.add("Location", location, identifier, name, Manner::CreateIfNone);
            encounter.set("location", vec![value!({ "location": link.reference() })]);
        }
        let provider = visit.provider.as_ref().map(|party| self.party(party));
        element::set_some(&mut encounter, "serviceProvider", provider);
        self.add_about(
            patient,
            "Encounter",
            encounter,
            &visit.identifier,
            "Contact",
        )
    }
}
