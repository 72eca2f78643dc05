//! The entrance of an own door: one for all its FHIR bases, so that what a
//! client may ask counts over all of them.

use std::sync::Arc;

use care::{AccessContext, Clock, Role, Ura};
use http::request::Parts;
use network::rate::Buckets;
use trust::Rejected;

use super::{Callers, Own};
use crate::{
    at_once::Place,
    guard::{Admitted, Clients, Guarded},
    limits::{CLIENTS_COUNTED_MAX, HttpLimits},
    problem::Problem,
    refusal,
    route::Credential,
    serve::RemoteAddress,
};

/// A client: an organisation and an id there.
pub(super) type Client = (Ura, String);

/// Who may come in, and how often.
pub(super) struct Entrance {
    pub(super) callers: Callers,
    people: Clients<Client>,
    systems: Clients<Client>,
    refusals: Buckets<Option<RemoteAddress>>,
}

impl Entrance {
    pub(super) fn new(callers: Callers, limits: &HttpLimits, clock: &Arc<dyn Clock>) -> Self {
        let clients = |rate, at_once| Clients::new(rate, at_once, Arc::clone(clock));
        Self {
            callers,
            people: clients(limits.person, limits.person_at_once),
            systems: clients(limits.system, limits.system_at_once),
            refusals: Buckets::new(limits.refusals, CLIENTS_COUNTED_MAX, Arc::clone(clock)),
        }
    }

    fn enter(&self, cx: &AccessContext) -> Result<Place<Client>, Problem> {
        let clients = if cx.role() == Role::RecordSystem {
            &self.systems
        } else {
            &self.people
        };
        clients.enter((cx.organisation(), cx.actor().id.clone()))
    }
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
        match self.entrance.callers.verify(head) {
            Ok(cx) => Ok(Admitted::caller(self.entrance.enter(&cx)?, cx)),
            Err(rejected) => {
                let address = head.extensions.get::<RemoteAddress>().copied();
                Err(self.refuse(rejected, address).await)
            }
        }
    }
}

impl Own {
    async fn refuse(&self, rejected: Rejected, address: Option<RemoteAddress>) -> Problem {
        tracing::warn!(rejected = rejected.code(), "a credential was refused");
        if let Err(wait) = self.entrance.refusals.take(address) {
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
