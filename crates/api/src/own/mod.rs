//! The own door of an organisation: FHIR for its record systems and its
//! people, messages of its systems, and the state of the node.
//!
//! FHIR is served below a base for each version, [`crate::base::path`] says
//! where: R4 always, STU3 where the organisation has a store of it. Each base has
//! a store of its own, and what is in one is not in the other. [`router`] builds
//! the door from the tables in `table`, the same for all versions, and the
//! handlers take the version from their base.
//!
//! Every endpoint but the CapabilityStatement and the state needs a bearer token,
//! and the guard that checks it runs before anything of the request body is read.

mod access_log;
mod bulk;
mod bundle;
mod callers;
mod capability;
mod document;
mod entrance;
mod everything;
mod explain_access;
mod health;
mod history;
mod last_n;
mod message;
mod meta;
mod operation;
mod pages;
mod patch;
mod prefer;
mod purge;
mod read;
mod received;
mod regional_record;
mod search;
mod subscription;
mod subset;
mod table;
mod terminology;
mod validate;
mod write;

use std::sync::Arc;

use axum::{Router, middleware::from_fn_with_state};
use bytes::Bytes;
use care::{Clock, IdSource};
use exchange::{Bulk, Node, Subscriptions};
use fhir::{FhirVersion, validation::Validator};
use tokio::sync::watch;

pub use callers::Callers;
pub(crate) use entrance::refused;

use crate::{
    bodies::Bodies,
    envelope::{Envelope, envelope},
    guard::{self, nothing_here},
    limits::HttpLimits,
    route::{Endpoint, endpoints as of_table},
};
use entrance::Entrance;

/// What an own door is made of.
pub struct OwnDoor {
    /// FHIR R4. Its node takes the messages too, and asks the region.
    pub r4: FhirBase,
    /// FHIR STU3, where the organisation has it.
    pub stu3: Option<FhirBase>,
    /// Who may come in.
    pub callers: Callers,
    /// Whether the node is ready to serve; `GET /health/ready` tells it.
    pub ready: watch::Receiver<bool>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// Its limits.
    pub limits: HttpLimits,
    /// What the bodies at all doors of the node may take together.
    pub bodies: Bodies,
}

/// What is served in one version of FHIR: that of the node's store.
pub struct FhirBase {
    /// The node behind it.
    pub node: Arc<Node>,
    /// Its bulk data.
    pub bulk: Arc<Bulk>,
    /// Its subscriptions.
    pub subscriptions: Arc<Subscriptions>,
    /// Its URL as clients know it, without a slash at the end.
    pub url: String,
}

/// What the handlers of a base share.
pub(crate) struct Own {
    version: FhirVersion,
    node: Arc<Node>,
    bulk: Arc<Bulk>,
    subscriptions: Arc<Subscriptions>,
    fhir_base: String,
    capability: Bytes,
    validator: Arc<Validator>,
    entrance: Arc<Entrance>,
    ready: watch::Receiver<bool>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    limits: HttpLimits,
}

type Shared = Arc<Own>;

/// The endpoints of an own door. Those below the base of a version answer 404
/// where the organisation does not have it.
pub fn endpoints() -> Vec<Endpoint> {
    let mut all = of_table(&table::of_door());
    for version in FhirVersion::ALL {
        all.extend(of_table(&table::of_base(version)));
    }
    all
}

/// The router of an own door. It answers nothing outside its endpoints but
/// under `/fhir` and `/health`, so that pages can be merged in.
pub fn router(door: OwnDoor) -> Router {
    let OwnDoor {
        r4,
        stu3,
        callers,
        ready,
        clock,
        ids,
        limits,
        bodies,
    } = door;
    let entrance = Arc::new(Entrance::new(callers, &limits, &clock));
    let around = Arc::new(Envelope::new(
        "own",
        Arc::clone(&ids),
        limits.clone(),
        bodies,
        false,
    ));
    let own = |base: FhirBase| {
        let version = base.node.version();
        let endpoints = of_table(&table::of_base(version));
        Arc::new(Own {
            version,
            capability: capability::statement(version, &base.url, &endpoints, clock.now()),
            validator: Arc::clone(base.node.validation().validator()),
            node: base.node,
            bulk: base.bulk,
            subscriptions: base.subscriptions,
            fhir_base: base.url,
            entrance: Arc::clone(&entrance),
            ready: ready.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            limits: limits.clone(),
        })
    };
    let served = |own: &Shared| {
        guard::router(table::of_base(own.version), own).with_state::<()>(Arc::clone(own))
    };
    let r4 = own(r4);
    let mut router = guard::router(table::of_door(), &r4)
        .with_state(Arc::clone(&r4))
        .merge(served(&r4));
    if let Some(stu3) = stu3 {
        router = router.merge(served(&own(stu3)));
    }
    for prefix in ["/fhir/{*rest}", "/health/{*rest}"] {
        router = router.route(prefix, axum::routing::any(nothing_here));
    }
    router.layer(from_fn_with_state(around, envelope))
}
