//! A store in a folder of its own, and short ways to talk to it.

use std::sync::Arc;

use care::{
    AccessContext, Actor, Authenticated, Bsn, Categories, Clock, DataCategory, ManualClock,
    OrganisationType, Purpose, RequestId, Role, Scope, SequentialIds,
};
use fhir::json::Value;
use fhir::{FhirVersion, Resource};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use store::{
    Alongside, AuditEntry, Change, Options, Outcome, Seal, SearchPage, Store, StoreError, Stored,
};
use tempfile::TempDir;

use crate::place;

pub(crate) const BASE: &str = "https://node.example/fhir/r4";
pub(crate) const BSNS: [&str; 3] = ["999911119", "999906276", "999990019"];

/// A seal without a signature: the hash alone.
#[derive(Debug)]
pub(crate) struct HashOnly;

impl Seal for HashOnly {
    fn hash(&self, entry: &AuditEntry<'_>) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(entry.previous);
        hash.update(entry.seq.to_be_bytes());
        hash.update(entry.recorded.as_millisecond().to_be_bytes());
        hash.update(entry.body);
        hash.finalize().into()
    }

    fn sign(&self, _hash: &[u8; 32]) -> Vec<u8> {
        vec![1, 2, 3]
    }
}

pub(crate) struct Kit {
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) folder: TempDir,
    pub(crate) cx: AccessContext,
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(
        Timestamp::from_millisecond(1_767_225_600_000).unwrap(),
    ))
}

pub(crate) fn options(folder: &TempDir, clock: Arc<dyn Clock>) -> Options {
    Options {
        database: place::database(folder.path()),
        base_url: BASE.to_owned(),
        version: fhir::FhirVersion::R4,
        clock,
        ids: Arc::new(SequentialIds::default()),
        seal: Arc::new(HashOnly),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test stands in for authentication"
)]
pub(crate) fn context() -> AccessContext {
    AccessContext::from_authentication(Authenticated {
        actor: Actor {
            id: "his".into(),
            name: "HIS".into(),
            role: Role::RecordSystem,
        },
        organisation: "90000901".parse().unwrap(),
        organisation_name: "Huisartsenpraktijk De Linde".into(),
        organisation_type: OrganisationType::GeneralPractice,
        purpose: Purpose::RecordKeeping,
        patient: None,
        exchange: None,
        treatment_relation: None,
        emergency_reason: None,
        request: RequestId("request".into()),
    })
}

pub(crate) fn bsn(number: usize) -> Bsn {
    Bsn::parse(BSNS[number]).unwrap()
}

pub(crate) fn scope(number: usize, categories: &[DataCategory]) -> Scope {
    Scope::Patient {
        bsn: bsn(number),
        categories: categories.iter().copied().collect(),
    }
}

pub(crate) fn whole_scope(number: usize) -> Scope {
    Scope::Patient {
        bsn: bsn(number),
        categories: Categories::ALL,
    }
}

pub(crate) fn resource(value: &Value) -> Resource {
    Resource::from_value(value).unwrap()
}

/// An update of a resource that has its id in it.
pub(crate) fn put(value: &Value) -> Change {
    let id = value.text("id").unwrap().to_owned();
    Change::Update {
        full_url: None,
        resource: resource(value),
        id,
        if_match: None,
    }
}

pub(crate) fn patient(id: &str, number: usize) -> Value {
    fhir::value!({
        "resourceType": "Patient",
        "id": id,
        "identifier": [{ "system": (Bsn::SYSTEM), "value": (BSNS[number]) }],
    })
}

/// The same patient after another file was merged into this one, so that what
/// is in the other may move here.
pub(crate) fn merged(mut patient: Value, other: &str) -> Value {
    let reference = format!("Patient/{other}");
    let link = fhir::value!({ "other": { "reference": reference }, "type": "replaces" });
    patient.set("link", vec![link]);
    patient
}

pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

impl Kit {
    pub(crate) fn new() -> Self {
        Self::of(FhirVersion::R4)
    }

    pub(crate) fn of(version: FhirVersion) -> Self {
        let folder = TempDir::new().unwrap();
        let clock = clock();
        let store = Store::open(Options {
            version,
            ..options(&folder, clock.clone())
        })
        .unwrap();
        Self {
            store,
            clock,
            folder,
            cx: context(),
        }
    }

    pub(crate) async fn write(&self, changes: Vec<Change>) -> Result<Vec<Outcome>, StoreError> {
        let written = self
            .store
            .write(
                &self.cx,
                &Scope::Organisation,
                changes,
                Alongside::default(),
            )
            .await?;
        Ok(written.outcomes)
    }

    /// Writes resources that have their id in them.
    pub(crate) async fn put(&self, values: &[Value]) {
        self.write(values.iter().map(put).collect()).await.unwrap();
    }

    pub(crate) async fn page_in(
        &self,
        scope: &Scope,
        resource_type: &str,
        query: &str,
    ) -> Result<SearchPage, StoreError> {
        self.store
            .search(&self.cx, scope, resource_type, &pairs(query))
            .await
    }

    pub(crate) async fn page(&self, question: &str) -> Result<SearchPage, StoreError> {
        let (resource_type, query) = question.split_once('?').unwrap_or((question, ""));
        self.page_in(&Scope::Organisation, resource_type, query)
            .await
    }

    /// The ids that a search finds, in order, with a space between.
    pub(crate) async fn ids(&self, question: &str) -> String {
        match self.page(question).await {
            Ok(page) => ids(&page.matches),
            Err(error) => panic!("{question}: {error}"),
        }
    }

    /// `Found` in words.
    pub(crate) async fn read(&self, scope: &Scope, resource_type: &str, id: &str) -> String {
        match self
            .store
            .read(&self.cx, scope, resource_type, id)
            .await
            .unwrap()
        {
            store::Found::Here(stored) => String::from_utf8(stored.body.to_vec()).unwrap(),
            store::Found::Deleted { version, .. } => format!("deleted v{version}"),
            store::Found::Absent => "absent".to_owned(),
        }
    }
}

pub(crate) fn ids(found: &[Stored]) -> String {
    found
        .iter()
        .map(|stored| stored.id.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}
