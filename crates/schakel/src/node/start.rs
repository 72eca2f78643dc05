//! Starts a node: opens its doors, then makes itself known to the region.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use api::{
    Bodies,
    limits::{HttpLimits, MllpLimits},
    mllp::NodeIntake,
    node::{NodeDoor, RegionalServices},
    own::{Callers, FhirBase, OwnDoor},
};
use exchange::{
    Bulk, NetworkRegion, Node, NodeParts, Subscriptions, SubscriptionsParts, catalogue::Catalogue,
};
use jiff::tz::TimeZone;
use network::{
    PeerAddress, PeerClient,
    addressing::{Directory, Organisation, RegionalAddresses},
    ask::Asker,
    consent::CachedConsents,
    hook::{Hooks, HttpHooks},
    localisation::{RegionalLocalisation, RegionalPseudonyms, Registrar, RegistrarSettings},
    status::StatusClient,
};
use store::Store;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;
use trust::{
    access_token::AccessTokens, assertion::Assertions, bearer::Bearer, identity::server_tls,
    person::DemoIssuer, policy::Policies, session::Sessions,
};
use web::{Elsewhere, RegionRoom, WebOptions};

use super::{
    NodeFiles, Records, Services, background::Background, parts::mllp_tls, status::WatchedRegion,
};
use crate::{
    checks::RunningChecks,
    config::{Issuer, NodeConfig},
    releases, validation,
};

/// A node that runs.
pub(crate) struct RunningNode {
    pub(crate) organisation: Organisation,
    pub(crate) own_url: String,
    pub(crate) mllp: SocketAddr,
    pub(crate) node: Arc<Node>,
    pub(crate) bearer: Arc<Bearer>,
    pub(crate) services: Option<Arc<network::consent::RegionalConsents>>,
    directory: Arc<Directory>,
    ready: watch::Sender<bool>,
    background: Option<Background>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

/// What the pages show of a demo region, beside the node's own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings {
    /// The sign-in pages of the other organisations.
    pub(crate) elsewhere: Vec<Elsewhere>,
}

/// The doors' sockets, bound before anything else so that their addresses are known.
pub(crate) struct Sockets {
    own: TcpListener,
    node: Option<TcpListener>,
    mllp: TcpListener,
}

impl Sockets {
    /// Takes sockets that were bound before.
    pub(crate) fn of(
        own: std::net::TcpListener,
        node: Option<std::net::TcpListener>,
        mllp: std::net::TcpListener,
    ) -> anyhow::Result<Self> {
        let take = |socket: std::net::TcpListener| {
            socket.set_nonblocking(true)?;
            TcpListener::from_std(socket)
        };
        Ok(Self {
            own: take(own)?,
            node: node.map(take).transpose()?,
            mllp: take(mllp)?,
        })
    }

    /// Binds what the configuration names.
    pub(crate) async fn bind(config: &NodeConfig) -> anyhow::Result<Self> {
        let bind = async |address: SocketAddr, what: &str| {
            TcpListener::bind(address)
                .await
                .with_context(|| format!("cannot listen at {address} for {what}"))
        };
        Ok(Self {
            own: bind(config.doors.own, "the own door").await?,
            node: match config.doors.node {
                Some(address) => Some(bind(address, "the node door").await?),
                None => None,
            },
            mllp: bind(config.doors.mllp, "MLLP").await?,
        })
    }
}

impl RunningNode {
    /// Opens the doors. Nothing is known of other nodes yet, and the node says
    /// that it is not ready.
    pub(crate) fn open(
        config: &NodeConfig,
        sockets: Sockets,
        surroundings: Surroundings,
    ) -> anyhow::Result<Self> {
        let issuer = config.issuer()?;
        let files = NodeFiles::read(config)?;
        let own_address = sockets.own.local_addr()?;
        let mllp_address = sockets.mllp.local_addr()?;
        let own_url = config
            .doors
            .public_url
            .clone()
            .unwrap_or_else(|| format!("http://localhost:{}", own_address.port()));
        let fhir_base = |version| format!("{own_url}{}", api::base::path(version));
        let node_url = match (&config.doors.node_url, &sockets.node) {
            (Some(url), _) => url.clone(),
            (None, Some(socket)) => format!("https://{}", socket.local_addr()?),
            (None, None) => anyhow::bail!(
                "`doors.node` and `doors.node_url` are both missing: others need an address, \
                 even of a door that is shut"
            ),
        };
        let record = files.identity.organisation().clone();
        let organisation = Organisation {
            ura: record.ura,
            name: record.name.clone(),
            organisation_type: record.organisation_type,
            node_url,
        };

        let (clock, ids) = (Arc::clone(&files.clock), Arc::clone(&files.ids));
        let randomness = Arc::clone(&files.randomness);
        let peers = Arc::new(PeerClient::new(
            files.identity.clone(),
            files.anchors.clone(),
        ));
        let regional = PeerAddress {
            ura: config.region.services_ura,
            url: config.region.services_url.clone(),
        };
        let directory = Arc::new(Directory::new(Arc::new(RegionalAddresses::new(
            Arc::clone(&peers),
            regional.clone(),
        ))));
        let consents = Arc::new(CachedConsents::new(
            Arc::clone(&peers),
            regional.clone(),
            &*randomness,
        ));
        let localisation = Arc::new(RegionalLocalisation::new(
            Arc::clone(&peers),
            regional.clone(),
            Arc::new(RegionalPseudonyms::new(Arc::clone(&peers), regional)),
            randomness.clone(),
        ));
        let assertions = Arc::new(Assertions::new(
            &files.identity,
            Arc::clone(&clock),
            Arc::clone(&ids),
        ));
        let asker = Arc::new(Asker::new(
            Arc::clone(&peers),
            Arc::clone(&assertions),
            &*randomness,
        ));

        let records = Records::r4(config)?;
        let store = records.open(&files, fhir_base(records.version))?;
        let stu3_records = Records::stu3(config)?;
        let stu3_store = match &stu3_records {
            Some(records) => Some(records.open(&files, fhir_base(records.version))?),
            None => None,
        };
        let time_zone = TimeZone::get("Europe/Amsterdam")?;
        let catalogue = match &config.files.exchanges {
            Some(directory) => Catalogue::embedded()?.and_directory(directory)?,
            None => Catalogue::embedded()?,
        };
        let parts = NodeParts {
            organisation: record.clone(),
            store: store.clone(),
            beside: stu3_store.iter().cloned().collect(),
            policies: Arc::new(Policies::embedded()?),
            consents: consents.clone(),
            region: Arc::new(NetworkRegion::new(
                Arc::clone(&directory),
                localisation.clone(),
                asker,
            )),
            catalogue,
            terminology: releases::open(config.files.terminology.as_deref())?,
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            source_deadline: Duration::from_millis(config.limits.source_deadline_ms),
            time_zone: time_zone.clone(),
        };
        let bearer = Arc::new(Bearer::new(
            &files.identity,
            Arc::clone(&files.people),
            Arc::clone(&clock),
            Arc::clone(&ids),
        ));
        let hooks: Arc<dyn Hooks> =
            Arc::new(HttpHooks::new().context("cannot call the endpoints of subscribers")?);
        let base = |records: &Records, parts, beside: Option<&Node>| -> anyhow::Result<FhirBase> {
            let packages = config.files.packages.as_deref();
            let node = validation::node(parts, packages, config.validation.mode, beside)?;
            let node = Arc::new(node);
            let bulk = records.bulk(&node, &files)?;
            let url = fhir_base(records.version);
            let (system, its_ids) = (files.identity.clone(), Arc::clone(&ids));
            let known = Arc::clone(&bearer);
            let subscriptions = Arc::new(Subscriptions::new(SubscriptionsParts {
                node: Arc::clone(&node),
                fhir_base: url.clone(),
                hooks: Arc::clone(&hooks),
                allowed: config.subscriptions.allowed()?,
                subscribers: Box::new(move |id| known.somebody(id)),
                own_system: Box::new(move || system.own_system(&*its_ids)),
                randomness: randomness.clone(),
            }));
            Ok(FhirBase {
                node,
                bulk,
                subscriptions,
                url,
            })
        };
        let stu3 = match (&stu3_records, &stu3_store) {
            (Some(records), Some(store)) => {
                let beside = vec![parts.store.clone()];
                let parts = NodeParts {
                    store: store.clone(),
                    beside,
                    ..parts.clone()
                };
                Some(base(records, parts, None)?)
            }
            _ => None,
        };
        let beside = stu3.as_ref().map(|base: &FhirBase| &*base.node);
        let r4 = base(&records, parts, beside)?;
        let node = Arc::clone(&r4.node);
        let bulks: Vec<Arc<Bulk>> = std::iter::once(&r4)
            .chain(&stu3)
            .map(|base| Arc::clone(&base.bulk))
            .collect();
        let subscriptions: Vec<Arc<Subscriptions>> = std::iter::once(&r4)
            .chain(&stu3)
            .map(|base| Arc::clone(&base.subscriptions))
            .collect();
        let stores: Vec<Store> = std::iter::once(store.clone()).chain(stu3_store).collect();

        let services = match &config.region.embedded {
            Some(at) => Some(Services::open(
                at,
                &files,
                Arc::clone(&peers),
                Arc::clone(&directory),
            )?),
            None => None,
        };
        let regional_consents = services
            .as_ref()
            .map(|services| Arc::clone(&services.consents));

        let (ready, is_ready) = watch::channel(false);
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let limits = config.limits.http();
        let bodies = Bodies::new(&limits);
        let own = api::own::router(OwnDoor {
            r4,
            stu3,
            callers: Callers::Bearer(Arc::clone(&bearer)),
            ready: is_ready,
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            limits: limits.clone(),
            bodies: bodies.clone(),
        });
        let pages = web::router(WebOptions {
            node: Arc::clone(&node),
            sessions: Arc::new(Sessions::new(
                record,
                Arc::clone(&clock),
                Arc::clone(&ids),
                randomness.clone(),
            )),
            issuer: match issuer {
                Issuer::Demo => Arc::new(DemoIssuer(Arc::clone(&files.people))),
            },
            people: Arc::clone(&files.people),
            public_address: own_url.clone(),
            elsewhere: surroundings.elsewhere,
            region: regional_consents.clone().map(|consents| RegionRoom {
                consents,
                status: Arc::new(WatchedRegion::new(
                    Arc::clone(&directory),
                    StatusClient(Arc::clone(&peers)),
                    Arc::clone(&clock),
                )),
            }),
            checks: Arc::new(RunningChecks::new(
                config.clone(),
                stores,
                Arc::clone(&node),
            )),
            // Whoever signs in is believed, so the pages say that all are made up.
            demo: issuer == Issuer::Demo,
            clock: Arc::clone(&clock),
            randomness: randomness.clone(),
            time_zone,
        });
        let door = api::open_http(sockets.own, own.merge(pages), limits.clone(), stop.clone())?;
        tasks.spawn(async move { drop(door.closed.await) });
        let reachable = sockets.node.is_some();
        if let Some(socket) = sockets.node {
            let router = api::node::router(NodeDoor {
                node: Arc::clone(&node),
                assertions,
                access_tokens: Arc::new(AccessTokens::new(Arc::clone(&clock), randomness.clone())),
                consents: Some(Arc::clone(&consents)),
                regional: services.map(|services| RegionalServices {
                    addresses: services.addressing,
                    localisation: services.localisation,
                    consents: services.consents,
                    pseudonyms: services.pseudonyms,
                }),
                clock: Arc::clone(&clock),
                ids: Arc::clone(&ids),
                limits: limits.clone(),
                bodies,
            });
            let tls = server_tls(&files.identity, &files.anchors)?;
            let door = api::open_https(
                socket,
                tls,
                files.anchors.clone(),
                router,
                limits,
                stop.clone(),
            )?;
            tasks.spawn(async move { drop(door.closed.await) });
        }
        let intake = Arc::new(NodeIntake {
            node: Arc::clone(&node),
            identity: files.identity.clone(),
            clock,
            ids: Arc::clone(&ids),
        });
        let door = api::open_mllp(
            sockets.mllp,
            config.doors.mllp_tls.as_ref().map(mllp_tls).transpose()?,
            intake,
            MllpLimits::STANDARD,
            stop.clone(),
        )?;
        tasks.spawn(async move { drop(door.closed.await) });

        let context = files.identity.own_system(&*ids);
        let background = Background {
            own: organisation.clone(),
            bulks,
            subscriptions,
            directory: Arc::clone(&directory),
            consents,
            registrar: Registrar::new(store, localisation, context, RegistrarSettings::default()),
            reachable,
            revocations: files.revocations,
        };
        Ok(Self {
            organisation,
            own_url,
            mllp: mllp_address,
            node,
            bearer,
            services: regional_consents,
            directory,
            ready,
            background: Some(background),
            stop,
            tasks,
        })
    }

    /// Makes the node known to the region, and starts its background work.
    pub(crate) async fn join(&mut self) -> anyhow::Result<()> {
        self.directory
            .publish(&self.organisation)
            .await
            .context("cannot make the node known at the regional address register")?;
        if let Some(background) = self.background.take() {
            background.start(&mut self.tasks, &self.stop);
        }
        Ok(())
    }

    /// Learns who else takes part.
    pub(crate) async fn look_around(&self) -> anyhow::Result<()> {
        self.directory
            .refresh()
            .await
            .context("cannot read the regional address register")
    }

    /// Says that the node is ready for its users.
    pub(crate) fn now_ready(&self) {
        self.ready.send_replace(true);
    }

    /// Lets what is under way finish, and closes the doors.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

/// The limits of the doors, with what the organisation configured.
impl crate::config::LimitsConfig {
    fn http(&self) -> HttpLimits {
        let mut limits = HttpLimits::STANDARD;
        limits.person.per_second = self.requests_per_second;
        limits.person.burst = self.requests_per_second.saturating_mul(4);
        limits
    }
}
