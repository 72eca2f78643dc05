//! What a value of limited precision may stand for.

use rust_decimal::Decimal;

use super::{Arguments, Function, just, nothing};
use crate::fhirpath::error::EvaluationError;
use crate::fhirpath::evaluate::Found;
use crate::fhirpath::item::{Collection, Item};
use crate::fhirpath::number;
use crate::fhirpath::quantity::Quantity;
use crate::fhirpath::temporal::{DateTime, OFFSET_MAX, OFFSET_MIN, Time, days_in};

/// How many digits a boundary has, when the call does not say.
const DECIMAL_DIGITS: i64 = 8;
const DATE_DIGITS: i64 = 8;
const DATE_TIME_DIGITS: i64 = 17;
const TIME_DIGITS: i64 = 9;

pub(super) fn apply<'a>(
    function: Function,
    input: Collection<'a>,
    arguments: &Arguments<'_, '_, 'a>,
) -> Found<'a> {
    let Some(item) = super::one(input)? else {
        return nothing();
    };
    let digits = arguments.integer(0)?;
    let Some(value) = item.value() else {
        return nothing();
    };
    if function == Function::Precision {
        return precision(&value);
    }
    let is_low = function == Function::LowBoundary;
    let of_decimal = |value: Decimal| {
        let digits = u32::try_from(digits.unwrap_or(DECIMAL_DIGITS)).ok()?;
        number::boundary(value, digits, is_low)
    };
    let found = match &*value {
        Item::Integer(value) | Item::Long(value) => {
            of_decimal(Decimal::from(*value)).map(Item::Decimal)
        }
        Item::Decimal(value) => of_decimal(*value).map(Item::Decimal),
        Item::Quantity(quantity) => of_decimal(quantity.value).map(|value| {
            Item::quantity(Quantity {
                value,
                unit: quantity.unit.clone(),
            })
        }),
        Item::Date(date) => {
            date_boundary(date, digits.unwrap_or(DATE_DIGITS), is_low).map(Item::Date)
        }
        Item::DateTime(date) => {
            date_boundary(date, digits.unwrap_or(DATE_TIME_DIGITS), is_low).map(Item::DateTime)
        }
        Item::Time(time) => {
            cut_time(filled_time(*time, is_low), digits.unwrap_or(TIME_DIGITS)).map(Item::Time)
        }
        _ => {
            return Err(EvaluationError::Expected(
                "a number, quantity, date or time",
            ));
        }
    };
    Ok(found.into_iter().collect())
}

fn precision<'a>(value: &Item<'_>) -> Found<'a> {
    let digits = match value {
        Item::Integer(_) | Item::Long(_) => 0,
        Item::Decimal(value) => value.scale(),
        Item::Date(date) | Item::DateTime(date) => u32::from(date.digits_written()),
        Item::Time(time) => u32::from(time.digits_written()),
        _ => return Err(EvaluationError::Expected("a number, date or time")),
    };
    just(Item::Integer(i64::from(digits)))
}

fn filled_time(time: Time, is_low: bool) -> Time {
    let (second, nanos) = if is_low { (0, 0) } else { (59, 999_000_000) };
    let has_fraction = time.digits > 0;
    Time {
        hour: time.hour,
        // FHIR has no hours without minutes: one that lacks them is on the hour.
        minute: Some(time.minute.unwrap_or(0)),
        second: Some(time.second.unwrap_or(second)),
        nanos: if has_fraction || time.second.is_some() {
            time.nanos
        } else {
            nanos
        },
        digits: 3,
    }
}

fn cut_time(time: Time, digits: i64) -> Option<Time> {
    let hour = Time {
        minute: None,
        second: None,
        nanos: 0,
        digits: 0,
        ..time
    };
    match digits {
        2 => Some(hour),
        4 => Some(Time {
            minute: time.minute,
            ..hour
        }),
        6 => Some(Time {
            nanos: 0,
            digits: 0,
            ..time
        }),
        9 => Some(time),
        _ => None,
    }
}

fn date_boundary(date: &DateTime, digits: i64, is_low: bool) -> Option<DateTime> {
    let month = date.month.unwrap_or(if is_low { 1 } else { 12 });
    let last_day = days_in(date.year, month);
    let day = date.day.unwrap_or(if is_low { 1 } else { last_day });
    let day = DateTime {
        month: Some(month),
        day: Some(day),
        ..date.date()
    };
    match digits {
        4 => Some(DateTime {
            month: None,
            day: None,
            ..day
        }),
        6 => Some(DateTime { day: None, ..day }),
        8 => Some(day),
        10 | 12 | 14 | 17 => {
            let time = match date.time {
                Some(time) => filled_time(time, is_low),
                None => Time {
                    hour: if is_low { 0 } else { 23 },
                    minute: Some(if is_low { 0 } else { 59 }),
                    ..filled_time(
                        Time {
                            hour: 0,
                            minute: None,
                            second: None,
                            nanos: 0,
                            digits: 0,
                        },
                        is_low,
                    )
                },
            };
            // The earliest moment is where the day begins first.
            let offset = date
                .offset
                .unwrap_or(if is_low { OFFSET_MAX } else { OFFSET_MIN });
            Some(DateTime {
                time: cut_time(time, digits - 8),
                offset: Some(offset),
                ..day
            })
        }
        _ => None,
    }
}
