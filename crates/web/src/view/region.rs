//! How the region does, in words and counts.

use store::{MessageState, Statistics};

use super::{Reader, text};
use crate::{
    dates,
    options::{ConsentCounts, OrganisationStatus},
    page::{
        Labelled, Layout, Tone,
        region::{OrganisationRow, RegionPage},
    },
};

/// Below this a number of people is not shown.
pub(crate) const SMALL_NUMBER: u64 = 10;

/// The page.
pub(crate) fn page(
    reader: &Reader,
    layout: Layout,
    organisations: &[OrganisationStatus],
    consents: Option<ConsentCounts>,
) -> RegionPage {
    let up = organisations.iter().filter(|one| one.up).count();
    let (key, symbol, tone) = if up == organisations.len() && up > 0 {
        ("region.verdict-yes", "✓", Tone::Good)
    } else if up > 1 {
        ("region.verdict-partly", "!", Tone::Warn)
    } else {
        ("region.verdict-no", "✕", Tone::Danger)
    };
    let down = organisations
        .iter()
        .filter(|one| !one.up)
        .map(|one| reader.fill("region.down-line", &[("name", &one.organisation.name)]));
    let failing = organisations
        .iter()
        .filter(|one| {
            one.statistics
                .as_ref()
                .is_some_and(|counts| refused(counts) > 0)
        })
        .map(|one| reader.fill("region.failed-line", &[("name", &one.organisation.name)]));
    let at = dates::time_of_day(reader.language, reader.now, &reader.zone);
    RegionPage {
        page: layout,
        verdict: reader.language.text(key).to_owned(),
        symbol,
        tone,
        troubles: down.chain(failing).collect(),
        rows: organisations.iter().map(|one| row(reader, one)).collect(),
        consents: consents
            .map(|counts| consent_rows(reader, counts))
            .unwrap_or_default(),
        updated: reader.fill("region.updated", &[("at", &at)]),
    }
}

fn row(reader: &Reader, status: &OrganisationStatus) -> OrganisationRow {
    let unknown = || reader.text("region.unknown").to_owned();
    let counts = status.statistics.as_ref();
    let count = |count: Option<u64>| {
        count.map_or_else(unknown, |count| text::count(reader.language, count))
    };
    let organisation = &status.organisation;
    OrganisationRow {
        name: organisation.name.clone(),
        kind: text::organisation_type(reader.language, organisation.organisation_type).to_owned(),
        state: reader
            .text(if status.up {
                "region.up"
            } else {
                "region.down"
            })
            .to_owned(),
        symbol: if status.up { "✓" } else { "✕" },
        tone: if status.up { Tone::Good } else { Tone::Danger },
        last_contact: status.last_contact.map_or_else(
            || reader.text("region.never").to_owned(),
            |at| dates::short_moment(reader.language, at, &reader.zone),
        ),
        messages: count(counts.map(|counts| today(reader, counts))),
        failed: count(counts.map(refused)),
        resources: count(counts.map(resources)),
        coded: counts.map_or_else(unknown, |counts| coded(reader, counts)),
    }
}

/// The messages of today. The store counts by day in UTC.
fn today(reader: &Reader, counts: &Statistics) -> u64 {
    let today = reader.now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let of_today = counts
        .messages_by_day
        .iter()
        .filter(|(day, ..)| *day == today);
    of_today.map(|(.., count)| count).sum()
}

/// The messages that failed and wait.
pub(crate) fn refused(counts: &Statistics) -> u64 {
    let refused = counts
        .messages
        .iter()
        .filter(|(state, _)| *state == MessageState::Refused);
    refused.map(|(_, count)| count).sum()
}

/// The resources of all types.
pub(crate) fn resources(counts: &Statistics) -> u64 {
    counts.resources.iter().map(|(_, count)| count).sum()
}

fn coded(reader: &Reader, counts: &Statistics) -> String {
    let all = counts.laboratory_coded + counts.laboratory_uncoded;
    if all == 0 {
        return "–".to_owned();
    }
    // Rounded down, so that it says 100 only when all are.
    let share = (counts.laboratory_coded * 100 / all).to_string();
    let number = |count| text::count(reader.language, count);
    let (numerator, denominator) = (number(counts.laboratory_coded), number(all));
    let values = [
        ("share", &*share),
        ("numerator", &*numerator),
        ("denominator", &*denominator),
    ];
    reader.fill("region.coded-value", &values)
}

fn consent_rows(reader: &Reader, counts: ConsentCounts) -> Vec<Labelled> {
    let parts = [
        ("region.consents-everyone", counts.everyone),
        ("region.consents-some", counts.some),
        ("region.consents-no-one", counts.no_one),
    ];
    let hides = parts.iter().any(|(_, count)| is_small(*count));
    let all = parts.iter().map(|(_, count)| count).sum();
    // A total beside all parts but one would tell the hidden one.
    let total = (!hides).then_some(("region.consents-chosen", all));
    total
        .into_iter()
        .chain(parts)
        .map(|(key, count)| {
            let value = if is_small(count) {
                reader.text("region.few").to_owned()
            } else {
                text::count(reader.language, count)
            };
            Labelled::new(reader.language.text(key), value)
        })
        .collect()
}

const fn is_small(count: u64) -> bool {
    count > 0 && count < SMALL_NUMBER
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    fn reader() -> Reader {
        Reader {
            language: Language::Dutch,
            zone: dates::time_zone(),
            now: "2026-11-22T20:00:00Z".parse().unwrap(),
            base: String::new(),
            salt: String::new(),
        }
    }

    fn check(everyone: u64, some: u64, no_one: u64, expected: &[&str]) {
        let rows = consent_rows(
            &reader(),
            ConsentCounts {
                everyone,
                some,
                no_one,
            },
        );
        let values: Vec<_> = rows.iter().map(|row| row.value.as_str()).collect();
        assert_eq!(values, expected);
    }

    #[test]
    fn small_numbers_are_hidden_and_cannot_be_worked_out() {
        check(120, 30, 10, &["160", "120", "30", "10"]);
        check(120, 30, 9, &["120", "30", "minder dan 10"]);
        check(120, 0, 10, &["130", "120", "0", "10"]);
    }
}
