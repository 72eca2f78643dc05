//! Which facts say the same thing. They come to stand together; none is lost.
//!
//! The rules are a table of keys: two facts with a key in common belong
//! together, and so does what belongs with either of them. That makes the
//! outcome the same in whatever order the facts come.

use std::collections::{BTreeSet, HashMap};

use super::{
    KnownBy, differences,
    elements::{Library, folded},
    medication,
    model::{Fact, Group, Moment, Rule, SectionKind, Series},
    notices,
};

/// Facts of one section, grouped; the most important group first.
/// `series` are the measurements of the section, which its reports point at.
pub(super) fn group(
    known_by: &[KnownBy],
    kind: SectionKind,
    facts: Vec<Fact>,
    series: &[Series],
) -> Vec<Group> {
    let measurements = measurements(series);
    let mut first_about: HashMap<usize, usize> = HashMap::new();
    let mut union = Union::new(facts.len());
    let mut first_with: HashMap<&str, usize> = HashMap::new();
    // Facts that may be the same if their dates overlap, by the rest of the key.
    let mut dated: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, fact) in facts.iter().enumerate() {
        let known_by = &known_by[fact.resource];
        for result in &known_by.results {
            if let Some(number) = measurements.get(result) {
                let first = *first_about.entry(*number).or_insert(index);
                union.join(first, index, Rule::SameResults);
            }
        }
        for (rule, key) in &known_by.keys {
            if *rule == Rule::SameCodeAndDate {
                dated.entry(key).or_default().push(index);
            } else if let Some(first) = first_with.get(key.as_str()) {
                union.join(*first, index, *rule);
            } else {
                first_with.insert(key, index);
            }
        }
    }
    for (_, indexes) in dated {
        let when = |index: usize| facts[index].date.as_ref();
        for (a, b) in overlapping(&indexes, when) {
            union.join(a, b, Rule::SameCodeAndDate);
        }
    }
    let mut groups: Vec<Group> = union
        .sets(facts)
        .into_iter()
        .map(|(rules, facts)| into_group(kind, rules, facts))
        .collect();
    groups.sort_by_cached_key(|group| {
        let latest = group
            .facts
            .iter()
            .filter_map(|fact| Some(fact.date.as_ref()?.high_ms))
            .max();
        (
            !group.current,
            std::cmp::Reverse(latest),
            folded(&group.title),
            group.id.clone(),
        )
    });
    groups
}

fn into_group(kind: SectionKind, rules: Vec<Rule>, mut facts: Vec<Fact>) -> Group {
    latest_first(&mut facts);
    let first = &facts[0];
    let notices = if kind == SectionKind::Medication {
        notices::of_medication(&facts)
    } else {
        Vec::new()
    };
    Group {
        id: fact_id(first),
        title: first.title.clone(),
        current: facts.iter().any(|fact| fact.current),
        rules,
        differences: differences::among(&facts),
        notices,
        facts,
    }
}

/// The name of a fact in the whole region.
pub(super) fn fact_id(fact: &Fact) -> String {
    format!("{}/{}/{}", fact.source, fact.resource_type, fact.id)
}

/// Current before past, then the latest first; the order of the resources
/// decides between equals.
pub(super) fn latest_first(facts: &mut [Fact]) {
    facts.sort_by_key(|fact| {
        let date = fact.date.as_ref().map(|date| date.high_ms);
        (
            std::cmp::Reverse(date),
            std::cmp::Reverse(fact.current),
            fact.resource,
        )
    });
}

/// Of each resource with a measurement: which measurement, as a number. Copies
/// of one measurement have the same number.
fn measurements(series: &[Series]) -> HashMap<usize, usize> {
    let points = series.iter().flat_map(|series| &series.points);
    points
        .enumerate()
        .flat_map(|(number, point)| point.facts.iter().map(move |fact| (fact.resource, number)))
        .collect()
}

/// The resources of the same source that a report points at.
pub(super) fn results(library: &Library<'_>, kind: SectionKind, index: usize) -> Vec<usize> {
    if kind != SectionKind::Results {
        return Vec::new();
    }
    let root = library.resource(index).resource.root();
    root.each("result")
        .filter_map(|result| library.position(index, result))
        .collect()
}

/// By what a fact can be known to be the same as another.
pub(super) fn keys(library: &Library<'_>, kind: SectionKind, fact: &Fact) -> Vec<(Rule, String)> {
    let mut keys = Vec::new();
    if kind == SectionKind::Other {
        return keys;
    }
    let of_type = fact.resource_type;
    for (system, value) in &fact.identifiers {
        // The number of a person names many facts, not one.
        if !matches!(system.as_str(), care::Bsn::SYSTEM) {
            keys.push((
                Rule::SameIdentifier,
                format!("identifier {of_type} {system}|{value}"),
            ));
        }
    }
    match kind {
        SectionKind::Patient if fact.resource_type == "Patient" => {
            // The question was about one patient: all of these are them.
            keys.push((Rule::SamePatient, "patient".to_owned()));
        }
        SectionKind::Problems | SectionKind::Alerts => by_code(fact, &mut keys, |_, _| true),
        SectionKind::Allergies => {
            by_code(fact, &mut keys, |_, _| true);
            by_substance(fact, &mut keys);
        }
        SectionKind::Medication => {
            by_code(fact, &mut keys, medication::names_a_substance);
            by_substance(fact, &mut keys);
            let root = library.resource(fact.resource).resource.root();
            for treatment in medication::treatments(root) {
                keys.push((Rule::SameTreatment, format!("treatment {treatment}")));
            }
        }
        SectionKind::Vaccinations | SectionKind::Procedures | SectionKind::Directives => {
            for coding in &fact.codings {
                let key = format!("{of_type} {}|{}", coding.system, coding.code);
                keys.push((Rule::SameCodeAndDate, key));
            }
        }
        _ => {}
    }
    keys
}

fn by_code(fact: &Fact, keys: &mut Vec<(Rule, String)>, tells: impl Fn(&str, &str) -> bool) {
    for coding in fact
        .codings
        .iter()
        .filter(|coding| tells(&coding.system, &coding.code))
    {
        keys.push((
            Rule::SameCode,
            format!("code {}|{}", coding.system, coding.code),
        ));
    }
    if fact.codings.is_empty() && fact.title != fact.resource_type {
        keys.push((Rule::SameText, format!("text {}", folded(&fact.title))));
    }
}

/// Codes of different systems that stand for the same substance, when the
/// terminology tables say so.
fn by_substance(fact: &Fact, keys: &mut Vec<(Rule, String)>) {
    for coding in &fact.codings {
        if let Some(substance) = terminology::substance(&coding.system, &coding.code) {
            keys.push((Rule::SameSubstance, format!("substance {substance}")));
        }
    }
}

/// Pairs whose moments overlap, enough of them to join all that do, directly
/// or through others.
pub(super) fn overlapping<'a>(
    indexes: &[usize],
    when: impl Fn(usize) -> Option<&'a Moment>,
) -> Vec<(usize, usize)> {
    let mut sorted: Vec<(usize, &Moment)> = indexes
        .iter()
        .filter_map(|index| Some((*index, when(*index)?)))
        .collect();
    sorted.sort_by_key(|(index, moment)| (moment.low_ms, moment.high_ms, *index));
    let mut pairs = Vec::new();
    let mut reach: Option<(usize, i64)> = None;
    for (index, moment) in sorted {
        match reach {
            Some((last, high)) if moment.low_ms <= high => {
                pairs.push((last, index));
                reach = Some((index, high.max(moment.high_ms)));
            }
            _ => reach = Some((index, moment.high_ms)),
        }
    }
    pairs
}

/// Which positions belong together, and by what rules.
pub(super) struct Union {
    parents: Vec<usize>,
    joined_by: Vec<BTreeSet<Rule>>,
}

impl Union {
    pub(super) fn new(count: usize) -> Self {
        Self {
            parents: (0..count).collect(),
            joined_by: vec![BTreeSet::new(); count],
        }
    }

    fn root(&mut self, mut index: usize) -> usize {
        while self.parents[index] != index {
            self.parents[index] = self.parents[self.parents[index]];
            index = self.parents[index];
        }
        index
    }

    pub(super) fn join(&mut self, a: usize, b: usize, rule: Rule) {
        // A fact that carries a code twice is not joined to itself.
        if a == b {
            return;
        }
        let (a, b) = (self.root(a), self.root(b));
        let (low, high) = (a.min(b), a.max(b));
        self.parents[high] = low;
        let mut rules = std::mem::take(&mut self.joined_by[high]);
        rules.insert(rule);
        self.joined_by[low].append(&mut rules);
    }

    /// The sets with their rules, in the order of their first member.
    pub(super) fn sets<T>(mut self, members: Vec<T>) -> Vec<(Vec<Rule>, Vec<T>)> {
        let mut sets: Vec<(usize, Vec<T>)> = Vec::new();
        let mut position: HashMap<usize, usize> = HashMap::new();
        for (index, member) in members.into_iter().enumerate() {
            let root = self.root(index);
            let at = *position.entry(root).or_insert_with(|| {
                sets.push((root, Vec::new()));
                sets.len() - 1
            });
            sets[at].1.push(member);
        }
        sets.into_iter()
            .map(|(root, members)| (self.joined_by[root].iter().copied().collect(), members))
            .collect()
    }
}
