//! What the organisations recorded themselves, as FHIR R4 transaction Bundles.

mod care;
mod clinical;
mod medication;
mod person;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    organisations::Organisation,
    patient::DemoPatient,
    people::{self, DemoPerson},
};

const SNOMED: &str = "http://snomed.info/sct";
const ATC: &str = "http://www.whocc.no/atc";
const LOINC: &str = "http://loinc.org";
const UCUM: &str = "http://unitsofmeasure.org";

/// The organisation itself and its clinicians.
pub(super) fn introduction(organisation: Organisation, staff: &[DemoPerson]) -> Vec<u8> {
    let described = organisation.describe();
    let mut entries = vec![put(
        described.slug,
        json!({
            "resourceType": "Organization",
            "id": described.slug,
            "identifier": [
                {"system": ::care::Ura::SYSTEM, "value": described.ura.as_str()},
                {"system": "http://fhir.nl/fhir/NamingSystem/agb-z", "value": described.agb}
            ],
            "active": true,
            "type": [{"coding": [{
                "system": ::care::OrganisationType::SYSTEM,
                "code": described.organisation_type.code(),
                "display": described.name
            }]}],
            "name": described.name
        }),
    )];
    entries.extend(
        staff
            .iter()
            .filter(|one| one.organisation == organisation && one.role.is_clinician())
            .map(|one| put(one.slug, person::practitioner(one))),
    );
    bundle(entries)
}

/// One Bundle for each organisation that recorded something.
pub(super) fn bundles(patient: &DemoPatient) -> Vec<(Organisation, Vec<u8>)> {
    let mut records = Records::default();
    clinical::record(patient, &mut records);
    medication::record(patient, &mut records);
    care::record(patient, &mut records);
    records
        .0
        .into_iter()
        .map(|(organisation, resources)| {
            let mut entries = vec![person::entry(patient)];
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for mut resource in resources {
                let kind = resource["resourceType"]
                    .as_str()
                    .unwrap_or_default()
                    .to_lowercase();
                let count = counts.entry(kind.clone()).or_default();
                *count += 1;
                let id = format!("{}-{kind}-{count}", patient.slug);
                resource["id"] = json!(id);
                entries.push(put(&id, resource));
            }
            (organisation, bundle(entries))
        })
        .collect()
}

/// What each organisation recorded, in the order of recording.
#[derive(Default)]
struct Records(BTreeMap<Organisation, Vec<Value>>);

impl Records {
    fn add(&mut self, organisation: Organisation, resource: Value) {
        self.0.entry(organisation).or_default().push(resource);
    }
}

fn put(id: &str, resource: Value) -> Value {
    let kind = resource["resourceType"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    json!({"resource": resource, "request": {"method": "PUT", "url": format!("{kind}/{id}")}})
}

fn bundle(entries: Vec<Value>) -> Vec<u8> {
    json!({"resourceType": "Bundle", "type": "transaction", "entry": entries})
        .to_string()
        .into_bytes()
}

/// A coded concept with its text.
fn concept(system: &str, code: &str, name: &str) -> Value {
    json!({"coding": [{"system": system, "code": code, "display": name}], "text": name})
}

/// The patient, within the Bundle.
fn subject(patient: &DemoPatient) -> Value {
    json!({"reference": person::full_url(patient), "display": patient.name()})
}

/// The organisation that recorded something.
fn organisation(organisation: Organisation) -> Value {
    json!({"reference": organisation.reference(), "display": organisation.describe().name})
}

/// The clinician whose name stands under it; a system where nobody signs.
fn clinician(at: Organisation) -> Value {
    people::signs_for(at).map_or_else(
        || organisation(at),
        |one| json!({"reference": format!("Practitioner/{}", one.slug), "display": one.name}),
    )
}
