//! What references point at.

use super::{Given, Package, Validator};
use crate::{FhirVersion, Resource};

const PROFILES: [&str; 2] = [
    r#"{"resourceType":"StructureDefinition","url":"urn:p:named","type":"Patient","kind":"resource",
    "derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient",
    "differential":{"element":[{"id":"Patient.name","path":"Patient.name","min":1}]}}"#,
    r#"{"resourceType":"StructureDefinition","url":"urn:p:of","type":"Observation","kind":"resource",
    "derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Observation",
    "differential":{"element":[
    {"id":"Observation.subject","path":"Observation.subject","type":[{"code":"Reference",
      "targetProfile":["urn:p:named","http://hl7.org/fhir/StructureDefinition/Group"]}]},
    {"id":"Observation.device","path":"Observation.device","type":[{"code":"Reference","aggregation":["contained"]}]},
    {"id":"Observation.specimen","path":"Observation.specimen","type":[{"code":"Reference","aggregation":["bundled"]}]},
    {"id":"Observation.focus","path":"Observation.focus","type":[{"code":"Reference","versioning":"specific"}]},
    {"id":"Observation.encounter","path":"Observation.encounter","type":[{"code":"Reference","versioning":"independent"}]}]}}"#,
];

fn validator() -> Validator {
    let mut package = Package::new(FhirVersion::R4);
    for definition in PROFILES {
        assert_eq!(package.add(definition.as_bytes()), Ok(true));
    }
    Validator::new(FhirVersion::R4, vec![package])
}

fn observation(elements: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"o","meta":{{"profile":["urn:p:of"]}},"status":"final","code":{{"text":"x"}},{elements}}}"#
    )
}

/// What is said of references, and what was found.
fn said(resource: &str, given: &[&str]) -> Vec<(bool, String)> {
    let given = given.iter().map(|one| Resource::parse(one).expect("JSON"));
    let given = Given::new(given.collect());
    let resource = Resource::parse(resource).expect("JSON of a resource");
    validator()
        .validate_among(&resource, &[], &given)
        .into_iter()
        .filter(|finding| finding.rule.name() == "reference")
        .map(|finding| {
            let found = finding.found.clone().unwrap_or_default();
            (
                finding.is_error(),
                format!("{} ({found})", finding.issue.text),
            )
        })
        .collect()
}

const NAMED: &str = r#"{"resourceType":"Patient","id":"p","name":[{"family":"N"}]}"#;
const NAMELESS: &str = r#"{"resourceType":"Patient","id":"p"}"#;
const FITS_NOT: &str = "must refer to something that fits urn:p:named or \
    http://hl7.org/fhir/StructureDefinition/Group (Patient.name: at least 1 must be there)";

#[test]
fn a_target_is_held_against_its_profile_where_it_is() {
    let contained = |patient: &str| {
        observation(&format!(
            r##""contained":[{patient}],"subject":{{"reference":"#p"}}"##
        ))
    };
    assert_eq!(said(&contained(NAMED), &[]), []);
    assert_eq!(
        said(&contained(NAMELESS), &[]),
        [(true, FITS_NOT.to_owned())]
    );

    let elsewhere = observation(r#""subject":{"reference":"Patient/p"}"#);
    assert_eq!(said(&elsewhere, &[NAMED]), []);
    assert_eq!(said(&elsewhere, &[NAMELESS]), [(true, FITS_NOT.to_owned())]);
    let unknown = "cannot check the target of subject: it is not at hand ()".to_owned();
    assert_eq!(said(&elsewhere, &[]), [(false, unknown)]);

    let bundled = |patient: &str| {
        format!(
            r#"{{"resourceType":"Bundle","type":"collection","entry":[{{"resource":{elsewhere}}},{{"resource":{patient}}}]}}"#
        )
    };
    assert_eq!(said(&bundled(NAMED), &[]), []);
    assert_eq!(said(&bundled(NAMELESS), &[]), [(true, FITS_NOT.to_owned())]);
}

#[test]
fn another_type_is_told_and_a_type_that_is_named_will_do() {
    let of = |reference: &str| said(&observation(&format!(r#""subject":{reference}"#)), &[]);
    assert_eq!(of(r#"{"reference":"Group/1"}"#), []);
    assert_eq!(of(r#"{"display":"somebody"}"#), []);
    let wrong = "must refer to Patient or Group (Device)".to_owned();
    assert_eq!(of(r#"{"reference":"Device/1"}"#), [(true, wrong)]);
}

#[test]
fn a_target_is_where_it_may_be() {
    let device = r#"{"resourceType":"Device","id":"d"}"#;
    let inside = observation(&format!(
        r##""contained":[{device}],"device":{{"reference":"#d"}}"##
    ));
    assert_eq!(said(&inside, &[]), []);
    let outside = observation(r#""device":{"reference":"Device/d"}"#);
    let wrong = "must refer to something contained (referenced)".to_owned();
    assert_eq!(said(&outside, &[]), [(true, wrong)]);

    let specimen = observation(r#""specimen":{"reference":"Specimen/s"}"#);
    let open = "cannot check whether the target of a reference is in the same Bundle ()";
    assert_eq!(said(&specimen, &[]), [(false, open.to_owned())]);
    let bundle = |id: &str| {
        format!(
            r#"{{"resourceType":"Bundle","type":"collection","entry":[{{"resource":{specimen}}},
            {{"resource":{{"resourceType":"Specimen","id":"{id}"}}}}]}}"#
        )
    };
    assert_eq!(said(&bundle("s"), &[]), []);
    let wrong = "must refer to something bundled (referenced)".to_owned();
    assert_eq!(said(&bundle("t"), &[]), [(true, wrong)]);
}

#[test]
fn a_version_is_named_where_it_must_be() {
    let of = |name: &str, reference: &str| {
        let value = format!(r#"{{"reference":"{reference}"}}"#);
        let value = if name == "focus" {
            format!("[{value}]")
        } else {
            value
        };
        said(&observation(&format!(r#""{name}":{value}"#)), &[]).len()
    };
    assert_eq!(of("focus", "Patient/1/_history/2"), 0);
    assert_eq!(of("focus", "Patient/1"), 1);
    assert_eq!(of("encounter", "Encounter/1"), 0);
    assert_eq!(of("encounter", "Encounter/1/_history/2"), 1);
}
