//! One result of a laboratory, as the laboratory has it and as it sent it to
//! somebody else in another format.

use fhir::json::Value;

use super::{super::*, kit::*};

/// Codes of the laboratory, as the two formats name the laboratory.
const BY_HL7: &str = "urn:schakel:sender:ura:2:code:99LIS";
const BY_EDIFACT: &str = "urn:schakel:sender:agb:50990002:code";
const LABORATORY: &str = "Diagnostiek Delta";

fn local(
    source: u32,
    id: &str,
    (system, code): (&str, &str),
    at: &str,
    value: &str,
    performer: &str,
) -> SourcedResource {
    let number = Value::number(value).unwrap();
    sourced(
        source,
        &fhir::value!({
            "resourceType": "Observation",
            "id": id,
            "status": "final",
            "category": [{ "coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                "code": "laboratory"
            }] }],
            "code": { "coding": [{ "system": system, "code": code }], "text": "Onderzoek XQ77" },
            "effectiveDateTime": at,
            "performer": [{ "type": "Organization", "display": performer }],
            "valueQuantity": {
                "value": number, "unit": "E/l",
                "system": "http://unitsofmeasure.org", "code": "U/L"
            }
        }),
    )
}

fn report(source: u32, id: &str, title: &str, results: &[&str]) -> SourcedResource {
    let results: Vec<Value> = results
        .iter()
        .map(|id| fhir::value!({ "reference": (format!("Observation/{id}")) }))
        .collect();
    sourced(
        source,
        &fhir::value!({
            "resourceType": "DiagnosticReport",
            "id": id,
            "status": "final",
            "code": { "text": title },
            "effectiveDateTime": "2026-02-20T08:40:00Z",
            "result": results
        }),
    )
}

/// The titles of the series with how many measurements each has, and of each
/// measurement how many sources.
fn counted(record: &CombinedRecord) -> Vec<Vec<usize>> {
    let section = record.section(SectionKind::Results).unwrap();
    section
        .series
        .iter()
        .map(|series| {
            series
                .points
                .iter()
                .map(|point| point.facts.len())
                .collect()
        })
        .collect()
}

#[test]
fn a_laboratorys_own_code_is_known_again_in_the_copy_that_it_sent() {
    let record = combined(vec![
        local(
            2,
            "a",
            (BY_HL7, "XQ77"),
            "2026-02-20T08:40:00Z",
            "12.4",
            LABORATORY,
        ),
        local(
            1,
            "b",
            (BY_EDIFACT, "XQ77"),
            "2026-02-20T09:40:00+01:00",
            "12.4",
            LABORATORY,
        ),
        // Earlier ones follow, also those that only one of the two has.
        local(
            2,
            "c",
            (BY_HL7, "XQ77"),
            "2025-02-20T08:40:00Z",
            "11",
            LABORATORY,
        ),
        local(
            1,
            "d",
            (BY_EDIFACT, "XQ77"),
            "2024-02-20T08:40:00Z",
            "10",
            LABORATORY,
        ),
    ]);
    insta::assert_snapshot!(shown(&record, SectionKind::Results), @r"
    results: data
    ~ Onderzoek XQ77 [E/l]
      2024-02-20T08:40:00Z: 10 E/l []
        Huisartsenpraktijk De Linde
      2025-02-20T08:40:00Z: 11 E/l []
        Diagnostiek Delta
      2026-02-20T08:40:00Z: 12.4 E/l [same-measurement]
        Diagnostiek Delta
        Huisartsenpraktijk De Linde
    ");
}

#[test]
fn without_a_measurement_in_common_codes_of_two_systems_stay_apart() {
    let check = |what: &str, copy: SourcedResource, expected: &[&[usize]]| {
        let own = local(
            2,
            "a",
            (BY_HL7, "XQ77"),
            "2026-02-20T08:40:00Z",
            "12.4",
            LABORATORY,
        );
        assert_eq!(counted(&combined(vec![own, copy])), expected, "{what}");
    };
    let apart: &[&[usize]] = &[&[1], &[1]];
    let at = "2026-02-20T08:40:00Z";
    let copy = |code, at, value, performer| local(1, "b", (BY_EDIFACT, code), at, value, performer);
    check("the copy", copy("XQ77", at, "12.4", LABORATORY), &[&[2]]);
    check(
        "the day only",
        copy("XQ77", "2026-02-20", "12.4", LABORATORY),
        &[&[2]],
    );
    check("another code", copy("XQ78", at, "12.4", LABORATORY), apart);
    check("another value", copy("XQ77", at, "12.5", LABORATORY), apart);
    check(
        "another time",
        copy("XQ77", "2026-02-20T08:41:00Z", "12.4", LABORATORY),
        apart,
    );
    check(
        "another laboratory",
        copy("XQ77", at, "12.4", "Lab Zuid"),
        apart,
    );
    let same_source = local(2, "b", (BY_EDIFACT, "XQ77"), at, "12.4", LABORATORY);
    check("the same source", same_source, apart);
}

#[test]
fn reports_of_the_same_results_stand_together() {
    let at = "2026-02-20T08:40:00Z";
    let record = combined(vec![
        lab(2, "a", "59261-8", at, "61", "mmol/mol"),
        lab(1, "b", "59261-8", at, "61", "mmol/mol"),
        report(2, "r", "Laboratoriumonderzoek", &["a"]),
        report(1, "s", "Laboratoriumuitslag", &["b"]),
        // Nothing in common with the others.
        lab(2, "c", "2823-3", at, "4.1", "mmol/L"),
        report(2, "t", "Laboratoriumonderzoek", &["c"]),
        report(3, "u", "Laboratoriumuitslag", &["a", "nergens"]),
    ]);
    let section = record.section(SectionKind::Results).unwrap();
    let mut groups: Vec<(usize, &[Rule])> = section
        .groups
        .iter()
        .map(|group| (group.facts.len(), group.rules.as_slice()))
        .collect();
    groups.sort_unstable();
    assert_eq!(
        groups,
        [
            (1, [].as_slice()),
            (1, [].as_slice()),
            (2, &[Rule::SameResults])
        ]
    );
}
