//! Create, update, delete, each also under a condition.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use care::AccessContext;
use exchange::ExchangeError;
use fhir::outcome::{Issue, IssueCode, Severity, operation_outcome};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use store::{Change, Outcome, Status};

use super::{Own, Shared};
use crate::{
    body,
    envelope::Query,
    extract::{At, Caller},
    problem::Problem,
    query::{self, QueryPairs},
    representation::FhirBody,
    resource,
};

const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");
const PRECONDITIONS: [HeaderName; 3] = [header::IF_MATCH, header::IF_NONE_MATCH, IF_NONE_EXIST];
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// `POST [type]`, with `If-None-Exist` only when nothing of the kind is there.
pub(super) async fn create(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(resource_type): At<String>,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    refuse_preconditions(&headers, &[header::IF_MATCH, header::IF_NONE_MATCH])?;
    let wanted = Wanted::of(&headers)?;
    let if_none_exist = match headers.get(IF_NONE_EXIST) {
        Some(condition) => Some(condition_of(condition)?),
        None => None,
    };
    let body = body::read(&headers, body, own.limits.body_bytes).await?;
    let resource = resource::parse_as(&resource_type, &headers, body)?;
    let change = Change::Create {
        full_url: None,
        resource,
        if_none_exist,
    };
    own.write(&cx, change, wanted).await
}

/// `PUT [type]/[id]`, with `If-Match` only over the named version. An id that
/// is not there yet is made (update as create).
pub(super) async fn update(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At((resource_type, id)): At<(String, String)>,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    refuse_preconditions(&headers, &[header::IF_NONE_MATCH, IF_NONE_EXIST])?;
    let wanted = Wanted::of(&headers)?;
    let if_match = match headers.get(header::IF_MATCH) {
        Some(tag) => {
            let version = tag.to_str().ok().and_then(resource::version_of);
            Some(version.ok_or_else(|| Problem::bad_request("If-Match is not a version"))?)
        }
        None => None,
    };
    let body = body::read(&headers, body, own.limits.body_bytes).await?;
    let resource = resource::parse_as(&resource_type, &headers, body)?;
    if resource.id().as_deref() != Some(id.as_str()) {
        return Err(Problem::element(
            IssueCode::Value,
            "The resource must have the id that the URL names",
            "Resource.id",
        ));
    }
    own.write(
        &cx,
        Change::Update {
            full_url: None,
            resource,
            id,
            if_match,
        },
        wanted,
    )
    .await
}

/// `PUT [type]?[search]`: over the one resource that the search finds, or new.
pub(super) async fn update_where(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(resource_type): At<String>,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    refuse_preconditions(&headers, &PRECONDITIONS)?;
    let wanted = Wanted::of(&headers)?;
    let query = needed(query)?;
    let body = body::read(&headers, body, own.limits.body_bytes).await?;
    let resource = resource::parse_as(&resource_type, &headers, body)?;
    own.write(
        &cx,
        Change::UpdateWhere {
            full_url: None,
            resource,
            query,
        },
        wanted,
    )
    .await
}

/// `DELETE [type]/[id]`. Deleting what is not there is no error.
pub(super) async fn delete(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At((resource_type, id)): At<(String, String)>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    refuse_preconditions(&headers, &PRECONDITIONS)?;
    own.node
        .write(&cx, Change::Delete { resource_type, id })
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE [type]?[search]`: the one resource that the search finds, if any.
pub(super) async fn delete_where(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At(resource_type): At<String>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    refuse_preconditions(&headers, &PRECONDITIONS)?;
    let query = needed(query)?;
    own.node
        .write(
            &cx,
            Change::DeleteWhere {
                resource_type,
                query,
            },
        )
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Refuses preconditions that an interaction does not hold: one that is
/// ignored would change what the client meant to protect.
fn refuse_preconditions(headers: &HeaderMap, names: &[HeaderName]) -> Result<(), Problem> {
    if names.iter().any(|name| headers.contains_key(name)) {
        return Err(Problem::bad_request(
            "A precondition in the headers is not supported here",
        ));
    }
    Ok(())
}

/// A condition that says nothing would be about everything.
fn needed(query: Query) -> Result<QueryPairs, Problem> {
    if query.0.is_empty() {
        return Err(Problem::bad_request(
            "This needs an id, or a search that finds one resource",
        ));
    }
    Ok(query.0.to_vec())
}

fn condition_of(header: &HeaderValue) -> Result<QueryPairs, Problem> {
    let text = header.as_bytes();
    // Some clients send the whole search, type included.
    let start = text
        .iter()
        .position(|byte| *byte == b'?')
        .map_or(0, |at| at + 1);
    let pairs = query::pairs(&text[start..])?;
    if pairs.is_empty() {
        return Err(Problem::bad_request("If-None-Exist holds no search"));
    }
    Ok(pairs)
}

/// What the client wants back (`Prefer: return=…`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Nothing,
    Resource,
    Outcome,
}

impl Wanted {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let preferences = headers
            .get_all(PREFER)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split([',', ';']))
            .filter_map(|preference| preference.trim().strip_prefix("return="));
        let mut wanted = Self::Resource;
        for preference in preferences {
            wanted = match preference.trim_matches('"') {
                "minimal" => Self::Nothing,
                "representation" => Self::Resource,
                "OperationOutcome" => Self::Outcome,
                _ => return Err(Problem::bad_request("Prefer asks for what there is not")),
            };
        }
        Ok(wanted)
    }
}

impl Own {
    async fn write(
        &self,
        cx: &AccessContext,
        change: Change,
        wanted: Wanted,
    ) -> Result<Response, Problem> {
        let outcome = self.node.write(cx, change).await?;
        let status = match outcome.status {
            Status::Created => StatusCode::CREATED,
            Status::Updated | Status::Unchanged | Status::Outdated | Status::Deleted => {
                StatusCode::OK
            }
        };
        let mut response = match wanted {
            Wanted::Nothing => status.into_response(),
            Wanted::Outcome => (status, done(outcome.status)).into_response(),
            Wanted::Resource => match self.version(cx, &outcome).await? {
                Some(body) => (status, body).into_response(),
                None => status.into_response(),
            },
        };
        resource::put_version(
            response.headers_mut(),
            outcome.version,
            outcome.last_updated,
        );
        let location = format!(
            "{}/{}/{}/_history/{}",
            self.fhir_base, outcome.resource_type, outcome.id, outcome.version
        );
        if let Ok(location) = HeaderValue::from_str(&location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        Ok(response)
    }

    /// What was written, for a client that may also read it.
    async fn version(
        &self,
        cx: &AccessContext,
        outcome: &Outcome,
    ) -> Result<Option<FhirBody>, Problem> {
        let Outcome {
            resource_type,
            id,
            version,
            ..
        } = outcome;
        match self
            .node
            .read_version(cx, resource_type, id, *version)
            .await
        {
            Ok(stored) => Ok(Some(stored.body.into())),
            // It is written all the same: that must be told.
            Err(ExchangeError::NotAllowed | ExchangeError::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn done(status: Status) -> FhirBody {
    let text = match status {
        Status::Created => "Created",
        Status::Updated => "Updated",
        Status::Unchanged => "It was there already, the same",
        Status::Outdated => "What is there stands",
        Status::Deleted => "Deleted",
    };
    let issue = Issue {
        severity: Severity::Information,
        code: IssueCode::Informational,
        text: text.to_owned(),
        expression: None,
    };
    FhirBody::from(&operation_outcome(&[issue]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_read() {
        for (prefer, expected) in [
            ("return=minimal", Some(Wanted::Nothing)),
            (
                "respond-async, return=representation",
                Some(Wanted::Resource),
            ),
            ("return=OperationOutcome; x", Some(Wanted::Outcome)),
            ("handling=strict", Some(Wanted::Resource)),
            ("return=everything", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(PREFER, prefer.parse().unwrap());
            assert_eq!(Wanted::of(&headers).ok(), expected, "{prefer}");
        }
    }

    #[test]
    fn a_condition_must_say_something() {
        for (header, expected) in [
            ("identifier=a|b", Some(1)),
            ("Patient?identifier=a|b&active=true", Some(2)),
            ("", None),
            ("Patient?", None),
            ("identifier=%", None),
        ] {
            let found = condition_of(&HeaderValue::from_str(header).unwrap());
            assert_eq!(found.ok().map(|pairs| pairs.len()), expected, "{header}");
        }
    }
}
