//! The conditions of conditional changes and references.

use std::ops::ControlFlow;

use super::candidates::{Deadline, Scan};
use super::criterion::Reading;
use super::lookups::exact;
use super::query;
use super::resolve::Resolver;
use super::sight::Sight;
use crate::index::Range;
use crate::sqlite::kinds::Kinds;
use crate::sqlite::snapshot::Snapshot;
use crate::{Options, StoreError};

/// What a condition found, and what to watch to know that it still does.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The id of the one resource that it finds, if it finds one.
    pub(crate) id: Option<String>,
    /// The parts of the index that decide: as long as no key of them changes,
    /// the answer stays. `None` when they do not tell.
    pub(crate) decided_by: Option<Vec<Range>>,
}

/// The one resource that a query finds.
pub(crate) fn find_one(
    file: &Snapshot<'_>,
    kinds: &Kinds,
    options: &Options,
    resource_type: &'static str,
    pairs: &[(String, String)],
    at: usize,
) -> Result<Answer, StoreError> {
    let reading = Reading {
        base_url: &options.base_url,
        now: options.clock.now(),
    };
    let query = query::read(reading, resource_type, pairs)?;
    if query.criteria.is_empty() {
        return Err(StoreError::InvalidValue {
            name: "condition".to_owned(),
            reason: "a condition needs a search parameter",
        });
    }
    let deadline = Deadline::start();
    let sight = Sight::All;
    let resolver = Resolver {
        file,
        kinds,
        sight: &sight,
        deadline,
    };
    let filters = query
        .criteria
        .iter()
        .map(|criterion| resolver.filter(resource_type, criterion))
        .collect::<Result<Vec<_>, _>>()?;
    let scan = Scan {
        file,
        kinds,
        sight: &sight,
        directory: false,
        kind: kinds.number(resource_type)?,
        filters: &filters,
        deadline,
    };
    let mut found = None;
    let mut several = false;
    scan.each(None, false, |hit| {
        if found.is_some() {
            several = true;
            return Ok(ControlFlow::Break(()));
        }
        found = Some(hit.id()?);
        Ok(ControlFlow::Continue(()))
    })?;
    if several {
        return Err(StoreError::MultipleMatches { at });
    }
    Ok(Answer {
        id: found,
        decided_by: filters.iter().map(exact).collect(),
    })
}
