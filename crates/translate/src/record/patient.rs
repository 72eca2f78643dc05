//! The patient, with a Dutch name and address (zib Patient,
//! NameInformation, AddressInformation 2020).

use care::Bsn;
use fhir::{json::Value, value};

use super::{Draft, Link, Manner, element};
use crate::model::{Address, Death, Identifier, PersonName, Subject};

const EXTENSION: &str = "http://hl7.org/fhir/StructureDefinition/";

impl Draft<'_> {
    /// The patient under the BSN, else under the first of the sender's own
    /// numbers; `None` when there is neither.
    pub(crate) fn patient(&mut self, subject: &Subject, manner: Manner) -> Option<Link> {
        let bsn = subject.bsn.as_ref().map(|bsn| Identifier {
            system: Bsn::SYSTEM.to_owned(),
            value: bsn.expose().to_owned(),
        });
        let identifiers: Vec<_> = bsn.iter().chain(&subject.identifiers).collect();
        let key = (*identifiers.first()?).clone();
        let mut patient = element::resource("Patient");
        patient.set(
            "identifier",
            identifiers
                .iter()
                .map(|one| element::identifier(one))
                .collect::<Vec<_>>(),
        );
        element::set_some(
            &mut patient,
            "name",
            subject.name.as_ref().map(|one| vec![name(one)]),
        );
        let phones = subject.phones.iter().map(|one| contact_point("phone", one));
        let emails = subject.emails.iter().map(|one| contact_point("email", one));
        element::set_list(&mut patient, "telecom", phones.chain(emails).collect());
        element::set_some(&mut patient, "gender", subject.gender);
        element::set_some(&mut patient, "birthDate", subject.birth_date.as_ref());
        match &subject.deceased {
            Some(Death::At(time)) => patient.set("deceasedDateTime", time),
            Some(Death::AtUnknownTime) => patient.set("deceasedBoolean", true),
            None => {}
        }
        element::set_list(
            &mut patient,
            "address",
            subject.addresses.iter().map(address).collect(),
        );
        let display = subject
            .name
            .as_ref()
            .and_then(text)
            .unwrap_or_else(|| "Patiënt".to_owned());
        let mut link = self.add("Patient", patient, &key, &display, manner);
        link.of_patient = Some(super::of_patient(&identifiers));
        Some(link)
    }
}

/// The name as people write it: given names or initials, then the surname.
fn text(name: &PersonName) -> Option<String> {
    let given = if name.given.is_empty() {
        name.initials.concat()
    } else {
        name.given.join(" ")
    };
    let parts: Vec<&str> = [given.as_str(), name.family.as_deref().unwrap_or_default()]
        .into_iter()
        .collect();
    let text = parts.join(" ").trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn name(name: &PersonName) -> Value {
    let mut value = value!({ "use": "official" });
    element::set_some(&mut value, "text", text(name));
    element::set_some(&mut value, "family", name.family.as_ref());
    let parts: Vec<Value> = [
        ("own-prefix", &name.own_prefix),
        ("own-name", &name.own_name),
        ("partner-prefix", &name.partner_prefix),
        ("partner-name", &name.partner_name),
    ]
    .into_iter()
    .filter_map(|(part, text)| Some(extension(&format!("humanname-{part}"), text.as_ref()?)))
    .collect();
    if name.family.is_some() && !parts.is_empty() {
        value.set("_family", value!({ "extension": parts }));
    }
    // FHIR keeps given names and initials in one list, told apart by a
    // qualifier: BR a name of birth, IN an initial.
    let given: Vec<(&String, &str)> = name
        .given
        .iter()
        .map(|one| (one, "BR"))
        .chain(name.initials.iter().map(|one| (one, "IN")))
        .collect();
    element::set_list(
        &mut value,
        "given",
        given.iter().map(|(one, _)| Value::from(*one)).collect(),
    );
    let qualifiers = given
        .iter()
        .map(|(_, code)| {
            value!({ "extension": [{
                "url": format!("{EXTENSION}iso21090-EN-qualifier"),
                "valueCode": *code,
            }] })
        })
        .collect();
    element::set_list(&mut value, "_given", qualifiers);
    value
}

fn address(address: &Address) -> Value {
    let mut value = Value::object();
    element::set_some(&mut value, "use", address.usage);
    if let Some(line) = &address.line {
        value.set("line", vec![Value::from(line)]);
        let parts: Vec<Value> = [
            ("streetName", &address.street),
            ("houseNumber", &address.number),
            ("buildingNumberSuffix", &address.suffix),
        ]
        .into_iter()
        .filter_map(|(part, text)| {
            Some(extension(&format!("iso21090-ADXP-{part}"), text.as_ref()?))
        })
        .collect();
        if !parts.is_empty() {
            value.set("_line", vec![value!({ "extension": parts })]);
        }
    }
    element::set_some(&mut value, "city", address.city.as_ref());
    element::set_some(&mut value, "postalCode", address.postcode.as_ref());
    element::set_some(&mut value, "country", address.country.as_ref());
    value
}

fn extension(name: &str, text: &str) -> Value {
    value!({ "url": format!("{EXTENSION}{name}"), "valueString": text })
}

fn contact_point(system: &str, text: &str) -> Value {
    value!({ "system": system, "value": text })
}
