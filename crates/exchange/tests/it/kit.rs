//! A region of nodes in temporary directories.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use care::{
    AccessContext, Actor, Authenticated, Bsn, Categories, ExchangeCode, ManualClock,
    OrganisationType, Purpose, RequestId, Role, SequentialIds, Ura,
};
use exchange::{
    Answer, ExchangeError, LogAnswer, Node, NodeParts, Participant, PeerPart, Region, Unreachable,
    Validation, catalogue::Catalogue,
};
use fhir::{Resource, json::Value};
use store::{AuditEntry, Options, Seal, Store};
use tempfile::TempDir;
use tokio::sync::Notify;
use trust::{
    audit::Chain,
    consent::{Change, EmbeddedConsents, Preset},
    identity::{OrganisationRecord, RegionAuthority},
    policy::Policies,
};

pub(crate) const GP: u32 = 1;
pub(crate) const HOSPITAL: u32 = 3;
pub(crate) const PHARMACY: u32 = 4;
pub(crate) const HOME_CARE: u32 = 5;
pub(crate) const REGION: u32 = 9;

/// The number of the first of the crowd.
pub(crate) const CROWD: u32 = 1_000;

/// The demo patient of most tests, and somebody else.
pub(crate) const ANNA: &str = "999911119";
pub(crate) const BERT: &str = "999906276";

pub(crate) fn bsn(text: &str) -> Bsn {
    Bsn::parse(text).unwrap()
}

pub(crate) fn ura(number: u32) -> Ura {
    number.to_string().parse().unwrap()
}

pub(crate) fn code(code: &str) -> ExchangeCode {
    ExchangeCode(code.to_owned())
}

const ORGANISATIONS: [(u32, &str, OrganisationType); 5] = [
    (
        GP,
        "Huisartsenpraktijk De Linde",
        OrganisationType::GeneralPractice,
    ),
    (HOSPITAL, "Ziekenhuis Zuid", OrganisationType::Hospital),
    (PHARMACY, "Apotheek De Brug", OrganisationType::Pharmacy),
    (HOME_CARE, "Thuiszorg Noord", OrganisationType::HomeCare),
    (
        REGION,
        "Regio Midden",
        OrganisationType::RegionalOrganisation,
    ),
];

pub(crate) struct TestRegion {
    pub(crate) nodes: BTreeMap<u32, Arc<Node>>,
    pub(crate) consents: EmbeddedConsents,
    pub(crate) wires: Arc<Wires>,
    /// Whether no audit line can be written any more.
    pub(crate) broken: Arc<AtomicBool>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) directory: TempDir,
}

/// An audit chain that can be made to fail.
struct Breakable {
    chain: Chain,
    broken: Arc<AtomicBool>,
}

impl Seal for Breakable {
    fn hash(&self, entry: &AuditEntry<'_>) -> [u8; 32] {
        assert!(
            !self.broken.load(Ordering::Acquire),
            "the seal is broken on purpose"
        );
        self.chain.hash(entry)
    }

    fn sign(&self, hash: &[u8; 32]) -> Vec<u8> {
        self.chain.sign(hash)
    }
}

/// The network, replaced by calls from node to node.
#[derive(Default)]
pub(crate) struct Wires {
    participants: Vec<Participant>,
    nodes: OnceLock<HashMap<Ura, Arc<Node>>>,
    index: Mutex<HashMap<Bsn, HashMap<Ura, Categories>>>,
    /// Nodes that never answer.
    pub(crate) silent: Mutex<HashSet<Ura>>,
    /// Nodes that answer only once their permit is there.
    pub(crate) late: Mutex<HashMap<Ura, Arc<Notify>>>,
    /// How many more hospitals there are, all of which hold everything and
    /// answer nothing.
    pub(crate) crowd: Mutex<u32>,
    /// Whether the localisation index is down.
    pub(crate) index_down: Mutex<bool>,
    /// Who was asked for data.
    pub(crate) asked: Mutex<Vec<Ura>>,
}

#[async_trait]
impl Region for Wires {
    fn organisations(&self) -> Vec<Participant> {
        let crowd = (0..*self.crowd.lock().unwrap()).map(|number| Participant {
            record: OrganisationRecord {
                ura: ura(CROWD + number),
                name: format!("Ziekenhuis {number}"),
                organisation_type: OrganisationType::Hospital,
            },
            fhir_base: format!("https://crowd{number}.example/fhir/r4"),
        });
        self.participants.iter().cloned().chain(crowd).collect()
    }

    async fn holders(
        &self,
        _cx: &AccessContext,
        bsn: &Bsn,
    ) -> Result<Vec<(Ura, Categories)>, Unreachable> {
        if *self.index_down.lock().unwrap() {
            return Err(Unreachable);
        }
        for (ura, node) in self.nodes.get().unwrap() {
            for event in node.store().outbox(1_000).await.unwrap() {
                let mut index = self.index.lock().unwrap();
                index
                    .entry(event.bsn)
                    .or_default()
                    .insert(*ura, event.categories);
            }
        }
        let index = self.index.lock().unwrap();
        let crowd = 0..*self.crowd.lock().unwrap();
        Ok(index
            .get(bsn)
            .cloned()
            .unwrap_or_default()
            .into_iter()
            .chain(crowd.map(|number| (ura(CROWD + number), Categories::ALL)))
            .collect())
    }

    async fn ask(
        &self,
        cx: &AccessContext,
        source: Ura,
        queries: &[String],
        _deadline: Duration,
    ) -> Answer {
        self.asked.lock().unwrap().push(source);
        if self.silent.lock().unwrap().contains(&source) {
            return std::future::pending().await;
        }
        let Some(node) = self.nodes.get().unwrap().get(&source) else {
            return std::future::pending().await;
        };
        let late = self.late.lock().unwrap().get(&source).cloned();
        if let Some(late) = late {
            late.notified().await;
        }
        match node.answer_peer(cx, queries).await {
            Err(error) if error.status() == 403 => Answer::NotAllowed,
            Err(error) => Answer::NoAnswer(error.to_string()),
            Ok(answer) => {
                let mut resources = Vec::new();
                for part in answer.parts {
                    let PeerPart::Found {
                        matches, included, ..
                    } = part
                    else {
                        panic!("{part:?}")
                    };
                    let parse = |body: &[u8]| Resource::parse(body).unwrap();
                    resources.extend(matches.iter().map(|it| (parse(&it.body), false)));
                    resources.extend(included.iter().map(|it| (parse(&it.body), true)));
                }
                Answer::Data {
                    resources,
                    complete: true,
                }
            }
        }
    }

    async fn access_log(&self, cx: &AccessContext, source: Ura, _deadline: Duration) -> LogAnswer {
        if self.silent.lock().unwrap().contains(&source) {
            return std::future::pending().await;
        }
        match self.nodes.get().unwrap()[&source]
            .answer_access_log(cx)
            .await
        {
            Err(ExchangeError::NotAllowed) => LogAnswer::NotAllowed,
            Err(error) => LogAnswer::NoAnswer(error.to_string()),
            Ok(bundle) => {
                let bundle = Resource::parse(&bundle).unwrap();
                let events = bundle
                    .root()
                    .each("entry")
                    .filter_map(|entry| entry.get("resource"));
                LogAnswer::Lines(
                    events
                        .map(|event| event.raw().as_bytes().to_vec())
                        .collect(),
                )
            }
        }
    }
}

impl TestRegion {
    pub(crate) fn new() -> Self {
        Self::build(None)
    }

    /// A region in which the GP judges what is written so.
    pub(crate) fn validating(validation: Validation) -> Self {
        Self::build(Some(validation))
    }

    fn build(mut validation: Option<Validation>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap()));
        let authority = RegionAuthority::create("Test", care::Clock::now(clock.as_ref())).unwrap();
        let consents =
            EmbeddedConsents::open(&directory.path().join("consent.db"), clock.clone()).unwrap();
        let policies = Arc::new(Policies::embedded().unwrap());
        let records = ORGANISATIONS.map(|(number, name, organisation_type)| OrganisationRecord {
            ura: ura(number),
            name: name.to_owned(),
            organisation_type,
        });
        let participants = records
            .iter()
            .map(|record| Participant {
                record: record.clone(),
                fhir_base: format!("https://{}.example/fhir/r4", record.ura),
            })
            .collect();
        let broken = Arc::new(AtomicBool::new(false));
        let wires = Arc::new(Wires {
            participants,
            ..Wires::default()
        });
        let mut nodes = BTreeMap::new();
        for (organisation, (number, ..)) in records.into_iter().zip(ORGANISATIONS) {
            let identity = authority
                .issue(
                    &organisation,
                    &["localhost".to_owned()],
                    care::Clock::now(clock.as_ref()),
                )
                .unwrap();
            let ids = Arc::new(SequentialIds::default());
            let store = Store::open(Options {
                database: store::Database::Sqlite(directory.path().join(format!("{number}.db"))),
                base_url: format!("https://{}.example/fhir/r4", organisation.ura),
                version: fhir::FhirVersion::R4,
                clock: clock.clone(),
                ids: ids.clone(),
                seal: Arc::new(Breakable {
                    chain: Chain::new(&identity, None),
                    broken: broken.clone(),
                }),
            })
            .unwrap();
            let node = Node::new(NodeParts {
                organisation,
                store,
                beside: Vec::new(),
                policies: policies.clone(),
                consents: Arc::new(consents.clone()),
                region: wires.clone(),
                catalogue: Catalogue::embedded().unwrap(),
                terminology: terminology::definitions::built_in(),
                clock: clock.clone(),
                ids,
                source_deadline: Duration::from_millis(300),
                time_zone: jiff::tz::TimeZone::get("Europe/Amsterdam").unwrap(),
            });
            let validation = validation.take_if(|_| number == GP);
            let node = match validation {
                Some(validation) => node.with_validation(validation),
                None => node,
            };
            nodes.insert(number, Arc::new(node));
        }
        let by_ura = nodes
            .iter()
            .map(|(number, node)| (ura(*number), node.clone()))
            .collect();
        assert!(wires.nodes.set(by_ura).is_ok());
        Self {
            nodes,
            consents,
            wires,
            broken,
            clock,
            directory,
        }
    }

    pub(crate) fn node(&self, number: u32) -> &Arc<Node> {
        &self.nodes[&number]
    }

    /// Somebody of an organisation, in a role, with the usual purpose.
    #[expect(
        clippy::disallowed_methods,
        reason = "a test stands in for authentication"
    )]
    fn actor(&self, number: u32, role: Role, id: &str) -> AccessContext {
        let organisation = self.node(number).organisation();
        let purpose = match role {
            Role::Patient => Purpose::PatientRequest,
            Role::RecordSystem => Purpose::RecordKeeping,
            Role::Coordinator | Role::Operator => Purpose::Operations,
            _ => Purpose::Treatment,
        };
        AccessContext::from_authentication(Authenticated {
            actor: Actor {
                id: id.to_owned(),
                name: format!("De {}", role.name()),
                role,
            },
            organisation: organisation.ura,
            organisation_name: organisation.name.clone(),
            organisation_type: organisation.organisation_type,
            purpose,
            patient: None,
            exchange: None,
            treatment_relation: None,
            emergency_reason: None,
            request: RequestId(format!("request-{number}-{}", role.name())),
        })
    }

    /// Somebody of an organisation, in a role, with the usual purpose.
    pub(crate) fn person(&self, number: u32, role: Role) -> AccessContext {
        self.actor(number, role, role.name())
    }

    /// One of several record systems of an organisation.
    pub(crate) fn system(&self, number: u32, id: &str) -> AccessContext {
        self.actor(number, Role::RecordSystem, id)
    }

    /// A patient, signed in at the regional organisation.
    pub(crate) fn patient(&self, number: &str) -> AccessContext {
        self.person(REGION, Role::Patient)
            .about(&bsn(number), None, None)
            .unwrap()
    }

    /// Stores a transaction as the organisation's record system.
    pub(crate) async fn store(&self, number: u32, entries: Vec<Value>) -> Value {
        let cx = self.person(number, Role::RecordSystem);
        self.node(number)
            .bundle(&cx, &transaction(entries))
            .await
            .unwrap()
    }

    pub(crate) async fn consent(&self, patient: &str, preset: Preset) {
        let cx = self.patient(patient);
        let change = Change::preset(preset);
        self.consents
            .change(&cx, &bsn(patient), &change, None)
            .await
            .unwrap();
    }

    /// Anna as everybody knows her: the GP has a problem and an allergy, the
    /// pharmacy a dispense, the hospital a contact; home care has nothing.
    pub(crate) async fn with_anna() -> Self {
        let region = Self::new();
        region
            .store(GP, vec![
                patient(ANNA),
                about(ANNA, "Condition", fhir::value!({
                    "clinicalStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active" }] },
                    "code": { "coding": [{ "system": "http://snomed.info/sct", "code": "44054006" }], "text": "Diabetes mellitus type 2" }
                })),
                about(ANNA, "AllergyIntolerance", fhir::value!({
                    "clinicalStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active" }] },
                    "code": { "coding": [{ "system": "http://snomed.info/sct", "code": "372687004", "display": "Amoxicilline" }] }
                })),
            ])
            .await;
        region
            .store(PHARMACY, vec![
                patient(ANNA),
                about(ANNA, "MedicationDispense", fhir::value!({
                    "status": "completed",
                    "medicationCodeableConcept": { "coding": [{ "system": "http://www.whocc.no/atc", "code": "A10BA02", "display": "Metformine" }] },
                    "whenHandedOver": "2026-02-20"
                })),
            ])
            .await;
        region
            .store(HOSPITAL, vec![
                patient(ANNA),
                about(ANNA, "Encounter", fhir::value!({
                    "status": "in-progress",
                    "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB" },
                    "period": { "start": "2026-03-01T09:00:00Z" }
                })),
            ])
            .await;
        region
    }
}

pub(crate) fn transaction(entries: Vec<Value>) -> Resource {
    bundle("transaction", entries)
}

pub(crate) fn bundle(kind: &str, entries: Vec<Value>) -> Resource {
    let bundle = fhir::value!({ "resourceType": "Bundle", "type": kind, "entry": entries });
    Resource::from_value(&bundle).unwrap()
}

pub(crate) fn patient(number: &str) -> Value {
    let url = format!("Patient?identifier={}|{number}", Bsn::SYSTEM);
    fhir::value!({
        "fullUrl": (format!("urn:uuid:00000000-0000-4000-8000-{number:0>12}")),
        "resource": {
            "resourceType": "Patient",
            "identifier": [{ "system": (Bsn::SYSTEM), "value": number }],
            "name": [{ "family": "Vermeer" }],
            "birthDate": "1950-02-03"
        },
        "request": { "method": "PUT", "url": url }
    })
}

/// An entry that creates a resource about a patient.
pub(crate) fn about(number: &str, resource_type: &str, content: Value) -> Value {
    let mut resource = fhir::value!({ "resourceType": resource_type });
    for (name, value) in content.members() {
        resource.set(name.clone(), value.clone());
    }
    let subject = if resource_type == "AllergyIntolerance" {
        "patient"
    } else {
        "subject"
    };
    let reference = format!("urn:uuid:00000000-0000-4000-8000-{number:0>12}");
    resource.set(subject, fhir::value!({ "reference": reference }));
    fhir::value!({ "resource": resource, "request": { "method": "POST", "url": resource_type } })
}
