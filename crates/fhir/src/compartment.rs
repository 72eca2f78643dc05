//! Which patients a resource belongs to (the patient compartment).

use std::collections::HashMap;
use std::sync::OnceLock;

use care::Bsn;

use crate::Resource;
use crate::search::{self, IndexValue};

const COMPARTMENT: &str = include_str!("../tables/r4/compartment.tsv");

/// Types that the standard leaves out of the compartment though they can be
/// about a patient. They belong to that patient here: what is about a patient
/// must not be treated as about nobody.
const ALSO_ABOUT_PATIENTS: [(&str, &str); 4] = [
    ("Contract", "patient"),
    ("Device", "patient"),
    ("GuidanceResponse", "patient"),
    ("Task", "patient"),
];

/// By resource type, the search parameters that tie it to a patient.
fn table() -> &'static HashMap<&'static str, Vec<&'static str>> {
    static TABLE: OnceLock<HashMap<&'static str, Vec<&'static str>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let standard = COMPARTMENT
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('\t'));
        standard
            .chain(ALSO_ABOUT_PATIENTS)
            .map(|(name, parameters)| (name, parameters.split('|').collect()))
            .collect()
    })
}

/// References to the patients that the resource belongs to, each once:
/// `Patient/id` (for a Patient with an id: itself), an absolute URL or `urn:`
/// as written, or `Patient?identifier=system|value` for a logical reference.
///
/// Resolve `urn:` references first: they do not tell what they point at, so
/// one may turn out to be no patient, and where the standard asks for the type
/// (`Condition.subject`) it is left out. A logical reference counts when it says
/// that it is to a Patient, or is by BSN.
pub fn patients(resource: &Resource) -> Vec<String> {
    let name = resource.resource_type();
    if name == "Patient" {
        return resource
            .id()
            .map(|id| format!("Patient/{id}"))
            .into_iter()
            .collect();
    }
    let Some(parameters) = table().get(name) else {
        return Vec::new();
    };
    named(resource, |code| parameters.contains(&code))
}

/// Types of which the search parameter `patient` is no fixed subject: those
/// who take part, a device that goes from hand to hand, links of a person.
const WITHOUT_FIXED_SUBJECT: [&str; 7] = [
    "Appointment",
    "AppointmentResponse",
    "AuditEvent",
    "Device",
    "Group",
    "Person",
    "Provenance",
];

/// References to whom the resource states something about, written as by
/// [`patients`]. Who only took part in it, such as a mother who gave a history,
/// is not among them. Empty for a Patient, and for a type that has no subject
/// that stays the same for as long as the resource lives.
pub fn subjects(resource: &Resource) -> Vec<String> {
    if WITHOUT_FIXED_SUBJECT.contains(&resource.resource_type()) {
        return Vec::new();
    }
    named(resource, |code| code == "patient")
}

/// The patients in the values of some search parameters, each once.
fn named(resource: &Resource, is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let mut patients = Vec::new();
    for entry in search::extract_parameters(resource, is_wanted) {
        if let Some(patient) = patient(entry.value)
            && !patients.contains(&patient)
        {
            patients.push(patient);
        }
    }
    patients
}

fn patient(value: IndexValue) -> Option<String> {
    let IndexValue::Reference {
        resource_type,
        id,
        url,
        identifier,
    } = value
    else {
        return None;
    };
    let is_patient = match resource_type.as_deref() {
        Some("Patient") => true,
        Some(_) => return None,
        None => false,
    };
    match (url, id, identifier) {
        (Some(url), ..) => (is_patient || url.starts_with("urn:")).then_some(url),
        (None, Some(id), _) => is_patient.then(|| format!("Patient/{id}")),
        (None, None, Some((system, value))) => {
            let is_bsn = system.as_deref() == Some(Bsn::SYSTEM);
            let system = system.unwrap_or_default();
            (is_patient || is_bsn).then(|| format!("Patient?identifier={system}|{value}"))
        }
        (None, None, None) => None,
    }
}

/// Whether resources of this type can belong to a patient.
pub fn in_patient_compartment(resource_type: &str) -> bool {
    table().contains_key(resource_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_belongs_to_the_patients_it_is_about() {
        for (json, expected) in [
            (r#"{"resourceType":"Patient","id":"a"}"#, &["Patient/a"][..]),
            (r#"{"resourceType":"Patient"}"#, &[]),
            (
                r#"{"resourceType":"Observation","subject":{"reference":"Patient/a"},
                "performer":[{"reference":"Patient/a"},{"reference":"Practitioner/b"}]}"#,
                &["Patient/a"],
            ),
            (
                r#"{"resourceType":"Observation","subject":{"reference":"Patient/a/_history/2"},
                "performer":[{"reference":"https://x.nl/fhir/Patient/c"}]}"#,
                &["https://x.nl/fhir/Patient/c", "Patient/a"],
            ),
            (
                r#"{"resourceType":"Specimen","subject":{"reference":"urn:uuid:1"}}"#,
                &["urn:uuid:1"],
            ),
            (
                r#"{"resourceType":"Observation","subject":{"reference":"Group/g"}}"#,
                &[],
            ),
            (
                r#"{"resourceType":"Observation","subject":{"identifier":
                {"system":"http://fhir.nl/fhir/NamingSystem/bsn","value":"999990019"}}}"#,
                &["Patient?identifier=http://fhir.nl/fhir/NamingSystem/bsn|999990019"],
            ),
            (
                r#"{"resourceType":"Condition","subject":{"identifier":
                {"system":"http://fhir.nl/fhir/NamingSystem/bsn","value":"999990019"}}}"#,
                &["Patient?identifier=http://fhir.nl/fhir/NamingSystem/bsn|999990019"],
            ),
            (
                r#"{"resourceType":"Condition","subject":{"type":"Patient","identifier":{"value":"7"}}}"#,
                &["Patient?identifier=|7"],
            ),
            (
                r#"{"resourceType":"Condition","subject":{"reference":"urn:uuid:1"}}"#,
                &[],
            ),
            (
                r#"{"resourceType":"Task","for":{"reference":"Patient/a"}}"#,
                &["Patient/a"],
            ),
            (
                r#"{"resourceType":"Device","patient":{"reference":"Patient/a"}}"#,
                &["Patient/a"],
            ),
            (
                r#"{"resourceType":"Appointment","participant":[{"actor":{"reference":"Patient/a"}},
                {"actor":{"reference":"Location/b"}}]}"#,
                &["Patient/a"],
            ),
            (
                r#"{"resourceType":"Organization","partOf":{"reference":"Organization/a"}}"#,
                &[],
            ),
        ] {
            let mut found = patients(&Resource::parse(json).unwrap());
            found.sort_unstable_by(|one, other| other.cmp(one));
            assert_eq!(found, expected, "{json}");
        }
        assert!(in_patient_compartment("Condition") && !in_patient_compartment("Organization"));
    }

    #[test]
    fn a_subject_is_not_everybody_who_took_part() {
        for (json, expected) in [
            (
                r#"{"resourceType":"Observation","subject":{"reference":"Patient/a"},
                "performer":[{"reference":"Patient/b"}]}"#,
                &["Patient/a"][..],
            ),
            (
                r#"{"resourceType":"AllergyIntolerance","patient":{"reference":"Patient/a"}}"#,
                &["Patient/a"],
            ),
            (
                r#"{"resourceType":"Device","patient":{"reference":"Patient/a"}}"#,
                &[],
            ),
            (r#"{"resourceType":"Patient","id":"a"}"#, &[]),
        ] {
            let found = subjects(&Resource::parse(json).unwrap());
            assert_eq!(found, expected, "{json}");
        }
    }

    #[test]
    fn every_parameter_of_the_compartment_is_one_of_its_type() {
        for (name, parameters) in table() {
            for code in parameters {
                assert!(search::parameter(name, code).is_some(), "{name} {code}");
            }
        }
    }
}
