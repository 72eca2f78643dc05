//! Numbers as ranges: the digits tell the precision.

/// The range that a decimal stands for: `100` is 99.5 to 100.5, `1.50` is
/// 1.495 to 1.505. `None` when it is no number, or too large for a double.
pub fn number_range(digits: &str) -> Option<(f64, f64)> {
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (digits, 0),
    };
    let fraction = mantissa
        .split_once('.')
        .map_or(0, |(_, fraction)| fraction.len() as i32);
    let value = digits
        .parse::<f64>()
        .ok()
        .filter(|value| value.is_finite())?;
    let half = 0.5 * 10_f64.powi(exponent.saturating_sub(fraction));
    half.is_finite().then_some((value - half, value + half))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_tell_the_precision() {
        for (digits, low, high) in [
            ("100", 99.5, 100.5),
            ("-1.50", -1.505, -1.495),
            ("1e2", 50.0, 150.0),
            ("0", -0.5, 0.5),
            ("5.4", 5.35, 5.45),
        ] {
            let (found_low, found_high) = number_range(digits).unwrap();
            let is_near = (found_low - low).abs() < 1e-9 && (found_high - high).abs() < 1e-9;
            assert!(is_near, "{digits}: {found_low} {found_high}");
        }
        for text in ["", "a", "1e999", "NaN", "inf", "1e99999999999"] {
            assert_eq!(number_range(text), None, "{text}");
        }
    }
}
