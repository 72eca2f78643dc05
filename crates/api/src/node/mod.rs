//! The node door: what other nodes of the region ask, over mutual TLS.
//!
//! Who is at the other end is known from the connection before a request is
//! read. Questions about a patient need an access token on top of that, given
//! for a signed assertion. The services of the regional organisation answer
//! whole requests themselves; each holds that a peer speaks for itself only.

mod access_log;
mod answer;
mod service;
mod status;
mod token;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{delete, get, post, put},
};
use care::{Clock, IdSource, RequestId, Ura};
use exchange::Node;
use http::Method;
use network::{
    addressing::AddressRegister,
    consent::{CachedConsents, RegionalConsents},
    localisation::{LocalisationIndex, PseudonymDoor},
    rate::Buckets,
    status::STATUS_PATH,
};
use trust::{Rejected, access_token::AccessTokens, assertion::Assertions, identity::Peer};

use crate::{
    at_once::AtOnce,
    credentials::bearer_token,
    envelope::{BUSY_WAIT, Envelope, envelope},
    extract::Caller,
    limits::{CLIENTS_COUNTED_MAX, HttpLimits},
    own::refused,
    problem::Problem,
    refusal,
    route::{Credential, Endpoint, Route, endpoints as of_table, route},
};

/// What a node door is made of.
pub struct NodeDoor {
    /// The node behind it.
    pub node: Arc<Node>,
    /// Who says what a signed assertion states.
    pub assertions: Arc<Assertions>,
    /// The access tokens that this node gave out.
    pub access_tokens: Arc<AccessTokens>,
    /// The remembered answers of the consent service, which must hear of
    /// changes; none where the node asks the service every time.
    pub consents: Option<Arc<CachedConsents>>,
    /// The services of the region, at the organisation that runs them.
    pub regional: Option<RegionalServices>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// Its limits.
    pub limits: HttpLimits,
}

/// The services that one organisation runs for the region.
pub struct RegionalServices {
    /// Who takes part and where.
    pub addresses: AddressRegister,
    /// Who holds what on whom, by pseudonym.
    pub localisation: LocalisationIndex,
    /// What patients allow.
    pub consents: Arc<RegionalConsents>,
    /// What makes a pseudonym of an identifier.
    pub pseudonyms: PseudonymDoor,
}

/// What the handlers share.
pub(crate) struct Inner {
    node: Arc<Node>,
    assertions: Arc<Assertions>,
    access_tokens: Arc<AccessTokens>,
    consents: Option<Arc<CachedConsents>>,
    regional: Option<RegionalServices>,
    limits: HttpLimits,
    often: Buckets<Ura>,
    at_once: Arc<AtOnce<Ura>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

type Shared = Arc<Inner>;

/// The endpoints of a node door. Those of the regional services answer 404 at
/// a node that does not run them.
pub fn endpoints() -> Vec<Endpoint> {
    of_table(table())
}

fn table() -> Vec<Route<Shared>> {
    use Credential::{Peer, PeerAndToken};
    use service::{addressing, consent, invalidated, localisation, pseudonym};
    vec![
        route(Method::POST, "/oauth/token", Peer, post(token::token)),
        route(Method::POST, "/fhir/r4", PeerAndToken, post(answer::batch)),
        route(
            Method::POST,
            "/fhir/r4/$access-log",
            PeerAndToken,
            post(access_log::access_log),
        ),
        route(Method::GET, STATUS_PATH, Peer, get(status::status)),
        route(
            Method::POST,
            "/consent/invalidated",
            Peer,
            post(invalidated),
        ),
        route(
            Method::POST,
            "/consent/closed-question",
            Peer,
            post(consent),
        ),
        route(Method::POST, "/consent/open-question", Peer, post(consent)),
        route(Method::POST, "/consent/lease", Peer, post(consent)),
        route(Method::POST, "/pseudonym/evaluate", Peer, post(pseudonym)),
        route(Method::POST, "/localisation/fhir", Peer, post(localisation)),
        route(
            Method::POST,
            "/localisation/fhir/List",
            Peer,
            post(localisation),
        ),
        route(
            Method::POST,
            "/localisation/fhir/List/_search",
            Peer,
            post(localisation),
        ),
        route(
            Method::POST,
            "/localisation/fhir/List/_withdraw",
            Peer,
            post(localisation),
        ),
        route(
            Method::DELETE,
            "/localisation/fhir/List/{id}",
            Peer,
            delete(localisation),
        ),
        route(
            Method::GET,
            "/addressing/fhir/{type}",
            Peer,
            get(addressing),
        ),
        route(
            Method::GET,
            "/addressing/fhir/{type}/_history",
            Peer,
            get(addressing),
        ),
        route(
            Method::GET,
            "/addressing/fhir/{type}/{id}",
            Peer,
            get(addressing),
        ),
        route(
            Method::PUT,
            "/addressing/fhir/{type}/{id}",
            Peer,
            put(addressing),
        ),
    ]
}

/// The router of a node door, for [`crate::open_https`].
pub fn router(door: NodeDoor) -> Router {
    let NodeDoor {
        node,
        assertions,
        access_tokens,
        consents,
        regional,
        clock,
        ids,
        limits,
    } = door;
    let around = Arc::new(Envelope::new(
        "node",
        Arc::clone(&ids),
        limits.clone(),
        true,
    ));
    let inner = Arc::new(Inner {
        node,
        assertions,
        access_tokens,
        consents,
        regional,
        often: Buckets::new(limits.system, CLIENTS_COUNTED_MAX, Arc::clone(&clock)),
        at_once: AtOnce::new(limits.system_at_once),
        clock,
        ids,
        limits,
    });
    let mut router = Router::new();
    for Route { endpoint, handler } in table() {
        let guard = Guard {
            inner: Arc::clone(&inner),
            credential: endpoint.credential,
        };
        router = router.route(
            endpoint.path,
            handler.route_layer(from_fn_with_state(guard, pass)),
        );
    }
    router
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(around, envelope))
        .with_state(inner)
}

async fn nothing_here() -> Problem {
    Problem::not_found()
}

async fn wrong_method() -> Problem {
    Problem::method_not_allowed()
}

#[derive(Clone)]
struct Guard {
    inner: Shared,
    credential: Credential,
}

/// The guard: who is at the other end, whether they ask too much, and whose
/// question it is.
async fn pass(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    let inner = &guard.inner;
    let Some(peer) = request.extensions().get::<Arc<Peer>>().cloned() else {
        return Problem::unauthenticated().into_response();
    };
    if let Err(wait) = inner.often.take(peer.organisation.ura) {
        return Problem::too_many_requests(wait).into_response();
    }
    let Some(_place) = inner.at_once.enter(peer.organisation.ura) else {
        return Problem::too_many_requests(BUSY_WAIT).into_response();
    };
    match guard.credential {
        Credential::Nothing | Credential::Peer => next.run(request).await,
        // This door knows no tokens of the own organisation's people.
        Credential::Bearer => Problem::unauthenticated().into_response(),
        Credential::PeerAndToken => {
            let verified = match bearer_token(request.headers()) {
                Some(token) => inner.access_tokens.verify(token, &peer),
                None => Err(Rejected::Missing),
            };
            let cx = match verified {
                Ok(cx) => cx,
                Err(rejected) => {
                    inner.write_down(&peer, rejected).await;
                    return refused(rejected).into_response();
                }
            };
            // A token serves several questions; each has an id of its own.
            let id = request.extensions().get::<RequestId>().cloned();
            let caller = Caller(match id {
                Some(id) => cx.in_request(id),
                None => cx,
            });
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
    }
}

impl Inner {
    /// Writes down that a credential of a peer was refused.
    async fn write_down(&self, peer: &Peer, rejected: Rejected) {
        let organisation = &peer.organisation;
        tracing::warn!(
            rejected = rejected.code(),
            peer = %organisation.ura,
            "a credential of a peer was refused"
        );
        refusal::write_down(
            &self.node,
            Some(organisation),
            rejected,
            &self.ids,
            &self.clock,
        )
        .await;
    }
}
