//! The patient and the clinicians.

use care::Bsn;
use serde_json::{Value, json};

use crate::{patient::DemoPatient, people::DemoPerson};

/// The name of the patient within a Bundle.
pub(super) fn full_url(patient: &DemoPatient) -> String {
    format!("urn:uuid:00000000-0000-4000-8000-{:012}", patient.number)
}

/// The patient, created or updated by BSN.
pub(super) fn entry(patient: &DemoPatient) -> Value {
    json!({
        "fullUrl": full_url(patient),
        "resource": resource(patient),
        "request": {
            "method": "PUT",
            "url": format!("Patient?identifier={}", patient.bsn.token())
        }
    })
}

fn resource(patient: &DemoPatient) -> Value {
    let name = &patient.name;
    let mut parts = vec![extension("humanname-own-name", name.surname)];
    if !name.prefix.is_empty() {
        parts.insert(0, extension("humanname-own-prefix", name.prefix));
    }
    let address = &patient.address;
    json!({
        "resourceType": "Patient",
        "meta": {"profile": ["http://nictiz.nl/fhir/StructureDefinition/nl-core-Patient"]},
        "identifier": [{"system": Bsn::SYSTEM, "value": patient.bsn.expose()}],
        "name": [{
            "use": "official",
            "text": patient.name(),
            "family": name.family(),
            "_family": {"extension": parts},
            "given": [name.given]
        }],
        "telecom": [{"system": "phone", "value": format!("06-99{:06}", patient.number)}],
        "gender": if patient.female { "female" } else { "male" },
        "birthDate": patient.birth_date.to_string(),
        "address": [{
            "use": "home",
            "line": [format!("{} {}", address.street, address.number)],
            "_line": [{"extension": [
                extension("iso21090-ADXP-streetName", address.street),
                extension("iso21090-ADXP-houseNumber", &address.number.to_string())
            ]}],
            "city": address.town,
            "postalCode": address.postcode,
            "country": "NL"
        }]
    })
}

fn extension(name: &str, value: &str) -> Value {
    json!({
        "url": format!("http://hl7.org/fhir/StructureDefinition/{name}"),
        "valueString": value
    })
}

/// A clinician of the organisation.
pub(super) fn practitioner(person: &DemoPerson) -> Value {
    let (initials, family) = person.name.split_once(' ').unwrap_or(("", person.name));
    json!({
        "resourceType": "Practitioner",
        "id": person.slug,
        "active": true,
        "name": [{"text": person.name, "family": family, "given": [initials]}],
        "qualification": [{"code": {"coding": [{
            "system": care::Role::SYSTEM,
            "code": person.role.code(),
            "display": person.role.name()
        }]}}]
    })
}
