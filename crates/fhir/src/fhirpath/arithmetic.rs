//! Signs, sums and products: of numbers, quantities, texts and dates.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::context::Context;
use super::equality::{decimal, numbers, quantities};
use super::error::EvaluationError;
use super::evaluate::Found;
use super::expression::Operator;
use super::item::{Collection, Element, Item};
use super::quantity::{Calendar, Quantity};
use super::temporal::{DateTime, Precision, Time};

const NANOS_PER_MILLISECOND: i128 = 1_000_000;

/// One item as an integer.
pub(super) fn integer(item: &Item<'_>) -> Result<i64, EvaluationError> {
    match item.value().as_deref() {
        Some(Item::Integer(value) | Item::Long(value)) => Ok(*value),
        _ => Err(EvaluationError::Expected("an integer")),
    }
}

/// `+` or `-` before a number or quantity.
pub(super) fn sign(is_negative: bool, items: Collection<'_>) -> Found<'_> {
    let value = match &items[..] {
        [] => return Ok(items),
        [item] => item.value().map(std::borrow::Cow::into_owned),
        _ => return Err(EvaluationError::NotSingle),
    };
    let negated =
        match value {
            Some(
                value @ (Item::Integer(_) | Item::Long(_) | Item::Decimal(_) | Item::Quantity(_)),
            ) if !is_negative => Some(value),
            Some(Item::Integer(value)) => value.checked_neg().map(Item::Integer),
            Some(Item::Long(value)) => value.checked_neg().map(Item::Long),
            Some(Item::Decimal(value)) => Some(Item::Decimal(-value)),
            Some(Item::Quantity(quantity)) => Some(Item::quantity(Quantity {
                value: -quantity.value,
                unit: quantity.unit,
            })),
            _ => return Err(EvaluationError::Expected("a number")),
        };
    Ok(negated.into_iter().collect())
}

fn symbol(operator: Operator) -> &'static str {
    match operator {
        Operator::Times => "*",
        Operator::Divide => "/",
        Operator::Div => "div",
        Operator::Mod => "mod",
        Operator::Plus => "+",
        Operator::Minus => "-",
        _ => "&",
    }
}

/// Applies an operator of arithmetic. What overflows gives nothing.
pub(super) fn operate<'a>(
    operator: Operator,
    left: &[Item<'a>],
    right: &[Item<'a>],
    context: &Context<'a>,
) -> Found<'a> {
    if left.len() > 1 || right.len() > 1 {
        return Err(EvaluationError::NotSingle);
    }
    if operator == Operator::Concatenate {
        let (left, right) = (concatenated(left)?, concatenated(right)?);
        context.spend_text(left.len() + right.len())?;
        return Ok(vec![Item::string(left + &right)]);
    }
    let ([left], [right]) = (left, right) else {
        return Ok(Vec::new());
    };
    let has_no_value = |item: &Item<'_>| matches!(item, Item::Element(Element { node: None, .. }));
    if has_no_value(left) || has_no_value(right) {
        return Ok(Vec::new());
    }
    let refused = EvaluationError::Operands(symbol(operator));
    let (Some(left), Some(right)) = (left.value(), right.value()) else {
        return Err(refused);
    };
    let (left, right) = (&*left, &*right);
    let result = match (operator, left, right) {
        (Operator::Plus, Item::String(one), Item::String(other)) => {
            context.spend_text(one.len() + other.len())?;
            Some(Item::string(format!("{one}{other}")))
        }
        (
            Operator::Plus | Operator::Minus,
            Item::Date(_) | Item::DateTime(_) | Item::Time(_),
            Item::Quantity(quantity),
        ) => moved(left, quantity, operator == Operator::Minus)?,
        (
            Operator::Plus,
            Item::Quantity(quantity),
            Item::Date(_) | Item::DateTime(_) | Item::Time(_),
        ) => moved(right, quantity, false)?,
        (_, Item::Quantity(_), _) | (_, _, Item::Quantity(_)) => {
            let (one, other) = quantities(left, right).ok_or(refused)?;
            of_quantities(operator, &one, &other)
        }
        _ => of_numbers(operator, left, right)?,
    };
    Ok(result.into_iter().collect())
}

/// What `&` takes: a text, or nothing for an empty one.
fn concatenated(items: &[Item<'_>]) -> Result<String, EvaluationError> {
    match items {
        [] | [Item::Element(Element { node: None, .. })] => Ok(String::new()),
        [item] => match item.value().as_deref() {
            Some(Item::String(text)) => Ok(text.to_string()),
            _ => Err(EvaluationError::Operands("&")),
        },
        _ => Err(EvaluationError::NotSingle),
    }
}

/// Nothing when the result does not fit.
fn of_numbers<'a>(
    operator: Operator,
    left: &Item<'_>,
    right: &Item<'_>,
) -> Result<Option<Item<'a>>, EvaluationError> {
    let whole = match (left, right) {
        (Item::Integer(one), Item::Integer(other)) => Some((*one, *other, false)),
        (Item::Integer(one) | Item::Long(one), Item::Integer(other) | Item::Long(other)) => {
            Some((*one, *other, true))
        }
        _ => None,
    };
    if let Some((one, other, is_long)) = whole
        && operator != Operator::Divide
    {
        let result = match operator {
            Operator::Times => one.checked_mul(other),
            Operator::Plus => one.checked_add(other),
            Operator::Minus => one.checked_sub(other),
            Operator::Div => one.checked_div(other),
            Operator::Mod => one.checked_rem(other),
            _ => None,
        };
        return Ok(result.map(if is_long { Item::Long } else { Item::Integer }));
    }
    let (one, other) = numbers(left, right).ok_or(EvaluationError::Operands(symbol(operator)))?;
    Ok(match operator {
        Operator::Times => one.checked_mul(other).map(Item::Decimal),
        Operator::Divide => one.checked_div(other).map(Item::Decimal),
        Operator::Plus => one.checked_add(other).map(Item::Decimal),
        Operator::Minus => one.checked_sub(other).map(Item::Decimal),
        Operator::Mod => one.checked_rem(other).map(Item::Decimal),
        Operator::Div => one
            .checked_div(other)
            .and_then(|quotient| quotient.trunc().to_i64())
            .map(Item::Integer),
        _ => None,
    })
}

fn of_quantities<'a>(operator: Operator, one: &Quantity, other: &Quantity) -> Option<Item<'a>> {
    let result = match operator {
        Operator::Times => one.times(other),
        Operator::Divide => one.divided_by(other),
        Operator::Plus => one.plus(other, false),
        Operator::Minus => one.plus(other, true),
        _ => {
            // Whole quotients and rests are of bare numbers.
            let (one, other) = (Item::Decimal(one.scalar()?), Item::Decimal(other.scalar()?));
            return of_numbers(operator, &one, &other).ok()?;
        }
    };
    result.map(Item::quantity)
}

/// A date or time, moved by a duration.
fn moved<'a>(
    start: &Item<'_>,
    quantity: &Quantity,
    is_back: bool,
) -> Result<Option<Item<'a>>, EvaluationError> {
    let Some((unit, is_calendar)) = quantity.duration() else {
        return Err(EvaluationError::Expected("a duration of a calendar unit"));
    };
    let value = if is_back {
        -quantity.value
    } else {
        quantity.value
    };
    // Only the seconds of the calendar have a fraction.
    let keeps_fraction = is_calendar && unit == Calendar::Second;
    let value = if keeps_fraction { value } else { value.trunc() };
    Ok(match start {
        Item::Time(_) if unit >= Calendar::Day => {
            return Err(EvaluationError::Expected("a duration within a day"));
        }
        Item::Time(time) => nanos(value, unit).map(|nanos| Item::Time(moved_time(time, nanos))),
        Item::Date(date) => moved_date(date, value, unit).map(Item::Date),
        Item::DateTime(date) => moved_date(date, value, unit).map(Item::DateTime),
        _ => None,
    })
}

/// A duration in nanoseconds.
fn nanos(value: Decimal, unit: Calendar) -> Option<i128> {
    let milliseconds = value.checked_mul(Decimal::from(unit.milliseconds()))?;
    let nanos = milliseconds.checked_mul(Decimal::from(NANOS_PER_MILLISECOND as i64))?;
    nanos.trunc().to_i128()
}

fn moved_time(time: &Time, nanos: i128) -> Time {
    let step = width(time.precision());
    time.at(time.nanos_of_day() + nanos / step * step)
}

/// A date, moved in steps of its own precision: months less than a year do
/// not move a year.
fn moved_date(date: &DateTime, value: Decimal, unit: Calendar) -> Option<DateTime> {
    let months = match unit {
        Calendar::Year => Some(value.checked_mul(Decimal::from(12))?),
        Calendar::Month => Some(value),
        _ => None,
    };
    let days = |days: i64| {
        value
            .checked_mul(Decimal::from(unit.milliseconds()))
            .and_then(|milliseconds| {
                milliseconds
                    .checked_div(Decimal::from(days * Calendar::Day.milliseconds()))?
                    .trunc()
                    .to_i64()
            })
    };
    match (date.precision(), months) {
        (Precision::Year, Some(months)) => {
            let years = (months / Decimal::from(12)).trunc().to_i64()?;
            date.plus_months(years.checked_mul(12)?)
        }
        (Precision::Year, None) => date.plus_months(days(365)?.checked_mul(12)?),
        (_, Some(months)) => date.plus_months(months.to_i64()?),
        (Precision::Month, None) => date.plus_months(days(30)?),
        (precision, None) => {
            let step = width(precision);
            date.plus_nanos(nanos(value, unit)? / step * step)
        }
    }
}

/// What the last part of a value counts, in nanoseconds.
fn width(precision: Precision) -> i128 {
    match precision {
        Precision::Second => 1,
        Precision::Minute => 60 * super::temporal::NANOS_PER_SECOND,
        Precision::Hour => 3600 * super::temporal::NANOS_PER_SECOND,
        _ => super::temporal::NANOS_PER_DAY,
    }
}

/// The sum of items, from the left; nothing when it does not fit.
pub(super) fn sum<'a>(items: &[Item<'a>], context: &Context<'a>) -> Found<'a> {
    let Some((first, rest)) = items.split_first() else {
        return Ok(Vec::new());
    };
    let mut sum = vec![first.clone()];
    for item in rest {
        context.spend(1)?;
        sum = operate(Operator::Plus, &sum, std::slice::from_ref(item), context)?;
    }
    Ok(sum)
}

/// A number divided by a count.
pub(super) fn divided<'a>(items: Collection<'a>, count: usize, context: &Context<'a>) -> Found<'a> {
    operate(Operator::Divide, &items, &[Item::count(count)], context)
}

/// The number of an item, whatever its type.
pub(super) fn number(item: &Item<'_>) -> Result<Decimal, EvaluationError> {
    item.value()
        .and_then(|value| decimal(&value))
        .ok_or(EvaluationError::Expected("a number"))
}
