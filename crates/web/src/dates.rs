//! Dates as the pages write them: the words are those of the audit log
//! ([`trust::dates`]); here are the zone of the region and ages.

use jiff::{civil::Date, tz::TimeZone};

pub use trust::dates::{fhir_short, long, long_moment, short, short_moment, time_of_day};

/// The name of the time zone in which the region lives.
pub const TIME_ZONE: &str = "Europe/Amsterdam";

/// The time zone of the region; UTC where the machine knows no other.
pub fn time_zone() -> TimeZone {
    TimeZone::get(TIME_ZONE).unwrap_or(TimeZone::UTC)
}

/// The whole years between a date of birth and a day; `None` before birth.
pub fn age(birth: Date, today: Date) -> Option<i16> {
    if today < birth {
        return None;
    }
    let had_birthday = (today.month(), today.day()) >= (birth.month(), birth.day());
    Some(today.year() - birth.year() - i16::from(!had_birthday))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn an_age_counts_birthdays() {
        check_age(date(1950, 3, 2), date(2026, 3, 1), Some(75));
        check_age(date(1950, 3, 2), date(2026, 3, 2), Some(76));
        check_age(date(2026, 3, 2), date(2026, 3, 1), None);
    }

    fn check_age(birth: Date, today: Date, years: Option<i16>) {
        assert_eq!(age(birth, today), years);
    }
}
