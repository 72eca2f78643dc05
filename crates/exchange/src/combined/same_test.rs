//! Which codes of a laboratory's own are the same test.
//!
//! A laboratory sends one result in two formats: to its own node in HL7 v2, to
//! the GP in EDIFACT. Each format names the laboratory in its own way, so its
//! own codes come in two code systems. That two codes are the same is not
//! guessed from their names: the record must hold a measurement under both,
//! by the same laboratory, of the same value and unit at the same time.

use std::collections::{BTreeMap, HashMap};

use super::{
    KnownBy, differences,
    elements::folded,
    grouping::{Union, overlapping},
    model::{Coding, Fact, Rule},
    series::{LOINC, test_code, unit_of},
};

/// The name of every code that is known under more than one.
pub(super) struct SameTests(HashMap<String, String>);

impl SameTests {
    /// Compares the measurements of a record.
    pub(super) fn among(known_by: &[KnownBy], facts: &[Fact]) -> Self {
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        let mut seen: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, fact) in facts.iter().enumerate() {
            let Some(coding) = test_code(fact).filter(|coding| coding.system != LOINC) else {
                continue;
            };
            let count = names.len();
            names.entry(written(coding)).or_insert(count);
            if let Some(value) = differences::value_key(fact) {
                let laboratory = folded(&known_by[fact.resource].done_by);
                let unit = unit_of(fact).unwrap_or_default();
                let key = [laboratory.as_str(), &coding.code, &unit, &value].join("\n");
                seen.entry(key).or_default().push(index);
            }
        }
        let mut union = Union::new(names.len());
        for indexes in seen.into_values().filter(|indexes| indexes.len() > 1) {
            for (a, b) in overlapping(&indexes, |index| facts[index].date.as_ref()) {
                let place = |index: usize| names.get(&written(test_code(&facts[index])?));
                // Two of one source are two tests, as that source knows them.
                if facts[a].source != facts[b].source
                    && let (Some(a), Some(b)) = (place(a), place(b))
                {
                    union.join(*a, *b, Rule::SameMeasurement);
                }
            }
        }
        let mut by_place: Vec<(usize, String)> = names
            .into_iter()
            .map(|(name, place)| (place, name))
            .collect();
        by_place.sort_unstable();
        let members = by_place.into_iter().map(|(_, name)| name).collect();
        let same = union.sets(members).into_iter().flat_map(|(_, set)| {
            let first = set.iter().min().cloned().unwrap_or_default();
            set.into_iter().map(move |name| (name, first.clone()))
        });
        Self(same.collect())
    }

    /// The name by which all measurements of a test are found.
    pub(super) fn name(&self, coding: &Coding) -> String {
        let own = written(coding);
        self.0.get(&own).cloned().unwrap_or(own)
    }
}

fn written(coding: &Coding) -> String {
    format!("{}|{}", coding.system, coding.code)
}
