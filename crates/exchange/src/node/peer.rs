//! Answering other nodes: the source decides for itself, writes its own audit
//! line, and answers within the scope of the one patient.

use std::collections::BTreeSet;

use care::{AccessContext, Categories, ProviderCategory, Scope};
use fhir::{
    Resource,
    outcome::{Issue, IssueCode, operation_outcome},
};
use futures::future::try_join_all;
use store::Stored;
use trust::{
    audit::{Happened, Outcome},
    consent::ConsentQuestion,
    policy::{Action, Situation},
};

use super::{
    Node,
    audit::Entry,
    regional::{is_worth_asking, needs_consent},
};
use crate::{
    error::{ExchangeError, store_status},
    json::Text,
    url,
};

/// The most searches in one question.
pub const QUERIES_PER_BATCH_MAX: usize = 64;
/// The longest search, in bytes.
pub const QUERY_BYTES_MAX: usize = 4 * 1024;
/// The most matches that one search gives at once; the rest is a next page.
pub const RESOURCES_PER_QUERY_MAX: usize = 5_000;

/// What this node answers to another.
#[derive(Debug, Clone)]
pub struct PeerAnswer {
    /// One part per search, in their order.
    pub parts: Vec<PeerPart>,
}

/// What came of one search.
#[derive(Debug, Clone)]
pub enum PeerPart {
    /// It was carried out.
    Found {
        /// What it found.
        matches: Vec<Stored>,
        /// What that brings along.
        included: Vec<Stored>,
        /// The search that gives the rest, when [`RESOURCES_PER_QUERY_MAX`] was
        /// passed.
        next: Option<String>,
    },
    /// It cannot be carried out.
    Refused {
        /// The HTTP status.
        status: u16,
        /// Why.
        issues: Vec<Issue>,
    },
}

impl Node {
    /// Answers another node's searches about the one patient of its token.
    pub async fn answer_peer(
        &self,
        cx: &AccessContext,
        queries: &[String],
    ) -> Result<PeerAnswer, ExchangeError> {
        if queries.len() > QUERIES_PER_BATCH_MAX {
            let limit = "QUERIES_PER_BATCH_MAX";
            return Err(ExchangeError::LimitExceeded {
                limit,
                max: QUERIES_PER_BATCH_MAX,
            });
        }
        let asked = types_of(queries);
        let categories = match self.permitted_to_peer(cx).await {
            Ok(categories) => categories,
            Err(error) => return self.refuse(cx, Happened::Read, None, &asked, error).await,
        };
        let entry = Entry {
            happened: Happened::Read,
            outcome: Outcome::Allowed,
            patient: cx.patient(),
            categories,
            asked: &asked,
            count: None,
        };
        let bodies = vec![self.audit_body(cx, &entry)];
        let scope = Self::patient_scope(cx, categories);
        // Both at once, for speed; nothing leaves before the line is durable.
        let (written, parts) = futures::join!(
            self.write_audit(bodies),
            self.search_all(cx, &scope, queries)
        );
        written?;
        Ok(PeerAnswer { parts: parts? })
    }

    /// Answers another node's batch Bundle of searches.
    pub async fn answer_batch(
        &self,
        cx: &AccessContext,
        bundle: &Resource,
    ) -> Result<Vec<u8>, ExchangeError> {
        let invalid = |text: &str, place: &str| {
            ExchangeError::Invalid(vec![Issue::error(IssueCode::Invalid, text).at(place)])
        };
        let root = bundle.root();
        if bundle.resource_type() != "Bundle" || root.text("type").as_deref() != Some("batch") {
            return Err(invalid("a batch Bundle is needed here", "Bundle.type"));
        }
        let mut queries = Vec::new();
        for entry in root.each("entry") {
            let request = entry.get("request");
            let method = request.and_then(|request| request.text("method"));
            let url = request.and_then(|request| request.text("url"));
            match (method.as_deref(), url) {
                (Some("GET"), Some(url)) => queries.push(url.into_owned()),
                _ => {
                    return Err(invalid(
                        "only searches are answered here",
                        "Bundle.entry.request",
                    ));
                }
            }
        }
        Ok(self.answer_peer(cx, &queries).await?.to_bundle())
    }

    /// The kinds of data that this organisation gives to whoever asks.
    async fn permitted_to_peer(&self, cx: &AccessContext) -> Result<Categories, ExchangeError> {
        let Some(bsn) = cx.patient() else {
            return Err(ExchangeError::NotAllowed);
        };
        let exchange = cx
            .exchange()
            .and_then(|code| self.parts.catalogue.get(code));
        let exchange = exchange.ok_or(ExchangeError::NotAllowed)?;
        exchange.admits(cx)?;
        let own = &self.parts.organisation;
        let consent = if needs_consent(cx) {
            let question = ConsentQuestion {
                holder: own.ura,
                holder_category: ProviderCategory::of(own.organisation_type),
                consulting: cx.organisation(),
                consulting_category: ProviderCategory::of(cx.organisation_type()),
            };
            // No answer is no.
            self.parts
                .consents
                .closed_question(cx, bsn, &question)
                .await
                .ok()
        } else {
            None
        };
        let situation = Situation {
            holder: own.ura,
            holder_type: own.organisation_type,
            action: Action::Read,
            consent,
        };
        let decision = self.parts.policies.decide(cx, &situation);
        let categories = decision.categories().intersection(exchange.categories());
        if !decision.is_allowed() || !is_worth_asking(categories) {
            return Err(ExchangeError::NotAllowed);
        }
        Ok(categories)
    }

    /// All searches within a scope, each to its end.
    pub(super) async fn search_all(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        queries: &[String],
    ) -> Result<Vec<PeerPart>, ExchangeError> {
        try_join_all(
            queries
                .iter()
                .map(|query| self.search_whole(cx, scope, query)),
        )
        .await
    }

    async fn search_whole(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        query: &str,
    ) -> Result<PeerPart, ExchangeError> {
        let refused = |error: ExchangeError| PeerPart::Refused {
            status: error.status(),
            issues: error.issues(),
        };
        let (resource_type, mut parameters) = match parse(query) {
            Ok(parsed) => parsed,
            Err(error) => return Ok(refused(error)),
        };
        if !parameters.iter().any(|(name, _)| name == "_cursor") {
            parameters.push(("_count".to_owned(), store::limits::PAGE_MAX.to_string()));
        }
        let (mut matches, mut included) = (Vec::new(), Vec::new());
        loop {
            let page = match self
                .parts
                .store
                .search(cx, scope, resource_type, &parameters)
                .await
            {
                Ok(page) => page,
                Err(error) if store_status(&error) < 500 => return Ok(refused(error.into())),
                Err(error) => return Err(error.into()),
            };
            matches.extend(page.matches);
            included.extend(page.included);
            let Some(cursor) = page.next else { break };
            if matches.len() >= RESOURCES_PER_QUERY_MAX {
                let next = Some(format!("{resource_type}?_cursor={cursor}"));
                return Ok(PeerPart::Found {
                    matches,
                    included,
                    next,
                });
            }
            parameters = vec![("_cursor".to_owned(), cursor)];
        }
        Ok(PeerPart::Found {
            matches,
            included,
            next: None,
        })
    }
}

/// The type and the decoded parameters of a search.
type Search = (&'static str, Vec<(String, String)>);

/// The type and parameters of a relative search. Result parameters are dropped:
/// a question takes everything.
fn parse(query: &str) -> Result<Search, ExchangeError> {
    if query.len() > QUERY_BYTES_MAX {
        let limit = "QUERY_BYTES_MAX";
        return Err(ExchangeError::LimitExceeded {
            limit,
            max: QUERY_BYTES_MAX,
        });
    }
    let invalid = |text: &str| ExchangeError::Invalid(vec![Issue::error(IssueCode::Invalid, text)]);
    let (name, parameters) = query.split_once('?').unwrap_or((query, ""));
    let resource_type =
        fhir::resource_type(name).ok_or_else(|| invalid("this is not a search of a type"))?;
    let mut parameters =
        url::pairs(parameters).ok_or_else(|| invalid("the search cannot be read"))?;
    parameters.retain(|(name, _)| !matches!(name.as_str(), "_count" | "_total"));
    Ok((resource_type, parameters))
}

/// The resource types that searches name, for the audit line.
fn types_of(queries: &[String]) -> Vec<String> {
    let types: BTreeSet<&str> = queries
        .iter()
        .map(|query| query.split('?').next().unwrap_or_default())
        .map(|name| fhir::resource_type(name).unwrap_or("unknown"))
        .collect();
    types.into_iter().map(str::to_owned).collect()
}

impl PeerAnswer {
    /// The answer as a batch-response Bundle in JSON: per search a searchset
    /// Bundle, with a `next` link when there is more.
    pub fn to_bundle(&self) -> Vec<u8> {
        let mut text = Text::default();
        text.raw(r#"{"resourceType":"Bundle","type":"batch-response""#);
        for (index, part) in self.parts.iter().enumerate() {
            text.raw(if index == 0 { r#","entry":["# } else { "," });
            match part {
                PeerPart::Found {
                    matches,
                    included,
                    next,
                } => {
                    text.raw(r#"{"resource":"#);
                    searchset(&mut text, matches, included, next.as_deref());
                    text.raw(r#","response":{"status":"200"}}"#);
                }
                PeerPart::Refused { status, issues } => {
                    text.raw(&format!(r#"{{"response":{{"status":"{status}","outcome":"#))
                        .resource(&operation_outcome(issues).to_bytes())
                        .raw("}}");
                }
            }
        }
        text.raw(if self.parts.is_empty() { "}" } else { "]}" });
        text.into_bytes()
    }
}

fn searchset(text: &mut Text, matches: &[Stored], included: &[Stored], next: Option<&str>) {
    text.raw(r#"{"resourceType":"Bundle","type":"searchset""#);
    if let Some(next) = next {
        text.raw(r#","link":[{"relation":"next","url":"#)
            .string(next)
            .raw("}]");
    }
    let mut between = r#","entry":["#;
    for (list, mode) in [(matches, "match"), (included, "include")] {
        for stored in list {
            text.raw(between)
                .raw(r#"{"resource":"#)
                .resource(&stored.body);
            text.raw(&format!(r#","search":{{"mode":"{mode}"}}}}"#));
            between = ",";
        }
    }
    text.raw(if between == "," { "]}" } else { "}" });
}
