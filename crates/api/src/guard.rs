//! The guard of a door: between the envelope and the endpoints, the same for
//! every door. What a door adds is how it knows who asks.
//!
//! A router is built from a table of endpoints and from nothing else, so no
//! endpoint stands outside its guard.

use std::{future::Future, hash::Hash, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use care::{AccessContext, Clock, RequestId};
use http::request::Parts;
use network::rate::{Buckets, Rate};

use crate::{
    at_once::{AtOnce, Place},
    envelope::BUSY_WAIT,
    extract::Caller,
    limits::CLIENTS_COUNTED_MAX,
    problem::Problem,
    route::{Credential, Route},
};

/// A door that lets requests in.
pub(crate) trait Guarded: Send + Sync + 'static {
    /// By what a client is told from others.
    type Client: Eq + Hash + Clone + Send + Sync;

    /// Lets a request to an endpoint in, or says why not. It sees the head
    /// only: nothing of a body is read for who may not send one.
    fn admit(
        &self,
        credential: Credential,
        head: &Parts,
    ) -> impl Future<Output = Result<Admitted<Self::Client>, Problem>> + Send;
}

/// A request that was let in.
pub(crate) struct Admitted<K: Eq + Hash + Clone> {
    place: Option<Place<K>>,
    caller: Option<AccessContext>,
}

impl<K: Eq + Hash + Clone> Admitted<K> {
    /// Somebody who need not say who they are.
    pub(crate) const fn anybody() -> Self {
        Self {
            place: None,
            caller: None,
        }
    }

    /// A client on its own account.
    pub(crate) const fn client(place: Place<K>) -> Self {
        Self {
            place: Some(place),
            caller: None,
        }
    }

    /// Somebody in whose name is asked.
    pub(crate) const fn caller(place: Place<K>, caller: AccessContext) -> Self {
        Self {
            place: Some(place),
            caller: Some(caller),
        }
    }
}

/// The clients of one kind: how often each may ask, and how much each may have
/// under way.
pub(crate) struct Clients<K: Eq + Hash> {
    often: Buckets<K>,
    at_once: Arc<AtOnce<K>>,
}

impl<K: Eq + Hash + Clone> Clients<K> {
    pub(crate) fn new(rate: Rate, at_once: usize, clock: Arc<dyn Clock>) -> Self {
        Self {
            often: Buckets::new(rate, CLIENTS_COUNTED_MAX, clock),
            at_once: AtOnce::new(at_once),
        }
    }

    /// A place for a request of a client; refused when it asks too much.
    pub(crate) fn enter(&self, client: K) -> Result<Place<K>, Problem> {
        self.often
            .take(client.clone())
            .map_err(Problem::too_many_requests)?;
        self.at_once
            .enter(client)
            .ok_or_else(|| Problem::too_many_requests(BUSY_WAIT))
    }
}

/// The routes of a table, each behind the guard of the door.
pub(crate) fn router<D: Guarded>(table: Vec<Route<Arc<D>>>, door: &Arc<D>) -> Router<Arc<D>> {
    let mut router = Router::new();
    for route in table {
        let guard = Guard {
            door: Arc::clone(door),
            credential: route.credential,
        };
        let guarded = route
            .handlers
            .route_layer(from_fn_with_state(guard, pass::<D>));
        router = router.route(&route.path, guarded);
    }
    router.method_not_allowed_fallback(wrong_method)
}

struct Guard<D> {
    door: Arc<D>,
    credential: Credential,
}

impl<D> Clone for Guard<D> {
    fn clone(&self) -> Self {
        Self {
            door: Arc::clone(&self.door),
            credential: self.credential,
        }
    }
}

async fn pass<D: Guarded>(State(guard): State<Guard<D>>, request: Request, next: Next) -> Response {
    let (mut head, body) = request.into_parts();
    let Admitted { place, caller } = match guard.door.admit(guard.credential, &head).await {
        Ok(admitted) => admitted,
        Err(problem) => return problem.into_response(),
    };
    if let Some(cx) = caller {
        // A token serves several questions; each has an id of its own.
        let id = head.extensions.get::<RequestId>().cloned();
        head.extensions.insert(Caller(match id {
            Some(id) => cx.in_request(id),
            None => cx,
        }));
    }
    let response = next.run(Request::from_parts(head, body)).await;
    drop(place);
    response
}

/// Where there is nothing.
pub(crate) async fn nothing_here() -> Problem {
    Problem::not_found()
}

async fn wrong_method() -> Problem {
    Problem::method_not_allowed()
}
