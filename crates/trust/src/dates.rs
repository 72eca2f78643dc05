//! Dates as people read them, in the Dutch manner: on the pages and in the
//! sentences of the audit log, so that both say a moment in the same words.
//!
//! A date of care data may be a year, a month, a day or a moment (FHIR
//! dateTime); it is written with the precision that it has and no more.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::words::Language;

const MONTHS: [[&str; 12]; 2] = [
    [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ],
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
];
const MONTHS_SHORT: [[&str; 12]; 2] = [
    [
        "jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec",
    ],
    [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ],
];

/// "3 maart 2026".
pub fn long(language: impl Into<Language>, date: Date) -> String {
    let month = MONTHS[language.into() as usize][date.month() as usize - 1];
    format!("{} {month} {}", date.day(), date.year())
}

/// "3 mrt 2026", for tables.
pub fn short(language: impl Into<Language>, date: Date) -> String {
    let month = MONTHS_SHORT[language.into() as usize][date.month() as usize - 1];
    format!("{} {month} {}", date.day(), date.year())
}

/// "3 maart 2026 om 10.12 uur".
pub fn long_moment(language: impl Into<Language>, at: Timestamp, zone: &TimeZone) -> String {
    let language = language.into();
    let zoned = at.to_zoned(zone.clone());
    let date = long(language, zoned.date());
    match language {
        Language::Dutch => format!("{date} om {}.{:02} uur", zoned.hour(), zoned.minute()),
        Language::English => format!("{date} at {}:{:02}", zoned.hour(), zoned.minute()),
    }
}

/// "3 mrt 2026 10:12", for tables.
pub fn short_moment(language: impl Into<Language>, at: Timestamp, zone: &TimeZone) -> String {
    let zoned = at.to_zoned(zone.clone());
    format!(
        "{} {:02}:{:02}",
        short(language, zoned.date()),
        zoned.hour(),
        zoned.minute()
    )
}

/// "10.12 uur".
pub fn time_of_day(language: impl Into<Language>, at: Timestamp, zone: &TimeZone) -> String {
    let zoned = at.to_zoned(zone.clone());
    match language.into() {
        Language::Dutch => format!("{}.{:02} uur", zoned.hour(), zoned.minute()),
        Language::English => format!("{}:{:02}", zoned.hour(), zoned.minute()),
    }
}

/// A FHIR date or dateTime for a table: "2019", "mrt 2019", "3 mrt 2019".
/// What is no date comes back as it was, because nothing is guessed.
pub fn fhir_short(language: impl Into<Language>, text: &str, zone: &TimeZone) -> String {
    let language = language.into();
    if let Ok(at) = text.parse::<Timestamp>() {
        return short(language, at.to_zoned(zone.clone()).date());
    }
    match text.len() {
        7 => month_of(text).map_or_else(
            || text.to_owned(),
            |(year, month)| format!("{} {year}", MONTHS_SHORT[language as usize][month]),
        ),
        10 => text
            .parse()
            .map_or_else(|_| text.to_owned(), |date| short(language, date)),
        _ => text.to_owned(),
    }
}

fn month_of(text: &str) -> Option<(i16, usize)> {
    let (year, month) = text.split_once('-')?;
    let month: usize = month.parse().ok()?;
    (1..=12)
        .contains(&month)
        .then_some((year.parse().ok()?, month - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("Europe/Amsterdam").unwrap()
    }

    #[test]
    fn a_date_keeps_its_precision() {
        let check = |text: &str, dutch: &str| {
            assert_eq!(fhir_short(Language::Dutch, text, &zone()), dutch);
        };
        check("2019", "2019");
        check("2019-05", "mei 2019");
        check("2019-05-03", "3 mei 2019");
        check("2026-03-02T23:30:00Z", "3 mrt 2026");
        check("2019-13", "2019-13");
        check("onbekend", "onbekend");
    }

    #[test]
    fn moments_are_told_in_the_time_of_the_region() {
        let at: Timestamp = "2026-07-01T08:05:00Z".parse().unwrap();
        assert_eq!(
            long_moment(Language::Dutch, at, &zone()),
            "1 juli 2026 om 10.05 uur"
        );
        assert_eq!(
            short_moment(Language::English, at, &zone()),
            "1 Jul 2026 10:05"
        );
        assert_eq!(time_of_day(Language::Dutch, at, &zone()), "10.05 uur");
    }
}
