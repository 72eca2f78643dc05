//! Search parameters that SearchParameter resources add: what is stored before
//! them is found by them once it was indexed in the background, and until then
//! nobody is given a part of an answer.

use care::{DataCategory, Scope};
use fhir::FhirVersion;
use fhir::json::Value;
use fhir::value;
use store::{Change, Reindexing, Store, StoreError};

use crate::kit::{self, Kit, put};
use crate::place;

/// Resources that take the writer several steps.
const MANY: usize = 1_200;

fn nickname() -> Value {
    definition(
        "nickname",
        "Patient",
        "string",
        "Patient.name.where(use = 'nickname').given",
    )
}

fn definition(code: &str, base: &str, kind: &str, expression: &str) -> Value {
    let id = format!("sp-{code}");
    let url = format!("https://a.example/SearchParameter/{code}");
    value!({
        "resourceType": "SearchParameter", "id": id, "url": url, "name": "x",
        "status": "active", "description": "x", "code": code, "base": [base],
        "type": kind, "expression": expression
    })
}

fn called(id: &str, nickname: &str) -> Value {
    value!({
        "resourceType": "Patient", "id": id,
        "name": [{ "use": "nickname", "given": [nickname] }]
    })
}

/// Waits until nothing is indexed any more. Every search meanwhile is refused or
/// has the whole answer; says how many were refused.
async fn indexed(kit: &Kit, question: &str, expected: &str) -> usize {
    let mut refused = 0;
    loop {
        let under_way = !kit.store.reindexing().await.unwrap().is_empty();
        match kit.page(question).await {
            Ok(page) => assert_eq!(kit::ids(&page.matches), expected, "{question}"),
            Err(StoreError::BeingIndexed { percent, .. }) => {
                assert!(percent.is_none_or(|percent| percent < 100));
                refused += 1;
            }
            Err(error) => panic!("{question}: {error}"),
        }
        if !under_way {
            return refused;
        }
        tokio::task::yield_now().await;
    }
}

async fn unknown(kit: &Kit, question: &str) {
    let refused = kit.page(question).await;
    assert!(
        matches!(refused, Err(StoreError::UnknownParameter { .. })),
        "{question}: {refused:?}"
    );
}

#[tokio::test]
async fn what_was_there_before_is_found_once_it_is_indexed() {
    let kit = Kit::new();
    unknown(&kit, "Patient?nickname=pie").await;
    let all: Vec<Value> = (0..MANY)
        .map(|number| {
            called(
                &format!("p{number}"),
                if number == 7 { "Piet" } else { "Jan" },
            )
        })
        .collect();
    kit.put(&all).await;
    kit.put(&[nickname()]).await;
    let refused = indexed(&kit, "Patient?nickname=pie", "p7").await;
    assert!(refused > 0, "the work is done in the background");
    assert_eq!(kit.ids("Patient?nickname=pie").await, "p7");
    // What comes later is found at once, what changes is found as it is now.
    kit.put(&[called("new", "Pieter"), called("p7", "Jan")])
        .await;
    assert_eq!(kit.ids("Patient?nickname=pie").await, "new");
    let offered = kit.store.added_parameters().await.unwrap();
    assert_eq!(offered.len(), 1);
    assert_eq!(
        (
            &*offered[0].code,
            &*offered[0].definition,
            offered[0].resource_type
        ),
        (
            "nickname",
            "https://a.example/SearchParameter/nickname",
            "Patient"
        )
    );
}

#[tokio::test]
async fn others_read_and_write_while_it_is_indexed() {
    let kit = Kit::new();
    let all: Vec<Value> = (0..MANY)
        .map(|number| called(&format!("p{number}"), "Jan"))
        .collect();
    kit.put(&all).await;
    kit.put(&[nickname()]).await;
    let mut round = 0;
    while !kit.store.reindexing().await.unwrap().is_empty() {
        kit.put(&[called(&format!("during{round}"), "Kees")]).await;
        let question = format!("Patient?_id=during{round}");
        assert_eq!(kit.ids(&question).await, format!("during{round}"));
        round += 1;
    }
    let found = kit
        .page("Patient?nickname=kees&_total=accurate&_count=0")
        .await;
    assert_eq!(found.unwrap().total, Some(round));
    let found = kit
        .page("Patient?nickname=jan&_total=accurate&_count=0")
        .await;
    assert_eq!(found.unwrap().total, Some(MANY as u64));
}

#[tokio::test]
async fn indexing_goes_on_where_it_was_after_the_store_was_closed() {
    let Kit {
        store,
        clock,
        folder,
        cx,
    } = Kit::new();
    let mut kit = Kit {
        store,
        clock,
        folder,
        cx,
    };
    let all: Vec<Value> = (0..MANY)
        .map(|number| {
            called(
                &format!("p{number:04}"),
                if number % 400 == 0 { "Piet" } else { "Jan" },
            )
        })
        .collect();
    kit.put(&all).await;
    kit.put(&[nickname()]).await;
    let mut done = 0;
    let mut closed = 0;
    loop {
        let under_way: Vec<Reindexing> = kit.store.reindexing().await.unwrap();
        let Some(one) = under_way.first() else { break };
        assert_eq!((one.resource_type, one.total), ("Patient", MANY as u64));
        assert!(one.done >= done, "it does not start again");
        done = one.done;
        let options = kit::options(&kit.folder, kit.clock.clone());
        drop(kit.store);
        kit.store = Store::open(options).unwrap();
        closed += 1;
    }
    assert!(closed > 0, "it was closed in the middle");
    assert_eq!(kit.ids("Patient?nickname=piet").await, "p0000 p0400 p0800");
}

#[tokio::test]
async fn a_definition_that_changes_or_goes_changes_what_is_found() {
    let kit = Kit::new();
    kit.put(&[value!({
        "resourceType": "Patient", "id": "p",
        "name": [{ "use": "nickname", "given": ["Piet"] }, { "given": ["Petrus"] }]
    })])
    .await;
    kit.put(&[nickname()]).await;
    indexed(&kit, "Patient?nickname=petrus", "").await;
    // Other words about the same change nothing.
    let mut described = nickname();
    described.set("description", "y");
    kit.put(&[described]).await;
    assert_eq!(kit.ids("Patient?nickname=piet").await, "p");
    let mut wider = nickname();
    wider.set("expression", "Patient.name.given");
    kit.put(&[wider.clone()]).await;
    indexed(&kit, "Patient?nickname=petrus", "p").await;
    wider.set("status", "retired");
    kit.put(&[wider.clone()]).await;
    unknown(&kit, "Patient?nickname=petrus").await;
    wider.set("status", "active");
    kit.put(&[wider]).await;
    indexed(&kit, "Patient?nickname=petrus", "p").await;
    let delete = Change::Delete {
        resource_type: "SearchParameter".into(),
        id: "sp-nickname".into(),
        if_match: None,
    };
    kit.write(vec![delete]).await.unwrap();
    unknown(&kit, "Patient?nickname=petrus").await;
    assert!(kit.store.added_parameters().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_comes_in_the_same_write_is_found_too() {
    let kit = Kit::new();
    let changes = [called("before", "Piet"), nickname(), called("p", "Piet")];
    kit.put(&changes).await;
    indexed(&kit, "Patient?nickname=piet&_sort=_id", "before p").await;
}

#[tokio::test]
async fn a_definition_that_cannot_be_searched_by_is_refused() {
    let kit = Kit::new();
    kit.put(&[nickname()]).await;
    indexed(&kit, "Patient?nickname=piet", "").await;
    let refused = |value: Value| {
        let kit = &kit;
        async move {
            match kit.write(vec![put(&value)]).await {
                Err(StoreError::NotSearchable { at: 0, issues }) => issues
                    .into_iter()
                    .filter_map(|issue| issue.expression)
                    .collect::<Vec<_>>()
                    .join(" "),
                other => panic!("{other:?}"),
            }
        }
    };
    let wrong = definition("birthdate", "Patient", "date", "Patient.birthDate.(");
    assert_eq!(
        refused(wrong).await,
        "SearchParameter.expression SearchParameter.code"
    );
    let mut twice = nickname();
    twice.set("id", "other");
    assert_eq!(refused(twice).await, "SearchParameter.code");
    // Refused means not written.
    assert_eq!(kit.ids("SearchParameter").await, "sp-nickname");
    assert_eq!(kit.store.added_parameters().await.unwrap().len(), 1);
}

#[tokio::test]
async fn added_parameters_end_at_their_limit() {
    use store::limits::ADDED_PARAMETERS_MAX;
    let kit = Kit::new();
    let numbered =
        |number: usize| definition(&format!("x{number}"), "Basic", "token", "Basic.code");
    let all: Vec<Value> = (0..ADDED_PARAMETERS_MAX).map(numbered).collect();
    kit.put(&all).await;
    let one_more = kit.write(vec![put(&numbered(ADDED_PARAMETERS_MAX))]).await;
    assert!(matches!(one_more, Err(StoreError::NotSearchable { .. })));
}

#[tokio::test]
async fn each_kind_is_searched_in_every_place() {
    let kit = Kit::new();
    let extension = |name: &str| format!("https://a.example/{name}");
    kit.put(&[
        value!({ "resourceType": "Practitioner", "id": "d", "name": [{ "family": "Dijk" }] }),
        value!({
            "resourceType": "Patient", "id": "a",
            "extension": [
                { "url": (extension("colour")), "valueCoding": { "system": "urn:c", "code": "red" } },
                { "url": (extension("doctor")), "valueReference": { "reference": "Practitioner/d" } },
                { "url": (extension("since")), "valueDate": "2020-05-01" },
                { "url": (extension("weight")), "valueQuantity": {
                    "value": 70, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg" } },
                { "url": (extension("count")), "valueInteger": 3 },
                { "url": (extension("home")), "valueUri": "urn:a:b" }
            ]
        }),
        value!({
            "resourceType": "Patient", "id": "b",
            "extension": [
                { "url": (extension("colour")), "valueCoding": { "system": "urn:c", "code": "blue" } },
                { "url": (extension("since")), "valueDate": "2021-05-01" }
            ]
        }),
        value!({ "resourceType": "Observation", "id": "o", "status": "final",
            "code": { "text": "x" }, "subject": { "reference": "Patient/a" } }),
    ])
    .await;
    let of = |code: &str, kind: &str| {
        let expression = format!("Patient.extension('{}').value", extension(code));
        definition(code, "Patient", kind, &expression)
    };
    let mut doctor = of("doctor", "reference");
    doctor.set("target", value!(["Practitioner"]));
    kit.put(&[
        of("colour", "token"),
        doctor,
        of("since", "date"),
        of("weight", "quantity"),
        of("count", "number"),
        of("home", "uri"),
    ])
    .await;
    indexed(&kit, "Patient?colour=red", "a").await;
    for (question, expected) in [
        ("Patient?colour=urn:c|blue", "b"),
        ("Patient?colour:not=red", "b"),
        ("Patient?colour:missing=true", ""),
        ("Patient?doctor:missing=true", "b"),
        ("Patient?doctor=Practitioner/d", "a"),
        ("Patient?doctor.name=dijk", "a"),
        ("Patient?doctor:Practitioner.name=dijk", "a"),
        ("Practitioner?_has:Patient:doctor:colour=red", "d"),
        ("Practitioner?_has:Patient:doctor:colour=blue", ""),
        ("Observation?subject:Patient.colour=red", "o"),
        ("Observation?patient.doctor.name=dijk", "o"),
        ("Patient?since=ge2021", "b"),
        ("Patient?_sort=since", "a b"),
        ("Patient?_sort=-since", "b a"),
        ("Patient?_sort=-colour", "a b"),
        ("Patient?weight=70|http://unitsofmeasure.org|kg", "a"),
        ("Patient?weight=gt60", "a"),
        ("Patient?count=3", "a"),
        ("Patient?home=urn:a:b", "a"),
        ("Patient?_filter=colour eq red and since lt 2021", "a"),
        ("Patient?_filter=not(colour eq red)", "b"),
    ] {
        assert_eq!(kit.ids(question).await, expected, "{question}");
    }
    for (question, expected) in [
        ("Patient?colour=red&_include=Patient:doctor", "d"),
        ("Patient?colour=red&_include=*", "d"),
        ("Practitioner?_id=d&_revinclude=Patient:doctor", "a"),
        ("Practitioner?_id=d&_revinclude=*", "a"),
    ] {
        let page = kit.page(question).await.unwrap();
        assert_eq!(kit::ids(&page.included), expected, "{question}");
    }
    unknown(&kit, "Observation?colour=red").await;
    unknown(&kit, "Person?doctor=d").await;
}

#[tokio::test]
async fn stu3_has_them_too() {
    let kit = Kit::of(FhirVersion::Stu3);
    let resource = |value: Value| {
        let bytes = value.to_bytes();
        let resource = fhir::Resource::parse_in(FhirVersion::Stu3, bytes).unwrap();
        let id = resource.id().unwrap().into_owned();
        Change::Update {
            full_url: None,
            resource,
            id,
            if_match: None,
        }
    };
    kit.write(vec![resource(called("p", "Piet")), resource(nickname())])
        .await
        .unwrap();
    indexed(&kit, "Patient?nickname=piet", "p").await;
}

#[tokio::test]
async fn how_far_it_is_is_told_to_the_organisation_only() {
    let kit = Kit::new();
    let all: Vec<Value> = (0..MANY)
        .map(|number| called(&format!("p{number}"), "Jan"))
        .collect();
    kit.put(&all).await;
    kit.put(&[nickname()]).await;
    let patient = kit::scope(0, &[DataCategory::Patient]);
    let mut refused = 0;
    while !kit.store.reindexing().await.unwrap().is_empty() {
        match kit.page_in(&patient, "Patient", "nickname=jan").await {
            Err(StoreError::BeingIndexed { percent: None, .. }) => refused += 1,
            Ok(page) => assert!(page.matches.is_empty()),
            other => panic!("{other:?}"),
        }
    }
    assert!(refused > 0);
    let page = kit
        .page_in(&Scope::Organisation, "Patient", "nickname=jan&_count=1")
        .await;
    assert_eq!(page.unwrap().matches.len(), 1);
}

#[tokio::test]
async fn identifiers_are_found_by_their_type() {
    let kit = Kit::new();
    let typed = |id: &str, code: &str, value: &str| {
        value!({
            "resourceType": "Patient", "id": id,
            "identifier": [{
                "type": { "coding": [
                    { "system": "urn:t", "code": code }, { "system": "urn:u", "code": "other" } ] },
                "system": "urn:a", "value": value
            }]
        })
    };
    kit.put(&[
        typed("a", "MR", "446053"),
        typed("b", "SS", "446053"),
        typed("c", "M|R", "1"),
        typed("d", "M", "R|1"),
    ])
    .await;
    for (question, expected) in [
        ("Patient?identifier:of-type=urn:t|MR|446053", "a"),
        ("Patient?identifier:of-type=urn:u|other|446053", "a b"),
        ("Patient?identifier:of-type=urn:u|MR|446053", ""),
        ("Patient?identifier:of-type=urn:t|MR|44605", ""),
        (
            "Patient?identifier:of-type=urn:t|M\\|R|1,urn:t|MR|446053",
            "a c",
        ),
        ("Patient?identifier:of-type=urn:t|M|R\\|1", "d"),
    ] {
        assert_eq!(kit.ids(question).await, expected, "{question}");
    }
    for wrong in [
        "a",
        "a|b",
        "|MR|446053",
        "urn:t||446053",
        "urn:t|MR|",
        "a|b|c|d",
    ] {
        let page = kit
            .page(&format!("Patient?identifier:of-type={wrong}"))
            .await;
        assert!(
            matches!(page, Err(StoreError::InvalidValue { .. })),
            "{wrong}"
        );
    }
    let stu3 = Kit::of(FhirVersion::Stu3);
    let page = stu3.page("Patient?identifier:of-type=a|b|c").await;
    assert!(matches!(page, Err(StoreError::UnsupportedModifier { .. })));
}

#[tokio::test]
async fn a_database_of_an_earlier_release_is_indexed_anew() {
    let mut kit = Kit::new();
    let all: Vec<Value> = (0..MANY)
        .map(|number| {
            value!({
                "resourceType": "Patient", "id": (format!("p{number}")), "gender": "female",
                "identifier": [{
                    "type": { "coding": [{ "system": "urn:t", "code": "MR" }] },
                    "value": (format!("{number}"))
                }]
            })
        })
        .collect();
    kit.put(&all).await;
    kit.put(&[value!({
        "resourceType": "Observation", "id": "o", "status": "final", "code": { "text": "x" },
        "valueQuantity": { "value": 2, "system": "http://unitsofmeasure.org", "code": "g" }
    })])
    .await;
    let options = kit::options(&kit.folder, kit.clock.clone());
    drop(kit.store);
    // What a release before these rules left.
    let sql = format!(
        "UPDATE index_state SET rules = 1; UPDATE resource SET entries = CAST('' AS {})",
        place::bytes()
    );
    place::execute(kit.folder.path(), &sql);
    kit.store = Store::open(options).unwrap();
    assert!(!kit.store.reindexing().await.unwrap().is_empty());
    // What needs no new rule is answered at once.
    assert_eq!(kit.ids("Patient?_id=p7").await, "p7");
    let question = "Patient?identifier:of-type=urn:t|MR|7";
    let refused = indexed(&kit, question, "p7").await;
    assert!(refused > 0);
    let weight = "Observation?value-quantity=2000|http://unitsofmeasure.org|mg";
    indexed(&kit, weight, "o").await;
    assert_eq!(kit.ids(question).await, "p7");
    assert_eq!(kit.ids(weight).await, "o");
    assert_eq!(kit.ids("Patient?gender=male").await, "");
}
