//! In what sources differ about the same thing.

use std::collections::{BTreeMap, HashSet};

use super::{
    elements::{folded, quantity_words},
    model::{Block, Difference, Fact, Field, FieldName, Moment, Value},
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
    type Kind<'a> = Option<(&'a str, Option<Block>)>;
    let mut said: BTreeMap<(FieldName, Kind<'_>), Vec<(usize, &Field)>> = BTreeMap::new();
    for index in speaking {
        let fact = &facts[index];
        for field in fact.fields.iter().filter(|field| field.name.is_compared()) {
            // When an agreement was written down or a box handed over is its
            // own moment, not a claim about the same one.
            if field.name == FieldName::Date && fact.block.is_some() {
                continue;
            }
            let across_kinds = matches!(field.name, FieldName::Dose | FieldName::Route);
            let kind = (!across_kinds).then_some((fact.resource_type, fact.block));
            said.entry((field.name, kind))
                .or_default()
                .push((index, field));
        }
    }
    said.into_iter()
        .filter(|(_, values)| differ(values))
        .map(|((field, _), values)| Difference {
            field,
            values: values
                .into_iter()
                .map(|(index, field)| (index, field.value.clone()))
                .collect(),
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
    let dates: Option<Vec<Moment>> = values
        .iter()
        .map(|(_, field)| Moment::parse(&field.value))
        .collect();
    if let Some(dates) = dates {
        // A month and a day in that month can be the same moment.
        let latest_start = dates.iter().map(|date| date.low_ms).max();
        let earliest_end = dates.iter().map(|date| date.high_ms).min();
        return latest_start > earliest_end;
    }
    if values.iter().all(|(_, field)| field.comparable.is_some()) {
        let distinct: HashSet<_> = values.iter().map(|(_, field)| &field.comparable).collect();
        return distinct.len() > 1;
    }
    let distinct: HashSet<String> = values
        .iter()
        .map(|(_, field)| folded(&field.value))
        .collect();
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
    let distinct: HashSet<String> = facts.iter().filter_map(value_key).collect();
    if distinct.len() > 1 {
        differences.insert(
            0,
            Difference {
                field: FieldName::Value,
                values: said,
            },
        );
    }
    differences
}

/// The value as it can be compared between sources: a number by its value, a
/// word folded.
pub(super) fn value_key(fact: &Fact) -> Option<String> {
    let measured = fact.measured.as_ref()?;
    let parts = measured.components.iter().map(|component| &component.value);
    let keys: Vec<String> = std::iter::once(&measured.value)
        .chain(parts)
        .filter_map(|value| match value {
            Value::Quantity(quantity) => Some(format!(
                "{}{}",
                quantity.comparator.as_deref().unwrap_or_default(),
                quantity.number()?
            )),
            Value::Text(text) => Some(folded(text)),
            Value::Missing => None,
        })
        .collect();
    (!keys.is_empty()).then(|| keys.join(" "))
}

fn value_words(fact: &Fact) -> Option<String> {
    let measured = fact.measured.as_ref()?;
    let parts = measured.components.iter().map(|component| &component.value);
    let said: Vec<String> = std::iter::once(&measured.value)
        .chain(parts)
        .filter_map(|value| match value {
            Value::Quantity(quantity) => Some(quantity_words(quantity)),
            Value::Text(text) => Some(text.clone()),
            Value::Missing => None,
        })
        .collect();
    (!said.is_empty()).then(|| said.join(" / "))
}
