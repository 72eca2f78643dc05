//! Who looked, in plain sentences.

use care::Role;
use exchange::{AccessLog, AccessVisit, SourceState};

use super::{Reader, text};
use crate::{
    dates,
    page::{
        Choice, Layout, Tag, Tone,
        log::{LogPage, Visit},
    },
    words::Language,
};

/// How many visits are shown.
const VISITS_SHOWN: usize = 100;
/// How many lines of one visit are shown.
const LINES_SHOWN: usize = 40;
const MONTH_MS: i64 = 30 * 86_400_000;

/// The access log as a page; `only` filters by the organisation of who looked,
/// by its token.
pub(crate) fn page(
    reader: &Reader,
    layout: Layout,
    log: &AccessLog,
    only: Option<&str>,
) -> LogPage {
    let mut names: Vec<&str> = log
        .visits
        .iter()
        .map(|visit| visit.organisation_name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    let wanted = |visit: &&AccessVisit| {
        only.is_none_or(|only| reader.organisation_token(&visit.organisation_name) == only)
    };
    let (special, usual): (Vec<&AccessVisit>, Vec<&AccessVisit>) = log
        .visits
        .iter()
        .filter(wanted)
        .partition(|visit| is_special(visit));
    let hidden = usual.len().saturating_sub(VISITS_SHOWN);
    LogPage {
        page: layout,
        sentence: sentence(reader, log),
        unanswered: log
            .sources
            .iter()
            .filter(|source| {
                matches!(
                    source.state,
                    SourceState::NoAnswer | SourceState::NotAllowed
                )
            })
            .map(|source| reader.fill("log.unanswered", &[("name", &source.name)]))
            .collect(),
        organisations: names
            .into_iter()
            .map(|name| {
                let value = reader.organisation_token(name);
                let chosen = only == Some(value.as_str());
                Choice {
                    value,
                    label: name.to_owned(),
                    chosen,
                }
            })
            .collect(),
        special: special
            .into_iter()
            .take(VISITS_SHOWN)
            .map(|visit| row(reader, visit))
            .collect(),
        visits: usual
            .into_iter()
            .take(VISITS_SHOWN)
            .map(|visit| row(reader, visit))
            .collect(),
        more: (hidden > 0).then(|| reader.language.count("log.more", hidden)),
    }
}

fn is_special(visit: &AccessVisit) -> bool {
    visit.refused || visit.emergency_reason.is_some()
}

/// How often others looked in the last month.
pub(crate) fn sentence(reader: &Reader, log: &AccessLog) -> String {
    let since = reader.now.as_millisecond() - MONTH_MS;
    let count = log
        .visits
        .iter()
        .filter(|visit| visit.role != Some(Role::Patient) && visit.at.as_millisecond() >= since)
        .count();
    match count {
        0 => reader.text("log.sentence-none").to_owned(),
        _ => reader.language.count("log.sentence", count),
    }
}

fn row(reader: &Reader, visit: &AccessVisit) -> Visit {
    let mut tags = Vec::new();
    if visit.emergency_reason.is_some() {
        tags.push(Tag::new(Tone::Danger, reader.text("log.tag-emergency")));
    }
    if visit.refused {
        tags.push(Tag::new(Tone::Warn, reader.text("log.tag-denied")));
    }
    let is_patient = visit.role == Some(Role::Patient);
    if is_patient {
        tags.push(Tag::new(Tone::Plain, reader.text("log.tag-yourself")));
    }
    // The first line is what the person did; the others are how each
    // organisation answered.
    let line = |line: &exchange::AccessLogLine| match reader.language {
        Language::Dutch => line.text_nl.clone(),
        Language::English => line.text_en.clone(),
    };
    let mut lines = visit.lines.iter().map(line);
    let first = lines.next().unwrap_or_default();
    let mut details: Vec<String> = Vec::new();
    for text in lines {
        if text != first && !details.contains(&text) && details.len() < LINES_SHOWN {
            details.push(text);
        }
    }
    let at = dates::long_moment(reader.language, visit.at, &reader.zone);
    let reason = visit
        .emergency_reason
        .clone()
        .or_else(|| {
            let purpose = visit.purpose.filter(|_| !is_patient)?;
            Some(text::purpose(reader.language, purpose).to_owned())
        })
        .map(|reason| reader.fill("log.reason", &[("reason", &reason)]));
    Visit {
        tags,
        sentence: if first.is_empty() { at } else { first },
        reason,
        details_label: reader.text("log.details").to_owned(),
        details,
    }
}
