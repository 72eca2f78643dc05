//! Search: each kind of parameter, data-driven.

use fhir::json::Value;
use store::StoreError;
use store::limits::{
    CHAIN_LINKS_MAX, INCLUDES_MAX, PAGE_MAX, PARAMETERS_MAX, SORT_KEYS_MAX, VALUE_BYTES_MAX,
    VALUES_MAX,
};

use crate::kit::{Kit, ids, merged, patient};

const LOINC: &str = "http://loinc.org";

fn observation(id: &str, patient: &str, code: &str, day: &str, value: Value) -> Value {
    fhir::value!({
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "category": [{ "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
            "code": "laboratory",
        }] }],
        "code": { "coding": [{ "system": LOINC, "code": code, "display": "Natrium [mol/volume]" }] },
        "subject": { "reference": (format!("Patient/{patient}")) },
        "effectiveDateTime": day,
        "valueQuantity": {
            "value": value, "system": "http://unitsofmeasure.org", "code": "mmol/L", "unit": "mmol/l",
        },
    })
}

fn number(digits: &str) -> Value {
    Value::number(digits).unwrap()
}

async fn filled() -> Kit {
    let kit = Kit::new();
    let mut anna = patient("anna", 0);
    anna.set("birthDate", "1950-03-12");
    anna.set("gender", "female");
    anna.set(
        "name",
        fhir::value!([{ "family": "de Vriès", "given": ["Anna", "Jo,an"] }]),
    );
    anna.set(
        "managingOrganization",
        fhir::value!({ "reference": "Organization/lab" }),
    );
    let mut bram = patient("bram", 1);
    bram.set("birthDate", "1950");
    bram.set("gender", "male");
    bram.set("name", fhir::value!([{ "family": "Devries" }]));
    bram.set(
        "generalPractitioner",
        fhir::value!([{ "identifier": { "system": "urn:agb", "value": "01" } }]),
    );
    let mut o3 = observation("o3", "bram", "2951-2", "2024-05-03", number("138.0"));
    o3.set(
        "performer",
        fhir::value!([{ "reference": "https://elsewhere.example/Practitioner/9" }]),
    );
    o3.set(
        "hasMember",
        fhir::value!([{ "reference": "Observation/o4" }]),
    );
    kit.put(&[
        fhir::value!({ "resourceType": "Organization", "id": "lab", "name": "Laboratorium Zuid" }),
        anna,
        bram,
        observation("o1", "anna", "2951-2", "2024-05-01T10:00:00+02:00", number("140")),
        observation("o2", "anna", "2823-3", "2024-05-02", number("4.1")),
        o3,
        observation("o4", "bram", "2823-3", "2024", number("4.10")),
        fhir::value!({
            "resourceType": "Observation", "id": "o5", "status": "preliminary",
            "code": { "text": "Bloeddruk",
                "coding": [{ "code": "bp" }, { "system": "urn:local", "code": "bp" }] },
            "component": [
                { "code": { "coding": [{ "system": LOINC, "code": "8480-6" }] },
                  "valueQuantity": { "value": 145, "unit": "mmHg" } },
                { "code": { "coding": [{ "system": LOINC, "code": "8462-4" }] },
                  "valueQuantity": { "value": 85, "unit": "mmHg" } },
            ],
        }),
        fhir::value!({
            "resourceType": "Encounter", "id": "e1", "status": "in-progress",
            "class": { "code": "IMP" },
            "subject": { "reference": "Patient/anna" },
            "period": { "start": "2023-01-01" },
        }),
        fhir::value!({
            "resourceType": "Encounter", "id": "e2", "status": "finished",
            "class": { "code": "AMB" },
            "subject": { "reference": "Patient/anna" },
            "period": { "start": "2024-04-30", "end": "2024-05-02" },
        }),
        fhir::value!({
            "resourceType": "DiagnosticReport", "id": "r1", "status": "final",
            "code": { "coding": [{ "system": LOINC, "code": "11502-2" }] },
            "subject": { "reference": "Patient/anna" },
            "result": [{ "reference": "Observation/o1" }, { "reference": "Observation/o2" }],
        }),
        fhir::value!({
            "resourceType": "ValueSet", "id": "v1", "status": "active", "url": "http://x/vs/a/b",
            "meta": { "profile": ["http://x/profile"], "tag": [{ "system": "urn:t", "code": "new" }] },
        }),
        fhir::value!({
            "resourceType": "RiskAssessment", "id": "k1", "status": "final",
            "subject": { "reference": "Patient/anna" },
            "prediction": [{ "probabilityDecimal": (number("0.8")) }],
        }),
    ])
    .await;
    kit
}

#[tokio::test]
async fn each_kind_of_parameter_finds_what_it_should() {
    let kit = filled().await;
    for (question, expected) in [
        // Token.
        ("Observation?code=2951-2", "o1 o3"),
        ("Observation?code=http://loinc.org|2951-2", "o1 o3"),
        ("Observation?code=http://other|2951-2", ""),
        ("Observation?code=|bp", "o5"),
        ("Observation?code=|2951-2", ""),
        ("Observation?code=bp", "o5"),
        ("Observation?code=http://loinc.org|", "o1 o2 o3 o4"),
        ("Observation?code=2951-2,bp", "o1 o3 o5"),
        ("Observation?code=2951-2&status=preliminary", ""),
        ("Observation?status:not=final", "o5"),
        ("Observation?code:not=2951-2,bp", "o2 o4"),
        ("Observation?code:text=natr", "o1 o2 o3 o4"),
        ("Observation?code:text=BLOED", "o5"),
        (
            "Patient?identifier=http://fhir.nl/fhir/NamingSystem/bsn|999911119",
            "anna",
        ),
        ("Patient?gender=female", "anna"),
        ("ValueSet?_tag=urn:t|new", "v1"),
        ("ValueSet?_profile=http://x/profile", "v1"),
        // Reference.
        ("Observation?subject=Patient/anna", "o1 o2"),
        ("Observation?subject=anna", "o1 o2"),
        ("Observation?subject:Patient=anna", "o1 o2"),
        ("Observation?subject:Group=anna", ""),
        (
            "Observation?subject=https://node.example/fhir/r4/Patient/anna",
            "o1 o2",
        ),
        (
            "Observation?subject=https://other.example/fhir/r4/Patient/anna",
            "",
        ),
        (
            "Observation?subject=Patient/anna,Patient/bram",
            "o1 o2 o3 o4",
        ),
        ("Observation?subject=Patient/nobody", ""),
        (
            "Observation?performer=https://elsewhere.example/Practitioner/9",
            "o3",
        ),
        ("Patient?general-practitioner:identifier=urn:agb|01", "bram"),
        // String.
        ("Patient?name=ann", "anna"),
        ("Patient?family=DE VRIES", "anna"),
        ("Patient?family:exact=de Vriès", "anna"),
        ("Patient?family:exact=de vries", ""),
        ("Patient?name:contains=vri", "anna bram"),
        (r"Patient?given=jo\,a", "anna"),
        // Date.
        ("Patient?birthdate=1950", "anna bram"),
        ("Patient?birthdate=1950-03-12", "anna"),
        ("Patient?birthdate=ne1950-03-12", "bram"),
        ("Patient?birthdate=lt1951&birthdate=ge1950-03", "anna bram"),
        ("Observation?date=2024-05-01", "o1"),
        ("Observation?date=2024-05-01T08:00:00Z", "o1"),
        ("Observation?date=gt2024-05-01", "o2 o3 o4"),
        ("Observation?date=sa2024-05-01", "o2 o3"),
        ("Observation?date=lt2024-05-02", "o1 o4"),
        ("Observation?date=le2024-05-02", "o1 o2 o4"),
        ("Observation?date=eb2024-05-02", "o1"),
        (
            "Observation?date=ge2024-05-02&date=le2024-05-03",
            "o2 o3 o4",
        ),
        ("Encounter?date=2024-05", ""),
        ("Encounter?date=gt2024-06", "e1"),
        ("Encounter?date=ge2024-05-02", "e1 e2"),
        ("Encounter?date=lt2023-06", "e1"),
        ("Encounter?date=eb2024-06", "e2"),
        ("Encounter?date=gt2024-05-01&date=lt2024-05", "e1 e2"),
        ("Encounter?date=sa2023-06&date=eb2024-06", "e2"),
        // Number and quantity.
        ("RiskAssessment?probability=0.8", "k1"),
        ("RiskAssessment?probability=gt0.8", ""),
        ("RiskAssessment?probability=le0.80", "k1"),
        ("Observation?value-quantity=4.1", "o2 o4"),
        (
            "Observation?value-quantity=4.1|http://unitsofmeasure.org|mmol/L",
            "o2 o4",
        ),
        (
            "Observation?value-quantity=4.1|http://unitsofmeasure.org|mg",
            "",
        ),
        ("Observation?value-quantity=4.1||mmol/l", "o2 o4"),
        ("Observation?value-quantity=ge138", "o1 o3"),
        ("Observation?value-quantity=lt138", "o2 o4"),
        ("Observation?value-quantity=ap130", "o1 o3"),
        (
            "Observation?component-code-value-quantity=http://loinc.org|8480-6$gt140",
            "o5",
        ),
        (
            "Observation?component-code-value-quantity=http://loinc.org|8462-4$gt140",
            "",
        ),
        ("Observation?code-value-quantity=2951-2$lt139", "o3"),
        // URI.
        ("ValueSet?url=http://x/vs/a/b", "v1"),
        ("ValueSet?url=http://x/vs/a", ""),
        ("ValueSet?url:below=http://x/vs", "v1"),
        ("ValueSet?url:above=http://x/vs/a/b/c", "v1"),
        // All resources.
        ("Observation?_id=o4,o1,x", "o1 o4"),
        ("Observation?_lastUpdated=2026-01-01&code=bp", "o5"),
        ("Observation?_lastUpdated=gt2026-01-01", ""),
        ("Observation?value-quantity:missing=true", "o5"),
        ("Observation?value-quantity:missing=false", "o1 o2 o3 o4"),
        ("Patient?general-practitioner:missing=true", "anna"),
        // Chains.
        (
            "Observation?subject.identifier=http://fhir.nl/fhir/NamingSystem/bsn|999911119",
            "o1 o2",
        ),
        (
            "Observation?patient.identifier=http://fhir.nl/fhir/NamingSystem/bsn|999906276",
            "o3 o4",
        ),
        ("Observation?subject:Patient.name=devries&code=2823-3", "o4"),
        ("Observation?patient.birthdate=1950", "o1 o2 o3 o4"),
        ("DiagnosticReport?result.code=2823-3", "r1"),
        ("Observation?patient.organization.name=labo", "o1 o2"),
        ("Observation?patient.organization.name=nothing", ""),
        ("Observation?has-member.code=2823-3", "o3"),
        // Reverse chains.
        ("Patient?_has:Observation:patient:code=2951-2", "anna bram"),
        (
            "Patient?_has:Observation:patient:value-quantity=gt138",
            "anna",
        ),
        ("Patient?_has:Encounter:patient:date=gt2024", "anna"),
        (
            "Observation?_has:DiagnosticReport:result:patient.name=anna",
            "o1 o2",
        ),
        (
            "Organization?_has:Patient:organization:_has:Encounter:patient:class=IMP",
            "lab",
        ),
        (
            "Observation?subject._has:Encounter:patient:class=IMP",
            "o1 o2",
        ),
    ] {
        assert_eq!(kit.ids(question).await, expected, "{question}");
    }
}

#[tokio::test]
async fn what_is_not_understood_is_refused() {
    let kit = filled().await;
    let check = async |question: &str, fits: fn(&StoreError) -> bool| {
        let error = kit.page(question).await.expect_err(question);
        assert!(fits(&error), "{question}: {error:?}");
    };
    let unknown = |error: &StoreError| matches!(error, StoreError::UnknownParameter { .. });
    for question in [
        "Observation?colour=red",
        "Observation?subject.colour=red",
        "Observation?code.text=x",
        "Observation?_has:Encounter:colour:class=x",
        "Observation?_has:Encounter:patient:colour=x",
        "Observation?_sort=colour",
        "Observation?_include=Observation:colour",
        "Observation?_include=Observation:code",
        "Location?near=1|2",
        "Observation?=x",
    ] {
        check(question, unknown).await;
    }
    for question in [
        "Observation?code:nonsense=x",
        "Observation?date:exact=2024",
        "Observation?subject:Organization=x",
        "Observation?subject:Robot.name=x",
        "Observation?_id:not=x",
    ] {
        check(question, |error| {
            matches!(error, StoreError::UnsupportedModifier { .. })
        })
        .await;
    }
    for question in [
        "Observation?date=yesterday",
        "Observation?date=",
        "Observation?date=2024,",
        "Observation?code=a|b|c",
        "Observation?value-quantity=much",
        "Observation?subject=a b",
        "Observation?code:missing=maybe",
        "Observation?_count=many",
        "Observation?_count=-1",
        "Observation?_total=some",
        "Observation?_summary=short",
        "Observation?_include=Robot:x",
        "Observation?_include=Observation",
        "Observation?_has:Encounter=x",
        "Observation?code-value-quantity=2951-2",
    ] {
        check(question, |error| {
            matches!(error, StoreError::InvalidValue { .. })
        })
        .await;
    }
    check("Robot?x=y", |error| {
        matches!(error, StoreError::UnknownResourceType)
    })
    .await;
    check("Observation?_cursor=x", |error| {
        matches!(error, StoreError::InvalidCursor)
    })
    .await;
    let error = kit.page("Observation?999911119=x").await.unwrap_err();
    assert_eq!(error.to_string(), "unknown search parameter (not shown)");
    let error = kit.page("Patient?birthdate=999911119").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid value for search parameter birthdate: not a date"
    );
}

#[tokio::test]
async fn limits_hold_at_the_limit_and_answer_past_it() {
    let kit = filled().await;
    let many = |count: usize, one: &str, between: &str| vec![one; count].join(between);
    let chain = |links: usize| {
        format!(
            "Observation?{}code=x",
            "has-member:Observation.".repeat(links)
        )
    };
    for (limit, at, past) in [
        (
            "VALUES_MAX",
            format!("Observation?code={}", many(VALUES_MAX, "a", ",")),
            format!("Observation?code={}", many(VALUES_MAX + 1, "a", ",")),
        ),
        (
            "VALUE_BYTES_MAX",
            format!("Observation?code={}", "a".repeat(VALUE_BYTES_MAX)),
            format!("Observation?code={}", "a".repeat(VALUE_BYTES_MAX + 1)),
        ),
        (
            "CHAIN_LINKS_MAX",
            chain(CHAIN_LINKS_MAX),
            chain(CHAIN_LINKS_MAX + 1),
        ),
        (
            "PARAMETERS_MAX",
            format!("Observation?{}", many(PARAMETERS_MAX, "code=a", "&")),
            format!("Observation?{}", many(PARAMETERS_MAX + 1, "code=a", "&")),
        ),
        (
            "SORT_KEYS_MAX",
            format!("Observation?_sort={}", many(SORT_KEYS_MAX, "date", ",")),
            format!("Observation?_sort={}", many(SORT_KEYS_MAX + 1, "date", ",")),
        ),
        (
            "PAGE_MAX",
            format!("Observation?_count={PAGE_MAX}"),
            format!("Observation?_count={}", PAGE_MAX + 1),
        ),
        (
            "INCLUDES_MAX",
            format!(
                "Observation?{}",
                many(INCLUDES_MAX, "_include=Observation:subject", "&")
            ),
            format!(
                "Observation?{}",
                many(INCLUDES_MAX + 1, "_include=Observation:subject", "&")
            ),
        ),
    ] {
        kit.page(&at)
            .await
            .unwrap_or_else(|error| panic!("{limit}: {error}"));
        match kit.page(&past).await {
            Err(StoreError::LimitExceeded { limit: named, .. }) => assert_eq!(named, limit),
            other => panic!("{limit}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn results_are_sorted_counted_and_accompanied() {
    let kit = filled().await;
    for (question, expected) in [
        ("Observation?_sort=date", "o4 o1 o2 o3 o5"),
        ("Observation?_sort=-date", "o3 o2 o1 o4 o5"),
        ("Observation?_sort=code,-date", "o2 o4 o3 o1 o5"),
        ("Observation?_sort=-value-quantity", "o1 o3 o4 o2 o5"),
        ("Observation?_sort=-_id&_count=2", "o5 o4"),
        ("Observation?_sort=_lastUpdated", "o1 o2 o3 o4 o5"),
        ("Patient?_sort=family", "anna bram"),
    ] {
        // 4.1 and 4.10 differ in precision, so in their lower bounds.
        assert_eq!(kit.ids(question).await, expected, "{question}");
    }
    for (question, total, matches) in [
        ("Observation?_total=accurate&_count=2", Some(5), 2),
        ("Observation?_summary=count", Some(5), 0),
        ("Observation?_count=0&code=2951-2", Some(2), 0),
        ("Observation?_total=none", None, 5),
        ("Observation", None, 5),
        (
            "Observation?_elements=code&_format=json&_pretty=true&_summary=text",
            None,
            5,
        ),
    ] {
        let page = kit.page(question).await.unwrap();
        assert_eq!(
            (page.total, page.matches.len()),
            (total, matches),
            "{question}"
        );
    }
    for (question, matches, included) in [
        (
            "Observation?_id=o1&_include=Observation:subject",
            "o1",
            "anna",
        ),
        (
            "Observation?_id=o1&_include=Observation:subject:Group",
            "o1",
            "",
        ),
        ("Observation?_id=o1,o2&_include=*", "o1 o2", "anna"),
        (
            "Observation?_id=o3&_include=Observation:has-member&_include=Observation:patient",
            "o3",
            "o4 bram",
        ),
        (
            "DiagnosticReport?_include=DiagnosticReport:result",
            "r1",
            "o1 o2",
        ),
        (
            "DiagnosticReport?_include=DiagnosticReport:result&_include:iterate=Observation:subject",
            "r1",
            "o1 o2 anna",
        ),
        (
            "DiagnosticReport?_include=DiagnosticReport:result&_include=Observation:subject",
            "r1",
            "o1 o2",
        ),
        (
            "DiagnosticReport?_include=DiagnosticReport:subject&_include:iterate=Patient:organization",
            "r1",
            "anna lab",
        ),
        (
            "Patient?_id=anna&_revinclude=Observation:subject&_revinclude=Encounter:*",
            "anna",
            "o1 o2 e1 e2",
        ),
        (
            "Patient?_id=anna&_revinclude=Observation:subject&_revinclude:iterate=DiagnosticReport:result",
            "anna",
            "o1 o2 r1",
        ),
        // What matches is not included once more.
        (
            "Observation?_id=o3,o4&_include=Observation:has-member",
            "o3 o4",
            "",
        ),
    ] {
        let page = kit.page(question).await.unwrap();
        assert_eq!(ids(&page.matches), matches, "{question}");
        assert_eq!(ids(&page.included), included, "{question}");
    }
}

#[tokio::test]
async fn the_index_follows_changes_and_deletions() {
    let kit = filled().await;
    kit.put(&[merged(patient("bram", 1), "anna")]).await;
    kit.put(&[observation(
        "o1",
        "bram",
        "718-7",
        "2024-06-01",
        number("8.1"),
    )])
    .await;
    for (question, expected) in [
        ("Observation?code=2951-2", "o3"),
        ("Observation?code=718-7", "o1"),
        ("Observation?subject=Patient/anna", "o2"),
        ("Observation?subject=Patient/bram", "o1 o3 o4"),
        ("Observation?date=lt2024-05-02", "o4"),
        ("Observation?value-quantity=gt100", "o3"),
    ] {
        assert_eq!(kit.ids(question).await, expected, "{question}");
    }
    let delete = store::Change::Delete {
        resource_type: "Observation".into(),
        id: "o1".into(),
        if_match: None,
    };
    kit.write(vec![delete]).await.unwrap();
    assert_eq!(kit.ids("Observation?code=718-7").await, "");
    assert_eq!(kit.ids("Observation?subject=Patient/bram").await, "o3 o4");
    let page = kit
        .page("DiagnosticReport?_include=DiagnosticReport:result")
        .await
        .unwrap();
    assert_eq!(ids(&page.included), "o2");
    assert_eq!(kit.ids("DiagnosticReport?result.code=718-7").await, "");
    let statistics = kit.store.statistics().await.unwrap();
    assert_eq!(
        (statistics.laboratory_coded, statistics.laboratory_uncoded),
        (3, 0)
    );
}

/// When the many observations below were made, as a text that sorts.
fn order(id: &str) -> String {
    let n: u32 = id[1..].parse().unwrap();
    format!("{:02} {:02} {:02}", 1 + n / 700, 1 + n / 24 % 28, n % 24)
}

#[tokio::test]
async fn large_sets_are_found_by_every_way_through_the_indexes() {
    let kit = filled().await;
    let many: Vec<Value> = (0..2_500)
        .map(|n: u32| {
            let (day, hour) = (1 + n / 24 % 28, n % 24);
            let month = 1 + n / 700;
            let day = format!("2020-{month:02}-{day:02}T{hour:02}:00:00Z");
            let code = if n.is_multiple_of(5) { "a" } else { "b" };
            observation(
                &format!("m{n:04}"),
                "anna",
                code,
                &day,
                number(&n.to_string()),
            )
        })
        .collect();
    kit.put(&many).await;
    let count = async |question: &str| {
        let page = kit
            .page(&format!("{question}&_summary=count"))
            .await
            .unwrap();
        page.total.unwrap()
    };
    assert_eq!(count("Observation?code=a").await, 500);
    assert_eq!(count("Observation?code=b").await, 2_000);
    assert_eq!(count("Observation?code=a,b").await, 2_500);
    assert_eq!(count("Observation?code=b&date=lt2021").await, 2_000);
    assert_eq!(
        count("Observation?date=lt2021&value-quantity=ge1000").await,
        1_500
    );
    assert_eq!(
        count("Observation?patient.name=anna&code:text=natrium").await,
        2_502
    );
    assert_eq!(
        count("Observation?value-quantity=ge10&value-quantity=le19").await,
        10
    );
    assert_eq!(
        kit.ids("Observation?date=lt2021&_count=2").await,
        "m0000 m0001"
    );
    assert_eq!(
        kit.ids("Observation?date=lt2021&_sort=-value-quantity&_count=3")
            .await,
        "m2499 m2498 m2497"
    );
    assert_eq!(
        kit.ids("Patient?_has:Observation:patient:code=b").await,
        "anna"
    );
    // Sorted along an index: all pages together are in order, nothing twice,
    // and what has no date comes last.
    for (question, count, first, last) in [
        ("Observation?_sort=-date", 2_505, "o3", "o5"),
        ("Observation?_sort=date", 2_505, "m0000", "o5"),
        ("Observation?code=b&_sort=-date", 2_000, "m2499", "m0672"),
        ("Observation?_sort=-_lastUpdated", 2_505, "o1", "m2499"),
        (
            "Observation?_sort=_lastUpdated&code=b",
            2_000,
            "m0001",
            "m2499",
        ),
    ] {
        let mut page = kit.page(&format!("{question}&_count=300")).await.unwrap();
        let mut found = Vec::new();
        loop {
            found.extend(page.matches.iter().map(|stored| stored.id.clone()));
            let Some(next) = page.next else { break };
            page = kit
                .page(&format!("Observation?_cursor={next}"))
                .await
                .unwrap();
        }
        assert_eq!(
            (found.len(), found[0].as_str()),
            (count, first),
            "{question}"
        );
        assert_eq!(found.last().unwrap(), last, "{question}");
        let distinct: std::collections::BTreeSet<&String> = found.iter().collect();
        assert_eq!(distinct.len(), count, "{question}");
        if question.ends_with("sort=date") {
            assert!(
                found[..2_500].is_sorted_by_key(|id| order(id)),
                "{question}"
            );
        }
    }
}
