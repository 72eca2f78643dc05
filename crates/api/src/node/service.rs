//! Whole requests for the services of the region, and for the node's own
//! memory of consents: read within the limit and handed over with the peer.

use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use network::door::{DoorReply, DoorRequest};

use super::{RegionalServices, Shared};
use crate::{body, extract::FromPeer, problem::Problem};

/// The largest request to a service of the region, in bytes.
const SERVICE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A request that was read whole.
struct Whole {
    method: http::Method,
    path: String,
    query: String,
    if_match: Option<String>,
    body: Bytes,
}

impl Whole {
    async fn read(request: Request, prefix: &str) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let body = body::read(&parts.headers, body, SERVICE_BYTES_MAX).await?;
        let path = parts.uri.path().strip_prefix(prefix).unwrap_or_default();
        let if_match = match parts.headers.get(header::IF_MATCH) {
            Some(tag) => {
                let tag = tag.to_str();
                Some(
                    tag.map_err(|_| Problem::bad_request("If-Match is not a version"))?
                        .to_owned(),
                )
            }
            None => None,
        };
        Ok(Self {
            method: parts.method,
            path: path.trim_start_matches('/').to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            if_match,
            body,
        })
    }

    fn for_service(&self) -> DoorRequest<'_> {
        DoorRequest {
            method: self.method.as_str(),
            path: &self.path,
            query: &self.query,
            if_match: self.if_match.as_deref(),
            body: &self.body,
        }
    }
}

/// `POST /consent/invalidated`: a patient's choices changed.
pub(super) async fn invalidated(
    State(inner): State<Shared>,
    FromPeer(peer): FromPeer,
    request: Request,
) -> Result<Response, Problem> {
    let consents = inner.consents.as_ref().ok_or_else(Problem::not_found)?;
    let whole = Whole::read(request, "/consent/").await?;
    Ok(response(
        consents.answer(&peer.organisation, whole.for_service()),
    ))
}

/// Everything else under `/consent/`.
pub(super) async fn consent(
    State(inner): State<Shared>,
    FromPeer(peer): FromPeer,
    request: Request,
) -> Result<Response, Problem> {
    let services = services(&inner)?;
    let whole = Whole::read(request, "/consent/").await?;
    Ok(response(
        services.consents.answer(&peer, whole.for_service()).await,
    ))
}

/// Everything under `/pseudonym/`.
pub(super) async fn pseudonym(
    State(inner): State<Shared>,
    FromPeer(peer): FromPeer,
    request: Request,
) -> Result<Response, Problem> {
    let services = services(&inner)?;
    let whole = Whole::read(request, "/pseudonym/").await?;
    Ok(response(
        services
            .pseudonyms
            .answer(&peer.organisation, whole.for_service())
            .await,
    ))
}

/// Everything under `/localisation/fhir`.
pub(super) async fn localisation(
    State(inner): State<Shared>,
    FromPeer(peer): FromPeer,
    request: Request,
) -> Result<Response, Problem> {
    let services = services(&inner)?;
    let whole = Whole::read(request, "/localisation/fhir").await?;
    Ok(response(
        services
            .localisation
            .answer(&peer.organisation, whole.for_service())
            .await,
    ))
}

/// Everything under `/addressing/fhir`.
pub(super) async fn addressing(
    State(inner): State<Shared>,
    FromPeer(peer): FromPeer,
    request: Request,
) -> Result<Response, Problem> {
    let services = services(&inner)?;
    let whole = Whole::read(request, "/addressing/fhir").await?;
    Ok(response(
        services
            .addresses
            .answer(&peer.organisation, whole.for_service())
            .await,
    ))
}

fn services(inner: &Shared) -> Result<&RegionalServices, Problem> {
    inner.regional.as_ref().ok_or_else(Problem::not_found)
}

/// A reply of a service as an HTTP response.
pub(super) fn response(reply: DoorReply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(reply.content_type),
    );
    if let Some(tag) = reply
        .etag
        .as_deref()
        .and_then(|tag| HeaderValue::from_str(tag).ok())
    {
        headers.insert(header::ETAG, tag);
    }
    response
}
