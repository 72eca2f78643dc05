//! Dates as ranges of milliseconds.

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// The range of a FHIR date, dateTime or instant, in milliseconds since 1970
/// UTC, both ends included: `2024` runs to its last millisecond, `…T10:00:00Z`
/// is that whole second. `None` when it is no date that exists.
///
/// A date without a time, or a time without a zone (which only a query may
/// hold), is taken as UTC, here and in queries alike. FHIR leaves the zone of
/// such dates to the server; a fixed one makes stored dates and dates in
/// queries meet at any place and in summer as in winter.
pub fn date_range(text: &str) -> Option<(i64, i64)> {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4)?;
    let month = parts.next().map(|month| number(month, 2));
    let day = parts.next().map(|day| number(day, 2));
    if parts.next().is_some() || year == 0 {
        return None;
    }
    let (month, day) = match (month, day) {
        (None, _) => {
            return Some((days(year, 1, 1) * DAY_MS, days(year + 1, 1, 1) * DAY_MS - 1))
                .filter(|_| time.is_none());
        }
        (Some(month), None) => (month?, None),
        (Some(month), Some(day)) => (month?, Some(day?)),
    };
    if !(1..=12).contains(&month) {
        return None;
    }
    let Some(day) = day else {
        let (next_year, next_month) = if month == 12 {
            (year + 1, 1)
        } else {
            (year, month + 1)
        };
        let range = (
            days(year, month, 1) * DAY_MS,
            days(next_year, next_month, 1) * DAY_MS - 1,
        );
        return time.is_none().then_some(range);
    };
    if day < 1 || day > days_in(year, month) {
        return None;
    }
    let midnight = days(year, month, day) * DAY_MS;
    let Some(time) = time else {
        return Some((midnight, midnight + DAY_MS - 1));
    };
    let (offset_ms, width_ms) = time_of_day(time)?;
    Some((midnight + offset_ms, midnight + offset_ms + width_ms - 1))
}

/// A time with zone: milliseconds after midnight UTC and how many it spans.
fn time_of_day(time: &str) -> Option<(i64, i64)> {
    let (clock, zone_minutes) = match time.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None => match time.rfind(['+', '-']) {
            Some(at) => (&time[..at], zone(&time[at..])?),
            None => (time, 0),
        },
    };
    let (offset, width) = clock_time(clock)?;
    Some((offset - zone_minutes * MINUTE_MS, width))
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fff…`: milliseconds after midnight and
/// how many it spans.
pub(crate) fn clock_time(clock: &str) -> Option<(i64, i64)> {
    let mut parts = clock.split(':');
    let hour = number(parts.next()?, 2).filter(|hour| *hour < 24)?;
    let minute = number(parts.next()?, 2).filter(|minute| *minute < 60)?;
    let start = (hour * 60 + minute) * MINUTE_MS;
    let Some(seconds) = parts.next() else {
        return Some((start, MINUTE_MS));
    };
    if parts.next().is_some() {
        return None;
    }
    let (second, fraction) = match seconds.split_once('.') {
        Some((second, fraction)) => (second, Some(fraction)),
        None => (seconds, None),
    };
    // A leap second is the last one of its minute: 60 counts on from there.
    let second = number(second, 2).filter(|second| *second <= 60)?;
    let start = start + second * 1000;
    let Some(fraction) = fraction else {
        return Some((start, 1000));
    };
    if fraction.is_empty() || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // Beyond milliseconds, digits are cut off.
    let digits = &fraction[..fraction.len().min(3)];
    let unit = 10_i64.pow(3 - digits.len() as u32);
    Some((start + digits.parse::<i64>().ok()? * unit, unit))
}

/// `+01:00` in minutes.
fn zone(text: &str) -> Option<i64> {
    let (hours, minutes) = text[1..].split_once(':')?;
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    let is_possible = hours < 14 && minutes < 60 || hours == 14 && minutes == 0;
    let size = hours * 60 + minutes;
    is_possible.then_some(if text.starts_with('-') { -size } else { size })
}

fn number(text: &str, digits: usize) -> Option<i64> {
    let is_number = text.len() == digits && text.bytes().all(|digit| digit.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01, in the Gregorian calendar. Counts years from March,
/// so that the leap day comes last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn dates_are_ranges() {
        for (text, low, high) in [
            ("2024", "2024-01-01T00:00:00Z", "2024-12-31T23:59:59.999Z"),
            (
                "2024-02",
                "2024-02-01T00:00:00Z",
                "2024-02-29T23:59:59.999Z",
            ),
            (
                "1900-02",
                "1900-02-01T00:00:00Z",
                "1900-02-28T23:59:59.999Z",
            ),
            (
                "2024-12-31",
                "2024-12-31T00:00:00Z",
                "2024-12-31T23:59:59.999Z",
            ),
            (
                "2024-06-01T10:00",
                "2024-06-01T10:00:00Z",
                "2024-06-01T10:00:59.999Z",
            ),
            (
                "2024-06-01T10:00:00+02:00",
                "2024-06-01T08:00:00Z",
                "2024-06-01T08:00:00.999Z",
            ),
            (
                "2024-06-01T10:00:00.5-05:30",
                "2024-06-01T15:30:00.5Z",
                "2024-06-01T15:30:00.599Z",
            ),
            (
                "2024-06-01T10:00:00.123456Z",
                "2024-06-01T10:00:00.123Z",
                "2024-06-01T10:00:00.123Z",
            ),
            (
                "2016-12-31T23:59:60Z",
                "2017-01-01T00:00:00Z",
                "2017-01-01T00:00:00.999Z",
            ),
            (
                "0001-01-01",
                "0001-01-01T00:00:00Z",
                "0001-01-01T23:59:59.999Z",
            ),
        ] {
            assert_eq!(
                date_range(text),
                Some((instant(low), instant(high))),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_date_has_no_range() {
        for text in [
            "",
            "24",
            "2024-13",
            "2024-00",
            "2023-02-29",
            "2024-1-1",
            "2024-01-01T",
            "2024T10:00Z",
            "2024-01T10:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T10:60:00Z",
            "2024-01-01T10Z",
            "2024-01-01T10:00:00.Z",
            "2024-01-01T10:00:00+25:00",
            "2024-01-01-01",
            "0000",
            "+024",
            "2024-01-01T10:00:61Z",
            "2024-01-01 10:00",
            "2024-01-01T10:00:00+é:00",
        ] {
            assert_eq!(date_range(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_the_calendar(day in -719_162_i64..2_932_896) {
            let date = jiff::Timestamp::from_second(day * 86_400).unwrap();
            let text = date.strftime("%Y-%m-%d").to_string();
            proptest::prop_assert_eq!(date_range(&text).unwrap().0, date.as_millisecond());
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9T:Z.+-]{0,30}|\\PC{0,20}") {
            let _ = date_range(&text);
        }
    }
}
