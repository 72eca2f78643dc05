use care::Role;
use exchange::{BUNDLE_ENTRIES_MAX, ExchangeError};
use fhir::{Resource, json::Value};
use store::{Change, HistoryOf, Page};

use crate::kit::*;

fn resource(value: Value) -> Resource {
    Resource::from_value(&value).unwrap()
}

#[tokio::test]
async fn a_clinician_reads_at_home_and_every_patient_shown_has_a_line() {
    let region = TestRegion::with_anna().await;
    region
        .store(
            GP,
            vec![
                patient(BERT),
                about(
                    BERT,
                    "Condition",
                    fhir::value!({ "code": { "text": "Jicht" } }),
                ),
            ],
        )
        .await;
    let cx = region.person(GP, Role::GeneralPractitioner);
    let node = region.node(GP);
    let page = node.search(&cx, "Condition", &[]).await.unwrap();
    assert_eq!(page.matches.len(), 2);
    for number in [ANNA, BERT] {
        let log = region
            .node(REGION)
            .access_log(&region.patient(number), &bsn(number))
            .await
            .unwrap();
        assert!(
            log.visits
                .iter()
                .any(|visit| visit.role == Some(Role::GeneralPractitioner))
        );
    }
    let stored = node
        .read(&cx, "Condition", &page.matches[0].id)
        .await
        .unwrap();
    assert_eq!(stored.version, 1);
    assert!(matches!(
        node.read(&cx, "Condition", "absent").await,
        Err(ExchangeError::NotFound)
    ));
    let of = HistoryOf::Instance {
        resource_type: "Condition".into(),
        id: stored.id,
    };
    assert_eq!(
        node.history(&cx, of, Page::first(10))
            .await
            .unwrap()
            .entries
            .len(),
        1
    );
}

#[tokio::test]
async fn nobody_from_elsewhere_comes_in_at_the_own_door() {
    let region = TestRegion::with_anna().await;
    for (number, role) in [
        (HOSPITAL, Role::Internist),
        (HOSPITAL, Role::RecordSystem),
        (GP, Role::Operator),
        (REGION, Role::Coordinator),
    ] {
        let cx = region.person(number, role);
        let refused = region.node(GP).search(&cx, "Condition", &[]).await;
        assert_eq!(refused.unwrap_err().status(), 403, "{role:?}");
        let entry = about(ANNA, "Condition", fhir::value!({}));
        let refused = region
            .node(GP)
            .bundle(&cx, &transaction(vec![patient(ANNA), entry]))
            .await;
        assert_eq!(refused.unwrap_err().status(), 403, "{role:?}");
    }
}

#[tokio::test]
async fn a_bad_entry_leaves_nothing_behind_and_is_named() {
    let region = TestRegion::new();
    let cx = region.person(GP, Role::RecordSystem);
    let good = about(
        ANNA,
        "Condition",
        fhir::value!({ "code": { "text": "Jicht" } }),
    );
    let bad = about(ANNA, "Condition", fhir::value!({ "colour": "red" }));
    let error = region
        .node(GP)
        .bundle(&cx, &transaction(vec![patient(ANNA), good, bad]))
        .await
        .unwrap_err();
    let expressions: Vec<_> = error
        .issues()
        .into_iter()
        .filter_map(|it| it.expression)
        .collect();
    assert!(
        expressions
            .iter()
            .all(|it| it.starts_with("Bundle.entry[2].resource")),
        "{expressions:?}"
    );
    assert!(
        region
            .node(GP)
            .search(&cx, "Condition", &[])
            .await
            .unwrap()
            .matches
            .is_empty()
    );
    assert!(
        region
            .node(GP)
            .search(&cx, "Patient", &[])
            .await
            .unwrap()
            .matches
            .is_empty()
    );

    // A reference that leads nowhere: the store says which entry.
    let dangling = fhir::value!({
        "resource": { "resourceType": "Condition", "subject": { "reference": "Patient?identifier=urn:x|1" } },
        "request": { "method": "POST", "url": "Condition" }
    });
    let error = region
        .node(GP)
        .bundle(&cx, &transaction(vec![patient(ANNA), dangling]))
        .await
        .unwrap_err();
    assert_eq!(
        error.issues()[0].expression.as_deref(),
        Some("Bundle.entry[1]")
    );
    assert!(
        region
            .node(GP)
            .search(&cx, "Patient", &[])
            .await
            .unwrap()
            .matches
            .is_empty()
    );
}

#[tokio::test]
async fn in_a_batch_every_entry_stands_alone() {
    let region = TestRegion::with_anna().await;
    let cx = region.person(GP, Role::RecordSystem);
    let entries = vec![
        fhir::value!({ "request": { "method": "GET", "url": "Condition?_include=Condition:subject" } }),
        fhir::value!({ "request": { "method": "GET", "url": "Condition/absent" } }),
        fhir::value!({ "request": { "method": "PATCH", "url": "Condition/1" } }),
        patient(BERT),
        fhir::value!({ "resource": { "resourceType": "Patient" } }),
    ];
    let answer = region
        .node(GP)
        .bundle(&cx, &bundle("batch", entries))
        .await
        .unwrap();
    let statuses: Vec<&str> = answer
        .get("entry")
        .unwrap()
        .items()
        .iter()
        .map(|entry| entry.get("response").unwrap().text("status").unwrap())
        .collect();
    assert_eq!(statuses, ["200", "404", "422", "201", "422"]);
}

#[tokio::test]
async fn a_write_is_checked_and_versions_count() {
    let region = TestRegion::new();
    let cx = region.person(GP, Role::RecordSystem);
    let update = |birth_date: &str, if_match| Change::Update {
        full_url: None,
        id: "anna".into(),
        if_match,
        resource: resource(fhir::value!({
            "resourceType": "Patient", "id": "anna", "birthDate": birth_date
        })),
    };
    let node = region.node(GP);
    assert_eq!(
        node.write(&cx, update("1950-02-03", None))
            .await
            .unwrap()
            .version,
        1
    );
    assert_eq!(
        node.write(&cx, update("1950-02-04", Some(1)))
            .await
            .unwrap()
            .version,
        2
    );
    assert_eq!(
        node.write(&cx, update("1950-02-05", Some(1)))
            .await
            .unwrap_err()
            .status(),
        412
    );
    let error = node
        .write(&cx, update("1950-02-31T", None))
        .await
        .unwrap_err();
    assert_eq!(
        error.issues()[0].expression.as_deref(),
        Some("Patient.birthDate")
    );
    assert_eq!(
        node.read_version(&cx, "Patient", "anna", 1)
            .await
            .unwrap()
            .version,
        1
    );
    let delete = Change::Delete {
        resource_type: "Patient".into(),
        id: "anna".into(),
        if_match: None,
    };
    node.write(&cx, delete).await.unwrap();
    assert!(matches!(
        node.read(&cx, "Patient", "anna").await,
        Err(ExchangeError::Gone)
    ));
}

#[tokio::test]
async fn unknown_searches_are_refused_and_never_unfiltered() {
    let region = TestRegion::with_anna().await;
    let cx = region.person(GP, Role::GeneralPractitioner);
    let search = |resource_type: &'static str, name: &str, value: &str| {
        let query = [(name.to_owned(), value.to_owned())];
        let (region, cx) = (&region, &cx);
        async move {
            region
                .node(GP)
                .search(cx, resource_type, &query)
                .await
                .unwrap_err()
                .status()
        }
    };
    assert_eq!(search("Condition", "colour", "red").await, 400);
    assert_eq!(search("Condition", "onset-date", "yesterday").await, 400);
    assert_eq!(search("Robot", "name", "x").await, 404);
}

#[tokio::test]
async fn a_bundle_has_a_limited_number_of_entries() {
    let region = TestRegion::new();
    let cx = region.person(GP, Role::RecordSystem);
    let bundle_of = |count: usize| {
        let entry = fhir::value!({ "request": { "method": "DELETE", "url": "Flag/x" } });
        bundle("transaction", vec![entry; count])
    };
    let node = region.node(GP);
    // At the limit it is read; that one id is deleted twice is another matter.
    let at_limit = node.bundle(&cx, &bundle_of(BUNDLE_ENTRIES_MAX)).await;
    assert!(!matches!(
        at_limit,
        Err(ExchangeError::LimitExceeded {
            limit: "BUNDLE_ENTRIES_MAX",
            ..
        })
    ));
    let past = node.bundle(&cx, &bundle_of(BUNDLE_ENTRIES_MAX + 1)).await;
    assert!(matches!(
        past,
        Err(ExchangeError::LimitExceeded {
            max: BUNDLE_ENTRIES_MAX,
            ..
        })
    ));
}

#[tokio::test]
async fn other_bundles_are_refused() {
    let region = TestRegion::new();
    let cx = region.person(GP, Role::RecordSystem);
    for kind in ["message", "searchset"] {
        assert!(
            region
                .node(GP)
                .bundle(&cx, &bundle(kind, vec![]))
                .await
                .is_err()
        );
    }
    let observation = resource(fhir::value!({ "resourceType": "Observation" }));
    assert_eq!(
        region
            .node(GP)
            .bundle(&cx, &observation)
            .await
            .unwrap_err()
            .status(),
        400
    );
}
