//! Nothing lost, nothing twice, whatever the order; and fast.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{super::*, kit::*};
use crate::record::SourcedResource;

const TYPES: [&str; 22] = [
    "Patient",
    "Condition",
    "AllergyIntolerance",
    "Flag",
    "Consent",
    "MedicationRequest",
    "MedicationDispense",
    "MedicationStatement",
    "Medication",
    "Observation",
    "DiagnosticReport",
    "Immunization",
    "Procedure",
    "Encounter",
    "EpisodeOfCare",
    "CarePlan",
    "ServiceRequest",
    "Organization",
    "Provenance",
    "DeviceUseStatement",
    "Coverage",
    "Binary",
];

/// Any resource, with few ids, codes and dates, so that much falls together.
fn any_resource() -> impl Strategy<Value = SourcedResource> {
    let system = prop_oneof![
        Just("http://loinc.org"),
        Just("http://snomed.info/sct"),
        Just("http://www.whocc.no/atc"),
    ];
    let code = prop_oneof![
        Just("372687004"),
        Just("J01CA04"),
        Just("2823-3"),
        Just("X")
    ];
    let status = prop_oneof![
        Just("active"),
        Just("stopped"),
        Just("completed"),
        Just("final")
    ];
    let date = prop_oneof![
        Just(None),
        Just(Some("2026-02-20")),
        Just(Some("2026-02-20T08:00:00Z")),
        Just(Some("2026-02")),
        Just(Some("2026-02-25T08:00:00+01:00")),
    ];
    let value = prop_oneof![Just("4.1"), Just("4.10"), Just("7")];
    let unit = prop_oneof![Just("mmol/L"), Just("g/L"), Just("g/dL"), Just("stuks")];
    (
        1u32..5,
        0usize..TYPES.len(),
        0u8..6,
        prop::collection::vec((system, code), 0..3),
        status,
        date,
        value,
        unit,
    )
        .prop_map(|(source, kind, id, codings, status, date, value, unit)| {
            let codings: Vec<fhir::json::Value> = codings
                .into_iter()
                .map(|(system, code)| fhir::value!({ "system": system, "code": code }))
                .collect();
            let concept = fhir::value!({ "coding": codings, "text": "iets" });
            let mut resource = fhir::value!({
                "resourceType": (TYPES[kind]),
                "id": (format!("r{id}")),
                "status": status,
                "code": (&concept),
                "medicationCodeableConcept": (&concept),
                "vaccineCode": (&concept),
                "category": [(&concept)],
                "identifier": [{ "system": "urn:x", "value": (format!("{}", id / 2)) }],
                "valueQuantity": {
                    "value": (fhir::json::Value::number(value).unwrap()), "unit": unit,
                    "system": "http://unitsofmeasure.org", "code": unit
                }
            });
            if let Some(date) = date {
                for name in [
                    "effectiveDateTime",
                    "onsetDateTime",
                    "authoredOn",
                    "whenHandedOver",
                    "occurrenceDateTime",
                    "performedDateTime",
                ] {
                    resource.set(name, date);
                }
            }
            sourced(source, &resource)
        })
}

/// How often each resource stands in the record, by position.
fn places(record: &CombinedRecord) -> BTreeMap<usize, usize> {
    let mut places = BTreeMap::new();
    for fact in record.sections.iter().flat_map(Section::facts) {
        *places.entry(fact.resource).or_default() += 1;
    }
    places
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_resource_stands_in_the_record_exactly_once(
        resources in prop::collection::vec(any_resource(), 0..40),
    ) {
        let count = resources.len();
        let record = combined(resources);
        prop_assert_eq!(record.resources.len(), count);
        let places = places(&record);
        prop_assert_eq!(places.len(), count);
        prop_assert!(places.values().all(|times| *times == 1));
    }

    #[test]
    fn the_order_of_arrival_changes_nothing(
        (resources, shuffled) in prop::collection::vec(any_resource(), 0..40)
            .prop_flat_map(|resources| (Just(resources.clone()), Just(resources).prop_shuffle())),
        turn in 0usize..4,
    ) {
        let first = combined(resources);
        let mut other = record(shuffled);
        other.sources.rotate_left(turn);
        let second = combine(other);
        prop_assert_eq!(format!("{:?}", first.sections), format!("{:?}", second.sections));
        let bytes = |record: &CombinedRecord| -> Vec<Vec<u8>> {
            record.resources.iter().map(|sourced| sourced.resource.as_bytes().to_vec()).collect()
        };
        prop_assert_eq!(bytes(&first), bytes(&second));
    }

    #[test]
    fn facts_that_stand_together_have_a_rule_for_it(
        resources in prop::collection::vec(any_resource(), 0..40),
    ) {
        let record = combined(resources);
        for section in &record.sections {
            for group in &section.groups {
                prop_assert_eq!(group.facts.len() > 1, !group.rules.is_empty());
            }
            for point in section.series.iter().flat_map(|series| &series.points) {
                prop_assert_eq!(point.facts.len() > 1, !point.rules.is_empty());
            }
        }
    }
}

#[test]
fn a_record_of_five_thousand_resources_is_combined_in_one_pass() {
    // Not a measurement: it fails only when the work grows with the square.
    let resources: Vec<SourcedResource> = (0..5_000u32)
        .map(|n| {
            let day = n % 28 + 1;
            let at = format!("20{:02}-{:02}-{day:02}T08:00:00Z", n % 20, n % 12 + 1);
            lab(
                n % 4 + 1,
                &format!("o{n}"),
                "2823-3",
                &at,
                &format!("{}.{}", n % 9, n % 10),
                "mmol/L",
            )
        })
        .collect();
    let record = combined(resources);
    assert_eq!(places(&record).len(), 5_000);
}
