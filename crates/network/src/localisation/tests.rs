//! The index, the pseudonyms and the registrar, over real mutual TLS and on
//! real files.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Extension, Router,
    body::Bytes,
    extract::State,
    http::{Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use care::{Bsn, Categories, DataCategory, ManualClock, OrganisationType, RandomIds, Scope, Ura};
use fhir::Resource;
use serde_json::{Value, json};
use store::{Alongside, AuditEntry, Change, Options, Seal, Store};
use tokio::sync::Notify;
use trust::{
    SystemRandomness,
    identity::OrganisationRecord,
    pseudonym::{Audience, Blinded, EmbeddedPseudonyms, PseudonymService, Recipient},
};

use super::{list::List, *};
use crate::kit::{Door, Member, Region, patient, request};

/// The regional organisation: the index and the pseudonym service.
#[derive(Clone)]
struct Regional {
    index: LocalisationIndex,
    pseudonyms: Arc<dyn PseudonymService>,
    /// Everything that came in, as it came.
    seen: Arc<Mutex<Vec<u8>>>,
    clock: Arc<ManualClock>,
    down: Arc<AtomicBool>,
    registered: Arc<Notify>,
}

struct Setting {
    region: Region,
    door: Door,
    regional: Regional,
    folder: tempfile::TempDir,
}

/// What the api room does.
async fn forward(
    State(regional): State<Regional>,
    Extension(caller): Extension<OrganisationRecord>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Response {
    if regional.down.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    assert_eq!(uri.query(), None);
    regional.seen.lock().unwrap().extend_from_slice(&body);
    let reply = if let Some(path) = uri.path().strip_prefix("/pseudonym/") {
        let service = PseudonymDoor::new(regional.pseudonyms.clone(), regional.clock.clone());
        service
            .answer(&caller, request(method.as_str(), path, &body))
            .await
    } else {
        let path = uri
            .path()
            .strip_prefix(INDEX_PATH)
            .unwrap()
            .trim_start_matches('/');
        let reply = regional
            .index
            .answer(&caller, request(method.as_str(), path, &body))
            .await;
        regional.registered.notify_one();
        reply
    };
    (StatusCode::from_u16(reply.status).unwrap(), reply.body).into_response()
}

impl Setting {
    async fn new() -> Self {
        let region = Region::new();
        let folder = tempfile::tempdir().unwrap();
        let member = region.admit(9, OrganisationType::RegionalOrganisation);
        let audience = Audience::localisation(member.ura());
        let at = |name: &str| folder.path().join(name);
        let recipient =
            Recipient::open_key(&at("index.key"), audience, region.clock.clone()).unwrap();
        let pseudonyms = EmbeddedPseudonyms::open(
            &at("pseudonyms.key"),
            vec![recipient.record()],
            region.clock.clone(),
            Arc::new(SystemRandomness),
        )
        .unwrap();
        let regional = Regional {
            index: LocalisationIndex::open(&at("localisation.db"), recipient, region.clock.clone())
                .unwrap(),
            pseudonyms: Arc::new(pseudonyms),
            seen: Arc::default(),
            clock: region.clock.clone(),
            down: Arc::default(),
            registered: Arc::default(),
        };
        let app = Router::new().fallback(forward).with_state(regional.clone());
        let door = region.open_door(&member, app).await;
        Self {
            region,
            door,
            regional,
            folder,
        }
    }

    fn localisation(&self, member: &Member) -> RegionalLocalisation {
        let address = self.door.organisation.address();
        let pseudonyms = RegionalPseudonyms::new(member.peers.clone(), address.clone());
        RegionalLocalisation::new(
            member.peers.clone(),
            address,
            Arc::new(pseudonyms),
            Arc::new(SystemRandomness),
        )
    }

    async fn sealed(&self, audience: &Audience) -> String {
        let blinded = Blinded::new(&patient(), audience, &SystemRandomness).unwrap();
        let jwe = self
            .regional
            .pseudonyms
            .evaluate(blinded.request())
            .await
            .unwrap();
        blinded.sealed(&jwe).unwrap().0
    }

    fn audience(&self) -> Audience {
        Audience::localisation(self.door.organisation.ura)
    }

    async fn index(&self, member: &Member, method: &str, path: &str, body: &str) -> (u16, Value) {
        let request = request(method, path, body.as_bytes());
        let reply = self.regional.index.answer(&member.record, request).await;
        (reply.status, serde_json::from_slice(&reply.body).unwrap())
    }
}

fn set(categories: &[DataCategory]) -> Categories {
    categories.iter().copied().collect()
}

fn other_patient() -> Bsn {
    Bsn::parse("999906276").unwrap()
}

#[tokio::test]
async fn who_holds_what_is_found_by_patient() {
    let setting = Setting::new().await;
    let laboratory = setting.region.admit(3, OrganisationType::Laboratory);
    let pharmacy = setting.region.admit(5, OrganisationType::Pharmacy);
    let results = set(&[DataCategory::ObservationLaboratory, DataCategory::Patient]);
    let medication = set(&[DataCategory::MedicationUse]);
    let (own, other) = (
        setting.localisation(&laboratory),
        setting.localisation(&pharmacy),
    );
    let (context, elsewhere) = (laboratory.context(), pharmacy.context());
    other
        .register(&elsewhere, &patient(), medication)
        .await
        .unwrap();
    own.register(&context, &patient(), results).await.unwrap();
    own.register(&context, &patient(), results).await.unwrap();
    own.register(&context, &other_patient(), medication)
        .await
        .unwrap();
    own.register(&context, &patient(), Categories::NONE)
        .await
        .unwrap();
    let both: Vec<(Ura, Categories)> =
        vec![(laboratory.ura(), results), (pharmacy.ura(), medication)];
    assert_eq!(other.find(&elsewhere, &patient()).await.unwrap(), both);

    own.withdraw(
        &context,
        &patient(),
        set(&[DataCategory::Patient, DataCategory::Alert]),
    )
    .await
    .unwrap();
    own.withdraw(&context, &patient(), medication)
        .await
        .unwrap();
    let fewer = vec![
        (
            laboratory.ura(),
            set(&[DataCategory::ObservationLaboratory]),
        ),
        (pharmacy.ura(), medication),
    ];
    assert_eq!(own.find(&context, &patient()).await.unwrap(), fewer);
    let third = Bsn::parse("999990019").unwrap();
    assert_eq!(own.find(&context, &third).await.unwrap(), []);
}

#[tokio::test]
async fn the_index_never_gets_or_keeps_a_bsn() {
    let setting = Setting::new().await;
    let laboratory = setting.region.admit(3, OrganisationType::Laboratory);
    let localisation = setting.localisation(&laboratory);
    let context = laboratory.context();
    for patient in [patient(), other_patient()] {
        localisation
            .register(&context, &patient, Categories::ALL)
            .await
            .unwrap();
        localisation.find(&context, &patient).await.unwrap();
    }
    let mut bytes = setting.regional.seen.lock().unwrap().clone();
    assert!(bytes.len() > 1_000);
    let mut files = 0;
    for entry in std::fs::read_dir(setting.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("localisation.db")
        {
            bytes.extend(std::fs::read(path).unwrap());
            files += 1;
        }
    }
    assert!(files >= 1);
    for patient in [patient(), other_patient()] {
        let digits = patient.expose();
        let number: u64 = digits.parse().unwrap();
        let encoded = base64_forms(digits);
        let forms = [
            digits.as_bytes().to_vec(),
            number.to_be_bytes()[4..].to_vec(),
        ];
        for form in forms.into_iter().chain(encoded) {
            let found = bytes.windows(form.len()).any(|window| window == form);
            assert!(!found, "the index got or keeps a BSN");
        }
    }
}

/// The middle of a text in base64, at each of the three offsets.
fn base64_forms(text: &str) -> Vec<Vec<u8>> {
    use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
    (0..3)
        .map(|offset| {
            let encoded = STANDARD_NO_PAD.encode(format!("{}{text}", " ".repeat(offset)));
            encoded.as_bytes()[4..encoded.len() - 2].to_vec()
        })
        .collect()
}

#[tokio::test]
async fn what_the_index_refuses() {
    let setting = Setting::new().await;
    let laboratory = setting.region.admit(3, OrganisationType::Laboratory);
    let pharmacy = setting.region.admit(5, OrganisationType::Pharmacy);
    let sealed = setting.sealed(&setting.audience()).await;
    let list = |custodian: Ura, subject: &str| {
        let subject = trust::pseudonym::SealedPseudonym(subject.to_owned());
        serde_json::to_value(List::to_register(custodian, DataCategory::Alert, &subject)).unwrap()
    };
    let check = async |method: &str, path: &str, body: String, expected: u16| {
        let (status, answer) = setting.index(&laboratory, method, path, &body).await;
        assert_eq!(status, expected, "{method} {path} {answer}");
        assert!(
            !answer.to_string().contains(&sealed),
            "an answer names no subject"
        );
    };
    let own = list(laboratory.ura(), &sealed);
    check("POST", "List", own.to_string(), 201).await;
    check("POST", "List", own.to_string(), 200).await;
    check(
        "POST",
        "List",
        list(pharmacy.ura(), &sealed).to_string(),
        403,
    )
    .await;
    check("POST", "List", list(laboratory.ura(), "x").to_string(), 422).await;
    check("POST", "List", "{}".to_owned(), 422).await;
    let mut with_id = own.clone();
    with_id["id"] = "7".into();
    check("POST", "List", with_id.to_string(), 422).await;

    let entry = |resource: &Value, method: &str| json!({"resource": resource, "request": {"method": method, "url": "List"}});
    let bundle = |entries: Vec<Value>| {
        json!({"resourceType": "Bundle", "type": "transaction", "entry": entries}).to_string()
    };
    check(
        "POST",
        "",
        bundle(vec![entry(&own, "POST"); LISTS_PER_REQUEST_MAX]),
        200,
    )
    .await;
    check(
        "POST",
        "",
        bundle(vec![entry(&own, "POST"); LISTS_PER_REQUEST_MAX + 1]),
        413,
    )
    .await;
    check("POST", "", bundle(vec![entry(&own, "PUT")]), 422).await;
    let foreign = list(pharmacy.ura(), &sealed);
    check(
        "POST",
        "",
        bundle(vec![entry(&own, "POST"), entry(&foreign, "POST")]),
        403,
    )
    .await;
    check("POST", "", own.to_string(), 422).await;

    let subject = format!("subject={sealed}");
    check("POST", "List/_search", subject.clone(), 200).await;
    check("POST", "List/_search", String::new(), 400).await;
    check("POST", "List/_search", format!("{subject}&{subject}"), 400).await;
    check(
        "POST",
        "List/_search",
        format!("{subject}&custodian=1"),
        400,
    )
    .await;
    check(
        "POST",
        "List/_search",
        format!("{subject}&code=Everything"),
        400,
    )
    .await;
    check("POST", "List/_withdraw", subject, 400).await;
    check("GET", "List", String::new(), 405).await;
    check("GET", "List/_search", String::new(), 405).await;
    check("PUT", "List/1", String::new(), 404).await;
    check("POST", "Patient", String::new(), 404).await;

    // Too old, by the clock of the recipient.
    setting.region.clock.advance(Duration::from_hours(1));
    check("POST", "List", own.to_string(), 422).await;
}

#[tokio::test]
async fn a_record_is_removed_by_its_custodian_only() {
    let setting = Setting::new().await;
    let laboratory = setting.region.admit(3, OrganisationType::Laboratory);
    let pharmacy = setting.region.admit(5, OrganisationType::Pharmacy);
    let localisation = setting.localisation(&laboratory);
    let context = laboratory.context();
    let alert = set(&[DataCategory::Alert]);
    localisation
        .register(&context, &patient(), alert)
        .await
        .unwrap();
    assert_eq!(
        setting.index(&pharmacy, "DELETE", "List/1", "").await.0,
        404
    );
    let withdrawing = setting.localisation(&pharmacy);
    withdrawing
        .withdraw(&pharmacy.context(), &patient(), alert)
        .await
        .unwrap();
    assert_eq!(
        localisation.find(&context, &patient()).await.unwrap().len(),
        1
    );
    assert_eq!(
        setting.index(&laboratory, "DELETE", "List/x", "").await.0,
        404
    );
    assert_eq!(
        setting.index(&laboratory, "DELETE", "List/1", "").await.0,
        200
    );
    assert_eq!(
        setting.index(&laboratory, "DELETE", "List/1", "").await.0,
        404
    );
    assert_eq!(localisation.find(&context, &patient()).await.unwrap(), []);
}

#[tokio::test]
async fn a_code_narrows_a_search() {
    let setting = Setting::new().await;
    let laboratory = setting.region.admit(3, OrganisationType::Laboratory);
    let localisation = setting.localisation(&laboratory);
    localisation
        .register(&laboratory.context(), &patient(), Categories::ALL)
        .await
        .unwrap();
    let sealed = setting.sealed(&setting.audience()).await;
    let body = format!("subject={sealed}&code=Alert,Condition");
    let (_, found) = setting
        .index(&laboratory, "POST", "List/_search", &body)
        .await;
    assert_eq!(found["total"], 2);
}

#[tokio::test]
async fn the_pseudonym_service_answers_its_one_question() {
    let setting = Setting::new().await;
    let laboratory = setting.region.admit(3, OrganisationType::Laboratory);
    let service = PseudonymDoor::new(
        setting.regional.pseudonyms.clone(),
        setting.region.clock.clone(),
    );
    let check = async |method: &str, path: &str, body: &[u8], expected: u16| {
        let reply = service
            .answer(&laboratory.record, request(method, path, body))
            .await;
        assert_eq!(reply.status, expected);
    };
    let asked = |audience: &Audience| {
        let blinded = Blinded::new(&patient(), audience, &SystemRandomness).unwrap();
        serde_json::to_vec(&blinded.request()).unwrap()
    };
    check("POST", "evaluate", &asked(&setting.audience()), 200).await;
    check(
        "POST",
        "evaluate",
        &asked(&Audience::localisation(laboratory.ura())),
        404,
    )
    .await;
    check("POST", "evaluate", b"{}", 400).await;
    check("GET", "evaluate", b"", 405).await;
    check("POST", "other", b"", 404).await;
}

/// A seal for a store whose audit log is not looked at.
struct NoSeal;

impl Seal for NoSeal {
    fn hash(&self, _entry: &AuditEntry<'_>) -> [u8; 32] {
        [0; 32]
    }

    fn sign(&self, _hash: &[u8; 32]) -> Vec<u8> {
        vec![0]
    }
}

fn open_store(path: &Path, region: &Region) -> Store {
    Store::open(Options {
        database: store::Database::Sqlite(path.to_owned()),
        base_url: "https://own.example/fhir/r4".to_owned(),
        version: fhir::FhirVersion::R4,
        clock: region.clock.clone(),
        ids: Arc::new(RandomIds),
        seal: Arc::new(NoSeal),
    })
    .unwrap()
}

async fn keep(store: &Store, member: &Member, bsn: &Bsn, resource: Value) {
    let person = json!({
        "resourceType": "Patient",
        "identifier": [{"system": Bsn::SYSTEM, "value": bsn.expose()}]
    });
    let create = |full_url: &str, resource: &Value| Change::Create {
        full_url: Some(full_url.to_owned()),
        resource: Resource::parse(resource.to_string()).unwrap(),
        if_none_exist: None,
    };
    let changes = vec![
        create("urn:uuid:person", &person),
        create("urn:uuid:data", &resource),
    ];
    let context = member.identity.own_system(&RandomIds);
    store
        .write(
            &context,
            &Scope::Organisation,
            changes,
            Alongside::default(),
        )
        .await
        .unwrap();
}

fn condition() -> Value {
    json!({
        "resourceType": "Condition",
        "subject": {"reference": "urn:uuid:person"},
        "code": {"text": "Diabetes mellitus type 2"}
    })
}

#[tokio::test]
async fn what_waits_in_the_outbox_survives_a_restart_and_a_silent_index() {
    let setting = Setting::new().await;
    let practice = setting.region.admit(1, OrganisationType::GeneralPractice);
    let localisation = Arc::new(setting.localisation(&practice));
    let path = setting.folder.path().join("practice.db");
    let registrar = |store: Store| {
        let context = practice.identity.own_system(&RandomIds);
        Registrar::new(
            store,
            localisation.clone(),
            context,
            RegistrarSettings::default(),
        )
    };

    let store = open_store(&path, &setting.region);
    keep(&store, &practice, &patient(), condition()).await;
    keep(&store, &practice, &other_patient(), condition()).await;
    setting.regional.down.store(true, Ordering::SeqCst);
    let round = registrar(store.clone()).round().await.unwrap();
    assert_eq!(
        round,
        Round {
            registered: 0,
            failed: 2
        }
    );
    drop(store);

    let store = open_store(&path, &setting.region);
    setting.regional.down.store(false, Ordering::SeqCst);
    let registrar = registrar(store.clone());
    assert_eq!(
        registrar.round().await.unwrap(),
        Round {
            registered: 2,
            failed: 0
        }
    );
    assert_eq!(registrar.round().await.unwrap(), Round::default());
    assert!(store.outbox(10).await.unwrap().is_empty());
    let context = practice.context();
    let held = set(&[DataCategory::Condition, DataCategory::Patient]);
    for bsn in [patient(), other_patient()] {
        assert_eq!(
            localisation.find(&context, &bsn).await.unwrap(),
            [(practice.ura(), held)]
        );
    }
}

#[tokio::test]
async fn the_registrar_tries_again_until_the_index_answers() {
    let setting = Setting::new().await;
    let practice = setting.region.admit(1, OrganisationType::GeneralPractice);
    let localisation = Arc::new(setting.localisation(&practice));
    let store = open_store(&setting.folder.path().join("practice.db"), &setting.region);
    let settings = RegistrarSettings {
        idle: Duration::from_hours(1),
        retry_first: Duration::from_millis(1),
        retry_longest: Duration::from_millis(1),
        ..RegistrarSettings::default()
    };
    let context = practice.identity.own_system(&RandomIds);
    let registrar = Arc::new(Registrar::new(
        store.clone(),
        localisation.clone(),
        context,
        settings,
    ));
    let running = tokio::spawn({
        let registrar = registrar.clone();
        async move { registrar.run().await }
    });
    setting.regional.down.store(true, Ordering::SeqCst);
    keep(&store, &practice, &patient(), condition()).await;
    registrar.wake();
    // It can only get through once the index answers again.
    setting.regional.down.store(false, Ordering::SeqCst);
    setting.regional.registered.notified().await;
    let found = localisation
        .find(&practice.context(), &patient())
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    running.abort();
}

#[tokio::test]
async fn a_node_asks_what_is_for_its_type_at_the_pace_of_one() {
    let setting = Setting::new().await;
    let hospital = setting.region.admit(2, OrganisationType::Hospital).record;
    let regional = setting
        .region
        .admit(9, OrganisationType::RegionalOrganisation)
        .record;
    let index = &setting.regional.index;
    let ask = async |peer: &OrganisationRecord, method, path| {
        index
            .answer(peer, request(method, path, b"x=1"))
            .await
            .status
    };
    for (method, path) in [
        ("POST", ""),
        ("POST", "List"),
        ("POST", "List/_withdraw"),
        ("DELETE", "List/1"),
    ] {
        assert_eq!(ask(&regional, method, path).await, 403, "{path}");
        assert_ne!(ask(&hospital, method, path).await, 403, "{path}");
    }
    // The pace is kept before anything is read, so nonsense counts too.
    for _ in 0..SEARCHES_BURST {
        assert_eq!(ask(&hospital, "POST", "List/_search").await, 400);
    }
    assert_eq!(ask(&hospital, "POST", "List/_search").await, 429);
    assert_eq!(ask(&regional, "POST", "List/_search").await, 400);
    assert_ne!(ask(&hospital, "POST", "List").await, 429);

    let door = PseudonymDoor::new(
        setting.regional.pseudonyms.clone(),
        setting.region.clock.clone(),
    );
    for _ in 0..PSEUDONYMS_BURST {
        let reply = door
            .answer(&hospital, request("POST", "evaluate", b"x"))
            .await;
        assert_eq!(reply.status, 400);
    }
    let reply = door
        .answer(&hospital, request("POST", "evaluate", b"x"))
        .await;
    assert_eq!(reply.status, 429);
}
