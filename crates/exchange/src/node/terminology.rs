//! The terminology service: what codes mean, for whoever has a token here.
//!
//! No data of a patient is touched; but the codes that somebody asks about can tell
//! of one, so nothing of a question is written anywhere.

use std::sync::Arc;

use care::{AccessContext, Scope};
use fhir::json::{Document, Value};
use store::Found;
use terminology::definitions::{Definitions, Kind};
use terminology::operation::{Inputs, Operation, Question, Refusal, answer};
use terminology::session::{Session, Wanted};
use trust::policy::Action;

use super::Node;
use crate::error::ExchangeError;

/// How often definitions are fetched for one question: value sets that include one
/// another are found one after another.
pub const ROUNDS_MAX: usize = 20;

/// What is asked of the terminology service.
#[derive(Debug)]
pub struct TerminologyQuestion {
    /// The operation.
    pub operation: Operation,
    /// The type that it is asked of.
    pub of: Kind,
    /// The id of the resource that it is asked of, when that is one.
    pub id: Option<String>,
    /// The parameters.
    pub inputs: Inputs,
}

impl Node {
    /// Answers a question about codes, from what was loaded at start and from the
    /// CodeSystems, ValueSets and ConceptMaps that the store has and the caller may
    /// read; those come first.
    pub async fn terminology(
        &self,
        cx: &AccessContext,
        question: TerminologyQuestion,
    ) -> Result<Result<Value, Refusal>, ExchangeError> {
        let decision = self.decide(cx, Action::Read);
        if !decision.is_allowed() {
            return Err(ExchangeError::NotAllowed);
        }
        let scope = decision.scope();
        let instance = match &question.id {
            Some(id) => Some(self.definition(cx, &scope, question.of, id).await?),
            None => None,
        };
        let question = Arc::new((question, instance, self.parts.clock.now().to_string()));
        let mut session = Session::new(Arc::clone(&self.parts.terminology));
        for _ in 0..ROUNDS_MAX {
            let asked = Arc::clone(&question);
            // Half a million concepts take milliseconds: not on a thread that others wait for.
            let work = tokio::task::spawn_blocking(move || {
                let (question, instance, now) = &*asked;
                let question = Question {
                    operation: question.operation,
                    of: question.of,
                    instance: instance.as_ref(),
                    inputs: &question.inputs,
                    now,
                };
                let found = answer(&session, &question);
                let wanted = session.take_wanted();
                (session, found, wanted)
            });
            let (back, found, wanted) = work.await.map_err(|_| ExchangeError::Unfinished)?;
            session = back;
            if wanted.is_empty() {
                return Ok(found);
            }
            for one in wanted {
                if let Some(document) = self.canonical(cx, &scope, &one).await? {
                    session.add(document);
                }
            }
        }
        Err(ExchangeError::LimitExceeded {
            limit: "ROUNDS_MAX",
            max: ROUNDS_MAX,
        })
    }

    /// The code systems, value sets and maps that were loaded at start.
    pub fn loaded_terminology(&self) -> &Arc<Definitions> {
        &self.parts.terminology
    }

    async fn definition(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        of: Kind,
        id: &str,
    ) -> Result<Document, ExchangeError> {
        let name = of.resource_type();
        match self.parts.store.read(cx, scope, name, id).await? {
            Found::Here(stored) => {
                Document::parse(&stored.body).map_err(|_| ExchangeError::NotFound)
            }
            Found::Deleted { .. } => Err(ExchangeError::Gone),
            Found::Absent => Err(ExchangeError::NotFound),
        }
    }

    /// The definition with a canonical URL, the last that was written when several
    /// have it.
    async fn canonical(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        wanted: &Wanted,
    ) -> Result<Option<Document>, ExchangeError> {
        // In a search a comma means "or", and a dollar or bar separates.
        let literal = |text: &str| {
            let mut escaped = String::with_capacity(text.len());
            for letter in text.chars() {
                if matches!(letter, '\\' | ',' | '$' | '|') {
                    escaped.push('\\');
                }
                escaped.push(letter);
            }
            escaped
        };
        let mut query = vec![("url".to_owned(), literal(&wanted.url))];
        if let Some(version) = &wanted.version {
            query.push(("version".to_owned(), literal(version)));
        }
        query.push(("_sort".to_owned(), "-_lastUpdated".to_owned()));
        query.push(("_count".to_owned(), "1".to_owned()));
        let name = wanted.kind.resource_type();
        let page = self.parts.store.search(cx, scope, name, &query).await?;
        let found = page.matches.first();
        Ok(found.and_then(|stored| Document::parse(&stored.body).ok()))
    }
}
