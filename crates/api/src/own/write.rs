//! Create, update, delete, each also under a condition.

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use care::AccessContext;
use exchange::Returned;
use fhir::{
    outcome::{Issue, IssueCode, Severity},
    validation::{self, Finding, Rule},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use store::{Change, Status};

use super::{Own, Shared, prefer};
use crate::{
    envelope::Query,
    extract::{At, Caller},
    problem::Problem,
    query::{self, QueryPairs},
    representation::FhirBody,
    resource,
};

pub(super) const IF_NONE_EXIST: HeaderName = HeaderName::from_static("if-none-exist");
const PRECONDITIONS: [HeaderName; 3] = [header::IF_MATCH, header::IF_NONE_MATCH, IF_NONE_EXIST];

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
    let returned = prefer::returned(&headers).unwrap_or(Returned::Representation);
    let if_none_exist = match headers.get(IF_NONE_EXIST) {
        Some(condition) => Some(condition_of(condition)?),
        None => None,
    };
    let resource = own.received_as(&resource_type, &headers, body).await?;
    let change = Change::Create {
        full_url: None,
        resource,
        if_none_exist,
    };
    own.write(&cx, change, returned).await
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
    let returned = prefer::returned(&headers).unwrap_or(Returned::Representation);
    let if_match = if_match(&headers)?;
    let resource = own.received_as(&resource_type, &headers, body).await?;
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
        returned,
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
    let returned = prefer::returned(&headers).unwrap_or(Returned::Representation);
    let query = needed(query)?;
    let resource = own.received_as(&resource_type, &headers, body).await?;
    own.write(
        &cx,
        Change::UpdateWhere {
            full_url: None,
            resource,
            query,
        },
        returned,
    )
    .await
}

/// `DELETE [type]/[id]`, with `If-Match` only of the named version. Deleting
/// what is not there is no error.
pub(super) async fn delete(
    State(own): State<Shared>,
    Caller(cx): Caller,
    At((resource_type, id)): At<(String, String)>,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    query.must_be_empty()?;
    refuse_preconditions(&headers, &[header::IF_NONE_MATCH, IF_NONE_EXIST])?;
    let change = Change::Delete {
        resource_type,
        id,
        if_match: if_match(&headers)?,
    };
    own.delete(&cx, change, &headers).await
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
    let change = Change::DeleteWhere {
        resource_type,
        query,
    };
    own.delete(&cx, change, &headers).await
}

/// The version that `If-Match` names.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(tag) = headers.get(header::IF_MATCH) else {
        return Ok(None);
    };
    let version = tag.to_str().ok().and_then(resource::version_of);
    let version = version.ok_or_else(|| Problem::bad_request("If-Match is not a version"))?;
    Ok(Some(version))
}

/// Refuses preconditions that an interaction does not hold: one that is
/// ignored would change what the client meant to protect.
pub(super) fn refuse_preconditions(
    headers: &HeaderMap,
    names: &[HeaderName],
) -> Result<(), Problem> {
    if names.iter().any(|name| headers.contains_key(name)) {
        return Err(Problem::bad_request(
            "A precondition in the headers is not supported here",
        ));
    }
    Ok(())
}

/// A condition that says nothing would be about everything.
pub(super) fn needed(query: Query) -> Result<QueryPairs, Problem> {
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

impl Own {
    /// Deletes; says so in words only to whoever prefers that.
    async fn delete(
        &self,
        cx: &AccessContext,
        change: Change,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        let returned = prefer::returned(headers);
        let outcome = self.node.write(cx, change).await?;
        let mut response = match returned {
            Some(Returned::OperationOutcome) => {
                FhirBody::Outcome(vec![done(outcome.status)]).into_response()
            }
            _ => StatusCode::NO_CONTENT.into_response(),
        };
        if outcome.version > 0 {
            let (headers, outcome) = (response.headers_mut(), &outcome);
            resource::put_version(headers, outcome.version, outcome.last_updated);
        }
        Ok(response)
    }

    /// Carries out a change and answers as the client prefers.
    pub(super) async fn write(
        &self,
        cx: &AccessContext,
        change: Change,
        returned: Returned,
    ) -> Result<Response, Problem> {
        let outcome = self.subscriptions.write(cx, change).await?;
        let status = match outcome.status {
            Status::Created => StatusCode::CREATED,
            Status::Updated | Status::Unchanged | Status::Outdated | Status::Deleted => {
                StatusCode::OK
            }
        };
        let mut response = match returned {
            Returned::Minimal => status.into_response(),
            Returned::OperationOutcome => {
                let mut said = vec![Finding {
                    issue: done(outcome.status),
                    rule: Rule::Shape,
                    found: None,
                }];
                said.extend(self.node.remarks(cx, &outcome).await?);
                (status, FhirBody::from(&validation::outcome(&said))).into_response()
            }
            Returned::Representation => match self.node.as_written(cx, &outcome).await? {
                Some(stored) => (status, FhirBody::from(stored.body)).into_response(),
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
}

/// What was done, in words.
fn done(status: Status) -> Issue {
    Issue {
        severity: Severity::Information,
        code: IssueCode::Informational,
        text: exchange::done(status).to_owned(),
        expression: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
