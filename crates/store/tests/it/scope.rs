//! What is hidden answers as if it were not there.

use std::collections::{BTreeMap, BTreeSet};

use care::{Bsn, Categories, DataCategory, Scope};
use fhir::json::Value;
use proptest::prelude::*;
use store::{Change, Found, HistoryOf, Page, StoreError};

use crate::kit::{BSNS, Kit, bsn, ids, merged, pairs, patient, put, resource, scope, whole_scope};

/// What a scope lets through, said a second time and without a database: a
/// resource of exactly one patient, who has the BSN, with a label, and with no
/// label outside the set.
struct Plain {
    values: Vec<Value>,
}

impl Plain {
    fn of(&self, id: &str) -> Option<&Value> {
        self.values
            .iter()
            .find(|value| value.text("id") == Some(id))
    }

    fn patients(&self, value: &Value) -> BTreeSet<String> {
        let resource = resource(value);
        let mut patients: BTreeSet<String> =
            fhir::compartment::patients(&resource).into_iter().collect();
        for target in self.targets(value) {
            patients.extend(self.patients(target));
        }
        patients
    }

    fn labels(&self, value: &Value) -> Categories {
        self.targets(value)
            .map(|target| self.labels(target))
            .fold(fhir::label(&resource(value)), Categories::union)
    }

    /// What a Provenance is about.
    fn targets(&self, value: &Value) -> impl Iterator<Item = &Value> {
        value
            .get("target")
            .map(Value::items)
            .unwrap_or_default()
            .iter()
            .filter_map(|target| {
                let (resource_type, id) = target.text("reference")?.split_once('/')?;
                self.of(id)
                    .filter(|value| value.text("resourceType") == Some(resource_type))
            })
    }

    fn lets_through(&self, value: &Value, bsn: &Bsn, categories: Categories) -> bool {
        let patients = self.patients(value);
        let labels = self.labels(value);
        let has_bsn = |reference: &String| match reference.split_once('=') {
            Some((_, token)) => *token == bsn.token(),
            None => reference
                .split_once('/')
                .and_then(|(_, id)| self.of(id))
                .is_some_and(|patient| {
                    let identifier = patient.get("identifier").map(Value::items);
                    identifier.is_some_and(|items| items[0].text("value") == Some(bsn.expose()))
                }),
        };
        patients.len() == 1
            && patients.iter().all(has_bsn)
            && !labels.is_empty()
            && categories.contains_all(labels)
    }

    fn is_directory(value: &Value) -> bool {
        matches!(
            value.text("resourceType"),
            Some("Medication" | "Organization")
        )
    }
}

fn subject(number: usize) -> Value {
    match number {
        0..4 => fhir::value!({ "reference": (format!("Patient/p{number}")) }),
        4 => fhir::value!({ "identifier": { "system": (Bsn::SYSTEM), "value": (BSNS[0]) } }),
        _ => fhir::value!({ "display": "somebody" }),
    }
}

fn one(at: usize, (kind, who, code, day, other): (usize, usize, usize, usize, usize)) -> Value {
    let id = format!("x{at}");
    let code = ["a", "b", "c"][code];
    let coded = fhir::value!({ "coding": [{ "system": "urn:c", "code": code }] });
    let day = format!("2024-01-0{}", 1 + day);
    let mut value = fhir::value!({ "id": id });
    match kind {
        0..=2 => {
            value.set("resourceType", "Observation");
            let category = ["laboratory", "vital-signs", "none"][kind];
            value.set(
                "category",
                fhir::value!([{ "coding": [{
                    "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                    "code": category,
                }] }]),
            );
            value.set("code", coded);
            value.set("effectiveDateTime", day);
            value.set(
                "encounter",
                fhir::value!({ "reference": (format!("Encounter/x{other}")) }),
            );
            value.set(
                "hasMember",
                fhir::value!([{ "reference": (format!("Observation/x{other}")) }]),
            );
        }
        3 => {
            value.set("resourceType", "Encounter");
            value.set("type", fhir::value!([coded]));
            value.set("period", fhir::value!({ "start": day }));
            value.set(
                "serviceProvider",
                fhir::value!({ "reference": (format!("Organization/x{other}")) }),
            );
        }
        4 => {
            value.set("resourceType", "Condition");
            value.set("code", coded);
            value.set(
                "encounter",
                fhir::value!({ "reference": (format!("Encounter/x{other}")) }),
            );
        }
        5 => {
            value.set("resourceType", "MedicationRequest");
            value.set(
                "medicationReference",
                fhir::value!({ "reference": (format!("Medication/x{other}")) }),
            );
            value.set("authoredOn", day);
        }
        6 => {
            value.set("resourceType", "Medication");
            value.set("code", coded);
            return value;
        }
        7 => {
            value.set("resourceType", "Organization");
            value.set("name", code);
            return value;
        }
        8 => {
            value.set("resourceType", "List");
            value.set("date", day);
            let entries: Vec<Value> = ["Observation", "Condition"]
                .iter()
                .map(|name| format!("{name}/x{other}"))
                .map(|item| fhir::value!({ "item": { "reference": item } }))
                .collect();
            value.set("entry", entries);
        }
        _ => {
            value.set("resourceType", "Provenance");
            value.set("recorded", day);
            let targets: Vec<Value> = ["Observation", "Condition", "Encounter"]
                .iter()
                .map(|name| fhir::value!({ "reference": (format!("{name}/x{other}")) }))
                .collect();
            value.set("target", targets);
            return value;
        }
    }
    value.set("subject", subject(who));
    value
}

/// Search parameters of the organisation's own: a code, a reference and a date.
fn definitions() -> [Value; 3] {
    let of = |code: &str, kind: &str, bases: &[&str], expression: &str| {
        let url = format!("urn:sp:{code}");
        let id = format!("sp-{code}");
        fhir::value!({
            "resourceType": "SearchParameter", "id": id, "url": url, "name": "x",
            "status": "active", "description": "x", "code": code, "type": kind,
            "base": (bases.iter().map(|base| Value::from(*base)).collect::<Vec<_>>()),
            "expression": expression,
        })
    };
    [
        of(
            "what",
            "token",
            &["Observation", "Encounter", "Condition"],
            "Observation.code | Encounter.type | Condition.code",
        ),
        of(
            "beside",
            "reference",
            &["Observation"],
            "Observation.encounter | Observation.hasMember",
        ),
        of("begin", "date", &["Encounter"], "Encounter.period.start"),
    ]
}

/// Writes the definitions, and waits until all that is there is found by them.
async fn define(kit: &Kit) {
    kit.put(&definitions()).await;
    while !kit.store.reindexing().await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
}

/// Questions on all that there is, with every kind of join.
const QUESTIONS: [&str; 50] = [
    "Observation?_total=accurate",
    "Observation?code=a&_total=accurate",
    "Observation?code:not=b",
    "Observation?date=ge2024-01-03&_sort=-date,_id&_total=accurate",
    "Observation?subject=Patient/p0",
    "Observation?patient.identifier=http://fhir.nl/fhir/NamingSystem/bsn|999911119",
    "Observation?encounter.type=a",
    "Observation?encounter:missing=false&encounter.date=ge2024-01-02",
    "Observation?encounter.service-provider.name=a",
    "Observation?has-member.code=b",
    "Observation?_has:Observation:has-member:code=a",
    "Encounter?_has:Observation:encounter:code=a&_total=accurate",
    "Encounter?_has:Condition:encounter:code=b",
    "Patient?_has:Observation:patient:code=c",
    "Patient?_has:Encounter:patient:_has:Observation:encounter:code=a",
    "Patient?_revinclude=Observation:subject&_revinclude:iterate=Provenance:target",
    "Observation?_include=*&_include:iterate=Encounter:service-provider",
    "MedicationRequest?_include=MedicationRequest:medication",
    "MedicationRequest?medication.code=a",
    "Condition?_include=Condition:encounter&_revinclude=Provenance:target",
    "Provenance?target.code=a",
    "Provenance?_include=Provenance:target&_sort=_id",
    "Encounter?_sort=-date,_id&_count=2&_total=accurate",
    "Observation?_lastUpdated=ge2020&_summary=count",
    "Observation?_list=x0,x1,x2,x3,x4,x5,x6,x7,x8,x9,x10,x11,x12,x13&_total=accurate",
    "Patient?_has:Observation:patient:_list=x0,x1,x2,x3,x4,x5,x6",
    "Observation?_filter=not (encounter.type eq a)&_total=accurate",
    "Observation?_filter=code eq a and has-member.code ne b or encounter re Encounter/x2",
    "Observation?_filter=(date po 2024-01-03 or date gt 2024-01-04) and patient._id ne p2",
    "Patient?_filter=not (_has:Observation:patient:code eq c)",
    "Patient?_filter=_has:Encounter:patient:_has:Condition:encounter:code pr true",
    "Encounter?_filter=service-provider.name co a or type eq b",
    "Observation?encounter._has:Condition:encounter:code=a",
    "Observation?code:not=a&_sort=subject,-encounter,_id&_total=accurate",
    "Observation?_sort=-has-member,code,-_id&_count=3",
    "Patient?_revinclude=*&_sort=_id",
    "Encounter?_revinclude=*&_include:iterate=*",
    "Condition?encounter:missing=false&_sort=-encounter,_id",
    "Provenance?_filter=target.code in http://x/unknown or recorded gt 2024",
    "Observation?what=a&_total=accurate",
    "Observation?what:not=a&_sort=-what,_id",
    "Observation?what:missing=true",
    "Observation?beside.what=b&_total=accurate",
    "Observation?beside:Encounter.begin=ge2024-01-03",
    "Encounter?_has:Observation:beside:what=a&_sort=-begin,_id",
    "Observation?_has:Observation:beside:_has:Observation:beside:what=c",
    "Observation?_sort=beside,_id&_include=Observation:beside&_include:iterate=Observation:beside",
    "Encounter?_revinclude=Observation:beside&_total=accurate",
    "Observation?_filter=not (beside.what eq a) and what ne c",
    "Provenance?target.what=a&_sort=_id",
];

/// Questions across types.
const ACROSS: [&str; 5] = [
    "_type=Observation,Condition,Encounter&_filter=patient.identifier eq 999911119",
    "_type=Observation,Condition&code=a&_total=accurate&_sort=_id",
    "_type=Patient,Observation,Encounter&_id=x0,x1,x2,x3,p0,p1&_sort=-_id&_count=3&_total=accurate",
    "_type=Patient,List&_sort=_id&_revinclude=Observation:subject",
    "_type=Observation,List&_sort=-date,_id&_count=2",
];

async fn check(values: &[Value], bsn_number: usize, categories: Categories, in_order: bool) {
    let everything = Kit::new();
    let only = Kit::new();
    let plain = Plain {
        values: values.to_vec(),
    };
    let (bsn, scope) = (
        bsn(bsn_number),
        Scope::Patient {
            bsn: bsn(bsn_number),
            categories,
        },
    );
    let visible: Vec<Value> = values
        .iter()
        .filter(|value| plain.lets_through(value, &bsn, categories) || Plain::is_directory(value))
        .cloned()
        .collect();
    // In one write or in many, patients first or last, what to search by before
    // or after what is searched: it makes no difference.
    if in_order {
        define(&everything).await;
        everything.put(values).await;
    } else {
        for value in values.iter().rev() {
            everything.put(std::slice::from_ref(value)).await;
        }
        define(&everything).await;
    }
    define(&only).await;
    if !visible.is_empty() {
        only.put(&visible).await;
    }
    for question in QUESTIONS.into_iter().chain(ACROSS) {
        let (seen, expected) = if let Some((resource_type, query)) = question.split_once('?') {
            (
                everything.page_in(&scope, resource_type, query).await,
                only.page_in(&Scope::Organisation, resource_type, query)
                    .await,
            )
        } else {
            let query = pairs(question);
            let (here, all) = (&everything.cx, Scope::Organisation);
            (
                everything.store.search_types(here, &scope, &query).await,
                only.store.search_types(&only.cx, &all, &query).await,
            )
        };
        let (seen, expected) = match (seen, expected) {
            (Ok(seen), Ok(expected)) => (seen, expected),
            (Err(seen), Err(expected)) => {
                assert_eq!(seen.to_string(), expected.to_string(), "{question}");
                continue;
            }
            (seen, expected) => panic!("{question}: {seen:?} {expected:?}"),
        };
        let show = |found: &[store::Stored]| {
            let mut ids: Vec<String> = found.iter().map(|stored| stored.id.clone()).collect();
            if !question.contains("_sort") {
                ids.sort();
            }
            ids
        };
        assert_eq!(seen.total, expected.total, "{question}");
        assert_eq!(show(&seen.matches), show(&expected.matches), "{question}");
        let set = |found: &[store::Stored]| {
            found
                .iter()
                .map(|stored| stored.id.clone())
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(set(&seen.included), set(&expected.included), "{question}");
        assert_eq!(seen.next.is_some(), expected.next.is_some(), "{question}");
    }
    for value in values {
        let (resource_type, id) = (
            value.text("resourceType").unwrap(),
            value.text("id").unwrap(),
        );
        let expected = plain.lets_through(value, &bsn, categories);
        let read = everything.read(&scope, resource_type, id).await;
        assert_eq!(read != "absent", expected, "{resource_type} {id}");
        let version = everything
            .store
            .read_version(&everything.cx, &scope, resource_type, id, 1)
            .await;
        assert_eq!(version.unwrap() != Found::Absent, expected);
    }
    let history = everything
        .store
        .history(
            &everything.cx,
            &scope,
            HistoryOf::System,
            Page::first(1_000),
        )
        .await
        .unwrap();
    let seen: BTreeSet<String> = history
        .entries
        .into_iter()
        .map(|entry| entry.stored.id)
        .collect();
    let expected: BTreeSet<String> = visible
        .iter()
        .filter(|value| !Plain::is_directory(value))
        .map(|value| value.text("id").unwrap().to_owned())
        .collect();
    assert_eq!(seen, expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn a_scope_is_a_store_that_holds_only_what_it_lets_through(
        drawn in prop::collection::vec((0..10_usize, 0..6_usize, 0..3_usize, 0..5_usize, 0..14_usize), 1..14),
        labels in prop::collection::vec(prop::sample::select(vec![
            DataCategory::Patient, DataCategory::ObservationLaboratory,
            DataCategory::ObservationVitalSigns, DataCategory::Encounter,
            DataCategory::Condition, DataCategory::MedicationRequest,
        ]), 0..6),
        all in any::<bool>(),
        bsn_number in 0..2_usize,
        in_order in any::<bool>(),
    ) {
        let mut values = vec![patient("p0", 0), patient("p1", 1), patient("p2", 0)];
        values.push(fhir::value!({ "resourceType": "Patient", "id": "p3" }));
        values.extend(drawn.into_iter().enumerate().map(|(at, drawn)| one(at, drawn)));
        let categories = if all { Categories::ALL } else { labels.into_iter().collect() };
        tokio::runtime::Runtime::new()
            .unwrap()
            .block_on(check(&values, bsn_number, categories, in_order));
    }
}

#[tokio::test]
async fn only_the_label_that_is_asked_for_is_seen() {
    let kit = Kit::new();
    let about = |resource_type: &str, id: &str| {
        fhir::value!({ "resourceType": resource_type, "id": id,
            "subject": { "reference": "Patient/p" } })
    };
    kit.put(&[
        patient("p", 0),
        about("Condition", "c"),
        about("Flag", "f"),
        about("Basic", "b"),
    ])
    .await;
    let narrow = scope(0, &[DataCategory::Condition]);
    for (resource_type, id, seen) in [
        ("Condition", "c", true),
        ("Flag", "f", false),
        ("Basic", "b", false),
        ("Patient", "p", false),
    ] {
        assert_eq!(
            kit.read(&narrow, resource_type, id).await != "absent",
            seen,
            "{resource_type}"
        );
    }
    for scope in [Scope::Nothing, whole_scope(1), scope(0, &[])] {
        assert_eq!(kit.read(&scope, "Condition", "c").await, "absent");
        let page = kit
            .page_in(&scope, "Condition", "_total=accurate")
            .await
            .unwrap();
        assert_eq!((page.total, page.matches.len()), (Some(0), 0));
    }
}

#[tokio::test]
async fn deletions_and_moves_to_another_patient_stay_hidden() {
    let kit = Kit::new();
    let condition = |patient: &str| {
        fhir::value!({ "resourceType": "Condition", "id": "c",
            "subject": { "reference": (format!("Patient/{patient}")) } })
    };
    kit.put(&[patient("p", 0), patient("q", 1), condition("p")])
        .await;
    let moved = kit.write(vec![put(&condition("q"))]).await;
    assert!(
        matches!(moved, Err(StoreError::OtherSubject { at: 0 })),
        "{moved:?}"
    );
    // Two files turn out to be of one person.
    kit.put(&[merged(patient("q", 1), "p")]).await;
    kit.put(&[condition("q")]).await;
    let versions = async |number: usize| {
        let of = HistoryOf::Instance {
            resource_type: "Condition".into(),
            id: "c".into(),
        };
        let page = kit
            .store
            .history(&kit.cx, &whole_scope(number), of, Page::first(10))
            .await
            .unwrap();
        page.entries
            .iter()
            .map(|entry| entry.stored.version)
            .collect::<Vec<_>>()
    };
    assert_eq!((versions(0).await, versions(1).await), (vec![], vec![2]));
    let first = kit
        .store
        .read_version(&kit.cx, &whole_scope(0), "Condition", "c", 1)
        .await
        .unwrap();
    assert_eq!(first, Found::Absent);
    let delete = Change::Delete {
        resource_type: "Condition".into(),
        id: "c".into(),
        if_match: None,
    };
    kit.write(vec![delete]).await.unwrap();
    assert_eq!(kit.read(&whole_scope(0), "Condition", "c").await, "absent");
    assert_eq!(
        kit.read(&whole_scope(1), "Condition", "c").await,
        "deleted v3"
    );
}

#[tokio::test]
async fn provenance_follows_what_it_is_about() {
    let kit = Kit::new();
    let about = |resource_type: &str, patient: &str| {
        fhir::value!({ "resourceType": resource_type, "id": "x",
            "subject": { "reference": (format!("Patient/{patient}")) } })
    };
    let provenance = fhir::value!({ "resourceType": "Provenance", "id": "v",
        "target": [{ "reference": "Condition/x" }, { "reference": "Flag/x" }] });
    // The Provenance comes first; its targets bring what it is labelled with.
    kit.put(&[provenance]).await;
    kit.put(&[patient("p", 0), patient("q", 1)]).await;
    let seen = async |scope: &Scope| kit.read(scope, "Provenance", "v").await != "absent";
    assert!(!seen(&whole_scope(0)).await);
    kit.put(&[about("Condition", "p")]).await;
    assert!(seen(&scope(0, &[DataCategory::Condition])).await);
    kit.put(&[about("Flag", "p")]).await;
    assert!(!seen(&scope(0, &[DataCategory::Condition])).await);
    assert!(seen(&scope(0, &[DataCategory::Condition, DataCategory::Alert])).await);
    kit.put(&[merged(patient("q", 1), "p")]).await;
    kit.put(&[about("Flag", "q")]).await;
    assert!(!seen(&whole_scope(0)).await && !seen(&whole_scope(1)).await);
    kit.put(&[about("Condition", "q")]).await;
    assert!(!seen(&whole_scope(0)).await && seen(&whole_scope(1)).await);
}

#[tokio::test]
async fn a_patient_is_known_by_one_bsn_only() {
    let kit = Kit::new();
    let mut confused = patient("p", 0);
    let other = patient("q", 1).get("identifier").unwrap().items()[0].clone();
    kit.put(&[confused.clone()]).await;
    assert_ne!(kit.read(&whole_scope(0), "Patient", "p").await, "absent");
    confused.get_mut("identifier").unwrap().push(other);
    kit.put(&[confused]).await;
    for number in [0, 1] {
        assert_eq!(
            kit.read(&whole_scope(number), "Patient", "p").await,
            "absent"
        );
    }
    // A correction moves all that belongs to the patient.
    kit.put(&[patient("p", 1)]).await;
    assert_eq!(kit.read(&whole_scope(0), "Patient", "p").await, "absent");
    assert_ne!(kit.read(&whole_scope(1), "Patient", "p").await, "absent");
}

#[tokio::test]
async fn a_credential_for_one_patient_cannot_use_the_scope_of_another() {
    let kit = Kit::new();
    let cx = kit.cx.about(&bsn(0), None, None).unwrap();
    let other = kit.store.read(&cx, &whole_scope(1), "Patient", "p").await;
    assert!(matches!(other, Err(StoreError::OtherPatient)));
    let page = store::AuditPage {
        before: None,
        limit: 1,
    };
    let other = kit.store.audit_about(&cx, &bsn(1), page).await;
    assert!(matches!(other, Err(StoreError::OtherPatient)));
    assert!(
        kit.store
            .read(&cx, &whole_scope(0), "Patient", "p")
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn pages_under_a_scope_stay_under_it() {
    let kit = Kit::new();
    let mut values = vec![patient("p", 0), patient("q", 1)];
    for n in 0..10 {
        for owner in ["p", "q"] {
            values.push(
                fhir::value!({ "resourceType": "Condition", "id": (format!("{owner}{n}")),
                "subject": { "reference": (format!("Patient/{owner}")) } }),
            );
        }
    }
    kit.put(&values).await;
    let mut seen: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let first = kit
        .page_in(&whole_scope(0), "Condition", "_count=4")
        .await
        .unwrap();
    let next = first.next.unwrap();
    // The same cursor under another scope goes on in that scope.
    for number in [0, 1] {
        let page = kit
            .page_in(
                &whole_scope(number),
                "Condition",
                &format!("_cursor={next}"),
            )
            .await;
        seen.entry(number)
            .or_default()
            .push(ids(&page.unwrap().matches));
    }
    assert_eq!(seen[&0], ["p4 p5 p6 p7"]);
    assert!(seen[&1][0].split(' ').all(|id| id.starts_with('q')));
}
