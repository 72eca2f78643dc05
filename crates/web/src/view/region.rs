//! How the region does, in words and counts.

mod consents;

use store::{MessageState, Statistics};
use trust::consent::ConsentCoverage;

use super::{Reader, text};
use crate::{
    dates,
    options::OrganisationStatus,
    page::{
        Layout, Tone,
        region::{OrganisationRow, RegionPage, Tile},
    },
};

/// The page.
pub(crate) fn page(
    reader: &Reader,
    layout: Layout,
    organisations: &[OrganisationStatus],
    consents: Option<&ConsentCoverage>,
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
    RegionPage {
        page: layout,
        verdict: reader.language.text(key).to_owned(),
        symbol,
        tone,
        troubles: down.chain(failing).collect(),
        rows: organisations.iter().map(|one| row(reader, one)).collect(),
        tiles: tiles(reader, organisations, up),
        consents: consents.map(|counts| consents::panel(reader, counts)),
        updated: updated(reader, reader.now),
    }
}

/// The numbers of all organisations that told theirs.
fn tiles(reader: &Reader, organisations: &[OrganisationStatus], up: usize) -> Vec<Tile> {
    let told = || {
        organisations
            .iter()
            .filter_map(|one| one.statistics.as_ref())
    };
    let sum = |count: fn(&Statistics) -> u64| told().map(count).sum::<u64>();
    let share = |part: u64, whole: u64| tile_of(reader, part, whole);
    let (up, all) = (up as u64, organisations.len() as u64);
    let coded = sum(|counts| counts.laboratory_coded);
    let results = coded + sum(|counts| counts.laboratory_uncoded);
    let failed = sum(refused);
    let messages = sum(|counts| counts.messages.iter().map(|(_, count)| count).sum());
    let number = |count| text::count(reader.language, count);
    let tile = |title: &str, definition: &str, (value, of): (String, String), tone| Tile {
        title: reader.language.text(title).to_owned(),
        value,
        of,
        definition: reader.language.text(definition).to_owned(),
        updated: updated(reader, reader.now),
        tone,
    };
    let tone = |good| if good { Tone::Plain } else { Tone::Warn };
    vec![
        tile(
            "region.tile-up",
            "region.up-explain",
            (number(up), of(reader, up, all)),
            tone(up == all),
        ),
        tile(
            "region.tile-failed",
            "region.failed-explain",
            (number(failed), of(reader, failed, messages)),
            tone(failed == 0),
        ),
        tile(
            "region.tile-coded",
            "region.coded-explain",
            share(coded, results),
            Tone::Plain,
        ),
    ]
}

/// A share with its numerator and denominator; a dash where nothing is counted.
fn tile_of(reader: &Reader, part: u64, whole: u64) -> (String, String) {
    // Rounded down, so that it says 100 only when all are.
    let value = (part * 100)
        .checked_div(whole)
        .map_or_else(|| "–".to_owned(), |share| format!("{share}%"));
    (value, of(reader, part, whole))
}

/// "6 van 7".
fn of(reader: &Reader, part: u64, whole: u64) -> String {
    let number = |count| text::count(reader.language, count);
    let values = [("part", &*number(part)), ("whole", &*number(whole))];
    reader.fill("region.of", &values)
}

fn updated(reader: &Reader, at: jiff::Timestamp) -> String {
    let at = dates::time_of_day(reader.language, at, &reader.zone);
    reader.fill("region.updated", &[("at", &at)])
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
