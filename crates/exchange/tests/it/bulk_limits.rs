//! The limits of bulk data, at each and one past it.

use std::{sync::Arc, time::Duration};

use care::{AccessContext, Role, SequentialIds};
use exchange::{
    Bulk, BulkError, BulkLimits, ExchangeError, ExportQuestion, JobState, Level, TypeFilter,
};
use fhir::{Resource, json::Value};
use store::Change;

use crate::kit::*;

/// Exports of the practice, which nobody works on.
const IDLE: BulkLimits = BulkLimits {
    at_work: 0,
    ..BulkLimits::STANDARD
};

fn open(region: &TestRegion, limits: BulkLimits) -> Arc<Bulk> {
    let directory = region.directory.path().join("bulk");
    let (node, ids) = (Arc::clone(region.node(GP)), SequentialIds::default());
    Bulk::open(node, &directory, Arc::new(ids), limits).unwrap()
}

fn question(level: Level, types: &[&str]) -> ExportQuestion {
    ExportQuestion {
        level,
        request: String::new(),
        since: None,
        types: types.iter().map(|name| (*name).to_owned()).collect(),
        patients: None,
        filters: Vec::new(),
        elements: Vec::new(),
    }
}

/// The limit that a question runs into; `None` when it is taken.
async fn over(
    bulk: &Arc<Bulk>,
    cx: &AccessContext,
    question: ExportQuestion,
) -> Option<&'static str> {
    match bulk.export(cx, question).await {
        Ok(_) => None,
        Err(
            BulkError::Busy { limit, .. }
            | BulkError::Exchange(ExchangeError::LimitExceeded { limit, .. }),
        ) => Some(limit),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn exports_per_client_and_in_all_are_counted() {
    let region = TestRegion::new();
    let bulk = open(
        &region,
        BulkLimits {
            jobs_per_client: 2,
            jobs: 3,
            ..IDLE
        },
    );
    let (one, other) = (region.system(GP, "one"), region.system(GP, "other"));
    let all = || question(Level::System, &[]);
    assert_eq!(over(&bulk, &one, all()).await, None);
    let id = bulk.export(&one, all()).await.unwrap();
    assert_eq!(over(&bulk, &one, all()).await, Some("jobs_per_client"));
    assert_eq!(over(&bulk, &other, all()).await, None);
    assert_eq!(over(&bulk, &other, all()).await, Some("jobs"));
    bulk.remove(&one, &id).await.unwrap();
    assert_eq!(over(&bulk, &other, all()).await, None);
}

#[tokio::test]
async fn an_export_is_there_until_its_time_is_over() {
    let region = TestRegion::new();
    let almost = Duration::from_mins(1);
    let lifetime = almost + Duration::from_millis(1);
    let bulk = open(&region, BulkLimits { lifetime, ..IDLE });
    let cx = region.system(GP, "one");
    let asked = question(Level::System, &[]);
    let id = bulk.export(&cx, asked).await.unwrap();
    region.clock.advance(almost);
    assert_eq!(bulk.state(&cx, &id).await.unwrap().state, JobState::Working);
    let files = region.directory.path().join("bulk").join(&id);
    assert!(files.is_dir());
    region.clock.advance(Duration::from_millis(1));
    assert!(matches!(
        bulk.state(&cx, &id).await,
        Err(BulkError::Exchange(ExchangeError::NotFound))
    ));
    assert!(!files.exists());
}

#[tokio::test]
async fn imports_at_once_are_counted() {
    let region = TestRegion::new();
    let bulk = open(&region, BulkLimits { imports: 1, ..IDLE });
    let first = bulk.import_place().unwrap();
    assert!(matches!(
        bulk.import_place(),
        Err(BulkError::Busy {
            limit: "imports",
            max: 1
        })
    ));
    drop(first);
    assert!(bulk.import_place().is_ok());
}

/// Stores resources under their own ids.
async fn put(region: &TestRegion, values: &[Value]) {
    let cx = region.person(GP, Role::RecordSystem);
    for value in values {
        let change = Change::Update {
            full_url: None,
            resource: Resource::from_value(value).unwrap(),
            id: value.text("id").unwrap().to_owned(),
            if_match: None,
        };
        region.node(GP).write(&cx, change).await.unwrap();
    }
}

#[tokio::test]
async fn members_patients_and_filters_are_counted() {
    let region = TestRegion::new();
    let group = |id: &str, patients: &[&str]| {
        let members: Vec<Value> = patients
            .iter()
            .map(|id| fhir::value!({ "entity": { "reference": (format!("Patient/{id}")) } }))
            .collect();
        fhir::value!({
            "resourceType": "Group", "id": id, "type": "person", "actual": true,
            "member": members
        })
    };
    let patient = |id: &str| fhir::value!({ "resourceType": "Patient", "id": id });
    put(
        &region,
        &[
            patient("a"),
            patient("b"),
            patient("c"),
            group("two", &["a", "b"]),
            group("three", &["a", "b", "c"]),
        ],
    )
    .await;
    let limits = BulkLimits {
        members: 2,
        patients: 2,
        filters: 2,
        jobs_per_client: 100,
        ..IDLE
    };
    let bulk = open(&region, limits);
    let cx = region.system(GP, "one");
    for (group, expected) in [("two", None), ("three", Some("members"))] {
        let asked = question(Level::Group(group.to_owned()), &[]);
        assert_eq!(over(&bulk, &cx, asked).await, expected, "{group}");
    }
    for (patients, expected) in [
        (&["a", "b"][..], None),
        (&["a", "b", "c"], Some("patients")),
    ] {
        let asked = ExportQuestion {
            patients: Some(patients.iter().map(|id| (*id).to_owned()).collect()),
            ..question(Level::Patients, &[])
        };
        assert_eq!(over(&bulk, &cx, asked).await, expected, "{patients:?}");
    }
    for (filters, expected) in [(2, None), (3, Some("filters"))] {
        let filter = TypeFilter {
            resource_type: "Patient".to_owned(),
            query: vec![("active".to_owned(), "true".to_owned())],
        };
        let asked = ExportQuestion {
            filters: vec![filter; filters],
            ..question(Level::System, &[])
        };
        assert_eq!(over(&bulk, &cx, asked).await, expected, "{filters}");
    }
}

#[tokio::test]
async fn an_export_of_more_files_than_it_may_have_fails() {
    let region = TestRegion::new();
    put(
        &region,
        &[
            fhir::value!({ "resourceType": "Patient", "id": "a" }),
            fhir::value!({ "resourceType": "Organization", "id": "a", "name": "x" }),
            fhir::value!({ "resourceType": "Location", "id": "a" }),
        ],
    )
    .await;
    let bulk = open(
        &region,
        BulkLimits {
            files: 2,
            ..BulkLimits::STANDARD
        },
    );
    let cx = region.system(GP, "one");
    for (types, expected) in [
        (&["Patient", "Organization"][..], JobState::Done),
        (&["Patient", "Organization", "Location"], JobState::Failed),
    ] {
        let asked = question(Level::System, types);
        let id = bulk.export(&cx, asked).await.unwrap();
        let state = loop {
            let state = bulk.state(&cx, &id).await.unwrap().state;
            if state != JobState::Working {
                break state;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(state, expected, "{types:?}");
    }
    bulk.stop().await;
}

#[tokio::test]
async fn people_take_out_nothing_in_bulk() {
    let region = TestRegion::new();
    let bulk = open(&region, IDLE);
    for role in [
        Role::GeneralPractitioner,
        Role::Nurse,
        Role::Operator,
        Role::Patient,
    ] {
        let cx = region.person(GP, role);
        let asked = question(Level::System, &[]);
        assert!(
            matches!(
                bulk.export(&cx, asked).await,
                Err(BulkError::Exchange(ExchangeError::NotAllowed))
            ),
            "{role:?}"
        );
    }
}
