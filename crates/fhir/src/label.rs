//! The data categories of a resource.
//!
//! The rules are those of the national guide for localisation
//! (`nl-gf-data-categories-cs`, property `fhir-resourcetype-params`); where the
//! guide is silent, the line says so. What no rule fits gets no label, and is
//! then for the own organisation only: nothing is guessed.

use care::{Categories, DataCategory};

use crate::Resource;
use crate::json::Node;

/// The data category of every resource of a type.
const BY_TYPE: &[(&str, DataCategory)] = &[
    // As the guide has it.
    ("AllergyIntolerance", DataCategory::AllergyIntolerance),
    ("AuditEvent", DataCategory::Logging),
    ("CarePlan", DataCategory::Episode),
    ("CareTeam", DataCategory::Patient),
    ("Condition", DataCategory::Condition),
    ("Device", DataCategory::Device),
    ("DeviceUseStatement", DataCategory::Device),
    ("DiagnosticReport", DataCategory::DiagnosticReport),
    ("Encounter", DataCategory::Encounter),
    ("EpisodeOfCare", DataCategory::Episode),
    ("Flag", DataCategory::Alert),
    ("ImagingStudy", DataCategory::Imaging),
    // The guide counts vaccinations among the medication that was given.
    ("Immunization", DataCategory::MedicationUse),
    ("MedicationAdministration", DataCategory::MedicationUse),
    ("MedicationDispense", DataCategory::MedicationUse),
    ("MedicationRequest", DataCategory::MedicationRequest),
    ("MedicationStatement", DataCategory::MedicationUse),
    ("MolecularSequence", DataCategory::Genomics),
    ("NutritionOrder", DataCategory::Nutrition),
    ("Patient", DataCategory::Patient),
    ("Procedure", DataCategory::Procedure),
    ("QuestionnaireResponse", DataCategory::ObservationSurvey),
    ("RelatedPerson", DataCategory::Patient),
    ("ServiceRequest", DataCategory::Request),
    ("Specimen", DataCategory::Specimen),
    ("Task", DataCategory::Request),
    // Our choice: the guide does not name these. What is planned or asked for
    // goes with the requests, as BgZ section 17 groups them.
    ("Appointment", DataCategory::Request),
    ("CommunicationRequest", DataCategory::Request),
    ("DeviceRequest", DataCategory::Request),
    ("ImmunizationRecommendation", DataCategory::Request),
    ("RequestGroup", DataCategory::Request),
    ("SupplyRequest", DataCategory::Request),
    ("VisionPrescription", DataCategory::Request),
    // Our choice: what ServiceRequest, ImagingStudy and MolecularSequence were in STU3.
    ("ImagingManifest", DataCategory::Imaging),
    ("ProcedureRequest", DataCategory::Request),
    ("ReferralRequest", DataCategory::Request),
    ("Sequence", DataCategory::Genomics),
    // Our choice: a goal belongs to its care plan, a picture to the images,
    // who pays (zib Betaler) to what is known of the person.
    ("Coverage", DataCategory::Patient),
    ("Goal", DataCategory::Episode),
    ("Media", DataCategory::Imaging),
];

/// Code systems.
const OBSERVATION_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";
const OBSERVATION_CATEGORY_STU3: &str = "http://hl7.org/fhir/observation-category";
const DIAGNOSTIC_SECTION: &str = "http://terminology.hl7.org/CodeSystem/v2-0074";
const DIAGNOSTIC_SECTION_STU3: &str = "http://hl7.org/fhir/v2/0074";
const CONSENT_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/consentcategorycodes";
const SNOMED_CT: &str = "http://snomed.info/sct";
const LOINC: &str = "http://loinc.org";

/// Resource type, code systems, codes, and the data category that they mean.
type CodeRule = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    DataCategory,
);

const OBSERVATION_CATEGORIES: &[&str] = &[OBSERVATION_CATEGORY, OBSERVATION_CATEGORY_STU3];
const DIAGNOSTIC_SECTIONS: &[&str] = &[DIAGNOSTIC_SECTION, DIAGNOSTIC_SECTION_STU3];

/// What the codes in `category` mean.
const BY_CATEGORY: &[CodeRule] = &[
    (
        "Observation",
        OBSERVATION_CATEGORIES,
        &["activity"],
        DataCategory::ObservationActivity,
    ),
    (
        "Observation",
        OBSERVATION_CATEGORIES,
        &["exam"],
        DataCategory::ObservationExam,
    ),
    (
        "Observation",
        OBSERVATION_CATEGORIES,
        &["imaging"],
        DataCategory::ObservationImaging,
    ),
    (
        "Observation",
        OBSERVATION_CATEGORIES,
        &["laboratory"],
        DataCategory::ObservationLaboratory,
    ),
    (
        "Observation",
        OBSERVATION_CATEGORIES,
        &["procedure"],
        DataCategory::ObservationProcedure,
    ),
    (
        "Observation",
        OBSERVATION_CATEGORIES,
        &["social-history"],
        DataCategory::ObservationSocialHistory,
    ),
    (
        "Observation",
        OBSERVATION_CATEGORIES,
        &["survey"],
        DataCategory::ObservationSurvey,
    ),
    (
        "Observation",
        OBSERVATION_CATEGORIES,
        &["therapy"],
        DataCategory::ObservationTherapy,
    ),
    (
        "Observation",
        OBSERVATION_CATEGORIES,
        &["vital-signs"],
        DataCategory::ObservationVitalSigns,
    ),
    // The laboratory categories of BgZ section 14, MedMij and BgZ-MSZ.
    (
        "Observation",
        &[SNOMED_CT],
        &["49581000146104", "275711006"],
        DataCategory::ObservationLaboratory,
    ),
    // Our choice: functional and mental status (BgZ section 5) is what
    // somebody can do by himself.
    (
        "Observation",
        &[SNOMED_CT],
        &["118228005", "384821006"],
        DataCategory::ObservationActivity,
    ),
    // A laboratory report tells laboratory results, so it is one of them too.
    // The sections of HL7 table 0074 that are parts of a laboratory.
    (
        "DiagnosticReport",
        DIAGNOSTIC_SECTIONS,
        &[
            "LAB", "BLB", "CH", "HM", "IMM", "MB", "MCB", "MYC", "SR", "TX", "VR",
        ],
        DataCategory::ObservationLaboratory,
    ),
    (
        "DiagnosticReport",
        &[SNOMED_CT],
        &["49581000146104", "275711006"],
        DataCategory::ObservationLaboratory,
    ),
    // Living wills: STU3 (BgZ section 3) and R4 (the guide).
    (
        "Consent",
        &[SNOMED_CT],
        &["11341000146107"],
        DataCategory::AdvanceDirective,
    ),
    (
        "Consent",
        &[CONSENT_CATEGORY],
        &["acd"],
        DataCategory::AdvanceDirective,
    ),
    // Treatment directives: STU3 (BgZ section 3) and R4 (zib 2020, PZP).
    (
        "Consent",
        &[SNOMED_CT],
        &["11291000146105", "129125009"],
        DataCategory::Consent,
    ),
];

/// What `code` means where `category` says nothing.
const BY_CODE: &[CodeRule] = &[
    // The vital signs of FHIR R4, which are those of BgZ section 13 and more.
    (
        "Observation",
        &[LOINC],
        &[
            "85353-1", "9279-1", "8867-4", "2708-6", "59408-5", "8310-5", "8302-2", "8306-3",
            "8308-9", "9843-4", "29463-7", "39156-5", "85354-9", "8480-6", "8462-4",
        ],
        DataCategory::ObservationVitalSigns,
    ),
    // Living situation, drugs, alcohol, tobacco: BgZ section 7.
    (
        "Observation",
        &[SNOMED_CT],
        &["365508006", "228366006", "228273003", "365980008"],
        DataCategory::ObservationSocialHistory,
    ),
];

/// What a resource is when neither category nor code says more.
const OTHERWISE: &[(&str, DataCategory)] = &[("Consent", DataCategory::Consent)];

/// The data categories of a resource; none when no rule fits. A Provenance has
/// none of its own: the store gives it those of its targets.
pub fn label(resource: &Resource) -> Categories {
    let name = resource.resource_type();
    let of_type = |table: &[(&str, DataCategory)]| {
        table
            .iter()
            .filter(|rule| rule.0 == name)
            .map(|rule| rule.1)
            .collect::<Categories>()
    };
    let root = resource.root();
    let mut found = by_codes(BY_CATEGORY, name, root.get("category"));
    if found.is_empty() {
        found = by_codes(BY_CODE, name, root.get("code"));
    }
    found = found.union(of_type(BY_TYPE));
    if found.is_empty() {
        of_type(OTHERWISE)
    } else {
        found
    }
}

/// What the codings of one CodeableConcept, or of a list of them, mean.
fn by_codes(rules: &[CodeRule], name: &str, concepts: Option<Node<'_>>) -> Categories {
    let Some(concepts) = concepts else {
        return Categories::NONE;
    };
    let one = concepts.get("coding").into_iter();
    let many = concepts.items().filter_map(|concept| concept.get("coding"));
    let mut found = Categories::NONE;
    for coding in one.chain(many).flat_map(Node::items) {
        let (Some(system), Some(code)) = (coding.text("system"), coding.text("code")) else {
            continue;
        };
        for (rule_name, systems, codes, category) in rules {
            if *rule_name == name && systems.contains(&&*system) && codes.contains(&&*code) {
                found = found.with(*category);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FhirVersion;

    #[test]
    fn resources_get_the_category_of_the_guide() {
        let categories = "http://terminology.hl7.org/CodeSystem/observation-category";
        let coded = |name: &str, element: &str, system: &str, code: &str| {
            format!(
                r#"{{"resourceType":"{name}",{element}{{"coding":[{{"system":"urn:x","code":"y"}},{{"system":"{system}","code":"{code}"}}]}}"#
            )
        };
        let by_category = |name: &str, system: &str, code: &str| {
            coded(name, "\"category\":[", system, code) + "]}"
        };
        let by_code = |code: &str| coded("Observation", "\"code\":", LOINC, code) + "}";
        let plain = |name: &str| format!(r#"{{"resourceType":"{name}"}}"#);
        for (json, expected) in [
            (
                by_category("Observation", categories, "laboratory"),
                "{ObservationLaboratory}",
            ),
            (
                by_category("Observation", categories, "social-history"),
                "{ObservationSocialHistory}",
            ),
            (
                by_category("Observation", SNOMED_CT, "49581000146104"),
                "{ObservationLaboratory}",
            ),
            (by_category("Observation", "urn:x", "laboratory"), "{}"),
            (by_code("29463-7"), "{ObservationVitalSigns}"),
            // A laboratory code without a category: not guessed.
            (by_code("2823-3"), "{}"),
            (plain("Observation"), "{}"),
            (
                by_category("DiagnosticReport", DIAGNOSTIC_SECTION, "LAB"),
                "{DiagnosticReport, ObservationLaboratory}",
            ),
            (
                by_category("DiagnosticReport", DIAGNOSTIC_SECTION, "RAD"),
                "{DiagnosticReport}",
            ),
            (
                by_category("Consent", SNOMED_CT, "11341000146107"),
                "{AdvanceDirective}",
            ),
            (
                by_category("Consent", CONSENT_CATEGORY, "acd"),
                "{AdvanceDirective}",
            ),
            (
                by_category("Consent", SNOMED_CT, "11291000146105"),
                "{Consent}",
            ),
            (plain("Consent"), "{Consent}"),
            (plain("Flag"), "{Alert}"),
            (plain("Immunization"), "{MedicationUse}"),
            (plain("Provenance"), "{}"),
            (plain("Organization"), "{}"),
            (plain("Composition"), "{}"),
        ] {
            let resource = Resource::parse(&json).unwrap();
            assert_eq!(format!("{:?}", label(&resource)), expected, "{json}");
        }
    }

    #[test]
    fn every_rule_is_about_a_type_of_resource() {
        let types = BY_TYPE.iter().chain(OTHERWISE).map(|rule| rule.0);
        let coded = BY_CATEGORY.iter().chain(BY_CODE).map(|rule| rule.0);
        for name in types.chain(coded) {
            let is_type = |version: FhirVersion| version.resource_type(name).is_some();
            assert!(FhirVersion::ALL.into_iter().any(is_type), "{name}");
        }
    }
}
