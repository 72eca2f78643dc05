//! Filtering, projection, parts of a collection, and walking down the tree.

use std::cmp::Ordering;

use super::{Arguments, Function, is_without_value};
use crate::fhirpath::compare::order_items;
use crate::fhirpath::context::ITEMS_MAX;
use crate::fhirpath::equality::Keys;
use crate::fhirpath::error::EvaluationError;
use crate::fhirpath::evaluate::Found;
use crate::fhirpath::item::{Collection, Item};
use crate::fhirpath::navigate::all_children;

pub(super) fn apply<'a>(
    function: Function,
    mut input: Collection<'a>,
    arguments: &Arguments<'_, '_, 'a>,
) -> Found<'a> {
    match function {
        Function::Where => {
            let mut kept = Vec::new();
            for (index, item) in input.into_iter().enumerate() {
                if arguments.holds(&item, index)? {
                    kept.push(item);
                }
            }
            Ok(kept)
        }
        Function::Select => {
            let mut found = Vec::new();
            for (index, item) in input.iter().enumerate() {
                found.extend(arguments.for_item(0, item, index)?);
                limited(&found)?;
            }
            Ok(found)
        }
        Function::Repeat | Function::RepeatAll => repeat(function, input, arguments),
        Function::Single => match input.len() {
            0 | 1 => Ok(input),
            _ => Err(EvaluationError::NotSingle),
        },
        Function::First => {
            input.truncate(1);
            Ok(input)
        }
        Function::Last => Ok(input.pop().into_iter().collect()),
        Function::Tail => {
            if !input.is_empty() {
                input.remove(0);
            }
            Ok(input)
        }
        Function::Skip | Function::Take => {
            let count = arguments
                .integer(0)?
                .ok_or(EvaluationError::Expected("an integer"))?;
            let count = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
            let rest = input.split_off(count.min(input.len()));
            Ok(if function == Function::Skip {
                rest
            } else {
                input
            })
        }
        Function::Sort => sort(input, arguments),
        Function::Children => children_of(&input, arguments),
        // Descendants: level by level.
        _ => {
            let mut found = Vec::new();
            let mut level = input;
            while !level.is_empty() {
                let next = children_of(&level, arguments)?;
                found.extend(next.iter().cloned());
                limited(&found)?;
                level = next;
            }
            Ok(found)
        }
    }
}

fn limited(found: &[Item<'_>]) -> Result<(), EvaluationError> {
    if found.len() > ITEMS_MAX {
        return Err(EvaluationError::TooManyItems);
    }
    Ok(())
}

fn children_of<'a>(items: &[Item<'a>], arguments: &Arguments<'_, '_, 'a>) -> Found<'a> {
    let mut found = Vec::new();
    for item in items {
        if let Item::Element(element) = item {
            all_children(element, &mut found);
        }
    }
    arguments.context.spend(items.len() + found.len())?;
    limited(&found)?;
    Ok(found)
}

/// Applies the projection to what it gave, until it gives nothing new; or
/// nothing at all, when repeats are kept. The budget of steps ends what would
/// not end by itself.
fn repeat<'a>(
    function: Function,
    input: Collection<'a>,
    arguments: &Arguments<'_, '_, 'a>,
) -> Found<'a> {
    let keeps_repeats = function == Function::RepeatAll;
    let mut seen = Keys::default();
    let mut found = Vec::new();
    let mut level = input;
    while !level.is_empty() {
        let mut next = Vec::new();
        for (index, item) in level.iter().enumerate() {
            for item in arguments.for_item(0, item, index)? {
                if keeps_repeats || seen.add(&item, arguments.context)? {
                    next.push(item);
                }
            }
        }
        found.extend(next.iter().cloned());
        limited(&found)?;
        level = next;
    }
    Ok(found)
}

/// Sorts by one key after another; what has no key comes first, descending too.
fn sort<'a>(input: Collection<'a>, arguments: &Arguments<'_, '_, 'a>) -> Found<'a> {
    let mut keyed = Vec::with_capacity(input.len());
    for (index, item) in input.into_iter().enumerate() {
        let mut keys = Vec::new();
        for position in 0..arguments.call.arguments.len().max(1) {
            let key = super::one(arguments.for_item(position, &item, index)?)?;
            keys.push(key.filter(|key| !is_without_value(key)));
        }
        keyed.push((keys, item));
    }
    let depth = usize::BITS - keyed.len().leading_zeros();
    arguments.context.spend(keyed.len() * depth as usize)?;
    let mut fault = None;
    keyed.sort_by(|(one, _), (other, _)| {
        for (position, (one, other)) in one.iter().zip(other).enumerate() {
            let order = match (one, other) {
                (Some(one), Some(other)) => order_items(one, other).unwrap_or_else(|error| {
                    fault = Some(error);
                    None
                }),
                (one, other) if one.is_some() == other.is_some() => None,
                (None, _) => return Ordering::Less,
                _ => return Ordering::Greater,
            };
            let order = order.unwrap_or(Ordering::Equal);
            let is_descending = arguments.call.is_descending.get(position) == Some(&true);
            if order.is_ne() {
                return if is_descending {
                    order.reverse()
                } else {
                    order
                };
            }
        }
        Ordering::Equal
    });
    match fault {
        Some(error) => Err(error),
        None => Ok(keyed.into_iter().map(|(_, item)| item).collect()),
    }
}
