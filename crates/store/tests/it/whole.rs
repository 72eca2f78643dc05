//! All that there is of a patient: as pages, and removed for good.

use care::{DataCategory, Scope};
use fhir::json::Value;
use store::limits::WHOLE_PAGE_MAX;
use store::{AuditBody, Change, Purged, StoreError, Whole, WholePage};

use crate::kit::{Kit, ids, merged, patient, put, scope, whole_scope};

fn about(resource_type: &str, id: &str, patient: &str) -> Value {
    fhir::value!({
        "resourceType": resource_type, "id": id,
        "subject": { "reference": (format!("Patient/{patient}")) }
    })
}

fn of(count: usize) -> Whole {
    Whole {
        count,
        ..Whole::default()
    }
}

async fn page(
    kit: &Kit,
    scope: &Scope,
    patient: &str,
    of: Whole,
) -> Result<Option<WholePage>, StoreError> {
    kit.store.whole(&kit.cx, scope, patient, of).await
}

async fn filled() -> Kit {
    let kit = Kit::new();
    let mut condition = about("Condition", "c", "p");
    condition.set(
        "asserter",
        fhir::value!({ "reference": "Practitioner/doctor" }),
    );
    kit.put(&[
        fhir::value!({ "resourceType": "Practitioner", "id": "doctor" }),
        patient("p", 0),
        patient("q", 1),
        condition,
        about("Flag", "f", "p"),
        about("Flag", "g", "p"),
        about("Condition", "other", "q"),
        fhir::value!({
            "resourceType": "Appointment", "id": "both", "status": "booked",
            "participant": [
                { "actor": { "reference": "Patient/p" }, "status": "accepted" },
                { "actor": { "reference": "Patient/q" }, "status": "accepted" }
            ]
        }),
    ])
    .await;
    kit
}

#[tokio::test]
async fn pages_hold_all_of_one_patient_and_what_it_refers_to() {
    let kit = filled().await;
    let all = Scope::Organisation;
    for count in [1, 2, 3, 100] {
        let (mut found, mut referred) = (Vec::new(), Vec::new());
        let mut next = of(count);
        loop {
            let page = page(&kit, &all, "p", next).await.unwrap().unwrap();
            assert!(page.resources.len() <= count);
            found.extend(page.resources.into_iter().map(|stored| stored.id));
            referred.extend(page.referred.into_iter().map(|stored| stored.id));
            let Some(cursor) = page.next else { break };
            next = Whole {
                cursor: Some(cursor),
                ..of(count)
            };
        }
        found.sort();
        assert_eq!(found, ["both", "c", "f", "g", "p"], "{count}");
        assert_eq!(referred, ["doctor"], "{count}");
    }
    let flags = Whole {
        types: vec!["Flag"],
        ..of(10)
    };
    let page_of_flags = page(&kit, &all, "p", flags).await.unwrap().unwrap();
    assert_eq!(ids(&page_of_flags.resources), "f g");
    assert_eq!(page(&kit, &all, "nobody", of(10)).await.unwrap(), None);
}

#[tokio::test]
async fn a_page_holds_what_the_scope_lets_through() {
    let kit = filled().await;
    let narrow = scope(0, &[DataCategory::Patient, DataCategory::Condition]);
    let seen = page(&kit, &narrow, "p", of(10)).await.unwrap().unwrap();
    assert_eq!(ids(&seen.resources), "c p");
    assert_eq!(seen.next, None);
    // What is of two patients is of neither's scope; another's is not there.
    let seen = page(&kit, &whole_scope(0), "p", of(10)).await;
    assert!(!ids(&seen.unwrap().unwrap().resources).contains("both"));
    assert_eq!(
        page(&kit, &whole_scope(0), "q", of(10)).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn a_page_ends_at_its_limit_and_its_cursor_is_for_one_patient() {
    let kit = filled().await;
    let all = Scope::Organisation;
    assert!(page(&kit, &all, "p", of(WHOLE_PAGE_MAX)).await.is_ok());
    for count in [0, WHOLE_PAGE_MAX + 1] {
        let refused = page(&kit, &all, "p", of(count)).await;
        let is_named = matches!(
            refused,
            Err(StoreError::LimitExceeded {
                limit: "WHOLE_PAGE_MAX",
                max: WHOLE_PAGE_MAX
            })
        );
        assert!(is_named, "{count}: {refused:?}");
    }
    let first = page(&kit, &all, "p", of(1)).await.unwrap().unwrap();
    for (whose, cursor) in [("q", first.next.unwrap()), ("p", "made up".to_owned())] {
        let next = Whole {
            cursor: Some(cursor),
            ..of(1)
        };
        let refused = page(&kit, &all, whose, next).await;
        assert!(matches!(refused, Err(StoreError::InvalidCursor)), "{whose}");
    }
}

#[tokio::test]
async fn a_purged_patient_leaves_nothing_but_what_is_of_others_too() {
    let kit = filled().await;
    // A second version, and a resource that was deleted before.
    let mut changed = about("Flag", "f", "p");
    changed.set("status", "inactive");
    kit.put(&[changed]).await;
    let delete = Change::Delete {
        resource_type: "Flag".into(),
        id: "g".into(),
        if_match: None,
    };
    kit.write(vec![delete]).await.unwrap();
    let line = || AuditBody {
        patient: None,
        body: b"purged".to_vec(),
    };
    let (all, store) = (Scope::Organisation, &kit.store);
    let narrow = store
        .purge(&kit.cx, &whole_scope(0), "p", vec![line()])
        .await;
    assert!(matches!(narrow, Err(StoreError::OutOfScope)));
    let nobody = store.purge(&kit.cx, &all, "nobody", vec![line()]).await;
    assert!(matches!(nobody, Err(StoreError::NothingThere { .. })));
    assert!(store.audit_lines(0, 10).await.unwrap().is_empty());

    let purged = store.purge(&kit.cx, &all, "p", vec![line()]).await.unwrap();
    assert_eq!(
        purged,
        Purged {
            // The patient, the condition and both flags; two of these twice.
            resources: 4,
            versions: 6,
            shared: 1,
        }
    );
    for (resource_type, id) in [
        ("Patient", "p"),
        ("Condition", "c"),
        ("Flag", "f"),
        ("Flag", "g"),
    ] {
        assert_eq!(kit.read(&all, resource_type, id).await, "absent", "{id}");
    }
    assert_eq!(page(&kit, &all, "p", of(10)).await.unwrap(), None);
    assert_eq!(kit.ids("Condition").await, "other");
    assert_eq!(kit.ids("Condition?subject=Patient/p").await, "");
    assert_eq!(kit.ids("Flag").await, "");
    assert_eq!(kit.ids("Appointment?actor=Patient/q").await, "both");
    assert_eq!(store.audit_lines(0, 10).await.unwrap().len(), 1);
    assert!(store.check_integrity().await.unwrap().is_sound());
    // The id can be used again, by somebody else too.
    kit.write(vec![put(&merged(patient("p", 2), "x"))])
        .await
        .unwrap();
    assert_ne!(kit.read(&whole_scope(2), "Patient", "p").await, "absent");
    assert_eq!(kit.read(&whole_scope(0), "Patient", "p").await, "absent");
}
