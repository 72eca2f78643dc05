//! `Composition/[id]/$document`: a Composition as a document.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use exchange::Returned;
use fhir::Resource;
use http::{HeaderValue, Method, StatusCode, header};
use store::Change;

use super::Shared;
use crate::{
    envelope::Query,
    extract::{At, Caller},
    problem::Problem,
    representation::FhirBody,
};

/// What can be asked with `persist=true`: to keep something is not to ask for its head.
const ALLOWED: HeaderValue = HeaderValue::from_static("GET");

/// `GET`, with `persist=true` to keep the document as a Bundle.
pub(super) async fn document(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(id): At<String>,
    method: Method,
    query: Query,
) -> Result<Response, Problem> {
    let mut persist = false;
    for (name, value) in query.0.iter() {
        match (name.as_str(), value.parse()) {
            ("persist", Ok(value)) => persist = value,
            ("persist", Err(_)) => {
                return Err(Problem::bad_request("persist is true or false"));
            }
            _ => {
                return Err(Problem::bad_request(
                    "$document takes the parameter persist",
                ));
            }
        }
    }
    if persist && method == Method::HEAD {
        return Err(Problem::method_not_allowed().and_header(header::ALLOW, ALLOWED));
    }
    let parts = own.node.document(&cx, &id).await?;
    let base = &own.fhir_base;
    let bundle = own.node.document_bundle(&parts, |part| {
        format!("{base}/{}/{}", part.resource_type, part.id)
    })?;
    if !persist {
        return Ok((StatusCode::OK, FhirBody::from(&bundle)).into_response());
    }
    let change = Change::Create {
        full_url: None,
        resource: Resource::parse_in(own.version, bundle.to_bytes())
            .map_err(|_| Problem::unexpected())?,
        if_none_exist: None,
    };
    own.write(&cx, change, Returned::Representation).await
}
