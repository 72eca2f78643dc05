//! Quantities: a number with a unit of UCUM or a calendar duration.

use std::cmp::Ordering;
use std::fmt;

use octofhir_ucum::{AdvancedConversionContext, Number, analyse, convert_with_context};
use rust_decimal::Decimal;

use super::number;

/// How long a unit may be, in bytes. Real ones have a dozen.
pub const UNIT_BYTES_MAX: usize = 200;

/// A number with a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// The number.
    pub value: Decimal,
    /// The unit.
    pub unit: Unit,
}

/// The unit of a quantity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// A calendar duration, such as `year`.
    Calendar(Calendar),
    /// A unit of UCUM, such as `kg`; `1` for a bare number.
    Ucum(String),
    /// A UCUM duration in a FHIR Quantity, which FHIR also takes for the
    /// calendar duration of that name: `a` for `year`.
    Either(Calendar),
}

macro_rules! calendar {
    ($($variant:ident $singular:literal $plural:literal $ucum:literal $milliseconds:literal)*) => {
        /// A calendar duration.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Calendar { $(#[doc = $singular] $variant),* }

        impl Calendar {
            /// From `year` or `years` and the like.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($singular | $plural => Some(Self::$variant),)* _ => None }
            }

            /// `year`, for one of them.
            pub fn name(self) -> &'static str {
                self.word(true)
            }

            pub(super) fn from_ucum(code: &str) -> Option<Self> {
                match code { $($ucum => Some(Self::$variant),)* _ => None }
            }

            fn word(self, is_one: bool) -> &'static str {
                match self { $(Self::$variant => if is_one { $singular } else { $plural },)* }
            }

            fn ucum(self) -> &'static str {
                match self { $(Self::$variant => $ucum,)* }
            }

            /// Its length as FHIRPath converts it: a year is 365 days, a month 30.
            pub(super) fn milliseconds(self) -> i64 {
                match self { $(Self::$variant => $milliseconds,)* }
            }
        }
    };
}

// Shortest first, so that the smaller one is the finer unit.
calendar! {
    Millisecond "millisecond" "milliseconds" "ms" 1
    Second "second" "seconds" "s" 1_000
    Minute "minute" "minutes" "min" 60_000
    Hour "hour" "hours" "h" 3_600_000
    Day "day" "days" "d" 86_400_000
    Week "week" "weeks" "wk" 604_800_000
    Month "month" "months" "mo" 2_592_000_000
    Year "year" "years" "a" 31_536_000_000
}

impl Calendar {
    /// Whether its length is not that of the UCUM unit of the same name.
    pub(super) fn is_uneven(self) -> bool {
        self >= Self::Month
    }

    /// How many of another duration it is, as a fraction: 12 months in a year,
    /// 30 days in a month.
    fn in_units_of(self, other: Self) -> (Decimal, Decimal) {
        let size = |one: Self| match (one, self.is_uneven() && other.is_uneven()) {
            (Self::Year, true) => 12,
            (_, true) => 1,
            (one, false) => one.milliseconds(),
        };
        (Decimal::from(size(self)), Decimal::from(size(other)))
    }
}

impl Unit {
    /// The unit of bare numbers.
    pub fn one() -> Self {
        Self::Ucum("1".to_owned())
    }

    /// From the argument of `toQuantity`: a calendar word or a UCUM code.
    pub(super) fn from_name(name: &str) -> Self {
        Calendar::from_word(name).map_or_else(|| Self::Ucum(name.to_owned()), Self::Calendar)
    }

    /// Its code in UCUM; calendar durations have none.
    fn ucum(&self) -> Option<&str> {
        match self {
            Self::Calendar(_) => None,
            Self::Ucum(code) => Some(code),
            Self::Either(calendar) => Some(calendar.ucum()),
        }
    }

    fn is_dimensionless(&self) -> bool {
        match self {
            Self::Ucum(code) => {
                code == "1"
                    || analysis(code)
                        .is_some_and(|unit| unit.is_dimensionless && unit.special.is_none())
            }
            _ => false,
        }
    }

    /// Units such as `Cel` and `B` that take no part in arithmetic.
    fn is_special(&self) -> bool {
        self.ucum()
            .and_then(analysis)
            .is_some_and(|unit| unit.special.is_some())
    }
}

fn analysis(code: &str) -> Option<octofhir_ucum::UnitAnalysis> {
    (code.len() <= UNIT_BYTES_MAX)
        .then(|| analyse(code).ok())
        .flatten()
}

/// How a value in one unit becomes one in another: times the factor, plus the offset.
struct Conversion {
    factor: Decimal,
    /// Keeps calendar durations exact: a month is 1 / 12 of a year.
    divisor: Decimal,
    offset: Decimal,
}

impl Conversion {
    const SAME: Self = Self {
        factor: Decimal::ONE,
        divisor: Decimal::ONE,
        offset: Decimal::ZERO,
    };

    fn apply(&self, value: Decimal) -> Option<Decimal> {
        let value = value.checked_mul(self.factor)?;
        value.checked_div(self.divisor)?.checked_add(self.offset)
    }

    /// How large one of the first unit is in the second.
    fn size(&self) -> Decimal {
        (self.factor / self.divisor).abs()
    }
}

/// The rule from one unit to another, if there is one.
fn conversion(from: &Unit, to: &Unit) -> Option<Conversion> {
    if from == to {
        return Some(Conversion::SAME);
    }
    let by = |(factor, divisor)| Conversion {
        factor,
        divisor,
        offset: Decimal::ZERO,
    };
    match (from, to) {
        (Unit::Calendar(from), Unit::Calendar(to) | Unit::Either(to))
        | (Unit::Either(from), Unit::Calendar(to)) => Some(by(from.in_units_of(*to))),
        // Up to weeks, calendar durations and those of UCUM are the same.
        (Unit::Calendar(calendar), Unit::Ucum(code)) => {
            let other = Calendar::from_ucum(code)?;
            let is_even = !calendar.is_uneven() && !other.is_uneven();
            is_even.then(|| by(calendar.in_units_of(other)))
        }
        (Unit::Ucum(code), Unit::Calendar(calendar)) => {
            let other = Calendar::from_ucum(code)?;
            let is_even = !calendar.is_uneven() && !other.is_uneven();
            is_even.then(|| by(other.in_units_of(*calendar)))
        }
        _ => {
            let (from, to) = (from.ucum()?, to.ucum()?);
            if from == to {
                return Some(Conversion::SAME);
            }
            if from.len().max(to.len()) > UNIT_BYTES_MAX {
                return None;
            }
            let context = AdvancedConversionContext::default();
            let found = convert_with_context(1.0, from, to, &context).ok()?;
            Some(Conversion {
                factor: exact(found.factor?)?,
                divisor: Decimal::ONE,
                offset: exact(found.offset?)?,
            })
        }
    }
}

/// A factor of UCUM as a decimal, when it fits one.
fn exact(factor: Number) -> Option<Decimal> {
    let (integer, exponent) = factor.to_integer_and_exponent();
    let scale = exponent.min(0).unsigned_abs().min(number::DIGITS_MAX);
    let value = Decimal::try_from_i128_with_scale(integer, scale).ok()?;
    let rest = power_of_ten(exponent.saturating_add(scale as i32).unsigned_abs())?;
    if exponent < 0 {
        value.checked_div(rest)
    } else {
        value.checked_mul(rest)
    }
}

/// A power of ten, when it fits.
fn power_of_ten(exponent: u32) -> Option<Decimal> {
    (0..exponent).try_fold(Decimal::ONE, |power, _| power.checked_mul(Decimal::TEN))
}

impl Quantity {
    /// A bare number.
    pub fn of(value: Decimal) -> Self {
        Self {
            value,
            unit: Unit::one(),
        }
    }

    /// Reads what `toQuantity` takes: a number and, if any, a quoted unit of
    /// UCUM or a calendar word.
    pub fn parse(text: &str) -> Option<Self> {
        let end = text
            .find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-'))
            .unwrap_or(text.len());
        let value = number::parse(&text[..end])?;
        let rest = text[end..].trim_start();
        let unit = if rest.is_empty() {
            Unit::one()
        } else if let Some(quoted) = rest.strip_prefix('\'') {
            Unit::Ucum(
                quoted
                    .strip_suffix('\'')
                    .filter(|code| !code.is_empty())?
                    .to_owned(),
            )
        } else if end < text.len() - rest.len() {
            Unit::Calendar(Calendar::from_word(rest)?)
        } else {
            return None;
        };
        Some(Self { value, unit })
    }

    /// The same in another unit, when there is a rule.
    pub(super) fn converted(&self, unit: Unit) -> Option<Self> {
        let value = conversion(&self.unit, &unit)?.apply(self.value)?;
        Some(Self { value, unit })
    }

    /// Both values in the finer of the two units, and that unit.
    fn common(&self, other: &Self) -> Option<(Decimal, Decimal, Unit)> {
        let back = conversion(&other.unit, &self.unit)?;
        if back.size() <= Decimal::ONE {
            let forth = conversion(&self.unit, &other.unit)?;
            return Some((forth.apply(self.value)?, other.value, other.unit.clone()));
        }
        Some((self.value, back.apply(other.value)?, self.unit.clone()))
    }

    /// Whether there is a rule to compare the two.
    pub(super) fn is_comparable(&self, other: &Self) -> bool {
        conversion(&self.unit, &other.unit).is_some()
    }

    /// Their order; `None` without a rule.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        if self.unit == other.unit {
            return Some(self.value.cmp(&other.value));
        }
        let (one, two, _) = self.common(other)?;
        // A conversion may leave its rounding behind, in the last digits.
        let digits = number::DIGITS_MAX - 6;
        let digits = digits.saturating_sub(whole_digits(one.abs().max(two.abs())));
        Some(number::round(one, digits).cmp(&number::round(two, digits)))
    }

    /// Whether they are the same to the precision of the less precise one. Here
    /// the years and months of the calendar and of UCUM count as the same.
    pub fn is_equivalent(&self, other: &Self) -> bool {
        let (one, two) = (self.as_calendar_if(other), other.as_calendar_if(self));
        let (Some(forth), Some(back)) = (
            conversion(&one.unit, &two.unit),
            conversion(&two.unit, &one.unit),
        ) else {
            return false;
        };
        // In the finer unit, how much the last digit of each is worth there.
        let step = |quantity: &Self, factor: Decimal| {
            let digits = number::normal(quantity.value).scale();
            Decimal::try_new(1, digits).ok()?.checked_mul(factor)
        };
        let compared = if back.size() <= Decimal::ONE {
            (
                forth.apply(one.value),
                Some(two.value),
                step(&one, forth.size()),
                step(&two, Decimal::ONE),
            )
        } else {
            (
                Some(one.value),
                back.apply(two.value),
                step(&one, Decimal::ONE),
                step(&two, back.size()),
            )
        };
        let (Some(left), Some(right), Some(left_step), Some(right_step)) = compared else {
            return false;
        };
        let step = power_of_ten_below(left_step.max(right_step));
        let rounded = |value: Decimal| value.checked_div(step).map(|value| number::round(value, 0));
        rounded(left) == rounded(right)
    }

    /// As a calendar duration, when the other one is: for equivalence.
    fn as_calendar_if(&self, other: &Self) -> Self {
        let unit = match (&self.unit, &other.unit) {
            (Unit::Ucum(code), Unit::Calendar(_)) => Calendar::from_ucum(code).map(Unit::Calendar),
            _ => None,
        };
        Self {
            value: self.value,
            unit: unit.unwrap_or_else(|| self.unit.clone()),
        }
    }

    /// The sum, or the difference, in the finer unit.
    pub(super) fn plus(&self, other: &Self, is_minus: bool) -> Option<Self> {
        if self.unit.is_special() || other.unit.is_special() {
            return None;
        }
        let (one, two, unit) = self.common(other)?;
        let value = if is_minus {
            one.checked_sub(two)?
        } else {
            one.checked_add(two)?
        };
        let unit = match (unit, &self.unit, &other.unit) {
            // What was added to a unit of UCUM is no calendar duration any more.
            (Unit::Either(calendar), Unit::Ucum(_), _)
            | (Unit::Either(calendar), _, Unit::Ucum(_)) => Unit::Ucum(calendar.ucum().to_owned()),
            (Unit::Either(calendar), Unit::Calendar(_), _)
            | (Unit::Either(calendar), _, Unit::Calendar(_)) => Unit::Calendar(calendar),
            (unit, ..) => unit,
        };
        Some(Self { value, unit })
    }

    /// The product.
    pub(super) fn times(&self, other: &Self) -> Option<Self> {
        if let Some(other) = other.scalar() {
            return self.scaled(other);
        }
        if let Some(one) = self.scalar() {
            return other.scaled(one);
        }
        let unit = octofhir_ucum::unit_multiply(self.unit.ucum()?, other.unit.ucum()?).ok()?;
        Some(Self {
            value: self.value.checked_mul(other.value)?,
            unit: Unit::Ucum(unit.expression),
        })
    }

    /// The quotient; nothing for zero.
    pub(super) fn divided_by(&self, other: &Self) -> Option<Self> {
        if let Some(other) = other.scalar() {
            return self
                .scaled(Decimal::ONE.checked_div(other)?)
                .and_then(|scaled| {
                    let value = self.value.checked_div(other)?;
                    Some(Self { value, ..scaled })
                });
        }
        let (one, two) = (self.unit.ucum()?, other.unit.ucum()?);
        let value = self.value.checked_div(other.value)?;
        let unit = if one == two && !self.unit.is_special() {
            "1".to_owned()
        } else {
            octofhir_ucum::unit_divide(one, two).ok()?.expression
        };
        Some(Self {
            value,
            unit: Unit::Ucum(unit),
        })
    }

    /// Its value when it is a bare number.
    pub(super) fn scalar(&self) -> Option<Decimal> {
        if !self.unit.is_dimensionless() {
            return None;
        }
        self.converted(Unit::one()).map(|quantity| quantity.value)
    }

    fn scaled(&self, factor: Decimal) -> Option<Self> {
        if self.unit.is_special() {
            return None;
        }
        Some(Self {
            value: self.value.checked_mul(factor)?,
            unit: self.unit.clone(),
        })
    }

    /// The calendar duration that it adds to a date: UCUM's up to weeks, and
    /// quoted words, count; its years and months do not.
    pub(super) fn duration(&self) -> Option<(Calendar, bool)> {
        match &self.unit {
            Unit::Calendar(calendar) | Unit::Either(calendar) => Some((*calendar, true)),
            Unit::Ucum(code) => Calendar::from_word(code)
                .map(|calendar| (calendar, true))
                .or_else(|| {
                    Calendar::from_ucum(code)
                        .filter(|calendar| !calendar.is_uneven())
                        .map(|calendar| (calendar, false))
                }),
        }
    }

    /// What equal quantities share: a dimension and the value in its base units.
    pub(super) fn key(&self) -> (String, Decimal) {
        let as_is = || (format!("?{}", self.unit), number::normal(self.value));
        let of_calendar = |calendar: Calendar| {
            let base = if calendar.is_uneven() {
                Calendar::Month
            } else {
                Calendar::Millisecond
            };
            let dimension = if calendar.is_uneven() { "months" } else { "T" };
            let (factor, divisor) = calendar.in_units_of(base);
            let value = self.value.checked_mul(factor)?.checked_div(divisor)?;
            let value = if calendar.is_uneven() {
                value
            } else {
                value.checked_div(Decimal::ONE_THOUSAND)?
            };
            Some((
                dimension.to_owned(),
                number::normal(number::round(value, 18)),
            ))
        };
        match &self.unit {
            Unit::Calendar(calendar) | Unit::Either(calendar) => {
                of_calendar(*calendar).unwrap_or_else(as_is)
            }
            Unit::Ucum(code) => {
                let in_base_units = || {
                    let unit = analysis(code)?;
                    let factor = exact(unit.factor.checked_mul(unit.scale)?)?;
                    let value = factor
                        .checked_mul(self.value)?
                        .checked_add(exact(unit.offset)?)?;
                    let is_linear = unit.special.is_none() || !unit.offset.is_zero();
                    is_linear.then(|| {
                        let dimension = format!("{}{:?}", unit.dimension, unit.arbitrary);
                        let dimension = if dimension == "T[]" {
                            "T".to_owned()
                        } else {
                            dimension
                        };
                        (dimension, number::normal(number::round(value, 18)))
                    })
                };
                in_base_units().unwrap_or_else(as_is)
            }
        }
    }
}

/// Digits before the point.
fn whole_digits(value: Decimal) -> u32 {
    let mut digits = 0;
    let mut rest = value.trunc();
    while !rest.is_zero() {
        rest = (rest / Decimal::TEN).trunc();
        digits += 1;
    }
    digits
}

/// The largest power of ten that is not above a number greater than zero.
fn power_of_ten_below(value: Decimal) -> Decimal {
    let mut power = Decimal::ONE;
    while power > value {
        match power
            .checked_div(Decimal::TEN)
            .filter(|power| !power.is_zero())
        {
            Some(smaller) => power = smaller,
            None => break,
        }
    }
    while let Some(larger) = power
        .checked_mul(Decimal::TEN)
        .filter(|larger| *larger <= value)
    {
        power = larger;
    }
    power
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Calendar(calendar) => f.write_str(calendar.name()),
            Self::Ucum(code) => f.write_str(code),
            Self::Either(calendar) => f.write_str(calendar.ucum()),
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.unit {
            Unit::Calendar(calendar) => {
                write!(
                    f,
                    "{} {}",
                    self.value,
                    calendar.word(self.value == Decimal::ONE)
                )
            }
            unit => write!(f, "{} '{unit}'", self.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(text: &str) -> Quantity {
        Quantity::parse(text).expect(text)
    }

    #[test]
    fn quantities_compare_only_where_a_rule_exists() {
        for (one, other, expected) in [
            ("4.0000 'g'", "4000.0 'mg'", Some(Ordering::Equal)),
            ("7 days", "1 week", Some(Ordering::Equal)),
            ("1 week", "1 'wk'", Some(Ordering::Equal)),
            ("1 year", "1 'a'", None),
            ("1 'kg'", "1 's'", None),
            ("23 'Cel'", "72 '[degF]'", Some(Ordering::Greater)),
            ("0 'Cel'", "273.15 'K'", Some(Ordering::Equal)),
            ("1 'x-unknown'", "1 'x-unknown'", Some(Ordering::Equal)),
            ("1 'x-unknown'", "1 'y-unknown'", None),
            ("1 '[in_i]'", "2.54 'cm'", Some(Ordering::Equal)),
        ] {
            assert_eq!(
                quantity(one).compare(&quantity(other)),
                expected,
                "{one} {other}"
            );
        }
    }

    #[test]
    fn equal_quantities_share_a_key() {
        for (one, other) in [
            ("3 'min'", "180 seconds"),
            ("1 year", "12 months"),
            ("1 'kg'", "1000 'g'"),
            ("0 'Cel'", "273.15 'K'"),
        ] {
            assert_eq!(quantity(one).key(), quantity(other).key(), "{one} {other}");
        }
        assert_ne!(quantity("1 year").key(), quantity("1 'a'").key());
        assert_ne!(quantity("1 'x'").key(), quantity("1 'y'").key());
    }

    #[test]
    fn texts_are_read_as_the_standard_has_them() {
        for (text, shown) in [
            ("1", "1 '1'"),
            ("1 day", "1 day"),
            ("-2.50 'mg'", "-2.50 'mg'"),
            ("2 year", "2 years"),
        ] {
            assert_eq!(quantity(text).to_string(), shown);
        }
        for text in ["", "1 wk", "1.a", "1day", "1 ''", "kg", "1 'kg"] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
        let long = |bytes: usize| format!("1 '{}'", "m".repeat(bytes));
        let is_known = |bytes: usize| !quantity(&long(bytes)).key().0.starts_with('?');
        assert!(!is_known(UNIT_BYTES_MAX + 1));
    }
}
