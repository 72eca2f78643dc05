//! The parts of dates and times; nothing for a part that is not known.

use rust_decimal::Decimal;

use super::{Arguments, Function, nothing};
use crate::fhirpath::evaluate::Found;
use crate::fhirpath::item::{Collection, Item};
use crate::fhirpath::temporal::{DateTime, Time};

pub(super) fn apply<'a>(
    function: Function,
    input: Collection<'a>,
    _arguments: &Arguments<'_, '_, 'a>,
) -> Found<'a> {
    let Some(item) = super::one(input)? else {
        return nothing();
    };
    let value = item.value();
    let (date, time) = match value.as_deref() {
        Some(Item::Date(date) | Item::DateTime(date)) => (Some(*date), date.time),
        Some(Item::Time(time)) => (None, Some(*time)),
        Some(Item::String(text)) => {
            let date = DateTime::parse(text);
            (date, date.and_then(|date| date.time))
        }
        _ => (None, None),
    };
    let number = |number: u32| Item::Integer(i64::from(number));
    let of_time = |part: fn(Time) -> Option<u32>| time.and_then(part).map(number);
    let found = match function {
        Function::YearOf => date.map(|date| Item::Integer(i64::from(date.year))),
        Function::MonthOf => date
            .and_then(|date| date.month)
            .map(|month| number(month.into())),
        Function::DayOf => date.and_then(|date| date.day).map(|day| number(day.into())),
        Function::HourOf => of_time(|time| Some(time.hour.into())),
        Function::MinuteOf => of_time(|time| time.minute.map(u32::from)),
        Function::SecondOf => of_time(|time| time.second.map(u32::from)),
        Function::MillisecondOf => {
            of_time(|time| (time.digits > 0).then_some(time.nanos / 1_000_000))
        }
        Function::TimezoneOffsetOf => date
            .and_then(|date| date.offset)
            .map(|offset| Item::Decimal(Decimal::from(offset) / Decimal::from(60))),
        Function::DateOf => date.map(|date| Item::Date(date.date())),
        _ => date.and_then(|date| date.time).map(Item::Time),
    };
    Ok(found.into_iter().collect())
}
