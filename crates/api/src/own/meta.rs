//! `$meta`, `$meta-add` and `$meta-delete`: profiles, tags and security labels of
//! one resource; by `$meta` also those that are in use on a type or on all.
//!
//! What is added or taken away makes a new version: it changes what is found
//! and who may see it, and that must be seen in the history.

use std::collections::{BTreeSet, HashSet};

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use care::AccessContext;
use exchange::ExchangeError;
use fhir::{Resource, json::Value, outcome::IssueCode, patch::Patch};
use http::HeaderMap;
use store::{Change, Stored, Target};

use super::{Own, Shared, write};
use crate::{
    envelope::Query,
    extract::{At, Caller},
    problem::Problem,
    representation::FhirBody,
};

/// `GET $meta`: what is in use on all types.
pub(super) async fn of_system(
    State(own): State<Shared>,
    Caller(cx): Caller,
    query: Query,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    own.in_use(&cx, None).await
}

/// `GET [type]/$meta`: what is in use on a type.
pub(super) async fn of_type(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(resource_type): At<String>,
    query: Query,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    own.known_type(&resource_type)?;
    own.in_use(&cx, Some(&resource_type)).await
}

/// `GET [type]/[id]/$meta`.
pub(super) async fn meta(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At((resource_type, id)): At<(String, String)>,
    query: Query,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    Ok(own.meta_of(&own.node.read(&cx, &resource_type, &id).await?))
}

/// `GET [type]/[id]/_history/[version]/$meta`.
pub(super) async fn meta_of_version(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At((resource_type, id, version)): At<(String, String, u64)>,
    query: Query,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    let found = own.node.read_version(&cx, &resource_type, &id, version);
    Ok(own.meta_of(&found.await?))
}

/// `POST [type]/[id]/$meta-add`.
pub(super) async fn meta_add(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(at): At<(String, String)>,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    own.change_meta(&cx, at, &headers, body, true).await
}

/// `POST [type]/[id]/$meta-delete`.
pub(super) async fn meta_delete(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(at): At<(String, String)>,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    own.change_meta(&cx, at, &headers, body, false).await
}

impl Own {
    async fn change_meta(
        &self,
        cx: &AccessContext,
        (resource_type, id): (String, String),
        headers: &HeaderMap,
        body: Body,
        adds: bool,
    ) -> Result<Response, Problem> {
        let wrong = || {
            Problem::element(
                IssueCode::Required,
                "A Parameters resource with one parameter meta (valueMeta) is needed here",
                "Parameters.parameter",
            )
        };
        let if_match = write::if_match(headers)?;
        let parameters = self
            .operation_body(headers, body)
            .await?
            .ok_or_else(wrong)?;
        let mut all = parameters.root().each("parameter");
        let meta = match (all.next(), all.next()) {
            (Some(one), None) if one.text("name").as_deref() == Some("meta") => {
                one.get("valueMeta").ok_or_else(wrong)?
            }
            _ => return Err(wrong()),
        };
        let patch = if adds {
            Patch::adding_meta(meta)
        } else {
            Patch::removing_meta(meta)
        };
        let change = Change::Patch {
            resource_type,
            target: Target::Id(id),
            patch: patch.map_err(|_| wrong())?,
            if_match,
            named: BTreeSet::new(),
        };
        let outcome = self.node.write(cx, change).await?;
        let stored = self.node.as_written(cx, &outcome).await?;
        Ok(self.meta_of(&stored.ok_or(ExchangeError::NotFound)?))
    }

    /// The profiles, tags and security labels that are in use, each once.
    async fn in_use(
        &self,
        cx: &AccessContext,
        resource_type: Option<&str>,
    ) -> Result<Response, Problem> {
        let mut lists: [(&str, Vec<Value>); 3] =
            ["profile", "security", "tag"].map(|name| (name, Vec::new()));
        for stored in self.node.in_use(cx, resource_type).await? {
            let resource = Resource::parse_in(self.version, &stored.body);
            let resource = resource.map_err(|_| Problem::unexpected())?;
            let Some(meta) = resource.root().get("meta") else {
                continue;
            };
            for (name, list) in &mut lists {
                list.extend(meta.each(name).map(Value::from));
            }
        }
        let mut meta = fhir::value!({});
        for (name, list) in lists {
            let mut known = HashSet::new();
            let list: Vec<Value> = list
                .into_iter()
                .filter(|value| known.insert(told(value)))
                .collect();
            if !list.is_empty() {
                meta.set(name, list);
            }
        }
        let is_empty = meta.members().is_empty();
        Ok(returned((!is_empty).then_some(meta)))
    }

    /// The Meta of a version, as the operation gives it back.
    fn meta_of(&self, stored: &Stored) -> Response {
        let resource = Resource::parse_in(self.version, &stored.body).ok();
        returned(resource.and_then(|resource| resource.root().get("meta").map(Value::from)))
    }
}

/// What two entries of a list are the same by: of a code its system and code.
fn told(value: &Value) -> Vec<u8> {
    match (value.text("system"), value.text("code")) {
        (None, None) => value.to_bytes(),
        (system, code) => fhir::value!([
            (system.unwrap_or_default().to_owned()),
            (code.unwrap_or_default().to_owned())
        ])
        .to_bytes(),
    }
}

/// The answer: without a parameter when there is nothing, because a parameter
/// must have a value (FHIR R4, Parameters, inv-1).
fn returned(meta: Option<Value>) -> Response {
    let mut parameters = fhir::value!({ "resourceType": "Parameters" });
    if let Some(meta) = meta {
        let parameter = fhir::value!([{ "name": "return", "valueMeta": (meta) }]);
        parameters.set("parameter", parameter);
    }
    FhirBody::from(&parameters).into_response()
}
