//! The endpoints of a door as data.
//!
//! A router is built from this table and from nothing else, and the table says
//! which credential each endpoint needs. So an endpoint without a rule cannot
//! exist, and a test can try them all.

use axum::routing::MethodRouter;
use http::Method;

/// What a request must show before an endpoint looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// Nothing: it tells what everybody may know.
    Nothing,
    /// A bearer token of this organisation.
    Bearer,
    /// A certificate of the region, which the connection has shown.
    Peer,
    /// A certificate of the region, and an access token that was given to it.
    PeerAndToken,
}

/// One endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The method.
    pub method: Method,
    /// The path, with `{name}` for what varies and `{*name}` for all the rest.
    pub path: &'static str,
    /// What a request must show.
    pub credential: Credential,
}

/// An endpoint and what answers it.
pub(crate) struct Route<S> {
    pub(crate) endpoint: Endpoint,
    pub(crate) handler: MethodRouter<S>,
}

/// A row of the table.
pub(crate) fn route<S>(
    method: Method,
    path: &'static str,
    credential: Credential,
    handler: MethodRouter<S>,
) -> Route<S> {
    Route {
        endpoint: Endpoint {
            method,
            path,
            credential,
        },
        handler,
    }
}

/// The endpoints of a table.
pub(crate) fn endpoints<S>(routes: Vec<Route<S>>) -> Vec<Endpoint> {
    routes.into_iter().map(|route| route.endpoint).collect()
}
