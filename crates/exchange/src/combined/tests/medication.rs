use super::{super::*, kit::*};
use crate::record::SourcedResource;

fn agreement(
    source: u32,
    id: &str,
    status: &str,
    from: &str,
    to: Option<&str>,
    dose: &str,
) -> SourcedResource {
    let mut period = fhir::value!({ "start": from });
    if let Some(to) = to {
        period.set("end", to);
    }
    sourced(
        source,
        &fhir::value!({
            "resourceType": "MedicationRequest",
            "id": id,
            "status": status,
            "intent": "order",
            "category": [{ "coding": [{ "system": "http://snomed.info/sct", "code": "33633005" }] }],
            "medicationCodeableConcept": {
                "coding": [{ "system": "http://www.whocc.no/atc", "code": "M01AB05", "display": "Diclofenac" }]
            },
            "authoredOn": from,
            "extension": [{
                "url": "http://nictiz.nl/fhir/StructureDefinition/ext-TimeInterval.Period",
                "valuePeriod": period
            }],
            "dosageInstruction": [{ "text": dose }]
        }),
    )
}

fn dispense(source: u32, id: &str, at: &str, dose: &str) -> SourcedResource {
    sourced(
        source,
        &fhir::value!({
            "resourceType": "MedicationDispense",
            "id": id,
            "status": "completed",
            "medicationReference": { "reference": "#m" },
            "contained": [{
                "resourceType": "Medication",
                "id": "m",
                "code": {
                    "coding": [
                        { "system": "urn:oid:2.16.840.1.113883.2.4.4.10", "code": "4711", "display": "Diclofenac tablet 50 mg" },
                        { "system": "http://www.whocc.no/atc", "code": "M01AB05" }
                    ]
                }
            }],
            "whenHandedOver": at,
            "dosageInstruction": [{ "text": dose }]
        }),
    )
}

#[test]
fn stopped_at_one_place_and_still_dispensed_at_another() {
    let record = combined(vec![
        agreement(
            1,
            "a",
            "stopped",
            "2026-01-01",
            Some("2026-02-04"),
            "2 maal per dag 1 tablet",
        ),
        dispense(4, "d1", "2026-01-01", "2 maal per dag 1 tablet"),
        dispense(4, "d2", "2026-02-19", "2 maal per dag 1 tablet"),
    ]);
    insta::assert_snapshot!(shown(&record, SectionKind::Medication), @r"
    medication: data
    - Diclofenac tablet 50 mg [same-code same-substance]
      Apotheek De Brug 2026-02-19: Diclofenac tablet 50 mg
      Apotheek De Brug 2026-01-01: Diclofenac tablet 50 mg
      Huisartsenpraktijk De Linde 2026-01-01: Diclofenac
      ! stopped at Huisartsenpraktijk De Linde, still dispensed at Apotheek De Brug
    ");
}

#[test]
fn agreed_anew_after_the_stop_is_no_mismatch() {
    let record = combined(vec![
        agreement(
            1,
            "a",
            "stopped",
            "2026-01-01",
            Some("2026-02-04"),
            "2 maal per dag 1 tablet",
        ),
        agreement(
            3,
            "b",
            "active",
            "2026-02-10",
            None,
            "1 maal per dag 1 tablet",
        ),
        dispense(4, "d", "2026-02-19", "1 maal per dag 1 tablet"),
    ]);
    let section = record.section(SectionKind::Medication).unwrap();
    assert_eq!(section.groups.len(), 1);
    assert!(section.groups[0].notices.is_empty());
    insta::assert_snapshot!(shown(&record, SectionKind::Medication), @r"
    medication: data
    - Diclofenac tablet 50 mg [same-code same-substance]
      Apotheek De Brug 2026-02-19: Diclofenac tablet 50 mg
      Ziekenhuis Zuid 2026-02-10: Diclofenac
      Huisartsenpraktijk De Linde 2026-01-01: Diclofenac
      ≠ Status: active | stopped
      ≠ Dose: 1 maal per dag 1 tablet | 1 maal per dag 1 tablet | 2 maal per dag 1 tablet
      ≠ Start: 2026-02-10 | 2026-01-01
    ");
}

#[test]
fn a_dispense_before_the_stop_is_no_mismatch() {
    let record = combined(vec![
        agreement(
            1,
            "a",
            "stopped",
            "2026-01-01",
            Some("2026-02-04"),
            "2 maal per dag 1 tablet",
        ),
        dispense(4, "d", "2026-02-04", "2 maal per dag 1 tablet"),
    ]);
    assert!(
        record.section(SectionKind::Medication).unwrap().groups[0]
            .notices
            .is_empty()
    );
}

#[test]
fn doses_are_compared_as_numbers_where_both_have_them() {
    let structured = |source: u32, id: &str, text: &str, value: i64| {
        sourced(
            source,
            &fhir::value!({
                "resourceType": "MedicationRequest",
                "id": id,
                "status": "active",
                "intent": "order",
                "medicationCodeableConcept": { "coding": [{ "system": "http://www.whocc.no/atc", "code": "C03CA01" }] },
                "dosageInstruction": [{
                    "text": text,
                    "timing": { "repeat": { "frequency": 1, "period": 1, "periodUnit": "d" } },
                    "doseAndRate": [{ "doseQuantity": { "value": value, "unit": "stuk" } }]
                }]
            }),
        )
    };
    let differences = |second: i64| {
        let record = combined(vec![
            structured(1, "a", "elke dag 1 tablet", 1),
            structured(3, "b", "1dd1", second),
        ]);
        record.section(SectionKind::Medication).unwrap().groups[0]
            .differences
            .len()
    };
    assert_eq!(differences(1), 0);
    assert_eq!(differences(2), 1);
}

#[test]
fn a_group_code_does_not_make_two_medicines_one() {
    let coded = |source: u32, code: &str, text: &str| {
        sourced(
            source,
            &fhir::value!({
                "resourceType": "MedicationStatement",
                "id": (format!("m{source}")),
                "status": "active",
                "medicationCodeableConcept": {
                    "coding": [{ "system": "http://www.whocc.no/atc", "code": code }], "text": text
                }
            }),
        )
    };
    let groups = |first: &str, second: &str| {
        let record = combined(vec![coded(1, first, "A"), coded(4, second, "B")]);
        record
            .section(SectionKind::Medication)
            .unwrap()
            .groups
            .len()
    };
    assert_eq!(groups("C07AB", "C07AB"), 2);
    assert_eq!(groups("C07AB02", "C07AB02"), 1);
    assert_eq!(groups("C07AB02", "C07AB03"), 2);
}
