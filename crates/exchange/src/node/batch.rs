//! Bundles at the own door: a transaction is stored whole or not at all; in a
//! batch every entry stands alone.

use care::AccessContext;
use fhir::{
    Resource,
    json::{Node as JsonNode, Value},
    outcome::{Issue, IssueCode, operation_outcome},
};
use store::{Alongside, Change, Outcome, Status};

use super::{Node, write};
use crate::{error::ExchangeError, url};

/// The most entries in one Bundle.
pub const BUNDLE_ENTRIES_MAX: usize = 5_000;

/// What one entry asks for.
pub(super) enum Asked {
    /// A change.
    Change(Box<Change>),
    /// One resource.
    Read { resource_type: String, id: String },
    /// A search.
    Search {
        resource_type: String,
        query: Vec<(String, String)>,
    },
}

impl Node {
    /// Carries out a transaction or batch Bundle; answers with the response Bundle.
    pub async fn bundle(
        &self,
        cx: &AccessContext,
        bundle: &Resource,
    ) -> Result<Value, ExchangeError> {
        let root = bundle.root();
        if bundle.resource_type() != "Bundle" {
            return Err(invalid(
                IssueCode::Invalid,
                "a Bundle is needed here",
                "Bundle",
            ));
        }
        let entries: Vec<JsonNode<'_>> = root.each("entry").collect();
        if entries.len() > BUNDLE_ENTRIES_MAX {
            let limit = "BUNDLE_ENTRIES_MAX";
            return Err(ExchangeError::LimitExceeded {
                limit,
                max: BUNDLE_ENTRIES_MAX,
            });
        }
        match root.text("type").as_deref() {
            Some("transaction") => self.transaction(cx, &entries).await,
            Some("batch") => self.batch(cx, &entries).await,
            _ => Err(invalid(
                IssueCode::Value,
                "the type must be transaction or batch",
                "Bundle.type",
            )),
        }
    }

    async fn transaction(
        &self,
        cx: &AccessContext,
        entries: &[JsonNode<'_>],
    ) -> Result<Value, ExchangeError> {
        let changes = changes(entries)?;
        let scope = self.writing_scope(cx, &changes).await?;
        let outcomes = if changes.is_empty() {
            Vec::new()
        } else {
            let audit = self.audit_changes(cx, &changes).await?;
            let with = Alongside {
                audit,
                ..Alongside::default()
            };
            let written = self.parts.store.write(cx, &scope, changes, with).await;
            written.map_err(in_entry)?.outcomes
        };
        let entries: Vec<Value> = outcomes.iter().map(response).collect();
        Ok(answer("transaction-response", entries))
    }

    async fn batch(
        &self,
        cx: &AccessContext,
        entries: &[JsonNode<'_>],
    ) -> Result<Value, ExchangeError> {
        let mut answers = Vec::with_capacity(entries.len());
        for entry in entries {
            let done = match asked(*entry) {
                Ok(asked) => self.carry_out(cx, asked).await,
                Err(error) => Err(error),
            };
            answers.push(match done {
                Ok(answer) => answer,
                // Without an audit line nothing of the batch may go on.
                Err(error @ ExchangeError::Audit(_)) => return Err(error),
                Err(error) => fhir::value!({
                    "response": {
                        "status": (error.status().to_string()),
                        "outcome": (operation_outcome(&error.issues()))
                    }
                }),
            });
        }
        Ok(answer("batch-response", answers))
    }

    async fn carry_out(&self, cx: &AccessContext, asked: Asked) -> Result<Value, ExchangeError> {
        match asked {
            Asked::Change(change) => Ok(response(&self.write(cx, *change).await?)),
            Asked::Read { resource_type, id } => {
                let stored = self.read(cx, &resource_type, &id).await?;
                let version = format!("W/\"{}\"", stored.version);
                Ok(fhir::value!({
                    "resource": (parsed(&stored.body)?),
                    "response": { "status": "200", "etag": (version) }
                }))
            }
            Asked::Search {
                resource_type,
                query,
            } => {
                let page = self.search(cx, &resource_type, &query).await?;
                let mut entries = Vec::with_capacity(page.matches.len() + page.included.len());
                for (list, mode) in [(&page.matches, "match"), (&page.included, "include")] {
                    for stored in list {
                        entries.push(fhir::value!({
                            "resource": (parsed(&stored.body)?),
                            "search": { "mode": (mode) }
                        }));
                    }
                }
                let mut bundle = answer("searchset", entries);
                if let Some(total) = page.total {
                    bundle.set("total", total as i64);
                }
                if let Some(cursor) = page.next {
                    let next = format!("{resource_type}?_cursor={cursor}");
                    let link = fhir::value!([{ "relation": "next", "url": (next) }]);
                    bundle.set("link", link);
                }
                Ok(fhir::value!({ "resource": (bundle), "response": { "status": "200" } }))
            }
        }
    }
}

/// The entries of a transaction as changes, all checked.
pub(super) fn changes(entries: &[JsonNode<'_>]) -> Result<Vec<Change>, ExchangeError> {
    let mut changes = Vec::with_capacity(entries.len());
    let mut issues = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let place = format!("Bundle.entry[{index}]");
        let found = asked(*entry).and_then(|asked| match asked {
            Asked::Change(change) => write::check(&change).map(|()| *change),
            Asked::Read { .. } | Asked::Search { .. } => Err(invalid(
                IssueCode::NotSupported,
                "a transaction holds no reads; use a batch",
                "request.method",
            )),
        });
        match found {
            Ok(change) => changes.push(change),
            Err(error) => {
                issues.extend(error.issues().into_iter().map(|issue| moved(issue, &place)));
            }
        }
    }
    if issues.is_empty() {
        Ok(changes)
    } else {
        Err(ExchangeError::Invalid(issues))
    }
}

/// An issue of one entry, with its place in the Bundle.
fn moved(mut issue: Issue, place: &str) -> Issue {
    issue.expression = Some(match issue.expression {
        Some(own) if own.starts_with("request") => format!("{place}.{own}"),
        Some(own) => {
            let rest = own
                .split_once('.')
                .map_or(String::new(), |(_, rest)| format!(".{rest}"));
            format!("{place}.resource{rest}")
        }
        None => place.to_owned(),
    });
    issue
}

/// A fault of the store in one change, with its place in the Bundle.
fn in_entry(error: store::StoreError) -> ExchangeError {
    use store::StoreError as S;
    let at = match &error {
        S::InvalidId { at }
        | S::IdMismatch { at }
        | S::PreconditionFailed { at }
        | S::MultipleMatches { at }
        | S::UnresolvedReference { at }
        | S::OtherSubject { at }
        | S::OtherBsn { at }
        | S::Conflict { at } => Some(*at),
        _ => None,
    };
    match at {
        Some(at) => ExchangeError::InEntry { at, source: error },
        None => ExchangeError::Store(error),
    }
}

fn asked(entry: JsonNode<'_>) -> Result<Asked, ExchangeError> {
    let required = |place: &str| invalid(IssueCode::Required, "this is needed", place);
    let request = entry.get("request").ok_or_else(|| required("request"))?;
    let method = request
        .text("method")
        .ok_or_else(|| required("request.method"))?;
    let url = request.text("url").ok_or_else(|| required("request.url"))?;
    let bad_url = || {
        invalid(
            IssueCode::Value,
            "this is not a relative FHIR URL",
            "request.url",
        )
    };
    let (path, query) = url
        .split_once('?')
        .map_or((url.as_ref(), None), |(p, q)| (p, Some(q)));
    let (name, id) = path
        .split_once('/')
        .map_or((path, None), |(name, id)| (name, Some(id)));
    let resource_type = fhir::resource_type(name).ok_or_else(bad_url)?.to_owned();
    let id = id.map(str::to_owned);
    let pairs = |text: &str| url::pairs(text).ok_or_else(bad_url);
    let full_url = entry.text("fullUrl").map(std::borrow::Cow::into_owned);
    let condition = |name: &str| -> Result<Option<Vec<(String, String)>>, ExchangeError> {
        let Some(text) = request.text(name) else {
            return Ok(None);
        };
        let query = text
            .split_once('?')
            .map_or(text.as_ref(), |(_, query)| query);
        pairs(query).map(Some)
    };
    let resource = || -> Result<Resource, ExchangeError> {
        let node = entry.get("resource").ok_or_else(|| required("request"))?;
        let resource = Resource::from_node(node).map_err(ExchangeError::Invalid)?;
        if resource.resource_type() == resource_type {
            Ok(resource)
        } else {
            Err(invalid(
                IssueCode::Value,
                "the URL names another type",
                "request.url",
            ))
        }
    };
    let change = |change| Ok(Asked::Change(Box::new(change)));
    match (method.as_ref(), id, query) {
        ("POST", None, None) => change(Change::Create {
            full_url,
            resource: resource()?,
            if_none_exist: condition("ifNoneExist")?,
        }),
        ("PUT", Some(id), None) => {
            let if_match = match request.text("ifMatch") {
                Some(tag) => Some(version(&tag).ok_or_else(|| {
                    invalid(IssueCode::Value, "this is not a version", "request.ifMatch")
                })?),
                None => None,
            };
            change(Change::Update {
                full_url,
                resource: resource()?,
                id,
                if_match,
            })
        }
        ("PUT", None, Some(query)) => change(Change::UpdateWhere {
            full_url,
            resource: resource()?,
            query: pairs(query)?,
        }),
        ("DELETE", Some(id), None) => change(Change::Delete { resource_type, id }),
        ("DELETE", None, Some(query)) => change(Change::DeleteWhere {
            resource_type,
            query: pairs(query)?,
        }),
        ("GET", Some(id), None) => Ok(Asked::Read { resource_type, id }),
        ("GET", None, query) => Ok(Asked::Search {
            resource_type,
            query: pairs(query.unwrap_or_default())?,
        }),
        _ => Err(invalid(
            IssueCode::NotSupported,
            "this method does not go with this URL",
            "request.method",
        )),
    }
}

/// The version of an entity tag such as `W/"3"`.
fn version(tag: &str) -> Option<u64> {
    tag.strip_prefix("W/")
        .unwrap_or(tag)
        .trim_matches('"')
        .parse()
        .ok()
}

fn response(outcome: &Outcome) -> Value {
    let status = match outcome.status {
        Status::Created => "201",
        Status::Updated | Status::Unchanged | Status::Outdated => "200",
        Status::Deleted => "204",
    };
    let mut response = fhir::value!({ "status": (status) });
    if outcome.version > 0 {
        let location = format!(
            "{}/{}/_history/{}",
            outcome.resource_type, outcome.id, outcome.version
        );
        response.set("location", location);
        response.set("etag", format!("W/\"{}\"", outcome.version));
        response.set("lastModified", outcome.last_updated.to_string());
    }
    fhir::value!({ "response": (response) })
}

fn answer(kind: &str, entries: Vec<Value>) -> Value {
    let mut bundle = fhir::value!({ "resourceType": "Bundle", "type": (kind) });
    // FHIR has no empty arrays.
    if !entries.is_empty() {
        bundle.set("entry", entries);
    }
    bundle
}

fn parsed(body: &[u8]) -> Result<Value, ExchangeError> {
    let resource = Resource::parse(body).map_err(|_| store::StoreError::Corrupt {
        what: "a resource that is not JSON",
    })?;
    Ok(Value::from(resource.root()))
}

fn invalid(code: IssueCode, text: &str, place: &str) -> ExchangeError {
    ExchangeError::Invalid(vec![Issue::error(code, text).at(place)])
}
