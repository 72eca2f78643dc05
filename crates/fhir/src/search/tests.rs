use super::extract::COMBINATIONS_MAX;
use super::{IndexValue, Kind, extract, parameters};
use crate::Resource;

/// What a resource is found by, one line for each value.
fn show(json: &str) -> String {
    let resource = Resource::parse(json).unwrap();
    let parameters = parameters(resource.resource_type());
    let lines: Vec<String> = extract(&resource)
        .iter()
        .map(|entry| {
            let parameter = parameters
                .iter()
                .find(|one| one.id == entry.parameter)
                .unwrap();
            format!("{}: {}", parameter.code, show_value(&entry.value))
        })
        .collect();
    lines.join("\n")
}

fn show_value(value: &IndexValue) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    match value {
        IndexValue::Token {
            system,
            code,
            text: display,
        } => {
            format!("{}|{} ({})", text(system), text(code), text(display))
        }
        IndexValue::Reference {
            resource_type,
            id,
            url,
            identifier,
        } => {
            format!(
                "{}/{} {} {identifier:?}",
                text(resource_type),
                text(id),
                text(url)
            )
        }
        IndexValue::TypedIdentifier {
            system,
            code,
            value,
        } => format!("{}|{code}|{value}", text(system)),
        IndexValue::Date { low_ms, high_ms } => format!("{low_ms}..{high_ms}"),
        IndexValue::String(text) | IndexValue::Uri(text) => text.clone(),
        IndexValue::Number { low, high } => format!("{low:.3}..{high:.3}"),
        IndexValue::Quantity {
            low,
            high,
            system,
            code,
            unit,
            canonical: _,
        } => {
            format!(
                "{low:.3}..{high:.3} {}|{} ({})",
                text(system),
                text(code),
                text(unit)
            )
        }
        IndexValue::Composite(parts) => {
            parts.iter().map(show_value).collect::<Vec<_>>().join(" $ ")
        }
    }
}

#[test]
fn a_patient_is_found_by_name_number_and_date() {
    insta::assert_snapshot!(show(r#"{
        "resourceType": "Patient", "id": "p1", "active": true,
        "meta": {"profile": ["http://nictiz.nl/fhir/StructureDefinition/nl-core-Patient"]},
        "identifier": [{"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999990019"}],
        "name": [{"family": "de Vries-Jansen", "given": ["Anna", "B."], "_family": {"extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/humanname-own-name", "valueString": "Jansen"}]}}],
        "telecom": [{"system": "email", "value": "a@example.org"}, {"system": "phone", "value": "06"}],
        "gender": "female", "birthDate": "1970-01", "deceasedDateTime": "2020",
        "address": [{"line": ["Dorpsstraat 1"], "city": "Ons Dorp"}],
        "generalPractitioner": [{"identifier": {"system": "urn:x", "value": "1"}, "type": "Organization"}],
        "managingOrganization": {"reference": "https://example.org/fhir/Organization/9"}
    }"#), @r#"
    _id: |p1 ()
    _profile: http://nictiz.nl/fhir/StructureDefinition/nl-core-Patient
    active: |true ()
    address: Dorpsstraat 1
    address: Ons Dorp
    address-city: Ons Dorp
    birthdate: 0..2678399999
    death-date: 1577836800000..1609459199999
    deceased: |true ()
    email: |a@example.org ()
    family: de Vries-Jansen
    family: Jansen
    gender: |female ()
    general-practitioner: Organization/  Some((Some("urn:x"), "1"))
    given: Anna
    given: B.
    identifier: http://fhir.nl/fhir/NamingSystem/bsn|999990019 ()
    name: de Vries-Jansen
    name: Jansen
    name: Anna
    name: B.
    organization: Organization/9 https://example.org/fhir/Organization/9 None
    phone: |06 ()
    phonetic: de Vries-Jansen
    phonetic: Jansen
    phonetic: Anna
    phonetic: B.
    telecom: |a@example.org ()
    telecom: |06 ()
"#);
}

#[test]
fn an_observation_is_found_by_code_value_and_subject() {
    insta::assert_snapshot!(show(r##"{
        "resourceType": "Observation", "status": "final",
        "contained": [{"resourceType": "Device", "id": "d"}],
        "category": [{"coding": [{"system": "http://snomed.info/sct", "code": "49581000146104"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3", "display": "Kalium"}], "text": "Kalium"},
        "subject": {"reference": "Patient/p1/_history/3"}, "performer": [{"reference": "urn:uuid:a"}],
        "device": {"reference": "#d"},
        "effectivePeriod": {"start": "1970-01-01"},
        "valueQuantity": {"value": 4.20, "comparator": "<", "unit": "mmol/l", "system": "http://unitsofmeasure.org", "code": "mmol/L"}
    }"##), @r#"
    category: http://snomed.info/sct|49581000146104 ()
    code: http://loinc.org|2823-3 (Kalium)
    code: | (Kalium)
    code-value-quantity: http://loinc.org|2823-3 (Kalium) $ -inf..4.205 http://unitsofmeasure.org|mmol/L (mmol/l)
    combo-code: http://loinc.org|2823-3 (Kalium)
    combo-code: | (Kalium)
    combo-code-value-quantity: http://loinc.org|2823-3 (Kalium) $ -inf..4.205 http://unitsofmeasure.org|mmol/L (mmol/l)
    combo-value-quantity: -inf..4.205 http://unitsofmeasure.org|mmol/L (mmol/l)
    date: 0..9223372036854775807
    patient: Patient/p1  None
    performer: / urn:uuid:a None
    status: |final ()
    subject: Patient/p1  None
    value-quantity: -inf..4.205 http://unitsofmeasure.org|mmol/L (mmol/l)
"#);
}

#[test]
fn other_kinds_of_value_are_found_too() {
    insta::assert_snapshot!(show(r#"{
        "resourceType": "RiskAssessment", "status": "final", "subject": {"reference": "Group/1"},
        "prediction": [{"probabilityDecimal": 0.10},
            {"probabilityRange": {"low": {"value": 20}, "high": {"value": 30}}}]
    }"#), @r#"
    probability: 0.095..0.105
    probability: 19.500..30.500
    subject: Group/1  None
"#);
    insta::assert_snapshot!(show(r#"{
        "resourceType": "Bundle", "type": "document", "timestamp": "1970-01-01T00:00:00Z",
        "entry": [{"resource": {"resourceType": "Composition", "id": "c"}}]
    }"#), @r#"
    composition: Composition/c  None
    message: Composition/c  None
    timestamp: 0..999
    type: |document ()
"#);
    insta::assert_snapshot!(show(r#"{
        "resourceType": "Invoice", "status": "issued", "totalNet": {"value": 5, "currency": "EUR"},
        "extension": [{"url": "http://example.org", "valueString": "x"}]
    }"#), @r#"
    status: |issued ()
    totalnet: 4.500..5.500 urn:iso:std:iso:4217|EUR ()
"#);
    insta::assert_snapshot!(show(r#"{
        "resourceType": "CarePlan", "status": "active", "intent": "plan",
        "instantiatesCanonical": ["http://example.org/plan|1"], "instantiatesUri": ["http://example.org/uri"],
        "activity": [{"detail": {"status": "scheduled", "scheduledTiming": {"event": ["1970"],
            "repeat": {"boundsPeriod": {"end": "1970-01-01"}}}}}]
    }"#), @r#"
    activity-date: 0..31535999999
    activity-date: -9223372036854775808..86399999
    instantiates-canonical: / http://example.org/plan|1 None
    instantiates-uri: http://example.org/uri
    intent: |plan ()
    status: |active ()
"#);
}

#[test]
fn composites_are_bounded() {
    let codings = |count: usize| vec![r#"{"code":"x"}"#; count].join(",");
    let combinations = |count: usize| {
        let text = format!(
            r#"{{"resourceType":"Observation","code":{{"coding":[{}]}},"valueString":"a"}}"#,
            codings(count)
        );
        let entries = extract(&Resource::parse(text).unwrap());
        entries
            .iter()
            .filter(|entry| matches!(entry.value, IndexValue::Composite(_)))
            .count()
    };
    assert_eq!(combinations(COMBINATIONS_MAX), COMBINATIONS_MAX);
    assert_eq!(combinations(COMBINATIONS_MAX + 1), COMBINATIONS_MAX);
}

#[test]
fn what_is_not_extracted_is_known() {
    let mut none = std::collections::BTreeSet::new();
    for resource_type in crate::resource_types() {
        for parameter in parameters(resource_type) {
            if parameter.expression.is_empty() || parameter.kind == Kind::Special {
                none.insert(&*parameter.code);
            }
        }
    }
    insta::assert_compact_debug_snapshot!(none, @r#"{"_content", "_filter", "_query", "_text", "age", "birthOrderBoolean", "near"}"#);
}
