//! Numbers: exact decimals of 28 digits.
//!
//! FHIR asks for 18 significant digits at least and FHIRPath for a range of
//! ±10²⁸ in steps of 10⁻⁸; `rust_decimal` holds both, keeps trailing zeros and
//! never rounds what it can hold. A number beyond that is no number here: an
//! operation on it gives nothing or an error, never a wrong digit.

use rust_decimal::{Decimal, MathematicalOps, RoundingStrategy};

/// The most digits after the point that a result can have.
pub(super) const DIGITS_MAX: u32 = 28;

/// Reads a number as JSON or FHIRPath writes it; `None` when it does not fit.
pub(super) fn decimal(digits: &str) -> Option<Decimal> {
    if digits.contains(['e', 'E']) {
        return Decimal::from_scientific(digits).ok();
    }
    Decimal::from_str_exact(digits).ok()
}

/// Whether a number is written as an integer.
pub(super) fn is_integer(digits: &str) -> bool {
    !digits.contains(['.', 'e', 'E'])
}

/// Reads `[+-]?digits(.digits)?`, which is what texts convert from.
pub(super) fn parse(text: &str) -> Option<Decimal> {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = match bare.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (bare, None),
    };
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (is_digits(whole) && fraction.is_none_or(is_digits))
        .then(|| decimal(text.strip_prefix('+').unwrap_or(text)))
        .flatten()
}

/// A number without the zeros that mean nothing.
pub(super) fn normal(value: Decimal) -> Decimal {
    value.normalize()
}

/// Rounds half away from zero.
pub(super) fn round(value: Decimal, digits: u32) -> Decimal {
    value.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero)
}

/// Exactly that many digits after the point, zeros added or digits cut off.
pub(super) fn with_digits(value: Decimal, digits: u32) -> Option<Decimal> {
    let mut value = value.trunc_with_scale(digits);
    value.rescale(digits);
    (value.scale() == digits).then_some(value)
}

/// Two numbers, the same when rounded to the digits of the less precise one.
pub(super) fn is_equivalent(one: Decimal, other: Decimal) -> bool {
    let digits = normal(one).scale().min(normal(other).scale());
    round(one, digits) == round(other, digits)
}

/// The bounds of what a written number may stand for: half a unit of its last
/// digit up or down, to a number of digits. Shorter than that, the lower bound
/// of a positive number is cut off and the upper one rounded; a negative
/// number mirrors it.
pub(super) fn boundary(value: Decimal, digits: u32, is_low: bool) -> Option<Decimal> {
    if digits > DIGITS_MAX {
        return None;
    }
    let half = Decimal::try_new(5, value.scale() + 1).ok()?;
    let size = value.abs();
    let is_outward = value.is_zero() || is_low == value.is_sign_negative();
    let bound = if is_outward {
        round(size.checked_add(half)?, digits)
    } else {
        size.checked_sub(half)?
    };
    let mut bound = with_digits(bound, digits)?;
    if value.is_sign_negative() || (value.is_zero() && is_low) {
        bound.set_sign_negative(!bound.is_zero());
    }
    Some(bound)
}

/// The square root; nothing of a negative number.
pub(super) fn sqrt(value: Decimal) -> Option<Decimal> {
    value.sqrt().map(settled)
}

/// e to a power.
pub(super) fn exp(value: Decimal) -> Option<Decimal> {
    let tolerance = Decimal::try_new(1, DIGITS_MAX).ok()?;
    value.checked_exp_with_tolerance(tolerance).map(settled)
}

/// The natural logarithm; nothing of zero and below.
pub(super) fn ln(value: Decimal) -> Option<Decimal> {
    value.checked_ln().map(settled)
}

/// The logarithm to a base.
pub(super) fn log(value: Decimal, base: Decimal) -> Option<Decimal> {
    let quotient = value.checked_ln()?.checked_div(base.checked_ln()?)?;
    Some(settled(quotient))
}

/// A power: exact for whole exponents; nothing of a negative number to a
/// broken exponent.
pub(super) fn power(base: Decimal, exponent: Decimal) -> Option<Decimal> {
    if exponent.fract().is_zero() {
        return base.checked_powi(i64::try_from(exponent).ok()?);
    }
    if base.is_sign_negative() {
        return None;
    }
    if exponent == Decimal::new(5, 1) {
        return sqrt(base);
    }
    base.checked_powd(exponent).map(settled)
}

/// Digits that iterations can be trusted for.
const DIGITS_SETTLED: u32 = 15;

/// What an iteration gave, without the last digits that it does not settle.
fn settled(value: Decimal) -> Decimal {
    normal(round(value, DIGITS_SETTLED))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        parse(text).expect(text)
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        for text in [
            "0",
            "-1.50",
            "79228162514264337593543950335",
            "0.0000000000000000000000000001",
        ] {
            assert_eq!(number(text).to_string(), text);
        }
        for text in [
            "",
            "+",
            "1.",
            ".5",
            "1e3",
            "79228162514264337593543950336",
            "0.00000000000000000000000000001",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(decimal("1.5e3"), Some(number("1500")));
    }

    #[test]
    fn bounds_are_half_a_digit_away() {
        for (value, digits, low, high) in [
            ("1.587", 8, "1.58650000", "1.58750000"),
            ("-1.587", 2, "-1.59", "-1.58"),
            ("1", 0, "0", "2"),
            ("0", 2, "-0.50", "0.50"),
            ("120", 2, "119.50", "120.50"),
        ] {
            let bound =
                |is_low| boundary(number(value), digits, is_low).map(|bound| bound.to_string());
            assert_eq!(
                (bound(true).as_deref(), bound(false).as_deref()),
                (Some(low), Some(high))
            );
        }
        assert!(boundary(number("1"), DIGITS_MAX, true).is_some());
        assert!(boundary(number("1"), DIGITS_MAX + 1, true).is_none());
    }

    #[test]
    fn functions_are_exact_where_they_can_be() {
        let root = sqrt(number("10.89"));
        assert_eq!(root, Some(number("3.3")));
        assert_eq!(sqrt(number("-1")), None);
        assert_eq!(exp(number("0")), Some(number("1")));
        assert_eq!(log(number("16"), number("2")), Some(number("4")));
        assert_eq!(power(number("2.5"), number("2")), Some(number("6.25")));
        assert_eq!(power(number("-1"), number("0.5")), None);
        assert_eq!(power(number("10"), number("100")), None);
    }
}
