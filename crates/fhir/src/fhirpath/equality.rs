//! When two items, or two collections, are the same.
//!
//! Two ways that agree: comparing two items, and a key that equal items share,
//! by which large collections are compared in one pass.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use rust_decimal::Decimal;

use super::context::Context;
use super::error::EvaluationError;
use super::item::{Collection, Element, Item};
use super::number;
use super::quantity::Quantity;
use crate::json::{Kind, Node};

/// Up to this many items are compared pairwise; more are hashed.
const PAIRWISE_ITEMS_MAX: usize = 8;

/// Whether two collections hold the same in the same order; `None` when one of
/// them is empty, or it cannot be known.
pub(super) fn is_equal<'a>(left: &[Item<'a>], right: &[Item<'a>]) -> Option<bool> {
    if left.is_empty() || right.is_empty() {
        return None;
    }
    if left.len() != right.len() {
        return Some(false);
    }
    let mut is_known = true;
    for (left, right) in left.iter().zip(right) {
        match is_same_item(left, right) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => is_known = false,
        }
    }
    is_known.then_some(true)
}

/// Whether two items are the same; `None` when it cannot be known.
pub(super) fn is_same_item<'a>(left: &Item<'a>, right: &Item<'a>) -> Option<bool> {
    if let (Item::Element(one), Item::Element(other)) = (left, right) {
        match (one.node, other.node) {
            (Some(left), Some(right)) => {
                if left.raw() == right.raw() {
                    return Some(true);
                }
                let is_object = |node: Node<'_>| node.kind() == Kind::Object;
                if is_object(left) || is_object(right) {
                    let as_quantities = one
                        .value()
                        .zip(other.value())
                        .and_then(|(left, right)| is_same_value(&left, &right));
                    return as_quantities
                        .filter(|is_same| *is_same)
                        .or_else(|| Some(is_same_node(left, right)));
                }
            }
            // A primitive without a value is only what is said of it.
            (None, None) => {
                let extras = one.extras.zip(other.extras);
                return Some(extras.is_some_and(|(one, other)| is_same_node(one, other)));
            }
            _ => return None,
        }
    }
    let has_no_value = |item: &Item<'a>| matches!(item, Item::Element(Element { node: None, .. }));
    if has_no_value(left) || has_no_value(right) {
        return None;
    }
    match (left.value(), right.value()) {
        (Some(left), Some(right)) => is_same_value(&left, &right),
        _ => match (left, right) {
            (Item::Target(one), Item::Target(other)) => Some(one.type_id == other.type_id),
            _ => Some(false),
        },
    }
}

fn is_same_value(left: &Item<'_>, right: &Item<'_>) -> Option<bool> {
    if let Some((one, other)) = numbers(left, right) {
        return Some(one == other);
    }
    if let Some((one, other)) = quantities(left, right) {
        return one.compare(&other).map(Ordering::is_eq);
    }
    match (left, right) {
        (Item::Boolean(one), Item::Boolean(other)) => Some(one == other),
        (Item::String(one), Item::String(other)) => Some(one == other),
        (Item::Date(one) | Item::DateTime(one), Item::Date(other) | Item::DateTime(other)) => {
            one.compare(other).map(Ordering::is_eq)
        }
        (Item::Time(one), Item::Time(other)) => one.compare(other).map(Ordering::is_eq),
        (Item::Type(one), Item::Type(other)) => Some(one == other),
        _ => Some(false),
    }
}

/// Two numbers as decimals.
pub(super) fn numbers(left: &Item<'_>, right: &Item<'_>) -> Option<(Decimal, Decimal)> {
    decimal(left).zip(decimal(right))
}

/// A number as a decimal.
pub(super) fn decimal(item: &Item<'_>) -> Option<Decimal> {
    match item {
        Item::Integer(value) | Item::Long(value) => Some(Decimal::from(*value)),
        Item::Decimal(value) => Some(*value),
        _ => None,
    }
}

/// Two quantities, one of which may be a bare number.
pub(super) fn quantities<'i>(
    left: &'i Item<'_>,
    right: &'i Item<'_>,
) -> Option<(Cow<'i, Quantity>, Cow<'i, Quantity>)> {
    match (left, right) {
        (Item::Quantity(one), Item::Quantity(other)) => {
            Some((Cow::Borrowed(one), Cow::Borrowed(other)))
        }
        (Item::Quantity(one), other) => Some((
            Cow::Borrowed(one),
            Cow::Owned(Quantity::of(decimal(other)?)),
        )),
        (one, Item::Quantity(other)) => Some((
            Cow::Owned(Quantity::of(decimal(one)?)),
            Cow::Borrowed(other),
        )),
        _ => None,
    }
}

/// Deep equality; members may stand in another order.
fn is_same_node<'a>(left: Node<'a>, right: Node<'a>) -> bool {
    if left.raw() == right.raw() {
        return true;
    }
    match (left.kind(), right.kind()) {
        (Kind::Object, Kind::Object) => {
            let (left, right) = (sorted(left), sorted(right));
            left.len() == right.len()
                && left
                    .into_iter()
                    .zip(right)
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
            let (left, right) = (number::decimal(left.raw()), number::decimal(right.raw()));
            left.is_some() && left == right
        }
        _ => false,
    }
}

/// The members that hold something, by name: sorting keeps wide objects at n log n.
fn sorted(node: Node<'_>) -> Vec<(Cow<'_, str>, Node<'_>)> {
    let mut members: Vec<_> = node
        .members()
        .filter(|(_, value)| value.kind() != Kind::Null)
        .collect();
    members.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    members
}

/// The items without repeats, in their order.
pub(super) fn distinct<'a>(
    mut items: Collection<'a>,
    context: &Context<'a>,
) -> Result<Collection<'a>, EvaluationError> {
    context.spend(items.len())?;
    if items.len() > PAIRWISE_ITEMS_MAX {
        let mut seen = Keys::default();
        let mut kept = Vec::with_capacity(items.len());
        for item in items {
            if seen.add(&item, context)? {
                kept.push(item);
            }
        }
        return Ok(kept);
    }
    let mut at = 0;
    while at < items.len() {
        let (kept, rest) = items.split_at(at);
        if kept
            .iter()
            .any(|other| is_same_item(other, &rest[0]) == Some(true))
        {
            items.remove(at);
        } else {
            at += 1;
        }
    }
    Ok(items)
}

/// Items by what equal ones share.
#[derive(Default)]
pub(super) struct Keys<'a>(HashSet<Cow<'a, str>>);

impl<'a> Keys<'a> {
    pub(super) fn of(items: &[Item<'a>], context: &Context<'a>) -> Result<Self, EvaluationError> {
        let mut keys = Self::default();
        for item in items {
            keys.add(item, context)?;
        }
        Ok(keys)
    }

    /// Adds an item; whether it was not there yet.
    pub(super) fn add(
        &mut self,
        item: &Item<'a>,
        context: &Context<'a>,
    ) -> Result<bool, EvaluationError> {
        let key = key(item);
        context.spend_text(key.len().min(super::context::TEXT_BYTES_MAX))?;
        Ok(self.0.insert(key))
    }

    pub(super) fn contains(
        &self,
        item: &Item<'a>,
        context: &Context<'a>,
    ) -> Result<bool, EvaluationError> {
        let key = key(item);
        context.spend_text(key.len().min(super::context::TEXT_BYTES_MAX))?;
        Ok(self.0.contains(&key))
    }
}

/// What equal items share. Begins with a mark of what it is, so that no text
/// passes for a number.
fn key<'a>(item: &Item<'a>) -> Cow<'a, str> {
    if let Item::Element(element) = item {
        let Some(node) = element.node else {
            let mut out = "-".to_owned();
            if let Some(extras) = element.extras {
                canonical(extras, false, &mut out);
            }
            return Cow::Owned(out);
        };
        let raw = node.raw();
        if node.kind() == Kind::String && !raw.contains('\\') && !element.is_temporal() {
            return Cow::Borrowed(raw);
        }
        return match element.value() {
            Some(value) => value_key(&value),
            None => {
                let mut out = String::new();
                canonical(node, false, &mut out);
                Cow::Owned(out)
            }
        };
    }
    value_key(item)
}

fn value_key<'a>(value: &Item<'_>) -> Cow<'a, str> {
    if let Some(value) = decimal(value) {
        return Cow::Owned(format!("1{}", number::normal(value)));
    }
    Cow::Owned(match value {
        Item::Boolean(value) => value.to_string(),
        Item::String(text) => format!("\"{text}\""),
        Item::Date(value) | Item::DateTime(value) => format!("@{:?}", value.key()),
        Item::Time(value) => format!("T{:?}{}", value.precision(), value.nanos_of_day()),
        Item::Quantity(quantity) => match quantity.scalar() {
            Some(value) => format!("1{}", number::normal(value)),
            None => format!("q{:?}", quantity.key()),
        },
        Item::Type(info) => format!(":{}.{}", info.namespace, info.name),
        Item::Target(target) => format!(">{}", target.definitions.get(target.type_id).name),
        _ => String::new(),
    })
}

/// A tree as text, the same for equal trees: members sorted, numbers without
/// the zeros that mean nothing. Loosely also for equivalent ones: arrays
/// sorted, texts in small letters.
fn canonical(node: Node<'_>, is_loose: bool, out: &mut String) {
    match node.kind() {
        Kind::Object => {
            out.push('{');
            for (name, value) in sorted(node) {
                let _ = write!(out, "{name:?}:");
                canonical(value, is_loose, out);
                out.push(',');
            }
            out.push('}');
        }
        Kind::Array => {
            out.push('[');
            let mut items: Vec<String> = node
                .items()
                .map(|item| {
                    let mut text = String::new();
                    canonical(item, is_loose, &mut text);
                    text
                })
                .collect();
            if is_loose {
                items.sort_unstable();
            }
            for item in items {
                out.push_str(&item);
                out.push(',');
            }
            out.push(']');
        }
        Kind::Number => match number::decimal(node.raw()) {
            Some(value) => {
                let _ = write!(out, "{}", number::normal(value));
            }
            None => out.push_str(node.raw()),
        },
        Kind::String => {
            let text = node.as_str().unwrap_or_default();
            if is_loose {
                let _ = write!(out, "{:?}", loose(&text));
            } else {
                let _ = write!(out, "{text:?}");
            }
        }
        _ => out.push_str(node.raw()),
    }
}

/// A text as equivalence sees it: small letters, one kind of space.
fn loose(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether two collections hold equivalent items, in any order.
pub(super) fn is_equivalent<'a>(
    left: &[Item<'a>],
    right: &[Item<'a>],
    context: &Context<'a>,
) -> Result<bool, EvaluationError> {
    if left.len() != right.len() {
        return Ok(false);
    }
    // First by key, in one pass; numbers that differ in their last digits only
    // are left for comparing one by one.
    let mut by_key: HashMap<String, Vec<&Item<'a>>> = HashMap::new();
    for item in right {
        let key = loose_key(item);
        context.spend_text(key.len().min(super::context::TEXT_BYTES_MAX))?;
        by_key.entry(key).or_default().push(item);
    }
    let mut unmatched = Vec::new();
    for item in left {
        let key = loose_key(item);
        context.spend_text(key.len().min(super::context::TEXT_BYTES_MAX))?;
        if by_key.get_mut(&key).and_then(Vec::pop).is_none() {
            unmatched.push(item);
        }
    }
    let mut rest: Vec<&Item<'a>> = by_key.into_values().flatten().collect();
    for item in unmatched {
        context.spend(rest.len())?;
        let Some(found) = rest
            .iter()
            .position(|other| is_equivalent_item(item, other))
        else {
            return Ok(false);
        };
        rest.swap_remove(found);
    }
    Ok(true)
}

fn loose_key(item: &Item<'_>) -> String {
    match item {
        Item::Element(element) => match (element.value(), element.node) {
            (Some(Item::String(text)), _) => format!("\"{}\"", loose(&text)),
            (Some(value), _) => value_key(&value).into_owned(),
            (None, Some(node)) => {
                let mut out = String::new();
                canonical(node, true, &mut out);
                out
            }
            (None, None) => "-".to_owned(),
        },
        Item::String(text) => format!("\"{}\"", loose(text)),
        value => value_key(value).into_owned(),
    }
}

fn is_equivalent_item(left: &Item<'_>, right: &Item<'_>) -> bool {
    let (Some(left), Some(right)) = (left.value(), right.value()) else {
        return false;
    };
    if let Some((one, other)) = numbers(&left, &right) {
        return number::is_equivalent(one, other);
    }
    if let Some((one, other)) = quantities(&left, &right) {
        return one.is_equivalent(&other);
    }
    false
}

impl Element<'_> {
    /// Whether equal values of it can be written differently.
    fn is_temporal(&self) -> bool {
        use crate::definitions::Primitive;
        matches!(
            self.primitive(),
            Some(Primitive::Date | Primitive::DateTime | Primitive::Instant | Primitive::Time)
        )
    }
}
