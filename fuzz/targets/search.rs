//! Search: any query on any type, against a store with something in it. It is
//! answered or refused as the asker's fault, never as ours.
#![no_main]

use std::sync::{Arc, LazyLock};

use care::{ManualClock, Scope, SequentialIds};
use libfuzzer_sys::fuzz_target;
use store::{Alongside, AuditEntry, Change, Options, Seal, Sealed, Store, StoreError};
use tokio::runtime::Runtime;

/// A seal that proves nothing: no audit line is written here.
#[derive(Debug)]
struct NoSeal;

impl Seal for NoSeal {
    fn seal(&self, _entry: &AuditEntry<'_>) -> Sealed {
        Sealed {
            hash: [0; 32],
            signature: Vec::new(),
        }
    }
}

struct Searched {
    runtime: Runtime,
    store: Store,
    context: care::AccessContext,
    _folder: tempfile::TempDir,
}

static SEARCHED: LazyLock<Searched> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let now = "2026-03-02T10:00:00Z".parse().expect("a time");
    let store = Store::open(Options {
        database: store::Database::Sqlite(folder.path().join("store.db")),
        base_url: "https://node.example/fhir/r4".to_owned(),
        version: fhir::FhirVersion::R4,
        clock: Arc::new(ManualClock::at(now)),
        ids: Arc::new(SequentialIds::default()),
        seal: Arc::new(NoSeal),
    })
    .expect("a store");
    let context = context();
    let changes = [
        r#"{"resourceType":"Patient","id":"p","name":[{"family":"Vermeer"}],"birthDate":"1950-02-03"}"#,
        r#"{"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"2823-3"}]},
            "subject":{"reference":"Patient/p"},"effectiveDateTime":"2024-01-01","valueQuantity":{"value":4.2,"code":"mmol/L"}}"#,
    ]
    .map(|json| Change::Create {
        full_url: None,
        resource: fhir::Resource::parse(json).expect("a resource"),
        if_none_exist: None,
    });
    let write = store.write(&context, &Scope::Organisation, changes.into(), Alongside::default());
    runtime.block_on(write).expect("written");
    Searched {
        runtime,
        store,
        context,
        _folder: folder,
    }
});

/// Somebody of the organisation itself.
fn context() -> care::AccessContext {
    care::AccessContext::from_authentication(care::Authenticated {
        actor: care::Actor {
            id: "his".into(),
            name: "HIS".into(),
            role: care::Role::RecordSystem,
        },
        organisation: "90000901".parse().expect("a URA"),
        organisation_name: "De Linde".into(),
        organisation_type: care::OrganisationType::GeneralPractice,
        purpose: care::Purpose::RecordKeeping,
        patient: None,
        exchange: None,
        treatment_relation: None,
        emergency_reason: None,
        request: care::RequestId("request".into()),
    })
}

fuzz_target!(|text: &str| {
    let (resource_type, query) = text.split_once('?').unwrap_or(("Observation", text));
    let pairs: Vec<(String, String)> = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let searched = &*SEARCHED;
    let asked = searched
        .store
        .search(&searched.context, &Scope::Organisation, resource_type, &pairs);
    match searched.runtime.block_on(asked) {
        Err(
            error @ (StoreError::Database(_)
            | StoreError::Corrupt { .. }
            | StoreError::Fault
            | StoreError::Closed),
        ) => panic!("{error:?}"),
        Ok(_) | Err(_) => {}
    }
});
