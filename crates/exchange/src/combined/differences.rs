//! In what sources differ about the same thing.

use std::collections::{BTreeMap, HashSet};

use super::{
    elements::{folded, quantity_words},
    model::{Block, Difference, Fact, Field, FieldName, Value},
};

/// The differences among facts that say the same thing.
///
/// Each source speaks through its latest fact of a kind: what it said before
/// is its history, not a difference. Something that a source does not mention
/// is no difference either.
pub(super) fn among(facts: &[Fact]) -> Vec<Difference> {
    if facts.len() < 2 {
        return Vec::new();
    }
    let speaking = speaking(facts);
    // Field and, for fields that mean something else per kind, the kind.
    let mut said: BTreeMap<(FieldName, Option<(&str, Option<Block>)>), Vec<(usize, &Field)>> =
        BTreeMap::new();
    for index in speaking {
        let fact = &facts[index];
        for field in fact.fields.iter().filter(|field| field.name.is_compared()) {
            let across_kinds = matches!(field.name, FieldName::Dose | FieldName::Route);
            let kind = (!across_kinds).then_some((fact.resource_type, fact.block));
            said.entry((field.name, kind)).or_default().push((index, field));
        }
    }
    said.into_iter()
        .filter(|(_, values)| differ(values))
        .map(|((field, _), values)| Difference {
            field,
            values: values.into_iter().map(|(index, field)| (index, field.value.clone())).collect(),
        })
        .collect()
}

/// The latest fact of every source and kind, in the order of the facts.
fn speaking(facts: &[Fact]) -> Vec<usize> {
    let mut seen = HashSet::new();
    // Facts stand with the latest first.
    let mut latest: Vec<usize> = facts
        .iter()
        .enumerate()
        .filter(|(_, fact)| seen.insert((fact.source, fact.resource_type, fact.block)))
        .map(|(index, _)| index)
        .collect();
    latest.sort_unstable();
    latest
}

fn differ(values: &[(usize, &Field)]) -> bool {
    if values.iter().all(|(_, field)| field.comparable.is_some()) {
        let distinct: HashSet<_> = values.iter().map(|(_, field)| &field.comparable).collect();
        return distinct.len() > 1;
    }
    let distinct: HashSet<String> = values.iter().map(|(_, field)| folded(&field.value)).collect();
    distinct.len() > 1
}

/// The differences among what sources say of one measurement: value and status.
pub(super) fn of_values(facts: &[Fact]) -> Vec<Difference> {
    let mut differences = among(facts);
    let said: Vec<(usize, String)> = facts
        .iter()
        .enumerate()
        .filter_map(|(index, fact)| Some((index, value_words(fact)?)))
        .collect();
    let distinct: HashSet<String> = said.iter().map(|(_, value)| folded(value)).collect();
    if distinct.len() > 1 {
        differences.insert(0, Difference { field: FieldName::Value, values: said });
    }
    differences
}

fn value_words(fact: &Fact) -> Option<String> {
    match &fact.measured.as_ref()?.value {
        Value::Quantity(quantity) => Some(quantity_words(quantity)),
        Value::Text(text) => Some(text.clone()),
        Value::Missing => None,
    }
}
