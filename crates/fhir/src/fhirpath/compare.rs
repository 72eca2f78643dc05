//! Truth, equality and order of collections.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::evaluate::EvaluationError;
use super::item::Item;
use crate::json::{Kind, Node};

/// The truth of a collection: its one truth value; true for one item of
/// another kind; nothing for none.
pub(super) fn truth(items: &[Item<'_>]) -> Result<Option<bool>, EvaluationError> {
    match items {
        [] => Ok(None),
        [Item::Boolean(value)] => Ok(Some(*value)),
        [Item::Element(element)] => Ok(Some(element.node.and_then(Node::as_bool).unwrap_or(true))),
        [_] => Ok(Some(true)),
        _ => Err(EvaluationError::NotSingle),
    }
}

/// Whether two collections hold the same; `None` when one of them is empty, or
/// holds a primitive without a value.
pub(super) fn is_equal<'a>(left: &[Item<'a>], right: &[Item<'a>]) -> Option<bool> {
    let has_no_value =
        |item: &Item<'_>| matches!(item, Item::Element(element) if element.node.is_none());
    if left.is_empty() || right.is_empty() || left.iter().chain(right).any(has_no_value) {
        return None;
    }
    let is_same = left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|(left, right)| is_same_item(left, right));
    Some(is_same)
}

pub(super) fn is_same_item<'a>(left: &Item<'a>, right: &Item<'a>) -> bool {
    if let (Item::Element(left), Item::Element(right)) = (left, right)
        && let (Some(left), Some(right)) = (left.node, right.node)
    {
        return is_same_node(left, right);
    }
    match (scalar(left), scalar(right)) {
        (Some(left), Some(right)) => left.compare(&right) == Some(Ordering::Equal),
        _ => false,
    }
}

/// Deep equality; members may stand in another order.
fn is_same_node<'a>(left: Node<'a>, right: Node<'a>) -> bool {
    match (left.kind(), right.kind()) {
        (Kind::Object, Kind::Object) => {
            // Sorted, so that wide objects take n log n.
            let sorted = |node: Node<'a>| {
                let mut members: Vec<_> = node.members().collect();
                members.sort_unstable_by(|one, other| one.0.cmp(&other.0));
                members
            };
            left.len() == right.len()
                && sorted(left)
                    .into_iter()
                    .zip(sorted(right))
                    .all(|(left, right)| left.0 == right.0 && is_same_node(left.1, right.1))
        }
        (Kind::Array, Kind::Array) => {
            left.len() == right.len()
                && left
                    .items()
                    .zip(right.items())
                    .all(|(left, right)| is_same_node(left, right))
        }
        (Kind::String, Kind::String) => left.as_str() == right.as_str(),
        (Kind::Number, Kind::Number) => {
            compare_numbers(left.raw(), right.raw()) == Some(Ordering::Equal)
        }
        (left_kind, right_kind) => left_kind == right_kind && left.raw() == right.raw(),
    }
}

/// The order of two collections of one comparable item each.
pub(super) fn order(
    left: &[Item<'_>],
    right: &[Item<'_>],
) -> Result<Option<Ordering>, EvaluationError> {
    match (left, right) {
        ([], _) | (_, []) => Ok(None),
        ([left], [right]) => match (scalar(left), scalar(right)) {
            (Some(left), Some(right)) => left
                .compare(&right)
                .map(Some)
                .ok_or(EvaluationError::NotComparable),
            _ => Err(EvaluationError::NotComparable),
        },
        _ => Err(EvaluationError::NotSingle),
    }
}

enum Scalar<'a> {
    Boolean(bool),
    Number(Cow<'a, str>),
    Text(Cow<'a, str>),
}

impl Scalar<'_> {
    fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Boolean(one), Self::Boolean(other)) => Some(one.cmp(other)),
            (Self::Number(one), Self::Number(other)) => compare_numbers(one, other),
            (Self::Text(one), Self::Text(other)) => Some(one.cmp(other)),
            _ => None,
        }
    }
}

fn scalar<'a>(item: &Item<'a>) -> Option<Scalar<'a>> {
    match item {
        Item::Boolean(value) => Some(Scalar::Boolean(*value)),
        Item::Number(digits) => Some(Scalar::Number(digits.clone())),
        Item::String(text) => Some(Scalar::Text(text.clone())),
        Item::Target(_) => None,
        Item::Element(element) => {
            let node = element.node?;
            match node.kind() {
                Kind::Bool => node.as_bool().map(Scalar::Boolean),
                Kind::Number => Some(Scalar::Number(Cow::Borrowed(node.raw()))),
                Kind::String => node.as_str().map(Scalar::Text),
                _ => None,
            }
        }
    }
}

/// Compares two decimals by value: exactly when neither has an exponent.
fn compare_numbers(left: &str, right: &str) -> Option<Ordering> {
    let has_exponent = |digits: &str| digits.contains(['e', 'E']);
    if has_exponent(left) || has_exponent(right) {
        return left
            .parse::<f64>()
            .ok()?
            .partial_cmp(&right.parse::<f64>().ok()?);
    }
    let (left_sign, left) = signed(left);
    let (right_sign, right) = signed(right);
    Some(match (left_sign, right_sign) {
        (false, false) => magnitude(left, right),
        (true, true) => magnitude(right, left),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    })
}

/// Whether the number is below zero, and its parts before and after the point
/// without the zeros that mean nothing.
fn signed(digits: &str) -> (bool, (&str, &str)) {
    let bare = digits.strip_prefix('-').unwrap_or(digits);
    let (whole, fraction) = bare.split_once('.').unwrap_or((bare, ""));
    let (whole, fraction) = (
        whole.trim_start_matches('0'),
        fraction.trim_end_matches('0'),
    );
    let is_zero = whole.is_empty() && fraction.is_empty();
    (digits.starts_with('-') && !is_zero, (whole, fraction))
}

fn magnitude(left: (&str, &str), right: (&str, &str)) -> Ordering {
    left.0
        .len()
        .cmp(&right.0.len())
        .then_with(|| left.0.cmp(right.0))
        .then_with(|| left.1.cmp(right.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_value() {
        for (left, right, expected) in [
            ("1.50", "1.5", Ordering::Equal),
            ("-0", "0.0", Ordering::Equal),
            ("9", "10", Ordering::Less),
            ("-9", "-10", Ordering::Greater),
            ("0.1", "0.09", Ordering::Greater),
            ("1e2", "100", Ordering::Equal),
            (
                "123456789012345678901",
                "123456789012345678902",
                Ordering::Less,
            ),
        ] {
            assert_eq!(
                compare_numbers(left, right),
                Some(expected),
                "{left} {right}"
            );
        }
    }
}
