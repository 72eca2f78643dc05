//! The own door of an organisation: FHIR R4 for its record systems and its
//! people, messages of its systems, and the state of the node.
//!
//! [`router`] builds it from the table in [`endpoints`]. Every endpoint but the
//! CapabilityStatement and the state needs a bearer token, and the guard that
//! checks it runs before anything of the request body is read.

mod access_log;
mod bulk;
mod bundle;
mod callers;
mod capability;
mod document;
mod everything;
mod explain_access;
mod health;
mod history;
mod message;
mod meta;
mod operation;
mod patch;
mod prefer;
mod purge;
mod read;
mod regional_record;
mod search;
mod subset;
mod terminology;
mod validate;
mod write;

use std::sync::Arc;

use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{delete, get, patch, post, put},
};
use bytes::Bytes;
use care::{Clock, IdSource, Role, Ura};
use exchange::{Bulk, Node};
use fhir::{FhirVersion, validation::Validator};
use http::{Method, request::Parts};
use network::rate::Buckets;
use tokio::sync::watch;
use trust::Rejected;

pub use callers::Callers;

use crate::{
    envelope::{Envelope, envelope},
    guard::{self, Admitted, Clients, Guarded, nothing_here},
    limits::{CLIENTS_COUNTED_MAX, HttpLimits},
    problem::Problem,
    refusal,
    route::{Credential, Endpoint, Route, endpoints as of_table, route},
    serve::RemoteAddress,
};

/// What an own door is made of.
pub struct OwnDoor {
    /// The node behind it.
    pub node: Arc<Node>,
    /// Its bulk data.
    pub bulk: Arc<Bulk>,
    /// Who may come in.
    pub callers: Callers,
    /// The FHIR base URL as clients know it, without a slash at the end.
    pub fhir_base: String,
    /// Whether the node is ready to serve; `GET /health/ready` tells it.
    pub ready: watch::Receiver<bool>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// Its limits.
    pub limits: HttpLimits,
}

/// What the handlers share.
pub(crate) struct Own {
    node: Arc<Node>,
    bulk: Arc<Bulk>,
    callers: Callers,
    fhir_base: String,
    ready: watch::Receiver<bool>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    limits: HttpLimits,
    capability: Bytes,
    validator: Validator,
    people: Clients<Client>,
    systems: Clients<Client>,
    refusals: Buckets<Option<RemoteAddress>>,
}

/// A client: an organisation and an id there.
type Client = (Ura, String);

type Shared = Arc<Own>;

/// The endpoints of an own door.
pub fn endpoints() -> Vec<Endpoint> {
    of_table(table())
}

fn table() -> Vec<Route<Shared>> {
    use Credential::{Bearer, Nothing};
    let mut table = vec![
        route(Method::GET, "/health/live", Nothing, get(health::live)),
        route(Method::GET, "/health/ready", Nothing, get(health::ready)),
        route(
            Method::GET,
            "/fhir/r4/metadata",
            Nothing,
            get(capability::capability),
        ),
        route(Method::POST, "/fhir/r4", Bearer, post(bundle::bundle)),
        route(Method::POST, "/fhir/r4/", Bearer, post(bundle::bundle)),
        route(
            Method::GET,
            "/fhir/r4/$export",
            Bearer,
            get(bulk::of_system),
        ),
        route(
            Method::POST,
            "/fhir/r4/$export",
            Bearer,
            post(bulk::of_system),
        ),
        route(
            Method::GET,
            "/fhir/r4/Patient/$export",
            Bearer,
            get(bulk::of_patients),
        ),
        route(
            Method::POST,
            "/fhir/r4/Patient/$export",
            Bearer,
            post(bulk::of_patients),
        ),
        route(
            Method::GET,
            "/fhir/r4/Group/{id}/$export",
            Bearer,
            get(bulk::of_group),
        ),
        route(
            Method::POST,
            "/fhir/r4/Group/{id}/$export",
            Bearer,
            post(bulk::of_group),
        ),
        route(
            Method::GET,
            "/fhir/r4/$export-status/{id}",
            Bearer,
            get(bulk::state),
        ),
        route(
            Method::DELETE,
            "/fhir/r4/$export-status/{id}",
            Bearer,
            delete(bulk::remove),
        ),
        route(
            Method::GET,
            "/fhir/r4/$export-file/{job}/{file}",
            Bearer,
            get(bulk::file),
        ),
        route(Method::POST, "/fhir/r4/$import", Bearer, post(bulk::import)),
        route(
            Method::GET,
            "/fhir/r4/_history",
            Bearer,
            get(history::of_system),
        ),
        route(
            Method::POST,
            "/fhir/r4/$regional-record",
            Bearer,
            post(regional_record::regional_record),
        ),
        route(
            Method::POST,
            "/fhir/r4/$access-log",
            Bearer,
            post(access_log::access_log),
        ),
        route(
            Method::POST,
            "/fhir/r4/$explain-access",
            Bearer,
            post(explain_access::explain_access),
        ),
        route(Method::GET, "/fhir/r4", Bearer, get(search::search_types)),
        route(
            Method::POST,
            "/fhir/r4/_search",
            Bearer,
            post(search::search_types_in_body),
        ),
        route(Method::GET, "/fhir/r4/{type}", Bearer, get(search::search)),
        route(
            Method::POST,
            "/fhir/r4/{type}/_search",
            Bearer,
            post(search::search_in_body),
        ),
        route(Method::POST, "/fhir/r4/{type}", Bearer, post(write::create)),
        route(
            Method::PUT,
            "/fhir/r4/{type}",
            Bearer,
            put(write::update_where),
        ),
        route(
            Method::PATCH,
            "/fhir/r4/{type}",
            Bearer,
            patch(patch::patch_where),
        ),
        route(
            Method::DELETE,
            "/fhir/r4/{type}",
            Bearer,
            delete(write::delete_where),
        ),
        route(
            Method::GET,
            "/fhir/r4/{type}/_history",
            Bearer,
            get(history::of_type),
        ),
        route(Method::GET, "/fhir/r4/{type}/{id}", Bearer, get(read::read)),
        route(
            Method::PUT,
            "/fhir/r4/{type}/{id}",
            Bearer,
            put(write::update),
        ),
        route(
            Method::PATCH,
            "/fhir/r4/{type}/{id}",
            Bearer,
            patch(patch::patch),
        ),
        route(
            Method::DELETE,
            "/fhir/r4/{type}/{id}",
            Bearer,
            delete(write::delete),
        ),
        route(
            Method::GET,
            "/fhir/r4/Patient/{id}/$everything",
            Bearer,
            get(everything::everything),
        ),
        route(
            Method::POST,
            "/fhir/r4/Patient/{id}/$everything",
            Bearer,
            post(everything::everything_in_body),
        ),
        route(
            Method::POST,
            "/fhir/r4/Patient/{id}/$purge",
            Bearer,
            post(purge::purge),
        ),
        route(
            Method::GET,
            "/fhir/r4/Composition/{id}/$document",
            Bearer,
            get(document::document),
        ),
        route(
            Method::POST,
            "/fhir/r4/{type}/$validate",
            Bearer,
            post(validate::of_type),
        ),
        route(
            Method::GET,
            "/fhir/r4/{type}/{id}/$validate",
            Bearer,
            get(validate::of_stored),
        ),
        route(
            Method::POST,
            "/fhir/r4/{type}/{id}/$validate",
            Bearer,
            post(validate::of_instance),
        ),
        route(
            Method::GET,
            "/fhir/r4/{type}/{id}/$meta",
            Bearer,
            get(meta::meta),
        ),
        route(
            Method::GET,
            "/fhir/r4/{type}/{id}/_history/{version}/$meta",
            Bearer,
            get(meta::meta_of_version),
        ),
        route(
            Method::POST,
            "/fhir/r4/{type}/{id}/$meta-add",
            Bearer,
            post(meta::meta_add),
        ),
        route(
            Method::POST,
            "/fhir/r4/{type}/{id}/$meta-delete",
            Bearer,
            post(meta::meta_delete),
        ),
        route(
            Method::GET,
            "/fhir/r4/{type}/{id}/_history",
            Bearer,
            get(history::of_instance),
        ),
        route(
            Method::GET,
            "/fhir/r4/{type}/{id}/_history/{version}",
            Bearer,
            get(read::read_version),
        ),
        route(
            Method::POST,
            "/messages/hl7v2",
            Bearer,
            post(message::hl7v2),
        ),
        route(
            Method::POST,
            "/messages/edifact",
            Bearer,
            post(message::edifact),
        ),
    ];
    table.extend(terminology::routes());
    table
}

/// The router of an own door. It answers nothing outside its endpoints but
/// under `/fhir` and `/health`, so that pages can be merged in.
pub fn router(door: OwnDoor) -> Router {
    let OwnDoor {
        node,
        bulk,
        callers,
        fhir_base,
        ready,
        clock,
        ids,
        limits,
    } = door;
    let capability = capability::statement(&fhir_base, &endpoints(), clock.now());
    let clients = |rate, at_once| Clients::new(rate, at_once, Arc::clone(&clock));
    let own = Arc::new(Own {
        node,
        bulk,
        callers,
        fhir_base,
        ready,
        capability,
        validator: Validator::new(FhirVersion::R4, Vec::new()),
        people: clients(limits.person, limits.person_at_once),
        systems: clients(limits.system, limits.system_at_once),
        refusals: Buckets::new(limits.refusals, CLIENTS_COUNTED_MAX, Arc::clone(&clock)),
        clock: Arc::clone(&clock),
        ids: Arc::clone(&ids),
        limits: limits.clone(),
    });
    let around = Arc::new(Envelope::new("own", ids, limits, false));
    let mut router = guard::router(table(), &own);
    for prefix in ["/fhir/{*rest}", "/health/{*rest}"] {
        router = router.route(prefix, axum::routing::any(nothing_here));
    }
    router
        .layer(from_fn_with_state(around, envelope))
        .with_state(own)
}

impl Guarded for Own {
    type Client = Client;

    async fn admit(
        &self,
        credential: Credential,
        head: &Parts,
    ) -> Result<Admitted<Client>, Problem> {
        match credential {
            Credential::Nothing => return Ok(Admitted::anybody()),
            Credential::Bearer => {}
            // This door has no certificates: what needs one is shut.
            Credential::Peer | Credential::PeerAndToken => return Err(Problem::unauthenticated()),
        }
        let cx = match self.callers.verify(head) {
            Ok(cx) => cx,
            Err(rejected) => {
                let address = head.extensions.get::<RemoteAddress>().copied();
                return Err(self.refuse(rejected, address).await);
            }
        };
        let clients = if cx.role() == Role::RecordSystem {
            &self.systems
        } else {
            &self.people
        };
        let place = clients.enter((cx.organisation(), cx.actor().id.clone()))?;
        Ok(Admitted::caller(place, cx))
    }
}

impl Own {
    async fn refuse(&self, rejected: Rejected, address: Option<RemoteAddress>) -> Problem {
        tracing::warn!(rejected = rejected.code(), "a credential was refused");
        if let Err(wait) = self.refusals.take(address) {
            return Problem::too_many_requests(wait);
        }
        refusal::write_down(&self.node, None, rejected, &self.ids, &self.clock).await;
        refused(rejected)
    }
}

/// What a refused credential is answered with: all alike, so that nobody
/// learns what was wrong with a guess.
pub(crate) fn refused(rejected: Rejected) -> Problem {
    match rejected {
        Rejected::Busy => Problem::too_many_requests(std::time::Duration::from_secs(1)),
        Rejected::NotAllowed => Problem::forbidden(),
        _ => Problem::unauthenticated(),
    }
}
