//! The order of two items.

use std::cmp::Ordering;

use super::equality::{numbers, quantities};
use super::error::EvaluationError;
use super::item::{Element, Item};

/// The order of two collections of one comparable item each; `None` when one
/// is empty or precision, zone or units leave it open.
pub(super) fn order(
    left: &[Item<'_>],
    right: &[Item<'_>],
) -> Result<Option<Ordering>, EvaluationError> {
    match (left, right) {
        ([], _) | (_, []) => Ok(None),
        ([left], [right]) => order_items(left, right),
        _ => Err(EvaluationError::NotSingle),
    }
}

/// The order of two items.
pub(crate) fn order_items(
    left: &Item<'_>,
    right: &Item<'_>,
) -> Result<Option<Ordering>, EvaluationError> {
    let has_no_value = |item: &Item<'_>| matches!(item, Item::Element(Element { node: None, .. }));
    if has_no_value(left) || has_no_value(right) {
        return Ok(None);
    }
    let (Some(left), Some(right)) = (left.value(), right.value()) else {
        return Err(EvaluationError::NotComparable);
    };
    if let Some((one, other)) = numbers(&left, &right) {
        return Ok(Some(one.cmp(&other)));
    }
    if let Some((one, other)) = quantities(&left, &right) {
        return Ok(one.compare(&other));
    }
    match (&*left, &*right) {
        (Item::String(one), Item::String(other)) => Ok(Some(one.cmp(other))),
        (Item::Date(one) | Item::DateTime(one), Item::Date(other) | Item::DateTime(other)) => {
            Ok(one.compare(other))
        }
        (Item::Time(one), Item::Time(other)) => Ok(one.compare(other)),
        _ => Err(EvaluationError::NotComparable),
    }
}
