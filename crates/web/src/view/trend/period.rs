//! How far back a course goes.

use exchange::combined::Moment;
use jiff::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// How far back a course goes, from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Period {
    /// Everything.
    #[default]
    All,
    /// Five years.
    FiveYears,
    /// One year.
    Year,
    /// Three months.
    Quarter,
}

impl Period {
    /// All periods, the longest first.
    pub(crate) const ALL: [Self; 4] = [Self::All, Self::FiveYears, Self::Year, Self::Quarter];

    /// The word in addresses.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::FiveYears => "5y",
            Self::Year => "1y",
            Self::Quarter => "3m",
        }
    }

    /// Finds a period by its word.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.code() == code)
    }

    /// The key of its text.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::All => "trend.period-all",
            Self::FiveYears => "trend.period-five-years",
            Self::Year => "trend.period-year",
            Self::Quarter => "trend.period-quarter",
        }
    }

    const fn days(self) -> Option<i64> {
        match self {
            Self::All => None,
            Self::FiveYears => Some(5 * 365 + 1),
            Self::Year => Some(365),
            Self::Quarter => Some(91),
        }
    }

    /// Whether a moment can be in it. What has no time is in everything only.
    pub(super) fn holds(self, now: Timestamp, when: Option<&Moment>) -> bool {
        match (self.days(), when) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(days), Some(when)) => when.high_ms >= now.as_millisecond() - days * DAY_MS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_ends_now_and_begins_its_days_before() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let check = |period: Period, at: &str, expected: bool| {
            let when = Moment::parse(at).unwrap();
            assert_eq!(period.holds(now, Some(&when)), expected, "{period:?} {at}");
        };
        check(Period::Year, "2025-03-01T12:00:00Z", true);
        check(Period::Year, "2025-03-01T11:59:58Z", false);
        // Of that day it is not known when.
        check(Period::Year, "2025-03-01", true);
        check(Period::Quarter, "2025-11-30", true);
        check(Period::Quarter, "2025-11-28", false);
        check(Period::All, "1950", true);
        assert!(Period::All.holds(now, None) && !Period::FiveYears.holds(now, None));
        for period in Period::ALL {
            assert_eq!(Period::from_code(period.code()), Some(period));
        }
    }
}
