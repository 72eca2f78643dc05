//! Resources with parts put where they do not belong: nothing may panic on
//! them, and what is said about them may not repeat their content.

use proptest::prelude::*;

use crate::json::{Document, Value};
use crate::{Resource, compartment, label, search, structure, xml};

/// A resource with something of every kind in it.
const OBSERVATION: &str = r##"{
    "resourceType": "Observation", "id": "a", "status": "final",
    "meta": {"lastUpdated": "2024-01-01T00:00:00Z", "tag": [{"system": "urn:s", "code": "geheim"}]},
    "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">geheim</div>"},
    "contained": [{"resourceType": "Patient", "id": "p", "name": [{"family": "geheim", "given": ["geheim", null],
        "_given": [null, {"extension": [{"url": "urn:geheim", "valueString": "geheim"}]}]}]}],
    "category": [{"coding": [{"system": "http://snomed.info/sct", "code": "275711006"}], "text": "geheim"}],
    "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3", "display": "geheim"}]},
    "subject": {"reference": "#p", "identifier": {"system": "urn:s", "value": "geheim"}},
    "performer": [{"reference": "Practitioner/geheim"}],
    "effectivePeriod": {"start": "2024", "_end": {"id": "geheim"}},
    "valueQuantity": {"value": 4.20, "unit": "geheim", "system": "http://unitsofmeasure.org", "code": "mmol/L"},
    "component": [{"code": {"text": "geheim"}, "valueRange": {"low": {"value": 1}}, "interpretation": []}]
}"##;

/// The value at a position, counted in the order of the text.
fn nth<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, left)),
        Value::Object(members) => members.iter_mut().find_map(|(_, member)| nth(member, left)),
        _ => None,
    }
}

fn sample() -> Value {
    Value::from(Document::parse(OBSERVATION).unwrap().root())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn misplaced_parts_do_no_harm(moves in prop::collection::vec((1..90_usize, 1..90_usize), 1..4)) {
        let mut value = sample();
        for (from, to) in moves {
            let part = nth(&mut sample(), &mut { from }).map(|part| part.clone());
            if let (Some(part), Some(place)) = (part, nth(&mut value, &mut { to })) {
                *place = part;
            }
        }
        let Ok(resource) = Resource::from_value(&value) else { return Ok(()) };
        for issue in structure::check(&resource) {
            prop_assert!(!format!("{issue:?}").contains("geheim"), "{:?}", issue);
        }
        search::extract(&resource);
        compartment::patients(&resource);
        label(&resource);
        match xml::from_json(resource.document()) {
            Ok(xml) => prop_assert!(xml::to_json(&xml).is_ok()),
            Err(issue) => prop_assert!(!format!("{issue:?}").contains("geheim"), "{:?}", issue),
        }
    }
}

/// Found by moving parts about: an extension list without extensions is
/// nothing, and what is nothing cannot be told in XML.
#[test]
fn an_element_of_nothing_is_not_written() {
    for member in [
        r#""_status": {"extension": []}"#,
        r#""code": {"coding": []}"#,
        r#""code": {"coding": [{}]}"#,
    ] {
        let json = format!(r#"{{"resourceType":"Observation",{member}}}"#);
        let resource = Resource::parse(json).unwrap();
        let refused = xml::from_json(resource.document()).unwrap_err();
        assert!(refused.text.contains("empty"), "{member}: {refused:?}");
    }
}

/// Found by the fuzz target `json`: FHIR has no empty objects, and XML cannot
/// say one. Nothing that passes the check may fail to be read back.
#[test]
fn an_empty_object_is_a_fault() {
    for member in [
        r#""_implicitRules": {}"#,
        r#""_status": {}"#,
        r#""code": {}"#,
    ] {
        let json = format!(r#"{{"resourceType":"Observation","status":"final",{member}}}"#);
        let Ok(resource) = Resource::parse(json) else {
            continue;
        };
        let faults = structure::check(&resource);
        assert!(
            faults.iter().any(|fault| fault.text.contains("empty")),
            "{member}: {faults:?}"
        );
    }
}
