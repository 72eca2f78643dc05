//! The combined record: what all sources together say, by zib section.
//!
//! Pure functions from a [`RegionalRecord`] to a [`CombinedRecord`]. Facts that
//! say the same thing stand together with their source and date, and with the
//! differences between them; nothing is merged away, converted without a rule,
//! or left out. The outcome does not depend on which source answered first.
//!
//! It deliberately does no I/O and decides nothing about access. Start with
//! [`combine`].

mod details;
mod differences;
mod elements;
mod facts;
mod grouping;
mod medication;
mod model;
mod notices;
mod observation;
mod place;
mod repeats;
mod same_test;
mod series;
mod states;

use std::collections::{BTreeMap, HashMap};

use care::Ura;

pub use model::*;
pub use repeats::REPEAT_DAYS_MAX;

use crate::record::{RegionalRecord, SourcedResource};

/// Combines what the region answered.
pub fn combine(record: RegionalRecord) -> CombinedRecord {
    let RegionalRecord {
        exchange,
        categories,
        asked,
        mut sources,
        mut resources,
    } = record;
    sources.sort_by_key(|source| source.ura);
    resources.sort_by(in_order);
    let names: HashMap<Ura, &str> = sources
        .iter()
        .map(|source| (source.ura, source.name.as_str()))
        .collect();
    let library = elements::Library::new(&resources);

    let mut by_section: BTreeMap<SectionKind, Vec<Fact>> = BTreeMap::new();
    for (index, sourced) in resources.iter().enumerate() {
        let name = names.get(&sourced.source).copied().unwrap_or_default();
        let fact = facts::read(&library, index, name, asked);
        by_section
            .entry(place::section_of(&sourced.resource))
            .or_default()
            .push(fact);
    }

    let mut sections = Vec::new();
    for kind in SectionKind::ALL {
        let facts = by_section.remove(&kind).unwrap_or_default();
        let wanted = !kind.categories().intersection(categories).is_empty();
        if facts.is_empty() && !wanted {
            continue;
        }
        let mut counts: HashMap<Ura, usize> = HashMap::new();
        for fact in &facts {
            *counts.entry(fact.source).or_default() += 1;
        }
        let said: Vec<SectionSource> = sources
            .iter()
            .map(|report| {
                let count = counts.get(&report.ura).copied().unwrap_or_default();
                states::of_source(kind, categories, report, count)
            })
            .collect();
        let (measurements, facts): (Vec<Fact>, Vec<Fact>) =
            facts.into_iter().partition(|fact| fact.measured.is_some());
        let mut series = series::of(&library, measurements);
        if kind == SectionKind::Results {
            repeats::mark(&library, &mut series);
        }
        let groups = grouping::group(&library, kind, facts, &series);
        sections.push(Section {
            kind,
            state: states::of_section(&said),
            sources: said,
            groups,
            series,
        });
    }
    CombinedRecord {
        exchange,
        asked,
        sources,
        resources,
        sections,
    }
}

/// An order of resources that does not depend on when they arrived.
fn in_order(a: &SourcedResource, b: &SourcedResource) -> std::cmp::Ordering {
    let key = |sourced: &SourcedResource| (sourced.source, sourced.resource.resource_type());
    key(a)
        .cmp(&key(b))
        .then_with(|| a.resource.id().cmp(&b.resource.id()))
        .then_with(|| a.resource.as_bytes().cmp(b.resource.as_bytes()))
        .then_with(|| a.received.cmp(&b.received))
        .then_with(|| a.included.cmp(&b.included))
}

impl CombinedRecord {
    /// A section, when it was asked for or has something in it.
    pub fn section(&self, kind: SectionKind) -> Option<&Section> {
        self.sections.iter().find(|section| section.kind == kind)
    }
}

impl Section {
    /// Every fact of the section, grouped or in a series.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        let grouped = self.groups.iter().flat_map(|group| &group.facts);
        let measured = self.series.iter().flat_map(|series| &series.points);
        grouped.chain(measured.flat_map(|point| &point.facts))
    }
}

#[cfg(test)]
mod tests;
