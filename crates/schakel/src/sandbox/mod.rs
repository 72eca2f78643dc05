//! One organisation's FHIR bases, R4 and STU3, without sign-in, on loopback: the
//! node that `serve` runs, with nobody around it.

mod alone;
mod files;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use api::{
    Bodies,
    limits::{HttpLimits, Rate},
    own::{Callers, FhirBase, OwnDoor},
};
use care::{AccessContext, Clock, IdSource, RandomIds, SystemClock};
use exchange::{
    Bulk, BulkLimits, Node, NodeParts, Subscriptions, SubscriptionsParts, catalogue::Catalogue,
};
use fhir::FhirVersion;
use jiff::tz::TimeZone;
use network::hook::{AllowedEndpoints, Hooks, HttpHooks};
use store::Database;
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinError, JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;
use trust::{SystemRandomness, policy::Policies};

use alone::Alone;
use files::SandboxFiles;

use crate::validation;

/// Who tries things out on the own machine is held to no pace.
const PACE: Rate = Rate {
    per_second: 1_000_000,
    burst: 1_000_000,
};

/// Nobody is asked, so nothing is waited for.
const NO_WAIT: Duration = Duration::ZERO;

/// What the user asked for.
#[derive(Debug, Clone)]
pub(crate) struct SandboxSettings {
    /// Where its files are kept; without it they go when the sandbox stops.
    pub(crate) data: Option<PathBuf>,
    /// The port on loopback; 0 takes any that is free.
    pub(crate) port: u16,
    /// The database in R4, where it is not a file of the sandbox's own.
    pub(crate) database: Option<Database>,
    /// The same in STU3.
    pub(crate) database_stu3: Option<Database>,
    /// A directory with packages of profiles.
    pub(crate) packages: Option<PathBuf>,
    /// What happens to a write with errors.
    pub(crate) validation: validation::Mode,
}

/// A sandbox that runs.
pub(crate) struct Sandbox {
    /// The FHIR bases: R4, then STU3.
    pub(crate) bases: [String; 2],
    stop: CancellationToken,
    closed: JoinHandle<()>,
    background: JoinSet<()>,
    /// Removes what was kept for this run only.
    _files: SandboxFiles,
}

impl Sandbox {
    /// Opens the store and the door.
    pub(crate) async fn open(settings: SandboxSettings) -> anyhow::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port));
        let socket = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen at {address}"))?;
        let url = format!("http://localhost:{}", socket.local_addr()?.port());
        let fhir_base = |version| format!("{url}{}", api::base::path(version));

        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let ids: Arc<dyn IdSource> = Arc::new(RandomIds);
        let files = SandboxFiles::find_or_make(settings.data, &*clock)?;
        let open =
            |version, named| files.open_store(version, named, fhir_base(version), &clock, &ids);
        let store = open(FhirVersion::R4, settings.database)?;
        let stu3_store = open(FhirVersion::Stu3, settings.database_stu3)?;
        let parts = NodeParts {
            organisation: files.identity().organisation().clone(),
            store: store.clone(),
            beside: vec![stu3_store.clone()],
            policies: Arc::new(Policies::embedded()?),
            consents: Arc::new(Alone),
            region: Arc::new(Alone),
            catalogue: Catalogue::embedded()?,
            terminology: terminology::definitions::built_in(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            source_deadline: NO_WAIT,
            time_zone: TimeZone::get("Europe/Amsterdam")?,
        };
        let own_system = || -> Box<dyn Fn() -> AccessContext + Send + Sync> {
            let (system, its_ids) = (files.identity().clone(), Arc::clone(&ids));
            Box::new(move || system.own_system(&*its_ids))
        };
        let hooks: Arc<dyn Hooks> =
            Arc::new(HttpHooks::new().context("cannot call the endpoints of subscribers")?);
        let base = |parts, beside: Option<&Node>| -> anyhow::Result<FhirBase> {
            let packages = settings.packages.as_deref();
            let node = validation::node(parts, packages, settings.validation, beside)?;
            let node = Arc::new(node);
            let version = node.version();
            let bulk = Bulk::open(
                Arc::clone(&node),
                &files.exports(version),
                Arc::clone(&ids),
                BulkLimits::STANDARD,
            )
            .context("cannot keep exports")?;
            let url = fhir_base(version);
            let subscriber = own_system();
            let subscriptions = Arc::new(Subscriptions::new(SubscriptionsParts {
                node: Arc::clone(&node),
                fhir_base: url.clone(),
                hooks: Arc::clone(&hooks),
                allowed: AllowedEndpoints::this_machine(),
                // Whoever comes in here is the organisation's record system.
                subscribers: Box::new(move |_| Some(subscriber())),
                own_system: own_system(),
                randomness: Arc::new(SystemRandomness),
            }));
            Ok(FhirBase {
                node,
                bulk,
                subscriptions,
                url,
            })
        };
        let stu3_parts = NodeParts {
            store: stu3_store,
            beside: vec![store],
            ..parts.clone()
        };
        let stu3 = base(stu3_parts, None)?;
        let r4 = base(parts, Some(&stu3.node))?;

        let limits = HttpLimits {
            system: PACE,
            ..HttpLimits::STANDARD
        };
        let (_, ready) = watch::channel(true);
        let bases = [r4.url.clone(), stu3.url.clone()];
        let bulks = [Arc::clone(&r4.bulk), Arc::clone(&stu3.bulk)];
        let all_subscriptions = [&r4, &stu3].map(|base| Arc::clone(&base.subscriptions));
        let door = api::own::router(OwnDoor {
            r4,
            stu3: Some(stu3),
            callers: Callers::AnybodyHere(own_system()),
            ready,
            clock,
            ids: Arc::clone(&ids),
            bodies: Bodies::new(&limits),
            limits: limits.clone(),
        });
        let stop = CancellationToken::new();
        let closed = api::open_http(socket, door, limits, stop.clone())?.closed;
        let mut background = JoinSet::new();
        for bulk in bulks {
            let tidying = stop.clone();
            background.spawn(async move {
                tokio::select! { () = tidying.cancelled() => {}, () = bulk.keep_tidy() => {} }
                bulk.stop().await;
            });
        }
        for subscriptions in all_subscriptions {
            let delivering = stop.clone();
            background.spawn(async move {
                tokio::select! {
                    () = delivering.cancelled() => {}
                    () = subscriptions.keep_delivering() => {}
                }
            });
        }
        Ok(Self {
            bases,
            background,
            stop,
            closed,
            _files: files,
        })
    }

    /// Lets requests under way finish, and closes the store.
    pub(crate) async fn stop(self) -> Result<(), JoinError> {
        self.stop.cancel();
        self.closed.await?;
        self.background.join_all().await;
        Ok(())
    }
}
