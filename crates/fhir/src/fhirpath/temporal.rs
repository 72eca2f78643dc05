//! Dates, times and dateTimes that may be known to a part only.
//!
//! Every value stands for an interval: `2014` is a whole year, `T10:30` a whole
//! minute. From the second on it is a point, as FHIRPath takes seconds and
//! their fractions for one precision. Comparing looks at the intervals: apart
//! is decided, the same is decided, anything else is unknown.

use std::cmp::Ordering;
use std::fmt;

/// How much of a date or time is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// `2014`
    Year,
    /// `2014-05`
    Month,
    /// `2014-05-09`
    Day,
    /// `T10`
    Hour,
    /// `T10:30`
    Minute,
    /// `T10:30:00` and `T10:30:00.000`
    Second,
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Time {
    pub(super) hour: u8,
    pub(super) minute: Option<u8>,
    pub(super) second: Option<u8>,
    /// The fraction of the second, in nanoseconds.
    pub(super) nanos: u32,
    /// How many digits of the fraction are written, 0 to 9.
    pub(super) digits: u8,
}

/// A date, or a date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateTime {
    pub(super) year: i16,
    pub(super) month: Option<u8>,
    pub(super) day: Option<u8>,
    pub(super) time: Option<Time>,
    /// Minutes east of UTC.
    pub(super) offset: Option<i16>,
}

pub(super) const NANOS_PER_SECOND: i128 = 1_000_000_000;
const NANOS_PER_MINUTE: i128 = 60 * NANOS_PER_SECOND;
const NANOS_PER_HOUR: i128 = 60 * NANOS_PER_MINUTE;
pub(super) const NANOS_PER_DAY: i128 = 24 * NANOS_PER_HOUR;

/// The offsets that exist, in minutes: what an unknown offset may be.
pub(super) const OFFSET_MIN: i16 = -12 * 60;
/// See [`OFFSET_MIN`].
pub(super) const OFFSET_MAX: i16 = 14 * 60;

/// From the first instant to the last, both included.
type Interval = (i128, i128);

fn compare_intervals(one: Interval, other: Interval, is_same_precision: bool) -> Option<Ordering> {
    if one == other && (is_same_precision || one.0 == one.1) {
        Some(Ordering::Equal)
    } else if one.1 < other.0 {
        Some(Ordering::Less)
    } else if one.0 > other.1 {
        Some(Ordering::Greater)
    } else {
        None
    }
}

impl Time {
    /// Reads `hh`, `hh:mm`, `hh:mm:ss` or `hh:mm:ss.fff`.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let hour = two(bytes, 0).filter(|hour| *hour < 24)?;
        let mut time = Self {
            hour,
            minute: None,
            second: None,
            nanos: 0,
            digits: 0,
        };
        if bytes.len() == 2 {
            return Some(time);
        }
        let minute = two(bytes, 3).filter(|minute| *minute < 60 && bytes[2] == b':')?;
        time.minute = Some(minute);
        if bytes.len() == 5 {
            return Some(time);
        }
        // A leap second is a second that exists.
        let second = two(bytes, 6).filter(|second| *second <= 60 && bytes[5] == b':')?;
        time.second = Some(second);
        if bytes.len() == 8 {
            return Some(time);
        }
        let fraction = text.get(9..).filter(|_| bytes[8] == b'.')?;
        if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        for byte in fraction.bytes().take(9) {
            time.nanos = time.nanos * 10 + u32::from(byte - b'0');
            time.digits += 1;
        }
        time.nanos *= 10_u32.pow(9 - u32::from(time.digits));
        Some(time)
    }

    /// How much is known.
    pub fn precision(&self) -> Precision {
        match (self.minute, self.second) {
            (None, _) => Precision::Hour,
            (_, None) => Precision::Minute,
            _ => Precision::Second,
        }
    }

    pub(super) fn nanos_of_day(&self) -> i128 {
        i128::from(self.hour) * NANOS_PER_HOUR
            + i128::from(self.minute.unwrap_or(0)) * NANOS_PER_MINUTE
            + i128::from(self.second.unwrap_or(0)) * NANOS_PER_SECOND
            + i128::from(self.nanos)
    }

    fn interval(&self) -> Interval {
        let start = self.nanos_of_day();
        let width = match self.precision() {
            Precision::Minute => NANOS_PER_MINUTE,
            Precision::Second => 1,
            _ => NANOS_PER_HOUR,
        };
        (start, start + width - 1)
    }

    /// The order of two times; `None` when their precisions leave it open.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        compare_intervals(
            self.interval(),
            other.interval(),
            self.precision() == other.precision(),
        )
    }

    /// The same precision at another moment of the day.
    pub(super) fn at(&self, nanos_of_day: i128) -> Self {
        let nanos = nanos_of_day.rem_euclid(NANOS_PER_DAY);
        let part = |unit: i128, size: i128| (nanos / unit % size) as u8;
        let fraction = (nanos % NANOS_PER_SECOND) as u32;
        let is_second = self.second.is_some();
        Self {
            hour: part(NANOS_PER_HOUR, 24),
            minute: self.minute.map(|_| part(NANOS_PER_MINUTE, 60)),
            second: self.second.map(|_| part(NANOS_PER_SECOND, 60)),
            nanos: if is_second { fraction } else { 0 },
            digits: match fraction {
                0 => self.digits,
                _ if is_second => self.digits.max(3),
                _ => 0,
            },
        }
    }

    /// How many digits are written.
    pub(super) fn digits_written(&self) -> u8 {
        match self.precision() {
            Precision::Second => 6 + self.digits,
            Precision::Minute => 4,
            _ => 2,
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.hour)?;
        if let Some(minute) = self.minute {
            write!(f, ":{minute:02}")?;
        }
        if let Some(second) = self.second {
            write!(f, ":{second:02}")?;
        }
        if self.digits > 0 {
            let digits = format!("{:09}", self.nanos);
            write!(f, ".{}", &digits[..usize::from(self.digits)])?;
        }
        Ok(())
    }
}

impl DateTime {
    /// Reads `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    pub fn parse_date(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let year = i16::from(two(bytes, 0)?) * 100 + i16::from(two(bytes, 2)?);
        let mut date = Self {
            year,
            month: None,
            day: None,
            time: None,
            offset: None,
        };
        if bytes.len() > 4 {
            let month = two(bytes, 5).filter(|month| (1..=12).contains(month))?;
            date.month = Some(month);
            if bytes.len() > 7 {
                let days = days_in(year, month);
                date.day = Some(two(bytes, 8).filter(|day| (1..=days).contains(day))?);
            }
        }
        let is_well_formed = match bytes.len() {
            4 => true,
            7 => bytes[4] == b'-',
            10 => bytes[4] == b'-' && bytes[7] == b'-',
            _ => false,
        };
        (is_well_formed && year > 0).then_some(date)
    }

    /// Reads a date, or a date, `T`, a time if any, and a zone if any.
    pub fn parse(text: &str) -> Option<Self> {
        let Some((date, rest)) = text.split_once('T') else {
            return Self::parse_date(text);
        };
        let mut value = Self::parse_date(date)?;
        if rest.is_empty() {
            return Some(value);
        }
        value.day?;
        let (time, offset) = match rest.strip_suffix('Z') {
            Some(time) => (time, Some(0)),
            None => match rest.find(['+', '-']) {
                Some(at) => (&rest[..at], Some(offset(&rest[at..])?)),
                None => (rest, None),
            },
        };
        value.time = Some(Time::parse(time)?);
        value.offset = offset;
        Some(value)
    }

    /// How much is known.
    pub fn precision(&self) -> Precision {
        match (self.month, self.day, &self.time) {
            (None, ..) => Precision::Year,
            (_, None, _) => Precision::Month,
            (.., None) => Precision::Day,
            (.., Some(time)) => time.precision(),
        }
    }

    /// The first and last nanosecond since 1970, as if in UTC.
    fn interval(&self) -> Interval {
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        let start = i128::from(days_from_civil(self.year, month, day)) * NANOS_PER_DAY;
        let days = match self.precision() {
            Precision::Year if is_leap(self.year) => 366,
            Precision::Year => 365,
            Precision::Month => i128::from(days_in(self.year, month)),
            _ => 1,
        };
        let (from, to) = match &self.time {
            Some(time) => time.interval(),
            None => (0, days * NANOS_PER_DAY - 1),
        };
        let offset = i128::from(self.offset.unwrap_or(0)) * NANOS_PER_MINUTE;
        (start + from - offset, start + to - offset)
    }

    /// The order of two dates or dateTimes; `None` when their precisions, or
    /// a zone that only one of them has, leave it open.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        let (mut one, mut two) = (self.interval(), other.interval());
        if self.offset.is_some() != other.offset.is_some() {
            let widened = if self.offset.is_none() {
                &mut one
            } else {
                &mut two
            };
            widened.0 -= i128::from(OFFSET_MAX) * NANOS_PER_MINUTE;
            widened.1 -= i128::from(OFFSET_MIN) * NANOS_PER_MINUTE;
            return compare_intervals(one, two, false).filter(|order| order.is_ne());
        }
        compare_intervals(one, two, self.precision() == other.precision())
    }

    /// What two equal values share: first instant, last instant, whether a zone is known.
    pub(super) fn key(&self) -> (i128, i128, bool) {
        let (from, to) = self.interval();
        (from, to, self.offset.is_some())
    }

    /// The date alone.
    pub fn date(&self) -> Self {
        Self {
            time: None,
            offset: None,
            ..*self
        }
    }

    /// How many digits are written, the zone not counted.
    pub(super) fn digits_written(&self) -> u8 {
        match (self.precision(), &self.time) {
            (Precision::Year, _) => 4,
            (Precision::Month, _) => 6,
            (_, Some(time)) => 8 + time.digits_written(),
            _ => 8,
        }
    }

    /// Some months later or earlier; the day moves back to one that exists.
    pub(super) fn plus_months(&self, months: i64) -> Option<Self> {
        let total = i64::from(self.year) * 12 + i64::from(self.month.unwrap_or(1)) - 1;
        let total = total.checked_add(months)?;
        let year = i16::try_from(total.div_euclid(12)).ok()?;
        let month = total.rem_euclid(12) as u8 + 1;
        (1..=9999).contains(&year).then(|| Self {
            year,
            month: self.month.map(|_| month),
            day: self.day.map(|day| day.min(days_in(year, month))),
            ..*self
        })
    }

    /// Some nanoseconds later or earlier, for a value that is known to the day at least.
    pub(super) fn plus_nanos(&self, nanos: i128) -> Option<Self> {
        let day = i128::from(days_from_civil(self.year, self.month?, self.day?));
        let of_day = self.time.map_or(0, |time| time.nanos_of_day());
        let total = (day * NANOS_PER_DAY + of_day).checked_add(nanos)?;
        let days = i64::try_from(total.div_euclid(NANOS_PER_DAY)).ok()?;
        let (year, month, day) = civil_from_days(days)?;
        Some(Self {
            year,
            month: Some(month),
            day: Some(day),
            time: self.time.map(|time| time.at(total)),
            offset: self.offset,
        })
    }

    /// The moment that many milliseconds after 1970 UTC, seen in a zone, to
    /// the millisecond. `None` outside the years 1 to 9999.
    pub fn from_milliseconds(milliseconds: i64, offset_minutes: i16) -> Option<Self> {
        let second = Time {
            hour: 0,
            minute: Some(0),
            second: Some(0),
            nanos: 0,
            digits: 3,
        };
        let epoch = Self {
            year: 1970,
            month: Some(1),
            day: Some(1),
            time: Some(second),
            offset: Some(offset_minutes),
        };
        let local =
            i128::from(milliseconds) * 1_000_000 + i128::from(offset_minutes) * NANOS_PER_MINUTE;
        epoch.plus_nanos(local)
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if let Some(month) = self.month {
            write!(f, "-{month:02}")?;
        }
        if let Some(day) = self.day {
            write!(f, "-{day:02}")?;
        }
        if let Some(time) = &self.time {
            write!(f, "T{time}")?;
        }
        match self.offset {
            None => Ok(()),
            Some(0) => f.write_str("Z"),
            Some(offset) => {
                let sign = if offset < 0 { '-' } else { '+' };
                let offset = offset.unsigned_abs();
                write!(f, "{sign}{:02}:{:02}", offset / 60, offset % 60)
            }
        }
    }
}

/// Two digits at a place.
fn two(bytes: &[u8], at: usize) -> Option<u8> {
    match bytes.get(at..at + 2)? {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some((tens - b'0') * 10 + ones - b'0'),
        _ => None,
    }
}

/// `+hh:mm` or `-hh:mm`, in minutes.
fn offset(text: &str) -> Option<i16> {
    let bytes = text.as_bytes();
    if bytes.len() != 6 || bytes[3] != b':' {
        return None;
    }
    let (hours, minutes) = (two(bytes, 1)?, two(bytes, 4)?);
    let offset = i16::from(hours) * 60 + i16::from(minutes);
    (minutes < 60 && offset <= OFFSET_MAX).then_some(if bytes[0] == b'-' {
        -offset
    } else {
        offset
    })
}

fn is_leap(year: i16) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(super) fn days_in(year: i16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days before the first of March of a year that begins in March, and before
/// each of its months: leap days come last that way, and drop out of the sums.
fn days_from_civil(year: i16, month: u8, day: u8) -> i64 {
    let year = i64::from(year) - i64::from(month < 3);
    let month = (i64::from(month) + 9) % 12;
    let before_year = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let before_month = (month * 153 + 2) / 5;
    before_year + before_month + i64::from(day) - 1 - EPOCH_DAY
}

/// 1 January 1970 in days since 1 March of the year 0.
const EPOCH_DAY: i64 = 719_468;

fn civil_from_days(days: i64) -> Option<(i16, u8, u8)> {
    let days = days + EPOCH_DAY;
    if !(0..=4_000_000).contains(&days) {
        return None;
    }
    // A first guess of the year is off by one at most.
    let mut year = (days * 400 / 146_097) as i16;
    let starts = |year: i16| days_from_civil(year, 3, 1) + EPOCH_DAY;
    if starts(year) > days {
        year -= 1;
    } else if starts(year + 1) <= days {
        year += 1;
    }
    let of_year = days - starts(year);
    let month = (of_year * 5 + 2) / 153;
    let day = of_year - (month * 153 + 2) / 5 + 1;
    let (month, year) = if month < 10 {
        (month + 3, year)
    } else {
        (month - 9, year + 1)
    };
    (1..=9999)
        .contains(&year)
        .then_some((year, month as u8, day as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_go_there_and_back() {
        assert_eq!(days_from_civil(1970, 1, 1), 0);
        assert_eq!(days_from_civil(2000, 3, 1), 11_017);
        let first = days_from_civil(1, 1, 1);
        let last = days_from_civil(9999, 12, 31);
        for days in (first..=last).step_by(7).chain(last - 800..=last) {
            let (year, month, day) = civil_from_days(days).expect("a day that exists");
            assert_eq!(days_from_civil(year, month, day), days);
        }
        assert!(civil_from_days(first - 1).is_none() && civil_from_days(last + 1).is_none());
    }

    #[test]
    fn what_is_read_is_written_the_same() {
        for text in [
            "2014",
            "2014-05",
            "2014-02-28",
            "2014-05-09T10",
            "2014-05-09T10:30",
            "2014-05-09T10:30:00",
            "2014-05-09T10:30:00.120Z",
            "2014-05-09T10:30:60.123456789-05:30",
        ] {
            let value = DateTime::parse(text).expect(text);
            assert_eq!(value.to_string(), text);
        }
        for text in [
            "",
            "201",
            "0000",
            "2014-13",
            "2014-00",
            "2014-02-29",
            "2014-5-09",
            "2014/05/09",
            "2014-05-09T24",
            "2014-05-09T10:60",
            "2014-05-09T10:30:61",
            "2014-05-09T10:30:00.",
            "2014-05-09T10:30+15:00",
            "2014-05-09T10:30+05",
            "2014-05T10",
            "éé",
            "20é4",
        ] {
            assert_eq!(DateTime::parse(text), None, "{text}");
        }
    }

    #[test]
    fn order_is_open_where_precision_leaves_it_open() {
        use Ordering::{Equal, Greater, Less};
        for (one, other, expected) in [
            ("2018", "2018", Some(Equal)),
            ("2018", "2018-02", None),
            ("2018", "2019-02", Some(Less)),
            ("2018-02-02T22-04:00", "2018-02-03T06+04:00", Some(Equal)),
            ("2018-02-02T22-04:00", "2018-02-03T06:03+04:00", None),
            ("2018-02-02T10:00:00", "2018-02-02T10:00:00.0", Some(Equal)),
            ("2018-02-02T10:00", "2018-02-02T10:00:00", None),
            ("2018-02-02T10:00:00Z", "2018-02-02T10:00:00", None),
            ("2018-02-05T10:00:00Z", "2018-02-02T10:00:00", Some(Greater)),
        ] {
            let parse = |text| DateTime::parse(text).expect("a date");
            assert_eq!(parse(one).compare(&parse(other)), expected, "{one} {other}");
        }
    }

    #[test]
    fn a_moment_is_seen_in_its_zone() {
        let seen = DateTime::from_milliseconds(1_700_000_000_123, 60).expect("a moment");
        assert_eq!(seen.to_string(), "2023-11-14T23:13:20.123+01:00");
    }
}
