//! When two items, or two collections, are the same.
//!
//! Two ways that agree: comparing two items, and a key that equal items share,
//! by which large collections are compared in one pass.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::hash_map::{Entry, RandomState};
use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::hash::BuildHasher;

use rust_decimal::Decimal;

use super::context::{BYTES_PER_STEP, Context, TEXT_BYTES_MAX};
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
pub(crate) fn is_same_item<'a>(left: &Item<'a>, right: &Item<'a>) -> Option<bool> {
    if let (Item::Element(one), Item::Element(other)) = (left, right) {
        match (one.node, other.node) {
            (Some(left), Some(right)) => {
                if left.raw() == right.raw() {
                    return Some(true);
                }
                let is_plain = |element: &Element<'_>, node: Node<'_>| {
                    node.kind() == Kind::String
                        && !node.raw().contains('\\')
                        && !element.is_temporal()
                };
                if is_plain(one, left) && is_plain(other, right) {
                    return Some(false);
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
    if let (Item::Element(element), Item::String(text))
    | (Item::String(text), Item::Element(element)) = (left, right)
        && let Some(node) = element.node
        && node.kind() == Kind::String
        && !element.is_temporal()
    {
        return Some(node.as_str().is_some_and(|own| own == *text));
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

/// Up to this many members are looked up one by one; more are sorted.
const LOOKED_UP_MEMBERS_MAX: usize = 16;

/// Deep equality; members may stand in another order, and `null` is no member.
fn is_same_node<'a>(left: Node<'a>, right: Node<'a>) -> bool {
    if left.raw() == right.raw() {
        return true;
    }
    match (left.kind(), right.kind()) {
        (Kind::Object, Kind::Object) if left.len().max(right.len()) <= LOOKED_UP_MEMBERS_MAX => {
            let is_there = |value: &Node<'_>| value.kind() != Kind::Null;
            let count =
                |node: Node<'_>| node.members().filter(|(_, value)| is_there(value)).count();
            let mut members = left.members().filter(|(_, value)| is_there(value));
            members.all(|(name, value)| {
                let other = right.get(&name).filter(is_there);
                other.is_some_and(|other| is_same_node(value, other))
            }) && count(left) == count(right)
        }
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
    if context.is_lenient() && items.iter().all(|item| source(item).is_some()) {
        distinct_as_written(&mut items);
        return Ok(items);
    }
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

/// The text that an element has in the source.
fn source<'a>(item: &Item<'a>) -> Option<&'a str> {
    match item {
        Item::Element(Element {
            node: Some(node), ..
        }) => Some(node.raw()),
        _ => None,
    }
}

/// Leaves out what is written the same as something before it. An index of
/// search values needs no more, and this is what it does most.
fn distinct_as_written(items: &mut Collection<'_>) {
    if items.len() > PAIRWISE_ITEMS_MAX {
        let mut seen = HashSet::with_capacity(items.len());
        items.retain(|item| seen.insert(source(item)));
        return;
    }
    let mut at = 1;
    while at < items.len() {
        let (kept, rest) = items.split_at(at);
        if kept.iter().any(|other| source(other) == source(&rest[0])) {
            items.remove(at);
        } else {
            at += 1;
        }
    }
}

/// A set of items. Equal items have the same digest; items with the same
/// digest are compared, and each comparison costs a step.
#[derive(Default)]
pub(super) struct Keys<'a> {
    digests: Digests,
    first: HashMap<u64, Item<'a>>,
    /// Items whose digest another one has already.
    others: HashMap<u64, Vec<Item<'a>>>,
}

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
        context.spend(weight(item))?;
        let digest = self.digests.of(item);
        if self.is_there(digest, item, context)? {
            return Ok(false);
        }
        match self.first.entry(digest) {
            Entry::Vacant(place) => {
                place.insert(item.clone());
            }
            Entry::Occupied(_) => self.others.entry(digest).or_default().push(item.clone()),
        }
        Ok(true)
    }

    pub(super) fn contains(
        &self,
        item: &Item<'a>,
        context: &Context<'a>,
    ) -> Result<bool, EvaluationError> {
        context.spend(weight(item))?;
        self.is_there(self.digests.of(item), item, context)
    }

    fn is_there(
        &self,
        digest: u64,
        item: &Item<'a>,
        context: &Context<'a>,
    ) -> Result<bool, EvaluationError> {
        let Some(first) = self.first.get(&digest) else {
            return Ok(false);
        };
        if is_same_item(first, item) == Some(true) {
            return Ok(true);
        }
        let others = self.others.get(&digest).map_or(&[][..], Vec::as_slice);
        context.spend(others.len())?;
        Ok(others
            .iter()
            .any(|other| is_same_item(other, item) == Some(true)))
    }
}

/// What looking at a whole item costs, in steps.
fn weight(item: &Item<'_>) -> usize {
    match item {
        Item::Element(Element {
            node: Some(node), ..
        }) => 1 + node.span().len() / BYTES_PER_STEP,
        Item::String(text) => 1 + text.len() / BYTES_PER_STEP,
        _ => 1,
    }
}

/// Digests under a random key, so that nobody can make them meet on purpose.
/// Those that meet all the same are compared, and pay for it.
struct Digests(u64);

impl Default for Digests {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0_u8) | 1)
    }
}

/// An odd number with its bits well spread.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

impl Digests {
    fn of(&self, item: &Item<'_>) -> u64 {
        let Item::Element(element) = item else {
            return self.of_value(item);
        };
        let Some(node) = element.node else {
            return element.extras.map_or(0, |extras| self.of_node(extras));
        };
        if node.kind() == Kind::String && !element.is_temporal() {
            return self.of_node(node);
        }
        match element.value() {
            Some(value) => self.of_value(&value),
            None => self.of_node(node),
        }
    }

    fn of_text(&self, text: &str) -> u64 {
        let mut state = self.0 ^ text.len() as u64;
        for chunk in text.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            state = self.mixed(state, u64::from_le_bytes(word));
        }
        state
    }

    fn mixed(&self, state: u64, word: u64) -> u64 {
        (state.rotate_left(23) ^ word)
            .wrapping_mul(SPREAD)
            .wrapping_add(self.0)
            ^ (state >> 29)
    }

    fn of_number(&self, value: Decimal) -> u64 {
        let value = number::normal(value);
        let mantissa = value.mantissa();
        let state = self.mixed(u64::from(value.scale()), mantissa as u64);
        self.mixed(state, (mantissa >> 64) as u64)
    }

    fn of_value(&self, value: &Item<'_>) -> u64 {
        match value {
            Item::String(text) => self.of_text(text),
            Item::Boolean(value) => self.mixed(1, u64::from(*value)),
            _ => match decimal(value) {
                Some(value) => self.of_number(value),
                None => self.of_text(&value_key(value)),
            },
        }
    }

    fn of_node(&self, node: Node<'_>) -> u64 {
        match node.kind() {
            // Members in any order: a sum has none.
            Kind::Object => node
                .members()
                .filter(|(_, value)| value.kind() != Kind::Null)
                .map(|(name, value)| self.mixed(self.of_text(&name), self.of_node(value)))
                .fold(1, u64::wrapping_add),
            Kind::Array => node
                .items()
                .fold(2, |state, item| self.mixed(state, self.of_node(item))),
            Kind::Number => match number::decimal(node.raw()) {
                Some(value) => self.of_number(value),
                None => self.of_text(node.raw()),
            },
            Kind::String => self.of_text(&node.as_str().unwrap_or_default()),
            Kind::Bool => self.mixed(1, u64::from(node.as_bool() == Some(true))),
            Kind::Null => 0,
        }
    }
}

/// A value as text, the same for equal values. Begins with a mark of what it
/// is, so that no text passes for a number.
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

/// A tree as text, the same for equivalent trees: members and arrays sorted,
/// numbers without the zeros that mean nothing, texts in small letters.
fn canonical(node: Node<'_>, out: &mut String) {
    match node.kind() {
        Kind::Object => {
            out.push('{');
            for (name, value) in sorted(node) {
                let _ = write!(out, "{name:?}:");
                canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Kind::Array => {
            let mut items: Vec<String> = node
                .items()
                .map(|item| {
                    let mut text = String::new();
                    canonical(item, &mut text);
                    text
                })
                .collect();
            items.sort_unstable();
            out.push('[');
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
            let _ = write!(out, "{:?}", loose(&node.as_str().unwrap_or_default()));
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
        context.spend_text(key.len().min(TEXT_BYTES_MAX))?;
        by_key.entry(key).or_default().push(item);
    }
    let mut unmatched = Vec::new();
    for item in left {
        let key = loose_key(item);
        context.spend_text(key.len().min(TEXT_BYTES_MAX))?;
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
                canonical(node, &mut out);
                out
            }
            (None, None) => "-".to_owned(),
        },
        Item::String(text) => format!("\"{}\"", loose(text)),
        value => value_key(value).into_owned(),
    }
}

fn is_equivalent_item(left: &Item<'_>, right: &Item<'_>) -> bool {
    if let (
        Item::Element(Element {
            node: Some(left), ..
        }),
        Item::Element(Element {
            node: Some(right), ..
        }),
    ) = (left, right)
        && left.kind() == Kind::Object
        && is_equivalent_node(*left, *right)
    {
        return true;
    }
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

/// Deep equivalence. Arrays are put in order first, so that each item is
/// compared with one other.
fn is_equivalent_node<'a>(left: Node<'a>, right: Node<'a>) -> bool {
    match (left.kind(), right.kind()) {
        (Kind::Object, Kind::Object) => {
            let (left, right) = (sorted(left), sorted(right));
            left.len() == right.len()
                && left
                    .into_iter()
                    .zip(right)
                    .all(|(left, right)| left.0 == right.0 && is_equivalent_node(left.1, right.1))
        }
        (Kind::Array, Kind::Array) => {
            let in_order = |node: Node<'a>| {
                let mut items: Vec<(String, Node<'a>)> = node
                    .items()
                    .map(|item| {
                        let mut text = String::new();
                        canonical(item, &mut text);
                        (text, item)
                    })
                    .collect();
                items.sort_unstable_by(|one, other| one.0.cmp(&other.0));
                items
            };
            left.len() == right.len()
                && in_order(left)
                    .into_iter()
                    .zip(in_order(right))
                    .all(|(left, right)| is_equivalent_node(left.1, right.1))
        }
        (Kind::String, Kind::String) => {
            let text = |node: Node<'_>| node.as_str().map(|text| loose(&text));
            text(left) == text(right)
        }
        (Kind::Number, Kind::Number) => {
            let numbers = number::decimal(left.raw()).zip(number::decimal(right.raw()));
            numbers.is_some_and(|(one, other)| number::is_equivalent(one, other))
        }
        _ => left.raw() == right.raw(),
    }
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
