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

use axum::{Router, middleware::from_fn_with_state};
use care::{Clock, IdSource, Ura};
use exchange::Node;
use http::request::Parts;
use network::{
    addressing::AddressRegister,
    consent::{CachedConsents, RegionalConsents},
    localisation::{LocalisationIndex, PseudonymDoor},
    status::STATUS_PATH,
};
use trust::{Rejected, access_token::AccessTokens, assertion::Assertions, identity::Peer};

use crate::{
    bodies::Bodies,
    credentials::bearer_token,
    envelope::{Envelope, envelope},
    guard::{self, Admitted, Clients, Guarded, nothing_here},
    limits::HttpLimits,
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
    /// What the bodies at all doors of the node may take together.
    pub bodies: Bodies,
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
    peers: Clients<Ura>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

type Shared = Arc<Inner>;

/// The endpoints of a node door. Those of the regional services answer 404 at
/// a node that does not run them.
pub fn endpoints() -> Vec<Endpoint> {
    of_table(&table())
}

fn table() -> Vec<Route<Shared>> {
    use Credential::{Peer, PeerAndToken};
    use service::{addressing, consent, invalidated, localisation, pseudonym};
    vec![
        route("/oauth/token", Peer).post(token::token),
        route("/fhir/r4", PeerAndToken).post(answer::batch),
        route("/fhir/r4/$access-log", PeerAndToken).post(access_log::access_log),
        route(STATUS_PATH, Peer).get(status::status),
        route("/consent/invalidated", Peer).post(invalidated),
        route("/consent/closed-question", Peer).post(consent),
        route("/consent/open-question", Peer).post(consent),
        route("/consent/lease", Peer).post(consent),
        route("/pseudonym/evaluate", Peer).post(pseudonym),
        route("/localisation/fhir", Peer).post(localisation),
        route("/localisation/fhir/List", Peer).post(localisation),
        route("/localisation/fhir/List/_search", Peer).post(localisation),
        route("/localisation/fhir/List/_withdraw", Peer).post(localisation),
        route("/localisation/fhir/List/{id}", Peer).delete(localisation),
        route("/addressing/fhir/{type}", Peer).get(addressing),
        route("/addressing/fhir/{type}/_history", Peer).get(addressing),
        route("/addressing/fhir/{type}/{id}", Peer)
            .get(addressing)
            .put(addressing),
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
        bodies,
    } = door;
    let around = Arc::new(Envelope::new(
        "node",
        Arc::clone(&ids),
        limits.clone(),
        bodies,
        true,
    ));
    let inner = Arc::new(Inner {
        node,
        assertions,
        access_tokens,
        consents,
        regional,
        peers: Clients::new(limits.system, limits.system_at_once, Arc::clone(&clock)),
        clock,
        ids,
        limits,
    });
    guard::router(table(), &inner)
        .fallback(nothing_here)
        .layer(from_fn_with_state(around, envelope))
        .with_state(inner)
}

impl Guarded for Inner {
    type Client = Ura;

    async fn admit(&self, credential: Credential, head: &Parts) -> Result<Admitted<Ura>, Problem> {
        let Some(peer) = head.extensions.get::<Arc<Peer>>() else {
            return Err(Problem::unauthenticated());
        };
        let place = self.peers.enter(peer.organisation.ura)?;
        match credential {
            Credential::Nothing | Credential::Peer => Ok(Admitted::client(place)),
            // This door knows no tokens of the own organisation's people.
            Credential::Bearer => Err(Problem::unauthenticated()),
            Credential::PeerAndToken => {
                let verified = match bearer_token(&head.headers) {
                    Some(token) => self.access_tokens.verify(token, peer),
                    None => Err(Rejected::Missing),
                };
                match verified {
                    Ok(cx) => Ok(Admitted::caller(place, cx)),
                    Err(rejected) => {
                        self.write_down(peer, rejected).await;
                        Err(refused(rejected))
                    }
                }
            }
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
