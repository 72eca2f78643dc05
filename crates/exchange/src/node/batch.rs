//! Bundles at the own door: a transaction is stored whole or not at all; in a
//! batch every entry stands alone.

use care::AccessContext;
use fhir::{
    FhirVersion, Resource,
    json::{Document, Node as JsonNode, Value},
    outcome::{Issue, IssueCode, Severity, operation_outcome_in},
};
use store::{Change, Outcome, Status, Stored};
use trust::policy::Action;

use super::{
    Node,
    entry::{Asked, Look, asked, invalid},
    write,
};
use crate::error::ExchangeError;

/// The most entries in one Bundle.
pub const BUNDLE_ENTRIES_MAX: usize = 5_000;

/// What the answer to a change holds (`Prefer: return=…`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// What happened, and to which version.
    Minimal,
    /// The resource as it is stored, for whoever may read it.
    Representation,
    /// What happened, in words.
    OperationOutcome,
}

impl Node {
    /// Carries out a transaction or batch Bundle; answers with the response Bundle.
    pub async fn bundle(
        &self,
        cx: &AccessContext,
        bundle: &Resource,
    ) -> Result<Value, ExchangeError> {
        self.bundle_returning(cx, bundle, Returned::Minimal).await
    }

    /// The same, with what the client wants to get back.
    pub async fn bundle_returning(
        &self,
        cx: &AccessContext,
        bundle: &Resource,
        returned: Returned,
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
            Some("transaction") => self.transaction(cx, &entries, returned).await,
            Some("batch") => self.batch(cx, &entries, returned).await,
            _ => Err(invalid(
                IssueCode::Value,
                "the type must be transaction or batch",
                "Bundle.type",
            )),
        }
    }

    /// All changes or none; then what is read, each for itself: a read that
    /// finds nothing does not undo what is written.
    async fn transaction(
        &self,
        cx: &AccessContext,
        entries: &[JsonNode<'_>],
        returned: Returned,
    ) -> Result<Value, ExchangeError> {
        let mut changes = Vec::new();
        let mut places = Vec::new();
        let mut looks = Vec::new();
        for (at, asked) in all_asked(self.version(), entries)?.into_iter().enumerate() {
            match asked {
                Asked::Change(change) => {
                    changes.push(*change);
                    places.push(at);
                }
                Asked::Look(look) => looks.push((at, look)),
            }
        }
        let mut answers: Vec<Value> = entries.iter().map(|_| Value::Null).collect();
        if !changes.is_empty() || looks.is_empty() {
            let scope = self.writing_scope(cx, &changes).await?;
            if !changes.is_empty() {
                self.judge(&changes, Some(&places)).await?;
                let written = self.written(cx, &scope, changes).await;
                let written = written.map_err(|error| in_entry(error, &places))?;
                for (at, outcome) in places.into_iter().zip(&written.outcomes) {
                    answers[at] = self.response(cx, outcome, returned).await?;
                }
            }
        }
        for (at, look) in looks {
            answers[at] = self.answered(self.look(cx, look).await)?;
        }
        Ok(answer("transaction-response", answers))
    }

    async fn batch(
        &self,
        cx: &AccessContext,
        entries: &[JsonNode<'_>],
        returned: Returned,
    ) -> Result<Value, ExchangeError> {
        let mut answers = Vec::with_capacity(entries.len());
        for entry in entries {
            let done = match asked(self.version(), *entry) {
                Ok(Asked::Change(change)) => match self.write(cx, *change).await {
                    Ok(outcome) => self.response(cx, &outcome, returned).await,
                    Err(error) => Err(error),
                },
                Ok(Asked::Look(look)) => self.look(cx, look).await,
                Err(error) => Err(error),
            };
            answers.push(self.answered(done)?);
        }
        Ok(answer("batch-response", answers))
    }

    async fn look(&self, cx: &AccessContext, look: Look) -> Result<Value, ExchangeError> {
        match look {
            Look::Read {
                resource_type,
                id,
                version,
                if_none_match,
                if_modified_since,
                head_only,
            } => {
                let stored = match version {
                    Some(version) => self.read_version(cx, &resource_type, &id, version).await?,
                    None => self.read(cx, &resource_type, &id).await?,
                };
                let is_known = if_none_match == Some(stored.version)
                    || if_none_match.is_none()
                        && if_modified_since.is_some_and(|since| stored.last_updated <= since);
                let mut response = fhir::value!({
                    "status": (if is_known { "304" } else { "200" }),
                    "etag": (format!("W/\"{}\"", stored.version)),
                    "lastModified": (stored.last_updated.to_string())
                });
                if is_known || head_only {
                    return Ok(fhir::value!({ "response": (response) }));
                }
                response.set("location", place_of(&stored));
                Ok(fhir::value!({
                    "resource": (parsed(&stored.body)?),
                    "response": (response)
                }))
            }
            Look::Search {
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

    /// The entry that answers a change.
    async fn response(
        &self,
        cx: &AccessContext,
        outcome: &Outcome,
        returned: Returned,
    ) -> Result<Value, ExchangeError> {
        let mut response = response(outcome);
        match returned {
            Returned::Minimal => {}
            Returned::OperationOutcome => {
                let issue = Issue {
                    severity: Severity::Information,
                    code: IssueCode::Informational,
                    text: done(outcome.status).to_owned(),
                    expression: None,
                };
                let mut issues = vec![issue];
                let remarks = self.remarks(cx, outcome).await?;
                issues.extend(remarks.into_iter().map(|one| one.issue));
                response.set("outcome", operation_outcome_in(self.version(), &issues));
            }
            Returned::Representation => {
                if let Some(stored) = self.as_written(cx, outcome).await? {
                    let resource = parsed(&stored.body)?;
                    return Ok(fhir::value!({ "resource": (resource), "response": (response) }));
                }
            }
        }
        Ok(fhir::value!({ "response": (response) }))
    }

    /// What was written, for whoever may also read it; `None` for others, and
    /// after a deletion.
    pub async fn as_written(
        &self,
        cx: &AccessContext,
        outcome: &Outcome,
    ) -> Result<Option<Stored>, ExchangeError> {
        let (of, id, version) = (outcome.resource_type, &*outcome.id, outcome.version);
        if outcome.status == Status::Deleted {
            return Ok(None);
        }
        if outcome.status == Status::Created {
            // It is what whoever asked has just sent: the line of the creation
            // says that they know it.
            let decision = self.decide(cx, Action::Read);
            if !decision.is_allowed() {
                return Ok(None);
            }
            let (store, scope) = (&self.parts.store, decision.scope());
            let found = store.read_version(cx, &scope, of, id, version).await?;
            return Ok(found.here());
        }
        match self.read_version(cx, of, id, version).await {
            Ok(stored) => Ok(Some(stored)),
            // It is written all the same: that must be told.
            Err(ExchangeError::NotAllowed | ExchangeError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The answer to one entry, or the issues in its place.
    fn answered(&self, done: Result<Value, ExchangeError>) -> Result<Value, ExchangeError> {
        match done {
            Ok(answer) => Ok(answer),
            // Without an audit line nothing more may be done.
            Err(error @ ExchangeError::Audit(_)) => Err(error),
            Err(error) => Ok(fhir::value!({
                "response": {
                    "status": (error.status().to_string()),
                    "outcome": (operation_outcome_in(self.version(), &error.issues()))
                }
            })),
        }
    }
}

/// What was done with a change, in words.
pub fn done(status: Status) -> &'static str {
    match status {
        Status::Created => "Created",
        Status::Updated => "Updated",
        Status::Unchanged => "It was there already, the same",
        Status::Outdated => "What is there stands",
        Status::Deleted => "Deleted",
    }
}

/// The entries of a transaction as changes, all checked.
pub(super) fn changes(
    version: FhirVersion,
    entries: &[JsonNode<'_>],
) -> Result<Vec<Change>, ExchangeError> {
    let asked = all_asked(version, entries)?.into_iter();
    let changes = asked.map(|asked| match asked {
        Asked::Change(change) => Ok(*change),
        Asked::Look(_) => Err(invalid(
            IssueCode::NotSupported,
            "only changes can be taken in here",
            "request.method",
        )),
    });
    changes.collect()
}

/// What the entries of a transaction ask for, all checked.
fn all_asked(version: FhirVersion, entries: &[JsonNode<'_>]) -> Result<Vec<Asked>, ExchangeError> {
    let mut all = Vec::with_capacity(entries.len());
    let mut issues = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let found = asked(version, *entry).and_then(|asked| {
            if let Asked::Change(change) = &asked {
                write::check(change)?;
            }
            Ok(asked)
        });
        match found {
            Ok(asked) => all.push(asked),
            Err(error @ ExchangeError::LimitExceeded { .. }) => return Err(error),
            Err(error) => {
                let place = format!("Bundle.entry[{index}]");
                issues.extend(error.issues().into_iter().map(|issue| moved(issue, &place)));
            }
        }
    }
    if issues.is_empty() {
        Ok(all)
    } else {
        Err(ExchangeError::Invalid(issues))
    }
}

/// An issue of one entry, with its place in the Bundle.
pub(super) fn moved(mut issue: Issue, place: &str) -> Issue {
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

/// A fault of the store in one change, with the place of that change in the
/// Bundle.
fn in_entry(error: ExchangeError, places: &[usize]) -> ExchangeError {
    use store::StoreError as S;
    let ExchangeError::Store(error) = error else {
        return error;
    };
    let at = match &error {
        S::InvalidId { at }
        | S::IdMismatch { at }
        | S::PreconditionFailed { at }
        | S::MultipleMatches { at }
        | S::UnresolvedReference { at }
        | S::NothingThere { at }
        | S::NotPatched { at, .. }
        | S::PatchedInvalid { at, .. }
        | S::NotSearchable { at, .. }
        | S::OthersNamed { at }
        | S::OtherSubject { at }
        | S::OtherBsn { at }
        | S::Conflict { at } => places.get(*at),
        _ => None,
    };
    match at {
        Some(at) => ExchangeError::InEntry {
            at: *at,
            source: error,
        },
        None => ExchangeError::Store(error),
    }
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
    response
}

fn place_of(stored: &Stored) -> String {
    let Stored {
        resource_type,
        id,
        version,
        ..
    } = stored;
    format!("{resource_type}/{id}/_history/{version}")
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
    let document = Document::parse(body).map_err(|_| store::StoreError::Corrupt {
        what: "a resource that is not JSON",
    })?;
    Ok(Value::from(document.root()))
}
