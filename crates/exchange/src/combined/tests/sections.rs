use care::{Categories, DataCategory};

use super::{super::*, kit::*};
use crate::record::{SourceState, SourcedResource};

fn allergy(source: u32, system: &str, code: &str, criticality: &str) -> SourcedResource {
    sourced(
        source,
        &fhir::value!({
            "resourceType": "AllergyIntolerance",
            "id": (format!("a{source}")),
            "clinicalStatus": { "coding": [{ "code": "active" }] },
            "criticality": criticality,
            "recordedDate": "2023-09-13",
            "code": { "coding": [{ "system": system, "code": code, "display": "Amoxicilline" }] },
            "reaction": [{ "manifestation": [{ "text": "huiduitslag" }], "severity": "mild" }]
        }),
    )
}

const SNOMED: &str = "http://snomed.info/sct";
const ATC: &str = "http://www.whocc.no/atc";

#[test]
fn an_allergy_under_two_codes_is_one_when_the_tables_say_so() {
    let record = combined(vec![
        allergy(1, SNOMED, "372687004", "low"),
        allergy(4, ATC, "J01CA04", "high"),
    ]);
    insta::assert_snapshot!(shown(&record, SectionKind::Allergies), @r"
    allergies: data
    - Amoxicilline [same-substance]
      Huisartsenpraktijk De Linde 2023-09-13: Amoxicilline
      Apotheek De Brug 2023-09-13: Amoxicilline
      ≠ Criticality: low | high
    ");
    // The inhibitor makes it another product.
    let record = combined(vec![
        allergy(1, SNOMED, "372687004", "low"),
        allergy(4, ATC, "J01CR02", "high"),
    ]);
    assert_eq!(
        record.section(SectionKind::Allergies).unwrap().groups.len(),
        2
    );
}

fn problem(source: u32, id: &str, codings: &[(&str, &str)], onset: &str) -> SourcedResource {
    let codings: Vec<fhir::json::Value> = codings
        .iter()
        .map(|(system, code)| fhir::value!({ "system": (*system), "code": (*code) }))
        .collect();
    sourced(
        source,
        &fhir::value!({
            "resourceType": "Condition",
            "id": id,
            "clinicalStatus": { "coding": [{ "code": "active" }] },
            "code": { "coding": codings, "text": "Diabetes mellitus type 2" },
            "onsetDateTime": onset
        }),
    )
}

#[test]
fn a_problem_is_known_again_by_any_code_and_differences_are_shown() {
    const ICPC: &str = "http://hl7.org/fhir/sid/icpc-1-nl";
    let record = combined(vec![
        problem(1, "a", &[(ICPC, "T90.02")], "2014-03"),
        problem(3, "b", &[(SNOMED, "44054006")], "2015-06-01"),
        problem(4, "c", &[(ICPC, "T90.02"), (SNOMED, "44054006")], "2014-03"),
    ]);
    insta::assert_snapshot!(shown(&record, SectionKind::Problems), @r"
    problems: data
    - Diabetes mellitus type 2 [same-code]
      Ziekenhuis Zuid 2015-06-01: Diabetes mellitus type 2
      Huisartsenpraktijk De Linde 2014-03: Diabetes mellitus type 2
      Apotheek De Brug 2014-03: Diabetes mellitus type 2
      ≠ Start: 2015-06-01 | 2014-03 | 2014-03
    ");
}

#[test]
fn texts_without_a_code_group_by_their_text_only() {
    let record = combined(vec![
        problem(1, "a", &[], "2014-03"),
        problem(3, "b", &[], "2014-03"),
        problem(4, "c", &[(SNOMED, "44054006")], "2014-03"),
    ]);
    let groups = &record.section(SectionKind::Problems).unwrap().groups;
    assert_eq!(groups.len(), 2);
    assert!(groups.iter().any(|group| group.rules == [Rule::SameText]));
}

#[test]
fn a_vaccination_is_the_same_on_the_same_day_only() {
    let shot = |source: u32, id: &str, on: &str| {
        sourced(
            source,
            &fhir::value!({
                "resourceType": "Immunization",
                "id": id,
                "status": "completed",
                "vaccineCode": { "coding": [{ "system": ATC, "code": "J07BB02" }], "text": "Griepvaccin" },
                "occurrenceDateTime": on
            }),
        )
    };
    let groups = |second: &str| {
        let record = combined(vec![shot(1, "a", "2025-10-20"), shot(3, "b", second)]);
        record
            .section(SectionKind::Vaccinations)
            .unwrap()
            .groups
            .len()
    };
    assert_eq!(groups("2025-10-20T10:00:00Z"), 1);
    assert_eq!(groups("2024-10-20"), 2);
}

#[test]
fn the_patient_is_one_and_what_differs_is_shown() {
    let patient = |source: u32, family: &str, city: &str| {
        sourced(
            source,
            &fhir::value!({
                "resourceType": "Patient",
                "id": (format!("p{source}")),
                "identifier": [{ "system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999911119" }],
                "name": [{ "family": family, "given": ["Anna"] }],
                "birthDate": "1950-02-03",
                "gender": "female",
                "address": [{ "line": ["Dorpsstraat 1"], "city": city }]
            }),
        )
    };
    let record = combined(vec![
        patient(1, "Vermeer", "Zwolle"),
        patient(3, "Vermeer", "Kampen"),
    ]);
    insta::assert_snapshot!(shown(&record, SectionKind::Patient), @r"
    patient: data
    - Anna Vermeer [same-patient]
      Huisartsenpraktijk De Linde ?: Anna Vermeer
      Ziekenhuis Zuid ?: Anna Vermeer
      ≠ Address: Dorpsstraat 1, Zwolle | Dorpsstraat 1, Kampen
    ");
}

#[test]
fn a_name_is_found_behind_a_reference() {
    let record = combined(vec![
        sourced(
            1,
            &fhir::value!({
                "resourceType": "Practitioner", "id": "dr",
                "name": [{ "prefix": ["dr."], "family": "Bakker" }]
            }),
        ),
        sourced(
            1,
            &fhir::value!({
                "resourceType": "Condition", "id": "c",
                "code": { "text": "Hoofdpijn" },
                "asserter": { "reference": "Practitioner/dr" }
            }),
        ),
        // The same reference at another source leads nowhere.
        sourced(
            3,
            &fhir::value!({
                "resourceType": "Condition", "id": "c",
                "code": { "text": "Buikpijn" },
                "asserter": { "reference": "Practitioner/dr" }
            }),
        ),
    ]);
    let groups = &record.section(SectionKind::Problems).unwrap().groups;
    let author = |title: &str| {
        let group = groups.iter().find(|group| group.title == title).unwrap();
        group.facts[0]
            .field(FieldName::Author)
            .map(|field| field.value.clone())
    };
    assert_eq!(author("Hoofdpijn").as_deref(), Some("dr. Bakker"));
    assert_eq!(author("Buikpijn"), None);
    assert_eq!(record.section(SectionKind::Other).unwrap().groups.len(), 1);
}

#[test]
fn a_section_has_one_of_four_states() {
    use SourceState::{Data, NoAnswer, None, NotAllowed};
    let check = |states: [SourceState; 4], with_data: bool, expected: SourceState| {
        let data = vec![problem(1, "a", &[], "2014")];
        let mut record = record(if with_data { data } else { Vec::new() });
        for (report, state) in record.sources.iter_mut().zip(states) {
            report.state = state;
        }
        let combined = combine(record);
        assert_eq!(
            combined.section(SectionKind::Problems).unwrap().state,
            expected,
            "{states:?}"
        );
    };
    check([Data, None, None, None], true, Data);
    check([Data, NoAnswer, NotAllowed, None], true, Data);
    check([None, None, None, None], false, None);
    // A source with data of other kinds says that it has none of this kind.
    check([Data, None, None, None], false, None);
    check([None, NoAnswer, NotAllowed, None], false, NoAnswer);
    check([None, None, NotAllowed, None], false, NotAllowed);
    // The fourth is a pharmacy: it holds no problems that it could not give.
    check([None, None, None, NotAllowed], false, None);
    check([None, None, None, NoAnswer], false, None);
}

#[test]
fn who_may_give_part_of_a_section_cannot_say_none() {
    let mut record = record(Vec::new());
    record.sources.truncate(1);
    record.sources[0].permitted = Categories::ALL.without(DataCategory::Condition);
    let states = |record: &RegionalRecord| {
        let combined = combine(record.clone());
        let state = |kind| combined.section(kind).unwrap().state;
        (state(SectionKind::Problems), state(SectionKind::Alerts))
    };
    assert_eq!(
        states(&record),
        (SourceState::NotAllowed, SourceState::None)
    );
    // An answer that was cut off proves nothing either.
    record.sources[0].permitted = Categories::ALL;
    record.sources[0].complete = false;
    assert_eq!(
        states(&record),
        (SourceState::NoAnswer, SourceState::NoAnswer)
    );
}

#[test]
fn nobody_asked_is_no_answer() {
    let mut record = record(Vec::new());
    record.sources.clear();
    let combined = combine(record);
    assert!(
        combined
            .sections
            .iter()
            .all(|section| section.state == SourceState::NoAnswer)
    );
}

#[test]
fn sections_outside_the_question_are_absent() {
    let mut record = record(vec![]);
    record.categories = [DataCategory::Alert].into_iter().collect();
    let combined = combine(record);
    let kinds: Vec<SectionKind> = combined
        .sections
        .iter()
        .map(|section| section.kind)
        .collect();
    assert_eq!(kinds, [SectionKind::Alerts]);
}

#[test]
fn codes_of_sections_find_their_section() {
    for kind in SectionKind::ALL {
        assert_eq!(SectionKind::from_code(kind.code()), Some(kind));
    }
    for rule in Rule::ALL {
        assert!(!rule.name().is_empty());
    }
}
