//! A small region in temporary files, and a browser that keeps cookies and
//! sends the tokens of forms.

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use axum::{Router, body::Body};
use care::{
    AccessContext, Bsn, Categories, ManualClock, OrganisationType, Role, SequentialIds, Ura,
};
use exchange::{
    Answer, ExchangeError, LogAnswer, Node, NodeParts, Participant, PeerPart, Region, Unreachable,
    catalogue::Catalogue,
};
use fhir::{Resource, json::Value};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use network::{
    PeerClient,
    addressing::{AddressError, AddressFeed, Changes, Directory, Organisation},
    consent::{ConsentPush, RegionalConsents},
};
use store::{Options, Store};
use tempfile::TempDir;
use tower::ServiceExt as _;
use trust::{
    SeededRandomness,
    audit::Chain,
    consent::{Change, EmbeddedConsents, Preset},
    identity::{OrganisationRecord, RegionAuthority},
    person::{DemoIssuer, People, Person},
    policy::Policies,
    session::Sessions,
};
use web::findings::{Finding, NodeChecks};
use web::{OrganisationStatus, RegionRoom, RegionStatus, WebOptions};

pub(crate) const GP: u32 = 1;
pub(crate) const HOSPITAL: u32 = 3;
pub(crate) const REGION: u32 = 9;
const ORGANISATIONS: [(u32, &str, OrganisationType); 3] = [
    (
        GP,
        "Huisartsenpraktijk De Wilg",
        OrganisationType::GeneralPractice,
    ),
    (HOSPITAL, "Ziekenhuis Overkant", OrganisationType::Hospital),
    (
        REGION,
        "Regio Tussenwater",
        OrganisationType::RegionalOrganisation,
    ),
];

/// Treated by both, and known to the region.
pub(crate) const ANNA: &str = "999911119";
/// Known to the practice only.
pub(crate) const BERT: &str = "999906276";

const PEOPLE: [(&str, Role, u32); 6] = [
    ("internist", Role::Internist, HOSPITAL),
    ("verpleegkundige", Role::Nurse, HOSPITAL),
    ("beheer", Role::Operator, HOSPITAL),
    ("systeem", Role::RecordSystem, HOSPITAL),
    ("coordinator", Role::Coordinator, REGION),
    ("anna", Role::Patient, REGION),
];

fn ura(number: u32) -> Ura {
    number.to_string().parse().unwrap()
}

/// The network, replaced by calls from node to node.
#[derive(Default)]
struct Wires {
    participants: Vec<Participant>,
    nodes: OnceLock<HashMap<Ura, Arc<Node>>>,
}

#[async_trait]
impl Region for Wires {
    fn organisations(&self) -> Vec<Participant> {
        self.participants.clone()
    }

    async fn holders(
        &self,
        _cx: &AccessContext,
        _bsn: &Bsn,
    ) -> Result<Vec<(Ura, Categories)>, Unreachable> {
        Ok(self
            .participants
            .iter()
            .map(|one| (one.record.ura, Categories::ALL))
            .collect())
    }

    async fn ask(
        &self,
        cx: &AccessContext,
        source: Ura,
        queries: &[String],
        _deadline: Duration,
    ) -> Answer {
        match self.nodes.get().unwrap()[&source]
            .answer_peer(cx, queries)
            .await
        {
            Err(ExchangeError::NotAllowed) => Answer::NotAllowed,
            Err(error) => Answer::NoAnswer(error.to_string()),
            Ok(answer) => {
                let found = answer.parts.into_iter().filter_map(|part| match part {
                    PeerPart::Found { matches, .. } => Some(matches),
                    PeerPart::Refused { .. } => None,
                });
                let parse = |body: &[u8]| (Resource::parse(body).unwrap(), false);
                Answer::Data {
                    resources: found.flatten().map(|stored| parse(&stored.body)).collect(),
                    complete: true,
                }
            }
        }
    }

    async fn access_log(&self, cx: &AccessContext, source: Ura, _deadline: Duration) -> LogAnswer {
        match self.nodes.get().unwrap()[&source]
            .answer_access_log(cx)
            .await
        {
            Err(error) => LogAnswer::NoAnswer(error.to_string()),
            Ok(bundle) => {
                let bundle = Resource::parse(bundle).unwrap();
                let entries = bundle
                    .root()
                    .get("entry")
                    .into_iter()
                    .flat_map(fhir::json::Node::items);
                let events = entries.filter_map(|entry| entry.get("resource"));
                LogAnswer::Lines(
                    events
                        .map(|event| event.raw().as_bytes().to_vec())
                        .collect(),
                )
            }
        }
    }
}

/// No other node is there to be told.
struct NoFeed;

#[async_trait]
impl AddressFeed for NoFeed {
    async fn publish(&self, _own: &Organisation) -> Result<(), AddressError> {
        Ok(())
    }

    async fn all(&self) -> Result<Changes, AddressError> {
        Ok(Changes {
            entries: Vec::new(),
            stamp: None,
        })
    }

    async fn since(&self, _stamp: jiff::Timestamp) -> Result<Changes, AddressError> {
        self.all().await
    }
}

/// A node of which the outbox waits and the rest is well.
struct AllWell;

#[async_trait]
impl NodeChecks for AllWell {
    async fn findings(&self) -> Vec<Finding> {
        vec![Finding::Policies(Ok(())), Finding::Registrations(3)]
    }
}

struct Watched(Vec<OrganisationRecord>);

#[async_trait]
impl RegionStatus for Watched {
    async fn organisations(&self, _cx: &AccessContext) -> Vec<OrganisationStatus> {
        let status = |organisation: &OrganisationRecord| OrganisationStatus {
            organisation: organisation.clone(),
            up: organisation.ura != ura(GP),
            last_contact: None,
            statistics: None,
        };
        self.0.iter().map(status).collect()
    }
}

pub(crate) struct TestRegion {
    pub(crate) nodes: HashMap<u32, Arc<Node>>,
    pages: HashMap<u32, Router>,
    sessions: HashMap<u32, Arc<Sessions>>,
    consents: Arc<RegionalConsents>,
    people: Arc<People>,
    _files: TempDir,
}

impl TestRegion {
    pub(crate) fn new() -> Self {
        let files = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap()));
        let now = care::Clock::now(clock.as_ref());
        let authority = RegionAuthority::create("Test", now).unwrap();
        let embedded =
            EmbeddedConsents::open(&files.path().join("consent.db"), clock.clone()).unwrap();
        let policies = Arc::new(Policies::embedded().unwrap());
        let randomness = Arc::new(SeededRandomness::from_seed(7));
        let records = ORGANISATIONS.map(|(number, name, organisation_type)| OrganisationRecord {
            ura: ura(number),
            name: name.to_owned(),
            organisation_type,
        });
        let people = PEOPLE.map(|(slug, role, organisation)| Person {
            slug: slug.to_owned(),
            name: format!("Proef {slug}"),
            role,
            organisation: ura(organisation),
            bsn: (role == Role::Patient).then(|| Bsn::parse(ANNA).unwrap()),
        });
        let people = Arc::new(People::new(people.to_vec()).unwrap());
        let participants = records.iter().map(|record| Participant {
            record: record.clone(),
            fhir_base: format!("https://{}.example/fhir/r4", record.ura),
        });
        let wires = Arc::new(Wires {
            participants: participants.collect(),
            ..Wires::default()
        });
        let hosts = ["localhost".to_owned()];
        let regional = authority.issue(&records[2], &hosts, now).unwrap();
        let anchors = authority.anchors(clock.clone()).unwrap();
        let peers = Arc::new(PeerClient::new(regional, anchors));
        let directory = Arc::new(Directory::new(Arc::new(NoFeed)));
        let ids = SequentialIds::default();
        let push = ConsentPush::new(peers, directory.clone(), &ids, &*randomness);
        let consents = Arc::new(RegionalConsents::new(
            embedded.clone(),
            push,
            directory,
            Box::new(ids),
        ));

        let (mut nodes, mut pages, mut all_sessions) =
            (HashMap::new(), HashMap::new(), HashMap::new());
        for (record, (number, ..)) in records.iter().zip(ORGANISATIONS) {
            let identity = authority.issue(record, &hosts, now).unwrap();
            let ids = Arc::new(SequentialIds::default());
            let store = Store::open(Options {
                database: store::Database::Sqlite(files.path().join(format!("{number}.db"))),
                base_url: format!("https://{}.example/fhir/r4", record.ura),
                version: fhir::FhirVersion::R4,
                clock: clock.clone(),
                ids: ids.clone(),
                seal: Arc::new(Chain::new(&identity, None)),
            })
            .unwrap();
            let node = Arc::new(Node::new(NodeParts {
                organisation: record.clone(),
                store,
                beside: Vec::new(),
                policies: policies.clone(),
                consents: Arc::new(embedded.clone()),
                region: wires.clone(),
                catalogue: Catalogue::embedded().unwrap(),
                terminology: terminology::definitions::built_in(),
                clock: clock.clone(),
                ids: ids.clone(),
                source_deadline: Duration::from_millis(500),
                time_zone: web::dates::time_zone(),
            }));
            let sessions = Arc::new(Sessions::new(
                record.clone(),
                clock.clone(),
                ids,
                randomness.clone(),
            ));
            let region = (number == REGION).then(|| RegionRoom {
                consents: consents.clone(),
                status: Arc::new(Watched(records.to_vec())),
            });
            let router = web::router(WebOptions {
                node: node.clone(),
                sessions: sessions.clone(),
                issuer: Arc::new(DemoIssuer(people.clone())),
                people: people.clone(),
                public_address: "http://localhost:8081".to_owned(),
                elsewhere: Vec::new(),
                region,
                checks: Arc::new(AllWell),
                demo: true,
                clock: clock.clone(),
                randomness: randomness.clone(),
                time_zone: web::dates::time_zone(),
            });
            nodes.insert(number, node);
            pages.insert(number, router);
            all_sessions.insert(number, sessions);
        }
        let by_ura = nodes
            .iter()
            .map(|(number, node)| (ura(*number), node.clone()))
            .collect();
        assert!(wires.nodes.set(by_ura).is_ok());
        Self {
            nodes,
            pages,
            sessions: all_sessions,
            consents,
            people,
            _files: files,
        }
    }

    /// Anna is treated by the hospital and has a problem at the practice; the
    /// practice alone knows Bert.
    pub(crate) async fn with_patients() -> Self {
        let region = Self::new();
        region
            .store(GP, ANNA, problem("Diabetes mellitus type 2"))
            .await;
        region.store(GP, BERT, problem("Hypertensie")).await;
        let contact = fhir::value!({
            "resourceType": "Encounter", "status": "in-progress",
            "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB" },
            "period": { "start": "2026-03-01T09:00:00Z" }
        });
        region.store(HOSPITAL, ANNA, contact).await;
        region
    }

    /// Stores something about a patient as the record system.
    pub(crate) async fn store(&self, number: u32, patient: &str, mut resource: Value) {
        let cx = self.record_system(number);
        resource.set(
            "subject",
            fhir::value!({ "reference": "urn:uuid:00000000-0000-4000-8000-000000000001" }),
        );
        let kind = resource
            .get("resourceType")
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned();
        let bundle = fhir::value!({ "resourceType": "Bundle", "type": "transaction", "entry": [
            {
                "fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000001",
                "resource": {
                    "resourceType": "Patient",
                    "identifier": [{ "system": (Bsn::SYSTEM), "value": patient }],
                    "name": [{ "family": "Vermeer <b>", "given": ["Anna"] }],
                    "gender": "female", "birthDate": "1950-02-03"
                },
                "request": { "method": "PUT", "url": (format!("Patient?identifier={}|{patient}", Bsn::SYSTEM)) }
            },
            { "resource": resource, "request": { "method": "POST", "url": kind } }
        ] });
        let bundle = Resource::from_value(&bundle).unwrap();
        self.nodes[&number].bundle(&cx, &bundle).await.unwrap();
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a test stands in for authentication"
    )]
    pub(crate) fn record_system(&self, number: u32) -> AccessContext {
        let organisation = self.nodes[&number].organisation();
        AccessContext::from_authentication(care::Authenticated {
            actor: care::Actor {
                id: "systeem".to_owned(),
                name: "Systeem".to_owned(),
                role: Role::RecordSystem,
            },
            organisation: organisation.ura,
            organisation_name: organisation.name.clone(),
            organisation_type: organisation.organisation_type,
            purpose: care::Purpose::RecordKeeping,
            patient: None,
            exchange: None,
            treatment_relation: None,
            emergency_reason: None,
            request: care::RequestId("test".to_owned()),
        })
    }

    /// Anna's choices, made elsewhere than on these pages.
    pub(crate) async fn consent(&self, preset: Preset) {
        let person = self.people.find("anna").unwrap();
        let sessions = &self.sessions[&REGION];
        let cookie = sessions.open(person).unwrap().cookie;
        let cx = sessions.find(&cookie).unwrap().context;
        let anna = Bsn::parse(ANNA).unwrap();
        self.consents
            .change(&cx, &anna, &Change::preset(preset), None)
            .await
            .unwrap();
    }

    pub(crate) fn browser(&self, number: u32) -> Browser {
        Browser {
            pages: self.pages[&number].clone(),
            cookies: HashMap::new(),
            token: None,
        }
    }

    /// A browser with somebody signed in.
    pub(crate) async fn signed_in(&self, slug: &str) -> Browser {
        let (_, _, number) = PEOPLE
            .into_iter()
            .find(|(found, ..)| *found == slug)
            .unwrap();
        let mut browser = self.browser(number);
        browser.get("/").await;
        let reply = browser.post("/sign-in", &[("person", slug)]).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
        browser.get(&reply.location()).await;
        browser
    }
}

pub(crate) fn problem(text: &str) -> Value {
    fhir::value!({
        "resourceType": "Condition",
        "clinicalStatus": { "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"
        }] },
        "code": { "text": text }
    })
}

/// A browser at the pages of one node.
pub(crate) struct Browser {
    pages: Router,
    cookies: HashMap<String, String>,
    /// The token of the forms on the last page.
    pub(crate) token: Option<String>,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn location(&self) -> String {
        self.headers[header::LOCATION].to_str().unwrap().to_owned()
    }

    /// The value of the first attribute that follows a piece of the page.
    pub(crate) fn after(&self, piece: &str, attribute: &str) -> String {
        let (_, rest) = self
            .body
            .split_once(piece)
            .unwrap_or_else(|| panic!("{}", self.body));
        let (_, rest) = rest.split_once(&format!("{attribute}=\"")).unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    }
}

impl Browser {
    pub(crate) async fn get(&mut self, path: &str) -> Reply {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    /// Posts a form with the token of the last page.
    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Reply {
        let token = self.token.clone().unwrap_or_default();
        self.post_with(path, &token, form, Some("http://localhost:8081"))
            .await
    }

    /// Posts a form with a token and an origin of choice.
    pub(crate) async fn post_with(
        &mut self,
        path: &str,
        token: &str,
        form: &[(&str, &str)],
        origin: Option<&str>,
    ) -> Reply {
        let encode = |text: &str| {
            text.bytes().fold(String::new(), |mut encoded, byte| {
                let _ = write!(encoded, "%{byte:02X}");
                encoded
            })
        };
        let mut body = format!("token={}", encode(token));
        for (name, value) in form {
            let _ = write!(body, "&{}={}", encode(name), encode(value));
        }
        let mut request =
            Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    async fn send(&mut self, mut request: Request<Body>) -> Reply {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            let cookies = cookies.join("; ").parse().unwrap();
            request.headers_mut().insert(header::COOKIE, cookies);
        }
        let response = self.pages.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let body = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let token = body.split("name=\"token\" value=\"").nth(1);
        if let Some(token) = token.and_then(|rest| rest.split('"').next()) {
            self.token = Some(token.to_owned());
        }
        Reply {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}
