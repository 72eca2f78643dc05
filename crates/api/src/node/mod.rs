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
    status::STATUS_PATH,
};
use trust::{Rejected, access_token::AccessTokens, assertion::Assertions, identity::Peer};

use crate::{
    credentials::bearer_token,
    envelope::{Envelope, envelope},
    extract::Caller,
    limits::{CLIENTS_COUNTED_MAX, HttpLimits},
    own::refused,
    problem::Problem,
    rate::Buckets,
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
    peers: Buckets<Ura>,
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
    let around = Arc::new(Envelope::new("node", ids, limits.clone(), true));
    let peers = Buckets::new(limits.system, CLIENTS_COUNTED_MAX, clock);
    let inner = Arc::new(Inner {
        node,
        assertions,
        access_tokens,
        consents,
        regional,
        limits,
        peers,
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

/// The guard: who is at the other end, whether they ask too often, and whose
/// question it is.
async fn pass(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    match guard.caller(&request) {
        Ok(Some(caller)) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Ok(None) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

impl Guard {
    fn caller(&self, request: &Request) -> Result<Option<Caller>, Problem> {
        let Some(peer) = request.extensions().get::<Arc<Peer>>() else {
            return Err(Problem::unauthenticated());
        };
        self.inner
            .peers
            .take(peer.organisation.ura)
            .map_err(Problem::too_many_requests)?;
        match self.credential {
            Credential::Nothing | Credential::Peer => Ok(None),
            // This door knows no tokens of the own organisation's people.
            Credential::Bearer => Err(Problem::unauthenticated()),
            Credential::PeerAndToken => {
                let verified = match bearer_token(request.headers()) {
                    Some(token) => self.inner.access_tokens.verify(token, peer),
                    None => Err(Rejected::Missing),
                };
                let cx = verified.map_err(|rejected| {
                    let ura = peer.organisation.ura;
                    tracing::warn!(rejected = rejected.code(), peer = %ura, "a token was refused");
                    refused(rejected)
                })?;
                // A token serves several questions; each has an id of its own.
                let id = request.extensions().get::<RequestId>().cloned();
                Ok(Some(Caller(match id {
                    Some(id) => cx.in_request(id),
                    None => cx,
                })))
            }
        }
    }
}
