//! From one type to another.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{Arguments, Function, boolean, is_without_value};
use crate::fhirpath::error::EvaluationError;
use crate::fhirpath::evaluate::Found;
use crate::fhirpath::item::{Collection, Item};
use crate::fhirpath::number;
use crate::fhirpath::quantity::{Quantity, Unit};
use crate::fhirpath::temporal::{DateTime, Time};

pub(super) fn apply<'a>(
    function: Function,
    input: Collection<'a>,
    arguments: &Arguments<'_, '_, 'a>,
) -> Found<'a> {
    let Some(item) = super::one(input)? else {
        return Ok(Vec::new());
    };
    if is_without_value(&item) {
        return Ok(Vec::new());
    }
    // A quantity with a comparator is no value that can be converted.
    let has_comparator = matches!(&item, Item::Element(element) if element.is_quantity()
        && element.node.is_some_and(|node| node.get("comparator").is_some()));
    if has_comparator && function == Function::ToQuantity {
        return Err(EvaluationError::Expected("a quantity without a comparator"));
    }
    let value = item.value();
    let value = value.as_deref();
    let convert = |convert: fn(&Item<'_>) -> Option<Item<'a>>| value.and_then(convert);
    let (converted, is_question) = match function {
        Function::ToBoolean => (convert(to_boolean), false),
        Function::ConvertsToBoolean => (convert(to_boolean), true),
        Function::ToInteger => (convert(to_integer), false),
        Function::ConvertsToInteger => (convert(to_integer), true),
        Function::ToLong => (convert(to_long), false),
        Function::ConvertsToLong => (convert(to_long), true),
        Function::ToDecimal => (convert(to_decimal), false),
        Function::ConvertsToDecimal => (convert(to_decimal), true),
        Function::ToString => (convert(to_text), false),
        Function::ConvertsToString => (convert(to_text), true),
        Function::ToDate => (convert(to_date), false),
        Function::ConvertsToDate => (convert(to_date), true),
        Function::ToDateTime => (convert(to_date_time), false),
        Function::ConvertsToDateTime => (convert(to_date_time), true),
        Function::ToTime => (convert(to_time), false),
        Function::ConvertsToTime => (convert(to_time), true),
        _ => {
            let mut quantity = value.and_then(to_quantity);
            if arguments.has(0) {
                let unit = arguments.text(0)?;
                quantity = match (quantity, unit) {
                    (Some(quantity), Some(unit)) => quantity.converted(Unit::from_name(&unit)),
                    _ => None,
                };
            }
            (
                quantity.map(Item::quantity),
                function == Function::ConvertsToQuantity,
            )
        }
    };
    if is_question {
        return boolean(converted.is_some());
    }
    Ok(converted.into_iter().collect())
}

fn to_boolean<'a>(item: &Item<'_>) -> Option<Item<'a>> {
    let value = match item {
        Item::Boolean(value) => *value,
        Item::Integer(1) | Item::Long(1) => true,
        Item::Integer(0) | Item::Long(0) => false,
        Item::Decimal(value) if *value == Decimal::ONE => true,
        Item::Decimal(value) if value.is_zero() => false,
        Item::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "1" | "1.0" => true,
            "false" | "f" | "no" | "n" | "0" | "0.0" => false,
            _ => return None,
        },
        _ => return None,
    };
    Some(Item::Boolean(value))
}

/// The whole number that a text or value is, within 64 bits.
fn whole(item: &Item<'_>) -> Option<i64> {
    match item {
        Item::Boolean(value) => Some(i64::from(*value)),
        Item::Integer(value) | Item::Long(value) => Some(*value),
        Item::String(text) if !text.contains('.') => number::parse(text)?.to_i64(),
        _ => None,
    }
}

fn to_integer<'a>(item: &Item<'_>) -> Option<Item<'a>> {
    let value = i32::try_from(whole(item)?).ok()?;
    Some(Item::Integer(i64::from(value)))
}

fn to_long<'a>(item: &Item<'_>) -> Option<Item<'a>> {
    whole(item).map(Item::Long)
}

fn to_decimal<'a>(item: &Item<'_>) -> Option<Item<'a>> {
    let value = match item {
        Item::Decimal(value) => *value,
        Item::String(text) => number::parse(text)?,
        other => Decimal::from(whole(other)?),
    };
    Some(Item::Decimal(value))
}

fn to_text<'a>(item: &Item<'_>) -> Option<Item<'a>> {
    text(item).map(Item::string)
}

/// A value as a text.
pub(in crate::fhirpath) fn text(item: &Item<'_>) -> Option<String> {
    Some(match item {
        Item::Boolean(value) => value.to_string(),
        Item::Integer(value) | Item::Long(value) => value.to_string(),
        Item::Decimal(value) => value.to_string(),
        Item::String(text) => text.to_string(),
        Item::Date(value) | Item::DateTime(value) => value.to_string(),
        Item::Time(value) => value.to_string(),
        Item::Quantity(value) => value.to_string(),
        Item::Element(_) | Item::Target(_) | Item::Type(_) => return None,
    })
}

fn to_date<'a>(item: &Item<'_>) -> Option<Item<'a>> {
    let date = match item {
        Item::Date(date) | Item::DateTime(date) => date.date(),
        Item::String(text) => DateTime::parse(text)?.date(),
        _ => return None,
    };
    Some(Item::Date(date))
}

fn to_date_time<'a>(item: &Item<'_>) -> Option<Item<'a>> {
    let date = match item {
        Item::Date(date) | Item::DateTime(date) => *date,
        Item::String(text) => DateTime::parse(text)?,
        _ => return None,
    };
    Some(Item::DateTime(date))
}

fn to_time<'a>(item: &Item<'_>) -> Option<Item<'a>> {
    let time = match item {
        Item::Time(time) => *time,
        Item::String(text) => Time::parse(text.strip_prefix('T').unwrap_or(text))?,
        _ => return None,
    };
    Some(Item::Time(time))
}

fn to_quantity(item: &Item<'_>) -> Option<Quantity> {
    match item {
        Item::Quantity(quantity) => Some((**quantity).clone()),
        Item::Boolean(value) => Some(Quantity::of(Decimal::from(u8::from(*value)))),
        Item::Integer(value) => Some(Quantity::of(Decimal::from(*value))),
        Item::Decimal(value) => Some(Quantity::of(*value)),
        Item::String(text) => Quantity::parse(text),
        _ => None,
    }
}
