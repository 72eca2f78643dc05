//! Times: HL7 v2 DT, TM and TS to FHIR date, time and dateTime.

use jiff::{
    civil::{Date, DateTime, Time},
    tz::{AmbiguousOffset, Offset, TimeZone},
};

/// A TS as far as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    /// As FHIR writes a date or dateTime: `2024`, `2024-03-01`,
    /// `2024-03-01T09:30:00+01:00`.
    pub(super) text: String,
    /// Whether it has a time of day, so that it can be a FHIR instant.
    pub(super) is_instant: bool,
}

/// Reads `YYYY[MM[DD[HHMM[SS[.S]]]]][+/-ZZZZ]`. A time without a zone is in
/// `zone`. An hour without minutes is only a date: FHIR has no such precision.
/// `None` when it is no such time.
pub(super) fn moment(text: &str, zone: &TimeZone) -> Option<Moment> {
    let text = text.trim();
    let (digits, offset) = match text.rfind(['+', '-']) {
        Some(at) => (&text[..at], Some(offset(&text[at..])?)),
        None => (text, None),
    };
    let (digits, fraction) = match digits.split_once('.') {
        Some((digits, fraction)) => (digits, Some(fraction)),
        None => (digits, None),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit())
        || fraction.is_some_and(|fraction| {
            digits.len() != 14
                || fraction.is_empty()
                || fraction.len() > 9
                || !fraction.bytes().all(|byte| byte.is_ascii_digit())
        })
    {
        return None;
    }
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<i16>().ok();
    let year = number(0, 4)?;
    let date =
        |month: i16, day: i16| Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok();
    let only_date = |text: String| {
        Some(Moment {
            text,
            is_instant: false,
        })
    };
    match digits.len() {
        4 if year > 0 => only_date(digits.to_owned()),
        6 => {
            date(number(4, 6)?, 1)?;
            only_date(format!("{}-{}", &digits[..4], &digits[4..]))
        }
        8 => only_date(date(number(4, 6)?, number(6, 8)?)?.to_string()),
        10 => {
            let hour = number(8, 10)?;
            let date = date(number(4, 6)?, number(6, 8)?)?;
            (hour < 24).then_some(())?;
            only_date(date.to_string())
        }
        12 | 14 => {
            let date = date(number(4, 6)?, number(6, 8)?)?;
            let second = if digits.len() == 14 {
                number(12, 14)?
            } else {
                0
            };
            let time = civil_time(number(8, 10)?, number(10, 12)?, second)?;
            let offset = match offset {
                Some(offset) => offset,
                None => offset_at(DateTime::from_parts(date, time), zone),
            };
            let fraction = fraction
                .map(|digits| format!(".{digits}"))
                .unwrap_or_default();
            let text = format!("{date}T{time}{fraction}{}", written(offset));
            Some(Moment {
                text,
                is_instant: true,
            })
        }
        _ => None,
    }
}

/// Reads `HH[MM[SS[.S]]]` as FHIR writes a time; hours alone are none.
pub(super) fn time_of_day(text: &str) -> Option<String> {
    let digits = text.trim().split(['.', '+', '-']).next()?;
    let is_time = matches!(digits.len(), 4 | 6) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<i16>().ok();
    is_time.then_some(())?;
    let second = if digits.len() == 6 { number(4, 6)? } else { 0 };
    Some(civil_time(number(0, 2)?, number(2, 4)?, second)?.to_string())
}

fn civil_time(hour: i16, minute: i16, second: i16) -> Option<Time> {
    Time::new(
        hour.try_into().ok()?,
        minute.try_into().ok()?,
        second.try_into().ok()?,
        0,
    )
    .ok()
}

/// The offset of a time on the clock. In the hour that comes twice it is the
/// first; an hour that is skipped is counted on from before.
pub(crate) fn offset_at(time: DateTime, zone: &TimeZone) -> Offset {
    match zone.to_ambiguous_timestamp(time).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
    }
}

/// `+01:00`.
pub(crate) fn written(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn offset(text: &str) -> Option<Offset> {
    let (sign, digits) = text.split_at(1);
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits[..2].parse().ok()?;
    let minutes: i32 = digits[2..].parse().ok()?;
    // FHIR knows offsets up to 14 hours.
    if minutes > 59 || hours * 60 + minutes > 14 * 60 {
        return None;
    }
    let seconds = (hours * 60 + minutes) * 60;
    Offset::from_seconds(if sign == "-" { -seconds } else { seconds }).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let zone = TimeZone::get("Europe/Amsterdam").unwrap();
        assert_eq!(
            moment(text, &zone).map(|moment| moment.text).as_deref(),
            expected,
            "{text}"
        );
    }

    #[test]
    fn times_keep_their_precision_and_zone() {
        check("2024", Some("2024"));
        check("202403", Some("2024-03"));
        check("20240301", Some("2024-03-01"));
        check("2024030109", Some("2024-03-01"));
        check("202403010930", Some("2024-03-01T09:30:00+01:00"));
        check("20240701093015", Some("2024-07-01T09:30:15+02:00"));
        check(
            "20240701093015.125+0000",
            Some("2024-07-01T09:30:15.125+00:00"),
        );
        check("201203141259-0215", Some("2012-03-14T12:59:00-02:15"));
        check("20240301+0100", Some("2024-03-01"));
    }

    #[test]
    fn summer_time_is_known() {
        // This hour does not exist, and this one comes twice.
        check("202403310230", Some("2024-03-31T02:30:00+01:00"));
        check("202410270230", Some("2024-10-27T02:30:00+02:00"));
    }

    #[test]
    fn other_text_is_no_time() {
        for text in [
            "",
            "x",
            "24",
            "20241301",
            "20240230",
            "202403012560",
            "2024-03-01",
            "20240301T09",
            "202403010930+9900",
            "20240301093015.",
            "0000",
            "２０２４",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn a_time_of_day_has_minutes() {
        assert_eq!(time_of_day("0930").as_deref(), Some("09:30:00"));
        assert_eq!(time_of_day("093015.5").as_deref(), Some("09:30:15"));
        for text in ["", "09", "2560", "0930x", "noon"] {
            assert_eq!(time_of_day(text), None);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "[0-9+.\\-é]{0,20}|\\PC*") {
            moment(&text, &TimeZone::UTC);
            time_of_day(&text);
        }
    }
}
