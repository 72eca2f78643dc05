//! Elements of profiles that are named by a type: `valueQuantity`.

use super::{Package, Validator};
use crate::{FhirVersion, Resource};

/// The places with errors in an Observation with a value, and a component with one,
/// by a profile with these elements.
fn errors(elements: &str, value: &str, component: &str) -> Vec<String> {
    let profile = format!(
        r#"{{"resourceType":"StructureDefinition","url":"urn:p","type":"Observation","kind":"resource",
        "derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Observation",
        "differential":{{"element":[{elements}]}}}}"#
    );
    let resource = format!(
        r#"{{"resourceType":"Observation","status":"final","code":{{"text":"x"}},{value},
        "component":[{{"code":{{"text":"a"}},{component}}},{{"code":{{"text":"b"}},"valueString":"y"}}]}}"#
    );
    let mut found = Vec::new();
    for version in FhirVersion::ALL {
        let mut package = Package::new(version);
        assert_eq!(package.add(profile.as_bytes()), Ok(true));
        let validator = Validator::new(version, vec![package]);
        let resource = Resource::parse_in(version, &resource).expect("JSON of a resource");
        let findings = validator.validate(&resource, &["urn:p"]);
        let places = findings.iter().filter(|one| one.is_error());
        found.push(
            places
                .map(|one| one.issue.expression.clone().unwrap_or_default())
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(found[0], found[1], "both versions alike");
    found.remove(0)
}

const QUANTITY: &str = r#""valueQuantity":{"value":1}"#;
const STRING: &str = r#""valueString":"y""#;
const NONE: [&str; 0] = [];

#[test]
fn a_renamed_element_has_no_other_type() {
    let renamed = r#"{"id":"Observation.valueQuantity","path":"Observation.valueQuantity"}"#;
    assert_eq!(errors(renamed, QUANTITY, STRING), NONE);
    assert_eq!(errors(renamed, STRING, STRING), ["Observation.value"]);
    let both =
        format!(r#"{renamed},{{"id":"Observation.valueString","path":"Observation.valueString"}}"#);
    assert_eq!(errors(&both, STRING, STRING), NONE);
    let neither = errors(&both, r#""valueBoolean":true"#, STRING);
    assert_eq!(neither, ["Observation.value"]);
    // What is called a slice is one, and leaves the other types.
    let slice = r#"{"id":"Observation.value[x]:valueQuantity","path":"Observation.valueQuantity",
        "sliceName":"valueQuantity"}"#;
    assert_eq!(errors(slice, STRING, STRING), NONE);
}

#[test]
fn the_rules_of_a_slice_stay_in_it() {
    let elements = r#"{"id":"Observation.component","path":"Observation.component","slicing":{
        "discriminator":[{"type":"value","path":"code"}],"rules":"open"}},
      {"id":"Observation.component:a","path":"Observation.component","sliceName":"a"},
      {"id":"Observation.component:a.code","path":"Observation.component.code","patternCodeableConcept":{"text":"a"}},
      {"id":"Observation.component:a.value[x]:valueQuantity","path":"Observation.component.valueQuantity",
        "sliceName":"valueQuantity","min":1},
      {"id":"Observation.component:a.value[x]:valueQuantity.code","path":"Observation.component.valueQuantity.code",
        "fixedCode":"mm"}"#;
    let right = r#""valueQuantity":{"value":1,"system":"urn:u","code":"mm"}"#;
    assert_eq!(errors(elements, STRING, right), NONE);
    let wrong = errors(
        elements,
        STRING,
        QUANTITY
            .replace('}', r#","system":"urn:u","code":"m"}"#)
            .as_str(),
    );
    assert_eq!(wrong, ["Observation.component[0].value.code"]);
    assert_eq!(
        errors(elements, STRING, STRING),
        ["Observation.component[0].value"]
    );
}
