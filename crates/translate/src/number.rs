//! Numbers, and limits, as senders write them. Digits stay as received:
//! `7.20` does not become `7.2`.

/// Which mark stands before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecimalMark {
    /// HL7 v2 NM: only the point. `1,234` is no number there.
    Point,
    /// ISO 9735: point or comma, and no mark between thousands.
    PointOrComma,
}

/// The most characters a number may have.
pub(crate) const NUMBER_CHARACTERS_MAX: usize = 40;

/// The text as a JSON number with the same digits, or `None`.
pub(crate) fn decimal(text: &str, mark: DecimalMark) -> Option<String> {
    let text = text.trim();
    if text.len() > NUMBER_CHARACTERS_MAX {
        return None;
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let is_mark = |c: char| c == '.' || (c == ',' && mark == DecimalMark::PointOrComma);
    let (whole, fraction) = match digits.split_once(is_mark) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole)
        || !fraction.is_none_or(all_digits)
        || (whole.is_empty() && fraction.is_none_or(str::is_empty))
    {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(match fraction {
        Some(fraction) if !fraction.is_empty() => format!("{sign}{whole}.{fraction}"),
        _ => format!("{sign}{whole}"),
    })
}

/// How a value compares to the number after it, as FHIR writes it.
pub(crate) fn comparator(text: &str) -> Option<(&'static str, &str)> {
    let text = text.trim();
    [
        ("<=", "<="),
        (">=", ">="),
        ("≤", "<="),
        ("≥", ">="),
        ("<", "<"),
        (">", ">"),
    ]
    .into_iter()
    .find_map(|(sign, code)| Some((code, text.strip_prefix(sign)?.trim_start())))
}

/// The limits of a range; either may be missing, never both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) low: Option<String>,
    pub(crate) high: Option<String>,
}

/// The limits in a text: `3.5-5.0`, `4.3 to 6.2`, `<5`, `> 60`; `None` when it
/// is another text, which then stays text only.
pub(crate) fn limits(text: &str, mark: DecimalMark) -> Option<Limits> {
    let text = text.trim();
    if let Some((sign, rest)) = comparator(text) {
        let limit = Some(decimal(rest, mark)?);
        return Some(if sign.starts_with('<') {
            Limits {
                low: None,
                high: limit,
            }
        } else {
            Limits {
                low: limit,
                high: None,
            }
        });
    }
    // A dash may also be the sign of the first number, so look after it.
    let after_sign = text.char_indices().nth(1).map_or(text.len(), |(at, _)| at);
    let (at, separator) = [" to ", " tot ", "–", "-"]
        .into_iter()
        .find_map(|separator| Some((text[after_sign..].find(separator)?, separator)))?;
    let (low, high) = text.split_at(after_sign + at);
    let limits = Limits {
        low: Some(decimal(low, mark)?),
        high: Some(decimal(&high[separator.len()..], mark)?),
    };
    Some(limits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, point: Option<&str>, comma: Option<&str>) {
        assert_eq!(
            decimal(text, DecimalMark::Point).as_deref(),
            point,
            "{text}"
        );
        assert_eq!(
            decimal(text, DecimalMark::PointOrComma).as_deref(),
            comma,
            "{text}"
        );
    }

    #[test]
    fn numbers_keep_their_digits() {
        check("7.20", Some("7.20"), Some("7.20"));
        check("7,20", None, Some("7.20"));
        check("+05", Some("5"), Some("5"));
        check(".5", Some("0.5"), Some("0.5"));
        check("-5.", Some("-5"), Some("-5"));
        check("000", Some("0"), Some("0"));
    }

    #[test]
    fn other_text_is_no_number() {
        for text in [
            "", ".", "-", "1.2.3", "1,2,3", "1e5", "5 mg", "0x1", "½", "<5", "1.234,5",
        ] {
            check(text, None, None);
        }
        let at_limit = "9".repeat(NUMBER_CHARACTERS_MAX);
        check(&at_limit, Some(&at_limit), Some(&at_limit));
        check(&"9".repeat(NUMBER_CHARACTERS_MAX + 1), None, None);
    }

    fn check_limits(text: &str, expected: Option<(Option<&str>, Option<&str>)>) {
        let read = limits(text, DecimalMark::Point);
        let read = read
            .as_ref()
            .map(|limits| (limits.low.as_deref(), limits.high.as_deref()));
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn limits_are_read_or_left_as_text() {
        check_limits("3.5-5.0", Some((Some("3.5"), Some("5.0"))));
        check_limits(" 3.5 - 5.0 ", Some((Some("3.5"), Some("5.0"))));
        check_limits("-2-2", Some((Some("-2"), Some("2"))));
        check_limits("-2--1", Some((Some("-2"), Some("-1"))));
        check_limits("4.3 to 6.2", Some((Some("4.3"), Some("6.2"))));
        check_limits("<5", Some((None, Some("5"))));
        check_limits(">= 60", Some((Some("60"), None)));
        check_limits("≤ 2.6", Some((None, Some("2.6"))));
        for text in [
            "", "-", "negatief", "3.5-", "-5", "5", "M: 8-11", "1-2-3", "<",
        ] {
            check_limits(text, None);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "\\PC*") {
            limits(&text, DecimalMark::Point);
            if let Some(number) = decimal(&text, DecimalMark::PointOrComma) {
                prop_assert!(fhir::json::Value::number(&number).is_some());
                prop_assert_eq!(decimal(&number, DecimalMark::Point), Some(number));
            }
        }
    }
}
