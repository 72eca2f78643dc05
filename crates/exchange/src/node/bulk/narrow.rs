//! Exports that are narrowed: to resources that fit a search (`_typeFilter`), and
//! to some of their elements (`_elements`).
//!
//! Whether a resource fits is judged by its newest version when its file is
//! made, as every search is; what is exported is the version of the moment.

use std::collections::{BTreeSet, HashSet};

use care::{AccessContext, Scope};
use fhir::subset::Subset;
use store::{HistoryEntry, Interaction, limits::VALUES_MAX};

use super::{Bulk, BulkError, ExportQuestion, Job, TypeFilter};
use crate::error::ExchangeError;

impl Bulk {
    /// Tries the filters of a question, so that a wrong one is refused at once.
    pub(super) async fn try_filters(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        question: &ExportQuestion,
    ) -> Result<(), BulkError> {
        if question.filters.len() > self.limits.filters {
            let (limit, max) = ("filters", self.limits.filters);
            return Err(ExchangeError::LimitExceeded { limit, max }.into());
        }
        for filter in &question.filters {
            self.found(cx, scope, filter, ("_count", "1")).await?;
        }
        Ok(())
    }

    /// The ids of the resources on a page that fit; `None` where all do.
    pub(super) async fn fitting(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        job: &Job,
        resource_type: &str,
        page: &[HistoryEntry],
    ) -> Result<Option<HashSet<String>>, BulkError> {
        let filters: Vec<&TypeFilter> = job
            .filters
            .iter()
            .filter(|filter| filter.resource_type == resource_type)
            .collect();
        if filters.is_empty() {
            return Ok(None);
        }
        let there: Vec<&str> = page
            .iter()
            .filter(|entry| entry.interaction != Interaction::Delete)
            .map(|entry| entry.stored.id.as_str())
            .collect();
        let mut fitting = HashSet::new();
        for filter in filters {
            for ids in there.chunks(VALUES_MAX) {
                let ids = ids.join(",");
                fitting.extend(self.found(cx, scope, filter, ("_id", &ids)).await?);
            }
        }
        Ok(Some(fitting))
    }

    /// The ids that a filter finds, with one parameter more.
    async fn found(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        filter: &TypeFilter,
        (name, value): (&str, &str),
    ) -> Result<Vec<String>, BulkError> {
        let mut query = filter.query.clone();
        query.push((name.to_owned(), value.to_owned()));
        if name != "_count" {
            query.push(("_count".to_owned(), VALUES_MAX.to_string()));
        }
        let store = &self.node.parts.store;
        let page = store.search(cx, scope, &filter.resource_type, &query).await;
        let page = page.map_err(ExchangeError::from)?;
        Ok(page.matches.into_iter().map(|stored| stored.id).collect())
    }
}

/// The part of the resources of a type that is wanted; `None` when all is.
pub(super) fn part_of(job: &Job, resource_type: &str) -> Option<Subset> {
    let wanted: BTreeSet<String> = job
        .elements
        .iter()
        .filter(|element| element.of.as_deref().is_none_or(|of| of == resource_type))
        .map(|element| element.name.clone())
        .collect();
    (!wanted.is_empty()).then_some(Subset::Elements(wanted))
}
