//! Mathematics on one number, or on the number of one quantity.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{Arguments, Function, is_without_value, just, nothing};
use crate::fhirpath::arithmetic;
use crate::fhirpath::error::EvaluationError;
use crate::fhirpath::evaluate::Found;
use crate::fhirpath::item::{Collection, Item};
use crate::fhirpath::number;
use crate::fhirpath::quantity::Quantity;

pub(super) fn apply<'a>(
    function: Function,
    input: Collection<'a>,
    arguments: &Arguments<'_, '_, 'a>,
) -> Found<'a> {
    let Some(item) = super::one(input)? else {
        return nothing();
    };
    let argument = arguments.item(0)?;
    if is_without_value(&item) {
        return nothing();
    }
    let argument = match argument.filter(|argument| !is_without_value(argument)) {
        Some(argument) => Some(arithmetic::number(&argument)?),
        None if matches!(function, Function::Log | Function::Power) => return nothing(),
        None => None,
    };
    let digits = match argument {
        None => Some(0),
        Some(digits) => digits.to_u32().filter(|_| digits.is_integer()),
    };
    if function == Function::Round && digits.is_none() {
        return Err(EvaluationError::Expected("a number of digits"));
    }
    let digits = digits.unwrap_or(0).min(number::DIGITS_MAX);
    let value = item.value();
    let shape: Option<fn(Decimal, u32) -> Decimal> = match function {
        Function::Abs => Some(|value, _| value.abs()),
        Function::Ceiling => Some(|value, _| value.ceil()),
        Function::Floor => Some(|value, _| value.floor()),
        Function::Truncate => Some(|value, _| value.trunc()),
        Function::Round => Some(number::round),
        _ => None,
    };
    if let Some(shape) = shape {
        let keeps_fraction = matches!(function, Function::Abs | Function::Round);
        return match value.as_deref() {
            Some(Item::Quantity(quantity)) => just(Item::quantity(Quantity {
                value: shape(quantity.value, digits),
                unit: quantity.unit.clone(),
            })),
            Some(Item::Integer(value)) => Ok(whole(*value, function)
                .map(Item::Integer)
                .into_iter()
                .collect()),
            Some(Item::Long(value)) => Ok(whole(*value, function)
                .map(Item::Long)
                .into_iter()
                .collect()),
            Some(Item::Decimal(value)) => {
                let result = shape(*value, digits);
                match result.to_i64().filter(|_| !keeps_fraction) {
                    Some(integer) => just(Item::Integer(integer)),
                    None => just(Item::Decimal(result)),
                }
            }
            _ => Err(EvaluationError::Expected("a number")),
        };
    }
    let value = arithmetic::number(&item)?;
    let result = match (function, argument) {
        (Function::Exp, _) => number::exp(value),
        (Function::Ln, _) => number::ln(value),
        (Function::Sqrt, _) => number::sqrt(value),
        (Function::Log, Some(base)) => number::log(value, base),
        (_, Some(exponent)) => {
            let result = number::power(value, exponent);
            // Whole numbers stay whole.
            let is_whole = matches!(item.value().as_deref(), Some(Item::Integer(_)));
            if let Some(integer) = result
                .filter(|result| is_whole && result.is_integer())
                .and_then(|result| result.to_i64())
            {
                return just(Item::Integer(integer));
            }
            result
        }
        _ => None,
    };
    Ok(result.map(Item::Decimal).into_iter().collect())
}

/// Whole numbers are their own rounding; only `abs` changes them.
fn whole(value: i64, function: Function) -> Option<i64> {
    if function == Function::Abs {
        value.checked_abs()
    } else {
        Some(value)
    }
}
