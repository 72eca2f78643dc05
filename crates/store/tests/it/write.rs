//! Writing: versions, conditions, references, all or nothing.

use care::Scope;
use store::{Alongside, Change, Found, HistoryOf, Interaction, Page, Status, StoreError};

use crate::kit::{self, Kit, pairs, patient, put, resource, whole_scope};

fn create(value: &fhir::json::Value) -> Change {
    Change::Create {
        full_url: None,
        resource: resource(value),
        if_none_exist: None,
    }
}

#[tokio::test]
async fn a_resource_keeps_its_bytes_and_gets_id_version_and_time() {
    let kit = Kit::new();
    let text = r#"{ "resourceType":"Observation", "status":"final", "code":{"text":"x"},
  "valueQuantity":{"value":1.50}, "meta":{"source":"urn:x"} }"#;
    let change = Change::Create {
        full_url: None,
        resource: fhir::Resource::parse(text).unwrap(),
        if_none_exist: None,
    };
    let outcome = kit.write(vec![change]).await.unwrap().remove(0);
    assert_eq!((outcome.status, outcome.version), (Status::Created, 1));
    insta::assert_snapshot!(
        kit.read(&Scope::Organisation, "Observation", &outcome.id).await,
        @r#"
    { "resourceType":"Observation","id":"00000000-0000-0000-0000-000000000001", "status":"final", "code":{"text":"x"},
      "valueQuantity":{"value":1.50}, "meta":{"versionId":"1","lastUpdated":"2026-01-01T00:00:00.000Z","source":"urn:x"} }
    "#
    );
}

#[tokio::test]
async fn versions_follow_each_other_and_can_all_be_read() {
    let kit = Kit::new();
    let basic =
        |code: &str| fhir::value!({ "resourceType": "Basic", "id": "a", "code": { "text": code } });
    let statuses = |outcomes: Vec<store::Outcome>| (outcomes[0].status, outcomes[0].version);
    assert_eq!(
        statuses(kit.write(vec![put(&basic("1"))]).await.unwrap()),
        (Status::Created, 1)
    );
    kit.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(
        statuses(kit.write(vec![put(&basic("1"))]).await.unwrap()),
        (Status::Unchanged, 1)
    );
    assert_eq!(
        statuses(kit.write(vec![put(&basic("2"))]).await.unwrap()),
        (Status::Updated, 2)
    );
    let delete = || Change::Delete {
        resource_type: "Basic".to_owned(),
        id: "a".to_owned(),
        if_match: None,
    };
    assert_eq!(
        statuses(kit.write(vec![delete()]).await.unwrap()),
        (Status::Deleted, 3)
    );
    assert_eq!(
        statuses(kit.write(vec![delete()]).await.unwrap()),
        (Status::Deleted, 3)
    );
    assert_eq!(
        kit.read(&Scope::Organisation, "Basic", "a").await,
        "deleted v3"
    );
    assert_eq!(kit.ids("Basic").await, "");
    assert_eq!(
        statuses(kit.write(vec![put(&basic("3"))]).await.unwrap()),
        (Status::Created, 4)
    );

    for (version, text) in [(1, "\"1\""), (2, "\"2\""), (4, "\"3\"")] {
        let found = kit
            .store
            .read_version(&kit.cx, &Scope::Organisation, "Basic", "a", version)
            .await
            .unwrap()
            .here()
            .unwrap();
        assert!(String::from_utf8_lossy(&found.body).contains(text));
    }
    let deleted = kit
        .store
        .read_version(&kit.cx, &Scope::Organisation, "Basic", "a", 3)
        .await;
    assert!(matches!(
        deleted.unwrap(),
        Found::Deleted { version: 3, .. }
    ));
    let never = kit
        .store
        .read_version(&kit.cx, &Scope::Organisation, "Basic", "a", 5)
        .await;
    assert_eq!(never.unwrap(), Found::Absent);

    let instance = HistoryOf::Instance {
        resource_type: "Basic".to_owned(),
        id: "a".to_owned(),
    };
    for of in [
        instance,
        HistoryOf::Type {
            resource_type: "Basic".to_owned(),
        },
        HistoryOf::System,
    ] {
        let mut cursor = None;
        let mut seen = Vec::new();
        loop {
            let page = Page {
                cursor,
                ..Page::first(3)
            };
            let page = kit
                .store
                .history(&kit.cx, &Scope::Organisation, of.clone(), page)
                .await
                .unwrap();
            seen.extend(
                page.entries
                    .iter()
                    .map(|entry| (entry.stored.version, entry.interaction)),
            );
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let expected = [
            (4, Interaction::Create),
            (3, Interaction::Delete),
            (2, Interaction::Update),
            (1, Interaction::Create),
        ];
        assert_eq!(seen, expected, "{of:?}");
    }
}

#[tokio::test]
async fn one_bad_change_undoes_all_of_its_write() {
    let kit = Kit::new();
    kit.put(&[fhir::value!({ "resourceType": "Basic", "id": "old", "code": { "text": "1" } })])
        .await;
    let new = fhir::value!({ "resourceType": "Basic", "id": "new", "code": { "text": "1" } });
    let stale = Change::Update {
        full_url: None,
        resource: resource(
            &fhir::value!({ "resourceType": "Basic", "id": "old", "code": { "text": "2" } }),
        ),
        id: "old".to_owned(),
        if_match: Some(7),
    };
    let refused = kit.write(vec![put(&new), stale]).await;
    assert!(
        matches!(refused, Err(StoreError::PreconditionFailed { at: 1 })),
        "{refused:?}"
    );
    assert_eq!(
        kit.read(&Scope::Organisation, "Basic", "new").await,
        "absent"
    );
    assert_eq!(
        kit.store.statistics().await.unwrap().resources,
        [("Basic", 1)]
    );
    // What the failed write had in mind is forgotten: the same works now.
    kit.put(&[new]).await;
    assert_eq!(kit.ids("Basic").await, "old new");
}

#[tokio::test]
async fn changes_that_cannot_be_are_refused() {
    let kit = Kit::new();
    let basic = fhir::value!({ "resourceType": "Basic", "id": "a" });
    let twice = kit.write(vec![put(&basic), put(&basic)]).await;
    assert!(matches!(twice, Err(StoreError::Conflict { at: 1 })));
    let update = |id: &str| Change::Update {
        full_url: None,
        resource: resource(&basic),
        id: id.to_owned(),
        if_match: None,
    };
    assert!(matches!(
        kit.write(vec![update("b")]).await,
        Err(StoreError::IdMismatch { at: 0 })
    ));
    assert!(matches!(
        kit.write(vec![update("a b")]).await,
        Err(StoreError::InvalidId { at: 0 })
    ));
    let delete = Change::Delete {
        resource_type: "Robot".to_owned(),
        id: "a".to_owned(),
        if_match: None,
    };
    assert!(matches!(
        kit.write(vec![delete]).await,
        Err(StoreError::UnknownResourceType)
    ));
    let narrow = kit
        .store
        .write(
            &kit.cx,
            &whole_scope(0),
            vec![put(&basic)],
            Alongside::default(),
        )
        .await;
    assert!(matches!(narrow, Err(StoreError::OutOfScope)));
    let many = vec![put(&basic); store::limits::CHANGES_MAX + 1];
    assert!(matches!(
        kit.write(many).await,
        Err(StoreError::LimitExceeded {
            limit: "CHANGES_MAX",
            ..
        })
    ));
}

#[tokio::test]
async fn as_many_changes_as_the_limit_allows_are_written() {
    let kit = Kit::new();
    let basics = (0..store::limits::CHANGES_MAX)
        .map(|_| create(&fhir::value!({ "resourceType": "Basic" })))
        .collect();
    assert_eq!(
        kit.write(basics).await.unwrap().len(),
        store::limits::CHANGES_MAX
    );
}

#[tokio::test]
async fn conditions_decide_between_new_and_old() {
    let kit = Kit::new();
    let observation = |text: &str| {
        resource(&fhir::value!({
            "resourceType": "Observation",
            "identifier": [{ "system": "urn:lab", "value": "1" }],
            "code": { "text": text },
        }))
    };
    let query = pairs("identifier=urn:lab|1");
    let create = |text: &str| Change::Create {
        full_url: None,
        resource: observation(text),
        if_none_exist: Some(query.clone()),
    };
    let update = |text: &str| Change::UpdateWhere {
        full_url: None,
        resource: observation(text),
        query: query.clone(),
    };
    let delete = || Change::DeleteWhere {
        resource_type: "Observation".to_owned(),
        query: query.clone(),
    };
    let steps = [
        (delete(), Status::Deleted, 0),
        (create("1"), Status::Created, 1),
        (create("2"), Status::Unchanged, 1),
        (update("2"), Status::Updated, 2),
        (update("2"), Status::Unchanged, 2),
        (delete(), Status::Deleted, 3),
        (update("3"), Status::Created, 1),
    ];
    for (change, status, version) in steps {
        let outcome = kit.write(vec![change]).await.unwrap().remove(0);
        assert_eq!((outcome.status, outcome.version), (status, version));
    }
    let another = Change::Create {
        full_url: None,
        resource: observation("4"),
        if_none_exist: None,
    };
    kit.write(vec![another]).await.unwrap();
    for change in [create("5"), update("5"), delete()] {
        let refused = kit.write(vec![change]).await;
        assert!(
            matches!(refused, Err(StoreError::MultipleMatches { at: 0 })),
            "{refused:?}"
        );
    }
    let all = Change::DeleteWhere {
        resource_type: "Observation".to_owned(),
        query: Vec::new(),
    };
    assert!(matches!(
        kit.write(vec![all]).await,
        Err(StoreError::InvalidValue { .. })
    ));
}

#[tokio::test]
async fn the_same_condition_at_the_same_time_makes_one_resource() {
    let kit = Kit::new();
    let writes = (0..40).map(|number: usize| {
        let (store, cx) = (kit.store.clone(), kit.cx.clone());
        tokio::spawn(async move {
            let value = fhir::value!({
                "resourceType": "Observation",
                "identifier": [{ "system": "urn:lab", "value": "1" }],
                "code": { "text": (number.to_string()) },
            });
            let change = Change::UpdateWhere {
                full_url: None,
                resource: resource(&value),
                query: pairs("identifier=urn:lab|1"),
            };
            store
                .write(
                    &cx,
                    &Scope::Organisation,
                    vec![change],
                    Alongside::default(),
                )
                .await
        })
    });
    let mut versions = Vec::new();
    for write in writes.collect::<Vec<_>>() {
        versions.push(write.await.unwrap().unwrap().outcomes[0].version);
    }
    versions.sort_unstable();
    assert_eq!(versions, (1..=40).collect::<Vec<_>>());
    assert_eq!(kit.page("Observation").await.unwrap().matches.len(), 1);
}

#[tokio::test]
async fn references_by_name_and_by_condition_are_resolved() {
    let kit = Kit::new();
    kit.put(&[
        fhir::value!({ "resourceType": "Organization", "id": "lab", "name": "Lab",
            "identifier": [{ "system": "urn:o", "value": "7" }] }),
    ])
    .await;
    let name = |number: u8| Some(format!("urn:uuid:0000000{number}"));
    let changes = || {
        vec![
            Change::Create {
                full_url: name(1),
                resource: resource(&fhir::value!({
                    "resourceType": "Observation",
                    "subject": { "reference": "urn:uuid:00000002" },
                    "performer": [{ "reference": "Organization?identifier=urn:o|7" }],
                    "specimen": { "reference": "Specimen?identifier=urn:s|3" },
                    "category": [{ "coding": [{
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "laboratory",
                    }] }],
                    "code": { "text": "urn:uuid:00000002" },
                })),
                if_none_exist: None,
            },
            Change::UpdateWhere {
                full_url: name(2),
                resource: resource(&{
                    let mut patient = patient("x", 0);
                    patient.remove("id");
                    patient
                }),
                query: pairs("identifier=http://fhir.nl/fhir/NamingSystem/bsn|999911119"),
            },
            Change::Create {
                full_url: None,
                resource: resource(&fhir::value!({
                    "resourceType": "Specimen",
                    "identifier": [{ "system": "urn:s", "value": "3" }],
                })),
                if_none_exist: None,
            },
        ]
    };
    let outcomes = kit.write(changes()).await.unwrap();
    let [observation, patient, specimen] = [0, 1, 2].map(|at| outcomes[at].id.clone());
    let body = kit
        .read(&Scope::Organisation, "Observation", &observation)
        .await;
    for reference in [
        format!("\"Patient/{patient}\""),
        format!("\"Specimen/{specimen}\""),
        "\"Organization/lab\"".to_owned(),
        "\"text\":\"urn:uuid:00000002\"".to_owned(),
    ] {
        assert!(body.contains(&reference), "{reference} in {body}");
    }
    let question = format!("Observation?subject=Patient/{patient}&performer=Organization/lab");
    assert_eq!(kit.ids(&question).await, observation);
    assert_eq!(ids_in(&kit, 0).await, observation);

    let lost = |reference: &str| {
        vec![create(&fhir::value!({
            "resourceType": "Observation", "code": { "text": "x" },
            "subject": { "reference": reference },
        }))]
    };
    for reference in ["urn:uuid:9", "Patient?identifier=urn:none|1"] {
        let refused = kit.write(lost(reference)).await;
        assert!(
            matches!(refused, Err(StoreError::UnresolvedReference { at: 0 })),
            "{refused:?}"
        );
    }
    let bad = kit.write(lost("Patient?colour=red")).await;
    assert!(matches!(bad, Err(StoreError::UnknownParameter { .. })));
}

async fn ids_in(kit: &Kit, number: usize) -> String {
    let page = kit
        .page_in(&whole_scope(number), "Observation", "")
        .await
        .unwrap();
    kit::ids(&page.matches)
}

#[tokio::test]
async fn everything_is_there_after_reopening() {
    let Kit {
        store,
        clock,
        folder,
        cx,
    } = Kit::new();
    let values: Vec<_> = (0..20)
        .map(|n: u8| fhir::value!({ "resourceType": "Basic", "id": (format!("b{n}")) }))
        .collect();
    store
        .write(
            &cx,
            &Scope::Organisation,
            values.iter().map(put).collect(),
            Alongside::default(),
        )
        .await
        .unwrap();
    store
        .append_audit(vec![store::AuditBody {
            patient: None,
            body: b"1".to_vec(),
        }])
        .await
        .unwrap();
    let first = store
        .search(&cx, &Scope::Organisation, "Basic", &pairs("_count=8"))
        .await
        .unwrap();
    let before = store.statistics().await.unwrap();
    drop(store);

    let store = store::Store::open(kit::options(&folder, clock)).unwrap();
    assert_eq!(store.statistics().await.unwrap(), before);
    let cursor = vec![("_cursor".to_owned(), first.next.unwrap())];
    let second = store
        .search(&cx, &Scope::Organisation, "Basic", &cursor)
        .await
        .unwrap();
    assert_eq!(kit::ids(&second.matches), "b8 b9 b10 b11 b12 b13 b14 b15");
    store
        .append_audit(vec![store::AuditBody {
            patient: None,
            body: b"2".to_vec(),
        }])
        .await
        .unwrap();
    let lines = store.audit_lines(0, 10).await.unwrap();
    assert_eq!(
        lines.iter().map(|line| line.seq).collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!(lines[1].previous, lines[0].hash);
    assert!(store.check_integrity().await.unwrap().is_sound());
}

#[tokio::test]
async fn a_resource_may_refer_to_itself() {
    let kit = Kit::new();
    kit.put(&[fhir::value!({
        "resourceType": "Observation", "id": "o", "code": { "text": "x" },
        "hasMember": [{ "reference": "Observation/o" }],
    })])
    .await;
    assert_eq!(kit.ids("Observation?has-member=Observation/o").await, "o");
}
