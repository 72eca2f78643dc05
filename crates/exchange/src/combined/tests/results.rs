use fhir::json::Value;

use super::{super::*, kit::*};

const HBA1C: &str = "59261-8";

#[test]
fn the_same_test_elsewhere_within_days_is_a_repeat() {
    let record = combined(vec![
        lab(2, "a", HBA1C, "2026-02-20T08:00:00Z", "61", "mmol/mol"),
        lab(3, "b", HBA1C, "2026-02-23T09:00:00Z", "62", "mmol/mol"),
        lab(2, "c", HBA1C, "2025-11-20T08:00:00Z", "58", "mmol/mol"),
    ]);
    insta::assert_snapshot!(shown(&record, SectionKind::Results), @r"
    results: data
    ~ test 59261-8 [mmol/mol]
      2025-11-20T08:00:00Z: 58 mmol/mol []
        Diagnostiek Delta
      2026-02-20T08:00:00Z: 61 mmol/mol []
        Diagnostiek Delta
      2026-02-23T09:00:00Z: 62 mmol/mol []
        Ziekenhuis Zuid
        ! repeats 3 days after Diagnostiek Delta
    ");
    let series = &record.section(SectionKind::Results).unwrap().series[0];
    assert_eq!(
        series.change,
        Some(Change {
            from: 61.0,
            to: 62.0
        })
    );
}

#[test]
fn a_repeat_is_one_within_fourteen_days_and_not_a_day_later() {
    let repeats = |at: &str| {
        let record = combined(vec![
            lab(2, "a", HBA1C, "2026-01-01T08:00:00Z", "61", "mmol/mol"),
            lab(3, "b", HBA1C, at, "62", "mmol/mol"),
        ]);
        record.section(SectionKind::Results).unwrap().series[0].points[1]
            .repeats
            .clone()
    };
    assert_eq!(repeats("2026-01-15T08:00:00Z").unwrap().days, 14);
    assert_eq!(repeats("2026-01-15T08:00:01Z"), None);
}

#[test]
fn a_copy_of_a_result_is_the_same_measurement_and_no_repeat() {
    let record = combined(vec![
        lab(2, "a", HBA1C, "2026-02-20T08:00:00Z", "61", "mmol/mol"),
        // The GP's copy gives the day only.
        lab(1, "copy", HBA1C, "2026-02-20", "61.0", "mmol/mol"),
    ]);
    insta::assert_snapshot!(shown(&record, SectionKind::Results), @r"
    results: data
    ~ test 59261-8 [mmol/mol]
      2026-02-20T08:00:00Z: 61 mmol/mol [same-measurement]
        Diagnostiek Delta
        Huisartsenpraktijk De Linde
    ");
}

#[test]
fn two_units_are_two_series_and_a_conversion_is_shown_as_one() {
    let record = combined(vec![
        lab(2, "a", "1751-7", "2026-02-20T08:00:00Z", "41", "g/L"),
        lab(3, "b", "1751-7", "2026-02-01T08:00:00Z", "3.9", "g/dL"),
    ]);
    insta::assert_snapshot!(shown(&record, SectionKind::Results), @r"
    results: data
    ~ test 1751-7 [g/L]
      2026-02-20T08:00:00Z: 41 g/L []
        Diagnostiek Delta
      converted: 39 g/L from 3.9 g/dL
    ~ test 1751-7 [g/dL]
      2026-02-01T08:00:00Z: 3.9 g/dL []
        Ziekenhuis Zuid
      converted: 4.1 g/dL from 41 g/L
    ");
}

#[test]
fn units_without_a_rule_between_them_are_not_converted() {
    for (from, to) in [
        ("%", "mmol/mol"),
        ("mmol/L", "10*9/L"),
        ("mg/L", "mmol/L"),
        ("[IU]/L", "mg/L"),
    ] {
        let record = combined(vec![
            lab(2, "a", HBA1C, "2026-02-20T08:00:00Z", "61", from),
            lab(3, "b", HBA1C, "2026-02-01T08:00:00Z", "7.7", to),
        ]);
        let series = &record.section(SectionKind::Results).unwrap().series;
        assert_eq!(series.len(), 2);
        assert!(
            series.iter().all(|series| series.converted.is_empty()),
            "{from} {to}"
        );
    }
}

#[test]
fn a_correction_shows_the_corrected_value_and_keeps_the_first() {
    let numbered = |source: u32, status: &str, value: &str| {
        sourced(
            source,
            &fhir::value!({
                "resourceType": "Observation",
                "id": (format!("{source}")),
                "identifier": [{ "system": "urn:lab", "value": "77" }],
                "status": status,
                "code": { "text": "Kalium", "coding": [{ "system": "http://loinc.org", "code": "2823-3" }] },
                "effectiveDateTime": "2026-02-15T11:05:00+01:00",
                "valueQuantity": { "value": (Value::number(value).unwrap()), "unit": "mmol/L" }
            }),
        )
    };
    let record = combined(vec![
        numbered(1, "final", "6.9"),
        numbered(3, "corrected", "4.9"),
    ]);
    insta::assert_snapshot!(shown(&record, SectionKind::Results), @r"
    results: data
    ~ Kalium [mmol/L]
      2026-02-15T11:05:00+01:00: 4.9 mmol/L [same-identifier]
        Ziekenhuis Zuid
        Huisartsenpraktijk De Linde
      ≠ Value: 4.9 mmol/L | 6.9 mmol/L
      ≠ Status: corrected | final
    ");
}

#[test]
fn a_result_without_a_code_keeps_its_text_and_stands_alone() {
    let uncoded = |source: u32, id: &str| {
        sourced(
            source,
            &fhir::value!({
                "resourceType": "Observation",
                "id": id,
                "status": "final",
                "code": { "text": "XQ77", "coding": [{ "code": "XQ77" }] },
                "effectiveDateTime": "2026-02-09",
                "valueString": "zie opmerking",
                "interpretation": [{ "coding": [{ "code": "A" }] }],
                "referenceRange": [{ "high": { "value": (Value::number("5").unwrap()) } }],
                "note": [{ "text": "bepaling in onderzoek" }]
            }),
        )
    };
    let record = combined(vec![uncoded(2, "a")]);
    insta::assert_snapshot!(shown(&record, SectionKind::Results), @r"
    results: data
    ~ XQ77 [-]
      2026-02-09: zie opmerking Abnormal (… to 5) []
        Diagnostiek Delta
    ");
    let series = &record.section(SectionKind::Results).unwrap().series[0];
    assert_eq!(series.code, None);
    let fact = series.points[0].fact();
    assert_eq!(
        fact.field(FieldName::Note).unwrap().value,
        "bepaling in onderzoek"
    );
}

#[test]
fn blood_pressure_keeps_its_parts() {
    let part = |code: &str, name: &str, value: &str| {
        fhir::value!({
            "code": { "coding": [{ "system": "http://loinc.org", "code": code, "display": name }] },
            "valueQuantity": { "value": (Value::number(value).unwrap()), "unit": "mm[Hg]" }
        })
    };
    let record = combined(vec![sourced(
        1,
        &fhir::value!({
            "resourceType": "Observation",
            "id": "bp",
            "status": "final",
            "category": [{ "coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                "code": "vital-signs"
            }] }],
            "code": { "coding": [{ "system": "http://loinc.org", "code": "85354-9", "display": "Bloeddruk" }] },
            "effectiveDateTime": "2026-02-09T10:00:00Z",
            "component": [(part("8480-6", "systolisch", "142")), (part("8462-4", "diastolisch", "88"))]
        }),
    )]);
    insta::assert_snapshot!(shown(&record, SectionKind::Vitals), @r"
    vitals: data
    ~ Bloeddruk [mm[Hg]]
      2026-02-09T10:00:00Z: - systolisch=142 mm[Hg] diastolisch=88 mm[Hg] []
        Huisartsenpraktijk De Linde
    ");
}
