//! The consent service and two nodes, over real mutual TLS.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
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
use care::{
    AccessContext, Actor, Authenticated, OrganisationType, ProviderCategory, Purpose, RandomIds,
    RequestId, Role,
};
use serde_json::json;
use trust::{
    SystemRandomness,
    consent::{Change, ConsentQuestion, ConsentService, EmbeddedConsents, Preset},
    identity::Peer,
};

use super::{
    wire::{HOLDERS_MAX, Instance, Invalidation, Party, Patient, Subject},
    *,
};
use crate::{
    addressing::{ConfiguredAddresses, Directory},
    door::DoorReply,
    kit::{Door, HandMovedTime, Member, Region, patient, request},
};

/// A node door that leads to the consent service or to a node's memory.
#[derive(Clone, Default)]
struct Behind {
    service: Arc<OnceLock<RegionalConsents>>,
    node: Arc<OnceLock<Arc<CachedConsents>>>,
    questions: Arc<AtomicUsize>,
}

/// What the api room does.
async fn forward(
    State(behind): State<Behind>,
    Extension(caller): Extension<Peer>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Response {
    let path = uri.path().strip_prefix("/consent/").unwrap();
    let request = request(method.as_str(), path, &body);
    let reply = if path == "invalidated" {
        behind
            .node
            .get()
            .unwrap()
            .answer(&caller.organisation, request)
    } else {
        behind
            .questions
            .fetch_add(usize::from(path != "lease"), Ordering::SeqCst);
        behind.service.get().unwrap().answer(&caller, request).await
    };
    (StatusCode::from_u16(reply.status).unwrap(), reply.body).into_response()
}

struct Node {
    member: Member,
    door: Door,
    consents: Arc<CachedConsents>,
}

struct Setting {
    regional: Member,
    service: Behind,
    hospital: Node,
    practice: Node,
    regional_door: Door,
    _folder: tempfile::TempDir,
}

impl Setting {
    async fn new() -> Self {
        let region = Region::new();
        let folder = tempfile::tempdir().unwrap();
        let regional = region.admit(9, OrganisationType::RegionalOrganisation);
        let service = Behind::default();
        let app = |behind: &Behind| Router::new().fallback(forward).with_state(behind.clone());
        let door = region.open_door(&regional, app(&service)).await;
        let node = async |number: u32, organisation_type: OrganisationType| {
            let member = region.admit(number, organisation_type);
            let behind = Behind::default();
            let address = door.organisation.address();
            let consents = Arc::new(CachedConsents::new(
                member.peers.clone(),
                address,
                &SystemRandomness,
            ));
            assert!(behind.node.set(consents.clone()).is_ok());
            let door = region.open_door(&member, app(&behind)).await;
            Node {
                member,
                door,
                consents,
            }
        };
        let hospital = node(2, OrganisationType::Hospital).await;
        let practice = node(1, OrganisationType::GeneralPractice).await;
        let addresses = vec![
            hospital.door.organisation.clone(),
            practice.door.organisation.clone(),
        ];
        let directory = Arc::new(Directory::new(Arc::new(ConfiguredAddresses(addresses))));
        directory.refresh().await.unwrap();
        let push = ConsentPush::new(
            regional.peers.clone(),
            directory.clone(),
            &RandomIds,
            &SystemRandomness,
        );
        let embedded =
            EmbeddedConsents::open(&folder.path().join("consent.db"), region.clock.clone())
                .unwrap();
        let consents = RegionalConsents::new(embedded, push, directory, Box::new(RandomIds));
        assert!(service.service.set(consents).is_ok());
        Self {
            regional,
            service,
            hospital,
            practice,
            regional_door: door,
            _folder: folder,
        }
    }

    /// Changes the patient's choices, moving the clock until it is done.
    async fn change(&self, time: &HandMovedTime, preset: Preset) {
        let (service, context) = (self.service.clone(), as_patient());
        let changing = tokio::spawn(async move {
            let consents = service.service.get().unwrap();
            consents
                .change(&context, &patient(), &Change::preset(preset), None)
                .await
        });
        time.until_done(&changing, Duration::from_millis(10), Duration::MAX)
            .await;
        changing.await.unwrap().unwrap();
    }

    /// Whether the practice may see what the hospital holds, as each of them hears it.
    async fn both_sides(&self) -> (bool, bool) {
        let context = self.hospital.member.context();
        let closed = self
            .hospital
            .consents
            .closed_question(&context, &patient(), &self.question())
            .await
            .unwrap();
        let context = self.practice.member.context();
        let holder = (self.hospital.member.ura(), ProviderCategory::Hospital);
        let consulting = (
            self.practice.member.ura(),
            ProviderCategory::GeneralPractice,
        );
        let open = self
            .practice
            .consents
            .open_question(&context, &patient(), consulting, &[holder])
            .await
            .unwrap();
        assert_eq!(open.len(), 1);
        (closed.permits_anything(), open[0].1.permits_anything())
    }

    fn question(&self) -> ConsentQuestion {
        ConsentQuestion {
            holder: self.hospital.member.ura(),
            holder_category: ProviderCategory::Hospital,
            consulting: self.practice.member.ura(),
            consulting_category: ProviderCategory::GeneralPractice,
        }
    }

    fn questions(&self) -> usize {
        self.service.questions.load(Ordering::SeqCst)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test stands in for authentication"
)]
fn as_patient() -> AccessContext {
    AccessContext::from_authentication(Authenticated {
        actor: Actor {
            id: "p".to_owned(),
            name: "P. Patiënt".to_owned(),
            role: Role::Patient,
        },
        organisation: "9".parse().unwrap(),
        organisation_name: "Organisatie 9".to_owned(),
        organisation_type: OrganisationType::RegionalOrganisation,
        purpose: Purpose::PatientRequest,
        patient: Some(patient()),
        exchange: None,
        treatment_relation: None,
        emergency_reason: None,
        request: RequestId("request-2".to_owned()),
    })
}

#[tokio::test]
async fn a_change_holds_at_every_node_when_the_patient_hears_so() {
    let setting = Setting::new().await;
    let time = HandMovedTime::start();
    assert_eq!(
        setting.both_sides().await,
        (false, false),
        "no choice is no"
    );
    setting.change(&time, Preset::Everyone).await;
    assert_eq!(setting.both_sides().await, (true, true));
    let asked = setting.questions();
    for _ in 0..10 {
        assert_eq!(setting.both_sides().await, (true, true));
    }
    assert_eq!(
        setting.questions(),
        asked,
        "remembered while the lease holds"
    );
    setting.change(&time, Preset::Nobody).await;
    assert_eq!(setting.both_sides().await, (false, false));
    assert_eq!(setting.questions(), asked + 2);
}

#[tokio::test]
async fn a_node_that_does_not_hear_holds_up_a_change_no_longer_than_its_lease() {
    let mut setting = Setting::new().await;
    let time = HandMovedTime::start();
    setting.change(&time, Preset::Everyone).await;
    assert_eq!(setting.both_sides().await, (true, true));
    // The door closes; the node itself goes on, and asks when it must. How
    // long the change may take is held by the simulation of `coherence`: here
    // a disk and sockets take real time.
    let region = Region::new();
    let nowhere = region.admit(77, OrganisationType::Hospital);
    setting.hospital.door = region.open_door(&nowhere, Router::new()).await;
    setting.change(&time, Preset::Nobody).await;
    assert_eq!(setting.both_sides().await, (false, false));
}

#[tokio::test]
async fn without_the_service_there_is_no_answer() {
    let setting = Setting::new().await;
    let Setting {
        hospital,
        regional_door,
        ..
    } = &setting;
    let question = setting.question();
    let context = hospital.member.context();
    let stranger = Arc::new(CachedConsents::new(
        hospital.member.peers.clone(),
        crate::PeerAddress {
            ura: "8".parse().unwrap(),
            url: regional_door.organisation.node_url.clone(),
        },
        &SystemRandomness,
    ));
    assert!(
        stranger
            .closed_question(&context, &patient(), &question)
            .await
            .is_err()
    );
    assert_eq!(setting.questions(), 0, "the question went nowhere");
}

#[tokio::test]
async fn a_node_asks_about_itself_only() {
    let setting = Setting::new().await;
    let service = setting.service.service.get().unwrap();
    let (hospital, practice) = (&setting.hospital.member, &setting.practice.member);
    let check = async |caller: &Member, path: &str, body: serde_json::Value, expected: u16| {
        let body = body.to_string();
        let reply: DoorReply = service
            .answer(&caller.peer, request("POST", path, body.as_bytes()))
            .await;
        assert_eq!(reply.status, expected, "{path} {}", caller.record.name);
    };
    let closed = json!({
        "patient": patient().expose(),
        "question": serde_json::to_value(setting.question()).unwrap()
    });
    check(hospital, "closed-question", closed.clone(), 200).await;
    check(practice, "closed-question", closed.clone(), 200).await;
    check(&setting.regional, "closed-question", closed.clone(), 403).await;
    let mut as_practice = closed.clone();
    as_practice["question"]["holder_category"] = ProviderCategory::GeneralPractice.code().into();
    check(hospital, "closed-question", as_practice, 403).await;
    // What is said of the other party is held against its registration.
    for (party, category, expected) in [
        ("2", ProviderCategory::Hospital, 200),
        ("1", ProviderCategory::Pharmacy, 403),
        ("1", ProviderCategory::Hospital, 403),
        ("3", ProviderCategory::GeneralPractice, 403),
    ] {
        let mut other = closed.clone();
        other["question"]["consulting"] = party.into();
        other["question"]["consulting_category"] = category.code().into();
        check(hospital, "closed-question", other, expected).await;
    }
    let open = |consulting: &Member, category: ProviderCategory, holders: usize| {
        let party = |ura, category| Party { ura, category };
        serde_json::to_value(wire::OpenQuestion {
            patient: Patient(patient()),
            consulting: party(consulting.ura(), category),
            holders: vec![party(hospital.ura(), ProviderCategory::Hospital); holders],
        })
        .unwrap()
    };
    let general = ProviderCategory::GeneralPractice;
    check(practice, "open-question", open(practice, general, 1), 200).await;
    check(
        practice,
        "open-question",
        open(practice, ProviderCategory::Hospital, 1),
        403,
    )
    .await;
    check(hospital, "open-question", open(practice, general, 1), 403).await;
    let mut made_up = open(practice, general, 1);
    made_up["holders"][0]["category"] = ProviderCategory::Pharmacy.code().into();
    check(practice, "open-question", made_up, 403).await;
    check(
        practice,
        "open-question",
        open(practice, general, HOLDERS_MAX),
        200,
    )
    .await;
    check(
        practice,
        "open-question",
        open(practice, general, HOLDERS_MAX + 1),
        413,
    )
    .await;
    check(practice, "closed-question", json!({}), 400).await;
    check(practice, "lease", json!({}), 200).await;
    check(practice, "other", json!({}), 404).await;
    let get = service
        .answer(&practice.peer, request("GET", "lease", b""))
        .await;
    assert_eq!(get.status, 405);
}

#[tokio::test]
async fn only_the_service_may_say_that_something_changed() {
    let setting = Setting::new().await;
    let consents = &setting.hospital.consents;
    let invalidation = |subject: &str| {
        serde_json::to_vec(&Invalidation {
            instance: Instance("run".to_owned()),
            sequence: 1,
            subject: Subject(subject.to_owned()),
        })
        .unwrap()
    };
    let check = |caller: &Member, body: &[u8], expected: u16| {
        let reply = consents.answer(&caller.record, request("POST", "invalidated", body));
        assert_eq!(reply.status, expected);
    };
    let longest = "s".repeat(wire::NAME_BYTES_MAX);
    check(&setting.practice.member, &invalidation("s"), 403);
    check(&setting.regional, &invalidation("s"), 200);
    check(&setting.regional, &invalidation(&longest), 200);
    check(&setting.regional, &invalidation(&(longest + "s")), 400);
    check(&setting.regional, b"{}", 400);
}
