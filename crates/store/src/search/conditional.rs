//! The conditions of conditional changes and references.

use std::ops::ControlFlow;

use super::candidates::{Deadline, Scan};
use super::criterion::{Criterion, Reading};
use super::lookups::exact;
use super::query;
use super::resolve::Resolver;
use super::sight::Sight;
use crate::database::kinds::Kinds;
use crate::database::snapshot::Snapshot;
use crate::index::Range;
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
        version: kinds.version(),
        parameters: &file.parameters,
        base_url: &options.base_url,
        now: options.clock.now(),
        links: &std::cell::Cell::new(0),
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
    let is_chain = |criterion: &&Criterion| criterion.leads_elsewhere();
    let (chains, plain): (Vec<_>, Vec<_>) = query.criteria.iter().partition(is_chain);
    let filters = plain
        .iter()
        .chain(&chains)
        .map(|criterion| resolver.filter(resource_type, criterion))
        .collect::<Result<Vec<_>, _>>()?;
    let plain = &filters[..plain.len()];
    let kind = kinds.number(resource_type)?;
    let scan = |filters| Scan {
        file,
        kinds,
        sight: &sight,
        directory: false,
        kind,
        filters,
        deadline,
    };
    let mut found = None;
    let mut several = false;
    scan(&filters).each(None, false, |hit| {
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
    // What a chain leads to can change without a key of this resource type, so
    // a chain tells nothing. But when the rest alone finds nothing, it decides.
    let tells = chains.is_empty()
        || (found.is_none() && !plain.is_empty() && {
            let mut is_empty = true;
            scan(plain).each(None, false, |_| {
                is_empty = false;
                Ok(ControlFlow::Break(()))
            })?;
            is_empty
        });
    Ok(Answer {
        id: found,
        decided_by: tells.then(|| plain.iter().map(exact).collect()).flatten(),
    })
}
