//! Which patients a resource belongs to, and the other compartments of the standard.

use std::collections::HashMap;
use std::sync::OnceLock;

use care::Bsn;

use crate::definitions::{self, Table};
use crate::search::{self, IndexValue};
use crate::{FhirVersion, Resource};

/// What a compartment is around.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compartment {
    /// A device.
    Device,
    /// An encounter.
    Encounter,
    /// A patient.
    Patient,
    /// A practitioner.
    Practitioner,
    /// A related person.
    RelatedPerson,
}

impl Compartment {
    /// All compartments.
    pub const ALL: [Self; 5] = [
        Self::Device,
        Self::Encounter,
        Self::Patient,
        Self::Practitioner,
        Self::RelatedPerson,
    ];

    /// The type of resource that owns it.
    pub const fn owner_type(self) -> &'static str {
        match self {
            Self::Device => "Device",
            Self::Encounter => "Encounter",
            Self::Patient => "Patient",
            Self::Practitioner => "Practitioner",
            Self::RelatedPerson => "RelatedPerson",
        }
    }

    fn from_owner_type(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|compartment| compartment.owner_type() == name)
    }
}

/// Types that the standard leaves out of the patient compartment though they can
/// be about a patient. They belong to that patient here: what is about a patient
/// must not be treated as about nobody.
const ALSO_ABOUT_PATIENTS: [(&str, &str); 5] = [
    ("Contract", "patient"),
    ("Device", "patient"),
    ("GuidanceResponse", "patient"),
    // Of STU3; R4 has it as MolecularSequence, in the compartment.
    ("Sequence", "patient"),
    ("Task", "patient"),
];

/// In the tables: the resource is the owner itself.
const ITSELF: &str = "{def}";

/// By compartment and resource type, the search parameters that tie it to the owner.
type ParametersOf = HashMap<(Compartment, &'static str), Vec<&'static str>>;

fn table(version: FhirVersion) -> &'static ParametersOf {
    static R4: OnceLock<ParametersOf> = OnceLock::new();
    static STU3: OnceLock<ParametersOf> = OnceLock::new();
    match version {
        FhirVersion::R4 => R4.get_or_init(|| load(version)),
        FhirVersion::Stu3 => STU3.get_or_init(|| load(version)),
    }
}

fn load(version: FhirVersion) -> ParametersOf {
    let standard = definitions::lines(version, Table::Compartments).filter_map(|line| {
        let (owner, rest) = line.split_once('\t')?;
        let (name, codes) = rest.split_once('\t')?;
        Some((Compartment::from_owner_type(owner)?, name, codes))
    });
    let also = ALSO_ABOUT_PATIENTS
        .iter()
        .filter(|(name, _)| version.resource_type(name).is_some())
        .map(|(name, code)| (Compartment::Patient, *name, *code));
    standard
        .chain(also)
        .map(|(compartment, name, codes)| {
            // STU3 names some parameters by their paths: `actor.reference`.
            let known = codes.split('|').filter(|code| {
                search::parameter_in(version, name, code).is_some() || *code == ITSELF
            });
            ((compartment, name), known.collect())
        })
        .collect()
}

/// References to the patients that the resource belongs to, as [`owners`] gives them.
pub fn patients(resource: &Resource) -> Vec<String> {
    owners(Compartment::Patient, resource)
}

/// References to those in whose compartment the resource is, each once:
/// `Patient/id` (for an owner with an id: itself), an absolute URL or `urn:`
/// as written, or `Patient?identifier=system|value` for a logical reference.
///
/// Resolve `urn:` references first: they do not tell what they point at, so
/// one may turn out to be no owner, and where the standard asks for the type
/// (`Condition.subject`) it is left out. A logical reference counts when it says
/// that it is to an owner; for a Patient also when it is by BSN.
pub fn owners(compartment: Compartment, resource: &Resource) -> Vec<String> {
    let name = resource.resource_type();
    if name == compartment.owner_type() {
        return resource
            .id()
            .map(|id| format!("{name}/{id}"))
            .into_iter()
            .collect();
    }
    let Some(parameters) = parameters(resource.version(), compartment, name) else {
        return Vec::new();
    };
    named(compartment, resource, |code| parameters.contains(&code))
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
    named(Compartment::Patient, resource, |code| code == "patient")
}

/// Whose compartments the values of some search parameters name, each once.
fn named(
    compartment: Compartment,
    resource: &Resource,
    is_wanted: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut owners = Vec::new();
    for entry in search::extract_parameters(resource, is_wanted) {
        if let Some(owner) = owner(compartment, entry.value)
            && !owners.contains(&owner)
        {
            owners.push(owner);
        }
    }
    owners
}

fn owner(compartment: Compartment, value: IndexValue) -> Option<String> {
    let IndexValue::Reference {
        resource_type,
        id,
        url,
        identifier,
    } = value
    else {
        return None;
    };
    let owner_type = compartment.owner_type();
    let is_owner = match resource_type.as_deref() {
        Some(name) if name == owner_type => true,
        Some(_) => return None,
        None => false,
    };
    match (url, id, identifier) {
        (Some(url), ..) => (is_owner || url.starts_with("urn:")).then_some(url),
        (None, Some(id), _) => is_owner.then(|| format!("{owner_type}/{id}")),
        (None, None, Some((system, value))) => {
            let is_bsn = system.as_deref() == Some(Bsn::SYSTEM);
            let is_patient = compartment == Compartment::Patient && is_bsn;
            let system = system.unwrap_or_default();
            (is_owner || is_patient).then(|| format!("{owner_type}?identifier={system}|{value}"))
        }
        (None, None, None) => None,
    }
}

/// The search parameters that tie resources of a type to the owner of a
/// compartment; `None` for a type that is not in it.
pub fn parameters(
    version: FhirVersion,
    compartment: Compartment,
    resource_type: &str,
) -> Option<&'static [&'static str]> {
    let name = version.resource_type(resource_type)?;
    table(version).get(&(compartment, name)).map(Vec::as_slice)
}

/// Whether resources of this type of R4 can belong to a patient.
pub fn in_patient_compartment(resource_type: &str) -> bool {
    parameters(FhirVersion::R4, Compartment::Patient, resource_type).is_some()
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
        for version in FhirVersion::ALL {
            let mut unknown = Vec::new();
            for line in definitions::lines(version, Table::Compartments) {
                let columns: Vec<&str> = line.split('\t').collect();
                for code in columns[2].split('|').filter(|code| *code != ITSELF) {
                    if search::parameter_in(version, columns[1], code).is_none() {
                        unknown.push(format!("{} {} {code}", columns[0], columns[1]));
                    }
                }
            }
            for (name, code) in ALSO_ABOUT_PATIENTS {
                assert_eq!(
                    search::parameter_in(version, name, code).is_some(),
                    version.resource_type(name).is_some(),
                    "{version} {name}"
                );
            }
            let expected: &[&str] = match version {
                FhirVersion::R4 => &[],
                // Chains to what the target is about: `patient` finds the same and more.
                FhirVersion::Stu3 => &[
                    "Patient AuditEvent agent.patient",
                    "Patient AuditEvent entity.patient",
                    "Patient Provenance target.subject",
                    "Patient Provenance target.patient",
                ],
            };
            assert_eq!(unknown, expected, "{version}");
        }
    }

    #[test]
    fn a_resource_is_in_every_compartment_that_it_names() {
        for version in FhirVersion::ALL {
            let encounter = match version {
                FhirVersion::R4 => "encounter",
                FhirVersion::Stu3 => "context",
            };
            let json = format!(
                r#"{{"resourceType":"Observation","subject":{{"reference":"Patient/p"}},
                "{encounter}":{{"reference":"Encounter/e"}},"device":{{"reference":"Device/d"}},
                "performer":[{{"reference":"Practitioner/a"}},{{"reference":"RelatedPerson/r"}}]}}"#
            );
            let resource = Resource::parse_in(version, json).unwrap();
            let found: Vec<Vec<String>> = Compartment::ALL
                .into_iter()
                .map(|compartment| owners(compartment, &resource))
                .collect();
            let expected = [
                "Device/d",
                "Encounter/e",
                "Patient/p",
                "Practitioner/a",
                "RelatedPerson/r",
            ];
            assert_eq!(found, expected.map(|one| vec![one.to_owned()]), "{version}");
        }
    }
}
