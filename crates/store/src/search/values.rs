//! The values in a query: alternatives, escapes, prefixes.

use fhir::search::{CanonicalUnit, date_range};
use jiff::Timestamp;

/// How a value is compared (FHIR R4, search, prefixes).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefix {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    StartsAfter,
    EndsBefore,
    Approximate,
}

/// A comparison with a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DateTest {
    pub(crate) prefix: Prefix,
    /// First and last millisecond of the date asked for; widened when it is
    /// asked for approximately.
    pub(crate) low: i64,
    pub(crate) high: i64,
}

/// A comparison with a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct NumberTest {
    pub(crate) prefix: Prefix,
    /// The number itself.
    pub(crate) value: f64,
    /// What it stands for with the precision it was written in.
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// A token as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) system: System,
    /// `None` for any code.
    pub(crate) code: Option<String>,
}

/// The system of a token as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum System {
    Any,
    None,
    Is(String),
}

/// A share of the distance between now and a date that `ap` allows for.
const APPROXIMATE_SHARE: i64 = 10;

/// Splits at each separator that has no backslash before it. The backslashes stay.
pub(crate) fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if letter == '\\' {
            escaped = true;
        } else if letter == separator {
            parts.push(&text[start..at]);
            start = at + letter.len_utf8();
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Takes the backslashes out.
pub(crate) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => out.extend(letters.next()),
            other => out.push(other),
        }
    }
    out
}

fn prefix(text: &str) -> (Prefix, &str) {
    let prefixes = [
        ("eq", Prefix::Equal),
        ("ne", Prefix::NotEqual),
        ("gt", Prefix::Greater),
        ("lt", Prefix::Less),
        ("ge", Prefix::GreaterOrEqual),
        ("le", Prefix::LessOrEqual),
        ("sa", Prefix::StartsAfter),
        ("eb", Prefix::EndsBefore),
        ("ap", Prefix::Approximate),
    ];
    prefixes
        .into_iter()
        .find_map(|(letters, prefix)| Some((prefix, text.strip_prefix(letters)?)))
        .unwrap_or((Prefix::Equal, text))
}

impl DateTest {
    /// Reads `[prefix]date`.
    pub(crate) fn read(text: &str, now: Timestamp) -> Result<Self, &'static str> {
        let (prefix, date) = prefix(text);
        let (low, high) = date_range(date).ok_or("not a date")?;
        if prefix == Prefix::Approximate {
            let share = (now.as_millisecond() - low).abs() / APPROXIMATE_SHARE;
            return Ok(Self {
                prefix,
                low: low.saturating_sub(share),
                high: high.saturating_add(share),
            });
        }
        Ok(Self { prefix, low, high })
    }

    /// Whether a period fits.
    pub(crate) fn holds(self, low: i64, high: i64) -> bool {
        let within = low >= self.low && high <= self.high;
        match self.prefix {
            Prefix::Equal => within,
            Prefix::NotEqual => !within,
            Prefix::Greater => high > self.high,
            Prefix::Less => low < self.low,
            // A period that reaches into the date asked for counts: rather
            // one too many than one missed.
            Prefix::GreaterOrEqual => high >= self.low,
            Prefix::LessOrEqual => low <= self.high,
            Prefix::StartsAfter => low > self.high,
            Prefix::EndsBefore => high < self.low,
            Prefix::Approximate => low <= self.high && high >= self.low,
        }
    }
}

impl NumberTest {
    /// Reads `[prefix]number`.
    pub(crate) fn read(text: &str) -> Result<Self, &'static str> {
        let (prefix, digits) = prefix(text);
        let value: f64 = digits.parse().map_err(|_| "not a number")?;
        let starts = digits.trim_start_matches(['-', '+']);
        if !value.is_finite() || !starts.starts_with(|letter: char| letter.is_ascii_digit()) {
            return Err("not a number");
        }
        let half = if prefix == Prefix::Approximate {
            value.abs() / 10.0
        } else {
            half_of_last_digit(digits)
        };
        Ok(Self {
            prefix,
            value,
            low: value - half,
            high: value + half,
        })
    }

    /// The same in base units, from the text that it was read from; `None` when
    /// it does not fit.
    pub(crate) fn in_unit(self, text: &str, unit: &CanonicalUnit) -> Option<Self> {
        let (_, digits) = prefix(text);
        let value = unit.value(digits)?;
        let (low, high) = if self.prefix == Prefix::Approximate {
            let half = value.abs() / 10.0;
            (value - half, value + half)
        } else {
            unit.range(digits)?
        };
        Some(Self {
            prefix: self.prefix,
            value,
            low,
            high,
        })
    }

    /// What two numbers may differ by and be the same: what computing with
    /// doubles leaves.
    pub(crate) fn slack(self) -> f64 {
        self.value.abs().max(self.high - self.low) * 1e-9
    }

    /// Whether a number, kept as the range of its precision, fits.
    pub(crate) fn holds(self, low: f64, high: f64) -> bool {
        let slack = self.slack();
        let closed = low.is_finite() && high.is_finite();
        let middle = f64::midpoint(low, high);
        let same = closed && (middle - self.value).abs() <= slack;
        let within = low >= self.low - slack && high <= self.high + slack;
        // Prefixes other than `eq`, `ne` and `ap` compare exact values; what is
        // open at an end reaches as far as it does.
        let (from, to) = if closed {
            (middle, middle)
        } else {
            (low, high)
        };
        match self.prefix {
            Prefix::Equal => within || same,
            Prefix::NotEqual => !(within || same),
            Prefix::Greater => to > self.value && !same,
            Prefix::Less => from < self.value && !same,
            Prefix::GreaterOrEqual => to >= self.value || same,
            Prefix::LessOrEqual => from <= self.value || same,
            Prefix::StartsAfter => from > self.value && !same,
            Prefix::EndsBefore => to < self.value && !same,
            Prefix::Approximate => to >= self.low - slack && from <= self.high + slack,
        }
    }
}

/// Half a unit of the last digit: 0.5 for `100`, 0.005 for `1.00`, 50 for `1e2`.
fn half_of_last_digit(digits: &str) -> f64 {
    let (number, exponent) = match digits.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().unwrap_or(0)),
        None => (digits, 0),
    };
    let decimals = number
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len() as i32);
    0.5 * 10_f64.powi(exponent.saturating_sub(decimals))
}

impl Token {
    /// Reads `code`, `system|code`, `|code` or `system|`.
    pub(crate) fn read(text: &str) -> Result<Self, &'static str> {
        let parts = split(text, '|');
        let token = match parts[..] {
            [code] => Self {
                system: System::Any,
                code: Some(unescape(code)),
            },
            ["", code] => Self {
                system: System::None,
                code: Some(unescape(code)),
            },
            [system, ""] => Self {
                system: System::Is(unescape(system)),
                code: None,
            },
            [system, code] => Self {
                system: System::Is(unescape(system)),
                code: Some(unescape(code)),
            },
            _ => return Err("a token has one | at most"),
        };
        if token.code.as_deref() == Some("") {
            return Err("a token needs a code or a system");
        }
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_keep_a_value_together() {
        assert_eq!(split(r"a\,b,c", ','), [r"a\,b", "c"]);
        assert_eq!(split("", ','), [""]);
        assert_eq!(unescape(r"a\,b\\c\|d\$"), r"a,b\c|d$");
        assert_eq!(unescape("\\"), "");
    }

    #[test]
    fn tokens_are_read() {
        let check = |text: &str, system: System, code: Option<&str>| {
            let code = code.map(str::to_owned);
            assert_eq!(Token::read(text), Ok(Token { system, code }), "{text}");
        };
        check("a", System::Any, Some("a"));
        check("|a", System::None, Some("a"));
        check("s|a", System::Is("s".to_owned()), Some("a"));
        check("s|", System::Is("s".to_owned()), None);
        check(r"s|a\|b", System::Is("s".to_owned()), Some("a|b"));
        for text in ["", "|", "a|b|c"] {
            assert!(Token::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn dates_compare_as_ranges() {
        use Prefix::{
            Approximate, EndsBefore, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual,
            StartsAfter,
        };
        let check = |(low, high): (i64, i64), fitting: &[Prefix]| {
            for prefix in [
                Equal,
                NotEqual,
                Greater,
                Less,
                GreaterOrEqual,
                LessOrEqual,
                StartsAfter,
                EndsBefore,
                Approximate,
            ] {
                let test = DateTest {
                    prefix,
                    low: 100,
                    high: 199,
                };
                assert_eq!(
                    test.holds(low, high),
                    fitting.contains(&prefix),
                    "{prefix:?}"
                );
            }
        };
        check(
            (150, 150),
            &[Equal, GreaterOrEqual, LessOrEqual, Approximate],
        );
        check((50, 50), &[NotEqual, Less, LessOrEqual, EndsBefore]);
        check(
            (250, 250),
            &[NotEqual, Greater, GreaterOrEqual, StartsAfter],
        );
        check(
            (50, 150),
            &[NotEqual, Less, GreaterOrEqual, LessOrEqual, Approximate],
        );
        check(
            (50, i64::MAX),
            &[
                NotEqual,
                Greater,
                Less,
                GreaterOrEqual,
                LessOrEqual,
                Approximate,
            ],
        );
    }

    #[test]
    fn numbers_compare_with_their_precision() {
        let check = |query: &str, stored: (f64, f64), fits: bool| {
            let test = NumberTest::read(query).unwrap();
            assert_eq!(test.holds(stored.0, stored.1), fits, "{query} {stored:?}");
        };
        let stored = (5.35, 5.45); // 5.4
        check("5.4", stored, true);
        check("5", stored, true);
        check("5.40", stored, true);
        check("5.41", stored, false);
        check("ne5.4", stored, false);
        check("gt5.4", stored, false);
        check("ge5.4", stored, true);
        check("gt5.3", stored, true);
        check("lt5.5", stored, true);
        check("le5.3", stored, false);
        check("sa5.3", stored, true);
        check("eb5.3", stored, false);
        check("ap5.0", stored, true);
        check("ap4.0", stored, false);
        check("gt1e2", (99.5, f64::INFINITY), true);
        check("lt-3", (-4.5, -3.5), true);
        for text in ["", "x", "gt", "NaN", "inf", "1,5", ".5", "0x10"] {
            assert!(NumberTest::read(text).is_err(), "{text}");
        }
    }
}
