//! What handlers take from a request, with refusals that look like all others.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use care::AccessContext;
use http::request::Parts;
use serde::de::DeserializeOwned;
use trust::identity::Peer;

use crate::{envelope::Query, problem::Problem};

/// Who asks, as the guard of the route established.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) AccessContext);

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(Problem::unauthenticated)
    }
}

/// The node at the other end of the connection.
#[derive(Debug, Clone)]
pub(crate) struct FromPeer(pub(crate) Arc<Peer>);

impl<S: Sync> FromRequestParts<S> for FromPeer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<Arc<Peer>>().cloned();
        peer.map(Self).ok_or_else(Problem::unauthenticated)
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(Problem::unexpected)
    }
}

/// What varies in the path. A path that does not decode leads nowhere.
#[derive(Debug, Clone)]
pub(crate) struct At<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(value)| Self(value))
            .map_err(|_| Problem::not_found())
    }
}
