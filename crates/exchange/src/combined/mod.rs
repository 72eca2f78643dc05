//! The combined record: what all sources together say, by zib section.
//!
//! Pure functions from a [`RegionalRecord`] to a [`CombinedRecord`]. Facts that
//! say the same thing stand together with their source and date, and with the
//! differences between them; nothing is merged away, converted without a rule,
//! or left out. The outcome does not depend on which source answered first.
//!
//! It deliberately does no I/O and decides nothing about access. Start with
//! [`Combining`], which takes the answers as they come, or [`combine`].

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

use care::{Categories, ExchangeCode, Ura};
use jiff::Timestamp;

pub use model::*;
pub use repeats::REPEAT_DAYS_MAX;

use crate::record::{RegionalRecord, SourceReport, SourcedResource};

/// Combines what the region answered, when all of it is there.
pub fn combine(record: RegionalRecord) -> CombinedRecord {
    let mut by_source: HashMap<Ura, Vec<SourcedResource>> = HashMap::new();
    for sourced in record.resources {
        by_source.entry(sourced.source).or_default().push(sourced);
    }
    let mut combining = Combining::new(record.exchange, record.categories, record.asked);
    for report in record.sources {
        let resources = by_source.remove(&report.ura).unwrap_or_default();
        combining.add(report, resources);
    }
    for (source, resources) in by_source {
        combining
            .parts
            .insert(source, Part::read(resources, "", record.asked));
    }
    combining.finish()
}

/// A record that is being combined while sources still answer: what each one
/// says is read when it comes, and only put beside the rest in the end.
#[derive(Debug, Clone)]
pub struct Combining {
    exchange: ExchangeCode,
    categories: Categories,
    asked: Timestamp,
    sources: Vec<SourceReport>,
    parts: BTreeMap<Ura, Part>,
}

/// What one source says, read. It points at its own resources only.
#[derive(Debug, Clone)]
struct Part {
    resources: Vec<SourcedResource>,
    facts: Vec<(SectionKind, Fact)>,
    /// For each resource.
    known_by: Vec<KnownBy>,
}

/// By what a fact can be compared with those of other sources.
#[derive(Debug, Clone)]
struct KnownBy {
    /// What it has in common with facts that say the same.
    keys: Vec<(Rule, String)>,
    /// The resources of the same source that a report points at.
    results: Vec<usize>,
    /// Who did it.
    done_by: String,
}

impl Part {
    fn read(mut resources: Vec<SourcedResource>, name: &str, asked: Timestamp) -> Self {
        resources.sort_by(in_order);
        let library = elements::Library::new(&resources);
        let mut facts = Vec::with_capacity(resources.len());
        let mut known_by = Vec::with_capacity(resources.len());
        for (index, sourced) in resources.iter().enumerate() {
            let kind = place::section_of(&sourced.resource);
            let fact = facts::read(&library, index, name, asked);
            known_by.push(KnownBy {
                keys: grouping::keys(&library, kind, &fact),
                results: grouping::results(&library, kind, index),
                done_by: repeats::done_by(&library, &fact),
            });
            facts.push((kind, fact));
        }
        Self {
            resources,
            facts,
            known_by,
        }
    }
}

impl Combining {
    /// A record of nothing yet, of a question that was asked at `asked`.
    pub fn new(exchange: ExchangeCode, categories: Categories, asked: Timestamp) -> Self {
        Self {
            exchange,
            categories,
            asked,
            sources: Vec::new(),
            parts: BTreeMap::new(),
        }
    }

    /// Reads what one source answered. Its resources are all its own.
    pub fn add(&mut self, report: SourceReport, resources: Vec<SourcedResource>) {
        let part = Part::read(resources, &report.name, self.asked);
        self.parts.insert(report.ura, part);
        self.sources.push(report);
    }

    /// The record of those that answered until now.
    pub fn so_far(&self) -> CombinedRecord {
        self.clone().finish()
    }

    /// The record, in an order that does not depend on who answered first.
    pub fn finish(self) -> CombinedRecord {
        let Self {
            exchange,
            categories,
            asked,
            mut sources,
            parts,
        } = self;
        sources.sort_by_key(|source| source.ura);
        let mut resources = Vec::new();
        let mut known_by = Vec::new();
        let mut by_section: BTreeMap<SectionKind, Vec<Fact>> = BTreeMap::new();
        for mut part in parts.into_values() {
            for (kind, mut fact) in part.facts {
                fact.resource += resources.len();
                by_section.entry(kind).or_default().push(fact);
            }
            for result in part.known_by.iter_mut().flat_map(|one| &mut one.results) {
                *result += resources.len();
            }
            resources.append(&mut part.resources);
            known_by.append(&mut part.known_by);
        }
        let mut sections = Vec::new();
        for kind in SectionKind::ALL {
            let facts = by_section.remove(&kind).unwrap_or_default();
            let wanted = !kind.categories().intersection(categories).is_empty();
            if facts.is_empty() && !wanted {
                continue;
            }
            sections.push(section(kind, categories, facts, &known_by, &sources));
        }
        CombinedRecord {
            exchange,
            asked,
            sources,
            resources,
            sections,
        }
    }
}

fn section(
    kind: SectionKind,
    categories: Categories,
    facts: Vec<Fact>,
    known_by: &[KnownBy],
    sources: &[SourceReport],
) -> Section {
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
    let mut series = series::of(known_by, measurements);
    if kind == SectionKind::Results {
        repeats::mark(known_by, &mut series);
    }
    let groups = grouping::group(known_by, kind, facts, &series);
    Section {
        kind,
        state: states::of_section(&said),
        sources: said,
        groups,
        series,
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
