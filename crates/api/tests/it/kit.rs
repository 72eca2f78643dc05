//! A region of three nodes in temporary directories: a hospital, a GP
//! practice, and the organisation that runs the services. Each has its own
//! store, keys, own door, node door and MLLP port on ports of the system's
//! choice; they know each other by certificate only.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use api::{
    limits::{HttpLimits, MllpLimits},
    mllp::NodeIntake,
    node::{NodeDoor, RegionalServices},
    own::{FhirBase, OwnDoor},
};
use care::{Bsn, Clock, IdSource, ManualClock, OrganisationType, RandomIds, Role, SystemClock};
use exchange::{Bulk, BulkLimits, Node, NodeParts, Subscriptions, catalogue::Catalogue};
use fhir::FhirVersion;
use network::{
    PeerAddress, PeerClient,
    addressing::{AddressRegister, ConfiguredAddresses, Directory, Organisation},
    ask::Asker,
    consent::{CachedConsents, ConsentPush, RegionalConsents},
    localisation::{
        LocalisationIndex, PseudonymDoor, RegionalLocalisation, RegionalPseudonyms, Registrar,
        RegistrarSettings,
    },
};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use store::{Options, Store};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::sync::CancellationToken;
use trust::{
    Randomness, SystemRandomness,
    access_token::AccessTokens,
    assertion::Assertions,
    audit::Chain,
    bearer::Bearer,
    consent::{Change, ConsentService, EmbeddedConsents, Preset},
    identity::{
        NodeIdentity, OrganisationRecord, RegionAuthority, TrustAnchors, client_tls, server_tls,
    },
    person::{People, Person},
    policy::Policies,
    pseudonym::{Audience, EmbeddedPseudonyms, PseudonymService, Recipient},
};

use crate::{subscribing, traces};

/// The patient of the story, and somebody else.
pub(crate) const BSN: &str = "999911119";
pub(crate) const OTHER_BSN: &str = "999906276";
pub(crate) const BSN_SYSTEM: &str = "http://fhir.nl/fhir/NamingSystem/bsn";

const TOKEN_LIFETIME: Duration = Duration::from_mins(10);

/// The region.
pub(crate) struct Region {
    pub(crate) hospital: Member,
    pub(crate) practice: Member,
    pub(crate) regional: Member,
    pub(crate) anchors: TrustAnchors,
    authority: RegionAuthority,
    consents: Arc<RegionalConsents>,
    stop: CancellationToken,
    closed: Vec<tokio::task::JoinHandle<()>>,
    pub(crate) directory: TempDir,
}

/// One organisation and its doors.
pub(crate) struct Member {
    pub(crate) identity: NodeIdentity,
    pub(crate) node: Arc<Node>,
    /// The node of its STU3 base; the hospital has one.
    pub(crate) stu3: Option<Arc<Node>>,
    pub(crate) bearer: Arc<Bearer>,
    pub(crate) people: Arc<People>,
    pub(crate) subscriptions: Arc<Subscriptions>,
    pub(crate) subscriptions_stu3: Option<Arc<Subscriptions>>,
    pub(crate) fhir: String,
    pub(crate) own: String,
    pub(crate) node_door: String,
    pub(crate) mllp: SocketAddr,
    pub(crate) ready: watch::Sender<bool>,
    pub(crate) assertions: Arc<Assertions>,
    registrar: Option<Registrar>,
}

struct Sockets {
    own: TcpListener,
    node: TcpListener,
    mllp: TcpListener,
}

impl Sockets {
    async fn bind() -> Self {
        let bind = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            own: bind().await,
            node: bind().await,
            mllp: bind().await,
        }
    }

    fn node_url(&self) -> String {
        format!(
            "https://localhost:{}",
            self.node.local_addr().unwrap().port()
        )
    }
}

fn organisation(ura: &str, name: &str, organisation_type: OrganisationType) -> OrganisationRecord {
    OrganisationRecord {
        ura: ura.parse().unwrap(),
        name: name.to_owned(),
        organisation_type,
    }
}

fn person(slug: &str, role: Role, organisation: &OrganisationRecord, bsn: Option<&str>) -> Person {
    Person {
        slug: slug.to_owned(),
        name: format!("Test {slug}"),
        role,
        organisation: organisation.ura,
        bsn: bsn.map(|bsn| Bsn::parse(bsn).unwrap()),
    }
}

/// What a region is started with.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) http: HttpLimits,
    pub(crate) mllp: MllpLimits,
    pub(crate) bulk: BulkLimits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            http: HttpLimits::STANDARD,
            mllp: MllpLimits::STANDARD,
            bulk: BulkLimits::STANDARD,
        }
    }
}

/// Starts a region with the usual limits.
pub(crate) async fn start() -> Region {
    start_with(Settings::default()).await
}

/// Starts a region.
pub(crate) async fn start_with(settings: Settings) -> Region {
    traces::start();
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let randomness: Arc<dyn Randomness> = Arc::new(SystemRandomness);
    let authority = RegionAuthority::create("Testregio", clock.now()).unwrap();
    let anchors = authority.anchors(Arc::clone(&clock)).unwrap();
    let records = [
        organisation("90000201", "Ziekenhuis Test", OrganisationType::Hospital),
        organisation(
            "90000202",
            "Huisartsen Test",
            OrganisationType::GeneralPractice,
        ),
        organisation(
            "90000209",
            "Regio Test",
            OrganisationType::RegionalOrganisation,
        ),
    ];
    let [hospital, practice, regional] = &records;
    let people = Arc::new(
        People::new(vec![
            person("his-hospital", Role::RecordSystem, hospital, None),
            person("internist", Role::Internist, hospital, None),
            person("operator", Role::Operator, hospital, None),
            person("patient-hospital", Role::Patient, hospital, Some(BSN)),
            person("his-practice", Role::RecordSystem, practice, None),
            person("gp", Role::GeneralPractitioner, practice, None),
            person("patient", Role::Patient, regional, Some(BSN)),
        ])
        .unwrap(),
    );
    let sockets = [
        Sockets::bind().await,
        Sockets::bind().await,
        Sockets::bind().await,
    ];
    let addresses: Vec<Organisation> = records
        .iter()
        .zip(&sockets)
        .map(|(record, sockets)| Organisation {
            ura: record.ura,
            name: record.name.clone(),
            organisation_type: record.organisation_type,
            node_url: sockets.node_url(),
        })
        .collect();
    let regional_address = PeerAddress {
        ura: regional.ura,
        url: sockets[2].node_url(),
    };

    // The services of the region.
    let audience = Audience::localisation(regional.ura);
    let recipient =
        Recipient::open_key(&root.join("recipient.key"), audience, Arc::clone(&clock)).unwrap();
    let pseudonyms = EmbeddedPseudonyms::open(
        &root.join("pseudonyms.key"),
        vec![recipient.record()],
        Arc::clone(&clock),
        Arc::clone(&randomness),
    )
    .unwrap();
    let embedded = EmbeddedConsents::open(&root.join("consent.db"), Arc::clone(&clock)).unwrap();

    let stop = CancellationToken::new();
    let mut closed = Vec::new();
    let mut members = Vec::new();
    let mut consents = None;
    let mut services = Some((recipient, pseudonyms));
    for (record, sockets) in records.iter().zip(sockets) {
        let identity = authority
            .issue(record, &["localhost".to_owned()], clock.now())
            .unwrap();
        let peers = Arc::new(PeerClient::new(identity.clone(), anchors.clone()));
        let directory = Arc::new(Directory::new(Arc::new(ConfiguredAddresses(
            addresses.clone(),
        ))));
        directory.refresh().await.unwrap();
        let wiring = Wiring {
            root,
            clock: Arc::clone(&clock),
            randomness: Arc::clone(&randomness),
            anchors: anchors.clone(),
            identity,
            people: Arc::clone(&people),
            peers,
            directory,
            regional: regional_address.clone(),
            settings: settings.clone(),
            stop: stop.clone(),
        };
        let regional_parts = if record.ura == regional.ura {
            let (recipient, pseudonyms) = services.take().unwrap();
            let push = ConsentPush::new(
                Arc::clone(&wiring.peers),
                Arc::clone(&wiring.directory),
                &RandomIds,
                &*randomness,
            );
            let ids = Box::new(RandomIds);
            let of_region = Arc::new(RegionalConsents::new(
                embedded.clone(),
                push,
                Arc::clone(&wiring.directory),
                ids,
            ));
            consents = Some(Arc::clone(&of_region));
            let services = RegionalServices {
                addresses: AddressRegister::open(&root.join("addressing.db"), Arc::clone(&clock))
                    .unwrap(),
                localisation: LocalisationIndex::open(
                    &root.join("localisation.db"),
                    recipient,
                    Arc::clone(&clock),
                )
                .unwrap(),
                consents: of_region,
                pseudonyms: PseudonymDoor::new(Arc::new(pseudonyms), Arc::clone(&clock)),
            };
            Some((services, embedded.clone()))
        } else {
            None
        };
        members.push(wiring.member(sockets, regional_parts, &mut closed));
    }
    let regional = members.pop().unwrap();
    let practice = members.pop().unwrap();
    let hospital = members.pop().unwrap();
    let consents = consents.unwrap();
    Region {
        hospital,
        practice,
        regional,
        anchors,
        authority,
        consents,
        stop,
        closed,
        directory,
    }
}

struct Wiring<'a> {
    root: &'a Path,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    anchors: TrustAnchors,
    identity: NodeIdentity,
    people: Arc<People>,
    peers: Arc<PeerClient>,
    directory: Arc<Directory>,
    regional: PeerAddress,
    settings: Settings,
    stop: CancellationToken,
}

impl Wiring<'_> {
    fn member(
        self,
        sockets: Sockets,
        regional: Option<(RegionalServices, EmbeddedConsents)>,
        closed: &mut Vec<tokio::task::JoinHandle<()>>,
    ) -> Member {
        let ids: Arc<dyn IdSource> = Arc::new(RandomIds);
        let ura = self.identity.ura();
        let own = format!("http://{}", sockets.own.local_addr().unwrap());
        let fhir = format!("{own}/fhir/r4");
        let node_door = sockets.node_url();
        let open = |version| {
            let url = format!("{own}{}", api::base::path(version));
            Store::open(Options {
                database: store::Database::Sqlite(self.root.join(format!("{ura}.{version}.db"))),
                base_url: url,
                version,
                clock: Arc::clone(&self.clock),
                ids: Arc::clone(&ids),
                seal: Arc::new(Chain::new(&self.identity, None)),
            })
            .unwrap()
        };
        let store = open(FhirVersion::R4);
        let has_stu3 = self.identity.organisation().organisation_type == OrganisationType::Hospital;
        let stu3_store = has_stu3.then(|| open(FhirVersion::Stu3));
        let bearer = Arc::new(Bearer::new(
            &self.identity,
            Arc::clone(&self.people),
            Arc::clone(&self.clock),
            Arc::clone(&ids),
        ));
        let assertions = Arc::new(Assertions::new(
            &self.identity,
            Arc::clone(&self.clock),
            Arc::clone(&ids),
        ));
        let access_tokens = Arc::new(AccessTokens::new(
            Arc::clone(&self.clock),
            Arc::clone(&self.randomness),
        ));
        let pseudonyms: Arc<dyn PseudonymService> = Arc::new(RegionalPseudonyms::new(
            Arc::clone(&self.peers),
            self.regional.clone(),
        ));
        let localisation = Arc::new(RegionalLocalisation::new(
            Arc::clone(&self.peers),
            self.regional.clone(),
            pseudonyms,
            Arc::clone(&self.randomness),
        ));
        let asker = Arc::new(Asker::new(
            Arc::clone(&self.peers),
            Arc::clone(&assertions),
            &*self.randomness,
        ));
        let remembered = Arc::new(CachedConsents::new(
            Arc::clone(&self.peers),
            self.regional.clone(),
            &*self.randomness,
        ));
        let consents: Arc<dyn ConsentService> = match &regional {
            Some((_, embedded)) => Arc::new(embedded.clone()),
            None => Arc::clone(&remembered) as Arc<dyn ConsentService>,
        };
        let region =
            exchange::NetworkRegion::new(Arc::clone(&self.directory), localisation.clone(), asker);
        let parts = NodeParts {
            organisation: self.identity.organisation().clone(),
            store: store.clone(),
            beside: stu3_store.iter().cloned().collect(),
            policies: policies(),
            consents,
            region: Arc::new(region),
            catalogue: Catalogue::embedded().unwrap(),
            terminology: terminology::definitions::built_in(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&ids),
            source_deadline: exchange::SOURCE_DEADLINE,
            time_zone: jiff::tz::TimeZone::UTC,
        };
        let (ready, is_ready) = watch::channel(true);
        let base = |parts: NodeParts| {
            let node = Arc::new(Node::new(parts));
            let version = node.version();
            let bulk = Bulk::open(
                Arc::clone(&node),
                &self.root.join(format!("{ura}.{version}.bulk")),
                Arc::clone(&ids),
                self.settings.bulk,
            )
            .unwrap();
            let url = format!("{own}{}", api::base::path(version));
            let subscriptions = subscribing::to(
                &node,
                &url,
                (&self.identity, &bearer),
                (&ids, &self.randomness),
            );
            FhirBase {
                node,
                bulk,
                subscriptions,
                url,
            }
        };
        let stu3 = stu3_store.map(|stu3| {
            base(NodeParts {
                store: stu3,
                beside: vec![store.clone()],
                ..parts.clone()
            })
        });
        let r4 = base(parts);
        let node = Arc::clone(&r4.node);
        let subscriptions = Arc::clone(&r4.subscriptions);
        let subscriptions_stu3 = stu3.as_ref().map(|base| Arc::clone(&base.subscriptions));
        let node_stu3 = stu3.as_ref().map(|base| Arc::clone(&base.node));
        let bodies = api::Bodies::new(&self.settings.http);
        let own_door = api::own::router(OwnDoor {
            r4,
            stu3,
            callers: api::own::Callers::Bearer(Arc::clone(&bearer)),
            ready: is_ready,
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&ids),
            limits: self.settings.http.clone(),
            bodies: bodies.clone(),
        });
        let peer_door = api::node::router(NodeDoor {
            node: Arc::clone(&node),
            assertions: Arc::clone(&assertions),
            access_tokens,
            consents: regional.is_none().then(|| Arc::clone(&remembered)),
            regional: regional.map(|(services, _)| services),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&ids),
            limits: self.settings.http.clone(),
            bodies,
        });
        let intake = Arc::new(NodeIntake {
            node: Arc::clone(&node),
            identity: self.identity.clone(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&ids),
        });
        let mllp = sockets.mllp.local_addr().unwrap();
        let (http, stop) = (&self.settings.http, &self.stop);
        let tls = server_tls(&self.identity, &self.anchors).unwrap();
        closed.extend([
            api::open_http(sockets.own, own_door, http.clone(), stop.clone())
                .unwrap()
                .closed,
            api::open_https(
                sockets.node,
                tls,
                self.anchors.clone(),
                peer_door,
                http.clone(),
                stop.clone(),
            )
            .unwrap()
            .closed,
            api::open_mllp(
                sockets.mllp,
                None,
                intake,
                self.settings.mllp.clone(),
                stop.clone(),
            )
            .unwrap()
            .closed,
        ]);
        let registrar = self
            .identity
            .organisation()
            .organisation_type
            .holds_records()
            .then(|| {
                let context = self.identity.own_system(&*ids);
                Registrar::new(
                    store.clone(),
                    localisation,
                    context,
                    RegistrarSettings::default(),
                )
            });
        Member {
            identity: self.identity,
            node,
            bearer,
            people: self.people,
            subscriptions,
            subscriptions_stu3,
            fhir,
            own,
            node_door,
            mllp,
            ready,
            stu3: node_stu3,
            assertions,
            registrar,
        }
    }
}

/// Parsing them takes a while, and they are the same for all.
fn policies() -> Arc<Policies> {
    static POLICIES: OnceLock<Arc<Policies>> = OnceLock::new();
    Arc::clone(POLICIES.get_or_init(|| Arc::new(Policies::embedded().unwrap())))
}

impl Region {
    /// A client that shows the certificate of a member.
    pub(crate) fn as_peer(&self, member: &Member) -> Client {
        self.with_certificate(&member.identity)
    }

    pub(crate) fn with_certificate(&self, identity: &NodeIdentity) -> Client {
        let tls = client_tls(identity, &self.anchors).unwrap();
        Client::builder()
            .tls_backend_preconfigured(tls)
            .build()
            .unwrap()
    }

    /// An organisation of the region that runs no node here.
    pub(crate) fn newcomer(&self, ura: &str, organisation_type: OrganisationType) -> NodeIdentity {
        let record = organisation(ura, "Nieuwkomer", organisation_type);
        let now = SystemClock::default().now();
        self.authority
            .issue(&record, &["localhost".to_owned()], now)
            .unwrap()
    }

    /// The patient of the story consents to everything.
    /// Takes the certificate of a member back, everywhere in this region.
    pub(crate) fn revoke(&self, member: &Member) {
        let serial = member.identity.serial().unwrap();
        let now = SystemClock::default().now();
        let list = self.authority.revocation_list(&[serial], 1, now).unwrap();
        self.anchors.take_revocations(&list).unwrap();
    }

    pub(crate) async fn consent(&self, preset: Preset) {
        let token = self.regional.token("patient");
        let cx = self.regional.bearer.verify(&token).unwrap();
        let bsn = Bsn::parse(BSN).unwrap();
        self.consents
            .change(&cx, &bsn, &Change::preset(preset), None)
            .await
            .unwrap();
    }

    /// Registers at the index what the members hold.
    pub(crate) async fn register(&self) {
        for member in [&self.hospital, &self.practice] {
            let round = member.registrar.as_ref().unwrap().round().await.unwrap();
            assert_eq!(round.failed, 0);
        }
    }

    /// Closes all doors and waits for them.
    pub(crate) async fn close(self) {
        self.stop.cancel();
        for closed in self.closed {
            closed.await.unwrap();
        }
    }
}

impl Member {
    /// A token for one of the people.
    pub(crate) fn token(&self, slug: &str) -> String {
        self.bearer
            .issue(self.people.find(slug).unwrap(), TOKEN_LIFETIME)
            .unwrap()
    }

    /// A token that ran out an hour ago.
    pub(crate) fn expired_token(&self, slug: &str) -> String {
        let then = SystemClock::default().now() - Duration::from_mins(70);
        let bearer = Bearer::new(
            &self.identity,
            Arc::clone(&self.people),
            Arc::new(ManualClock::at(then)),
            Arc::new(RandomIds),
        );
        bearer
            .issue(self.people.find(slug).unwrap(), TOKEN_LIFETIME)
            .unwrap()
    }

    /// A request to the own door, with the token of somebody.
    pub(crate) fn ask(&self, slug: &str, method: Method, path: &str) -> RequestBuilder {
        http()
            .request(method, format!("{}{path}", self.own))
            .bearer_auth(self.token(slug))
    }

    /// Sends JSON to the FHIR base and gives the status and the answer.
    pub(crate) async fn fhir(
        &self,
        slug: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> (u16, Value) {
        self.fhir_in(FhirVersion::R4, slug, method, path, body)
            .await
    }

    /// The same at the base of a version.
    pub(crate) async fn fhir_in(
        &self,
        version: FhirVersion,
        slug: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let path = format!("{}{path}", api::base::path(version));
        let mut request = self.ask(slug, method, &path);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/fhir+json")
                .body(serde_json::to_vec(body).unwrap());
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Stores a patient with a BSN and gives the id.
    pub(crate) async fn patient(&self, slug: &str, bsn: &str) -> String {
        let patient = json!({
            "resourceType": "Patient",
            "identifier": [{ "system": BSN_SYSTEM, "value": bsn }],
            "name": [{ "family": "Testpersoon", "given": ["An"] }],
            "gender": "female",
            "birthDate": "1970-01-01"
        });
        let (status, stored) = self
            .fhir(slug, Method::POST, "/Patient", Some(&patient))
            .await;
        assert_eq!(status, 201, "{stored}");
        stored["id"].as_str().unwrap().to_owned()
    }

    /// Sends bytes to the MLLP port and reads until the port closes or has
    /// sent this many frames.
    pub(crate) async fn mllp(&self, bytes: &[u8], frames: usize) -> String {
        let mut stream = TcpStream::connect(self.mllp).await.unwrap();
        // The port may refuse and close before all is sent.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let mut chunk = [0; 4096];
        while answer.windows(2).filter(|pair| pair == b"\x1C\r").count() < frames {
            match stream.read(&mut chunk).await {
                Ok(0) | Err(_) => break,
                Ok(count) => answer.extend_from_slice(&chunk[..count]),
            }
        }
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// A client without a certificate.
pub(crate) fn http() -> &'static Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    // A connection belongs to the runtime of the test that made it: keep none.
    CLIENT.get_or_init(|| Client::builder().pool_max_idle_per_host(0).build().unwrap())
}
