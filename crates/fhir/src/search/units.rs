//! Units of UCUM in terms of its base units, so that amounts in different units
//! of one thing compare.
//!
//! What compares is what UCUM has a rule for between units that say the same of
//! anything: prefixes, litres and cubic metres, minutes and seconds. Amounts of
//! substance (`mol`, `eq`, `osm`), which UCUM takes for bare numbers, stay what
//! they are: how many there are in a litre is no count, and an equivalent is no
//! mole without knowing of what. Special units (`Cel`, `[pH]`, `B`), whose
//! values are not multiples of one another, compare with themselves only.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use octofhir_ucum::{Dimension, Number, UnitExpr, analyse, find_prefix, find_unit};

/// The system of UCUM.
pub const UCUM: &str = "http://unitsofmeasure.org";

/// The longest code of a unit that is looked at, in bytes. Real ones have a dozen.
pub const CANONICAL_UNIT_BYTES_MAX: usize = 100;

/// Units that are remembered.
const REMEMBERED_MAX: usize = 2_000;

/// Units of UCUM that are amounts of substance, or made of one, each with the
/// number of it.
const SUBSTANCES: [(&str, usize); 5] = [("mol", 0), ("kat", 0), ("U", 0), ("eq", 1), ("osm", 2)];
/// What these are counted in.
const AMOUNTS: [&str; 3] = ["mol", "eq", "osm"];

/// A unit in terms of base units.
#[derive(Debug, Clone, PartialEq)]
pub struct CanonicalUnit {
    /// The base units with their exponents; the same for all units that compare.
    pub code: String,
    /// How many of these it is.
    factor: Number,
}

impl CanonicalUnit {
    /// A decimal in this unit, in base units.
    pub fn value(&self, digits: &str) -> Option<f64> {
        finite(Number::parse(digits)?.checked_mul(self.factor)?)
    }

    /// The range that a decimal in this unit stands for, as
    /// [`super::number_range`], in base units.
    pub fn range(&self, digits: &str) -> Option<(f64, f64)> {
        let half = half_of_last_digit(digits)?;
        let value = Number::parse(digits)?;
        let (low, high) = (value.checked_sub(half)?, value.checked_add(half)?);
        let of = |number: Number| finite(number.checked_mul(self.factor)?);
        Some((of(low)?, of(high)?))
    }
}

fn finite(number: Number) -> Option<f64> {
    Some(number.to_f64()).filter(|number| number.is_finite())
}

/// Half a unit of the last digit: 0.5 for `100`, 0.005 for `1.00`, 50 for `1e2`.
fn half_of_last_digit(digits: &str) -> Option<Number> {
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (digits, 0),
    };
    let decimals = mantissa
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len() as i32);
    let last = Number::power_of_ten(exponent.checked_sub(decimals)?);
    Number::from_i64(5)
        .checked_mul(last)?
        .checked_mul(Number::power_of_ten(-1))
}

/// What a code of UCUM is in base units; `None` when it is no such code, or of a
/// unit that compares with itself only.
pub fn canonical_unit(code: &str) -> Option<Arc<CanonicalUnit>> {
    type Known = HashMap<String, Option<Arc<CanonicalUnit>>>;
    static KNOWN: OnceLock<RwLock<Known>> = OnceLock::new();
    if code.is_empty() || code.len() > CANONICAL_UNIT_BYTES_MAX {
        return None;
    }
    let known = KNOWN.get_or_init(RwLock::default);
    let found = {
        let known = known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(code).cloned()
    };
    if let Some(found) = found {
        return found;
    }
    let made = make(code).map(Arc::new);
    let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= REMEMBERED_MAX {
        known.clear();
    }
    known.insert(code.to_owned(), made.clone());
    made
}

fn make(code: &str) -> Option<CanonicalUnit> {
    let unit = analyse(code).ok()?;
    if unit.special.is_some() || unit.factor.is_zero() || unit.factor.is_negative() {
        return None;
    }
    let mut amounts = [0; AMOUNTS.len()];
    count(&unit.parsed_ast, 1, &mut amounts)?;
    let mut factor = unit.factor;
    let mole = analyse("mol").ok()?.factor;
    for exponent in amounts {
        factor = factor.checked_div(mole.checked_powi(exponent)?)?;
    }
    let mut code = String::new();
    let bases = Dimension::BASE_UNITS
        .iter()
        .zip(unit.dimension.0.map(i32::from));
    let parts = bases.chain(AMOUNTS.iter().zip(amounts));
    let arbitrary = unit
        .arbitrary
        .iter()
        .map(|(name, exponent)| (name, *exponent));
    for (name, exponent) in parts
        .chain(arbitrary)
        .filter(|(_, exponent)| *exponent != 0)
    {
        let dot = if code.is_empty() { "" } else { "." };
        let _ = write!(code, "{dot}{name}{exponent}");
    }
    if code.is_empty() {
        code.push('1');
    }
    Some(CanonicalUnit { code, factor })
}

/// Counts the amounts of substance in a unit.
fn count(unit: &UnitExpr, exponent: i32, amounts: &mut [i32; AMOUNTS.len()]) -> Option<()> {
    match unit {
        UnitExpr::Symbol(symbol) => {
            if let Some(which) = substance(symbol) {
                amounts[which] = amounts[which].checked_add(exponent)?;
            }
        }
        UnitExpr::Numeric(_) | UnitExpr::Annotation(_) => {}
        UnitExpr::Power(unit, power) => count(unit, exponent.checked_mul(*power)?, amounts)?,
        UnitExpr::Annotated(unit, _) => count(unit, exponent, amounts)?,
        UnitExpr::Product(units) => {
            for unit in units {
                count(unit, exponent, amounts)?;
            }
        }
        UnitExpr::Quotient(left, right) => {
            count(left, exponent, amounts)?;
            count(right, exponent.checked_neg()?, amounts)?;
        }
        UnitExpr::Reciprocal(unit) => count(unit, exponent.checked_neg()?, amounts)?,
    }
    Some(())
}

/// Which amount of substance a unit is, with a prefix or without.
fn substance(symbol: &str) -> Option<usize> {
    SUBSTANCES.iter().find_map(|(name, which)| {
        let prefix = symbol.strip_suffix(name)?;
        let is_it =
            prefix.is_empty() || find_prefix(prefix).is_some() && find_unit(symbol).is_none();
        is_it.then_some(*which)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(digits: &str, unit: &str) -> Option<(f64, String)> {
        let unit = canonical_unit(unit)?;
        Some((unit.value(digits)?, unit.code.clone()))
    }

    #[test]
    fn amounts_of_one_thing_are_the_same() {
        for (one, other) in [
            (("5.4", "mmol/L"), ("5400", "umol/L")),
            (("5.4", "mmol/L"), ("5.4", "mol/m3")),
            (("70", "kg"), ("70000", "g")),
            (("1", "h"), ("3600", "s")),
            (("90", "fL"), ("90", "um3")),
            (("5", "%"), ("0.05", "1")),
            (("1", "g/dL"), ("10", "g/L")),
            (("4", "10*9/L"), ("4000", "/uL")),
            (("60", "U/L"), ("1", "umol/s/L")),
            (("1", "kat/L"), ("1", "mol/s/L")),
            (("3", "[IU]/mL"), ("3000", "[IU]/L")),
            (("12", "mol{glucose}/L"), ("12", "mol/L")),
            (("2", "meq/L"), ("0.002", "eq/L")),
        ] {
            let (left, right) = (canonical(one.0, one.1), canonical(other.0, other.1));
            let (left, right) = (left.expect(one.1), right.expect(other.1));
            assert_eq!(left.1, right.1, "{one:?} {other:?}");
            let is_same = (left.0 - right.0).abs() <= left.0.abs() * 1e-15;
            assert!(is_same, "{one:?} {other:?}: {left:?} {right:?}");
        }
    }

    #[test]
    fn what_is_something_else_does_not_compare() {
        for (one, other) in [
            ("mmol/L", "mg/dL"),
            ("mmol/L", "meq/L"),
            ("mmol/L", "mosm/L"),
            ("mmol/L", "/L"),
            ("mol", "1"),
            ("[IU]/L", "U/L"),
            ("[IU]/L", "[CFU]/L"),
            ("kg", "m"),
        ] {
            let code = |unit: &str| canonical_unit(unit).expect(unit).code.clone();
            assert_ne!(code(one), code(other), "{one} {other}");
        }
        let long = "m".repeat(CANONICAL_UNIT_BYTES_MAX + 1);
        for unit in [
            "Cel",
            "[degF]",
            "[pH]",
            "B[V]",
            "mmol per litre",
            "",
            "mmoll",
            &long,
        ] {
            assert_eq!(canonical_unit(unit), None, "{unit}");
        }
        let longest = format!("m{{{}}}", "x".repeat(CANONICAL_UNIT_BYTES_MAX - 3));
        assert!(canonical_unit(&longest).is_some());
    }

    #[test]
    fn precision_goes_along() {
        let unit = canonical_unit("mmol/L").expect("it is UCUM");
        assert_eq!(unit.range("5.4"), Some((5.35, 5.45)));
        assert_eq!(unit.range("1e2"), Some((50.0, 150.0)));
        let unit = canonical_unit("umol/L").expect("it is UCUM");
        assert_eq!(unit.range("5400"), Some((5.3995, 5.4005)));
        assert_eq!(unit.range("much"), None);
    }

    proptest! {
        #[test]
        fn any_code_and_number_are_read_without_a_panic(
            code in "[a-zA-Z0-9*/.{}\\[\\]'%-]{0,20}|\\PC{0,20}",
            digits in "-?[0-9]{1,40}(\\.[0-9]{0,40})?(e-?[0-9]{1,12})?",
        ) {
            if let Some(unit) = canonical_unit(&code) {
                let _ = (unit.value(&digits), unit.range(&digits));
            }
        }
    }
}
