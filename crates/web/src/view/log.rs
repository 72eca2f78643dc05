//! Who looked, in plain sentences.

use std::collections::HashMap;

use care::{Purpose, Role};
use exchange::{AccessLog, AccessVisit, SourceState};

use super::Reader;
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
/// Within how long the same person's questions are one visit.
const VISIT_MS: i64 = 60 * 60 * 1000;
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
    let mut groups: [Vec<&AccessVisit>; 4] = Default::default();
    for visit in log.visits.iter().filter(wanted) {
        groups[Kind::of(visit) as usize].push(visit);
    }
    let [special, looked, own, systems] = groups.map(|visits| rows(reader, &visits));
    let hidden = looked.len().saturating_sub(VISITS_SHOWN);
    let shown = |rows: Vec<Visit>| rows.into_iter().take(VISITS_SHOWN).collect();
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
        special: shown(special),
        visits: shown(looked),
        own: shown(own),
        systems: shown(systems),
        more: (hidden > 0).then(|| reader.language.count("log.more", hidden)),
    }
}

/// Which list a visit belongs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// An emergency or a refusal.
    Special,
    /// Somebody who cares for the patient looked.
    Looked,
    /// The patient did it.
    Own,
    /// A record system kept the own record of its organisation.
    System,
}

impl Kind {
    fn of(visit: &AccessVisit) -> Self {
        if visit.refused || visit.emergency_reason.is_some() {
            return Self::Special;
        }
        match visit.role {
            Some(Role::Patient) => Self::Own,
            Some(Role::RecordSystem) => Self::System,
            _ => Self::Looked,
        }
    }
}

/// How often others looked in the last month.
pub(crate) fn sentence(reader: &Reader, log: &AccessLog) -> String {
    let since = reader.now.as_millisecond() - MONTH_MS;
    let count = log
        .visits
        .iter()
        .filter(|visit| {
            visit.role.is_some_and(Role::is_clinician) && visit.at.as_millisecond() >= since
        })
        .count();
    match count {
        0 => reader.text("log.sentence-none").to_owned(),
        _ => reader.language.count("log.sentence", count),
    }
}

/// The rows of one list: what the same person did within the hour, for the
/// same reason, is one visit, whatever others did in between. `visits` are the
/// latest first, and so are the rows.
fn rows(reader: &Reader, visits: &[&AccessVisit]) -> Vec<Visit> {
    let mut rows: Vec<Vec<&AccessVisit>> = Vec::new();
    // Where the latest visit of each person for each reason is.
    let mut latest: HashMap<Belongs<'_>, usize> = HashMap::new();
    for visit in visits {
        let at = latest.get(&Belongs::of(visit)).copied();
        let near = |row: &&mut Vec<&AccessVisit>| {
            row.last()
                .is_some_and(|last| last.at.as_millisecond() - visit.at.as_millisecond() < VISIT_MS)
        };
        if let Some(row) = at.and_then(|at| rows.get_mut(at)).filter(near) {
            row.push(visit);
        } else {
            latest.insert(Belongs::of(visit), rows.len());
            rows.push(vec![visit]);
        }
    }
    rows.iter().map(|together| row(reader, together)).collect()
}

/// By what lines are one visit.
#[derive(PartialEq, Eq, Hash)]
struct Belongs<'a> {
    actor: &'a str,
    organisation: &'a str,
    purpose: Option<Purpose>,
    refused: bool,
    emergency_reason: Option<&'a str>,
}

impl<'a> Belongs<'a> {
    fn of(visit: &'a AccessVisit) -> Self {
        Self {
            actor: &visit.actor_name,
            organisation: &visit.organisation_name,
            purpose: visit.purpose,
            refused: visit.refused,
            emergency_reason: visit.emergency_reason.as_deref(),
        }
    }
}

fn row(reader: &Reader, together: &[&AccessVisit]) -> Visit {
    let visit = together[0];
    let mut tags = Vec::new();
    if visit.emergency_reason.is_some() {
        tags.push(Tag::new(Tone::Danger, reader.text("log.tag-emergency")));
    }
    if visit.refused {
        tags.push(Tag::new(Tone::Warn, reader.text("log.tag-denied")));
    }
    if together.len() > 1 {
        tags.push(Tag::new(
            Tone::Plain,
            reader.language.count("log.times", together.len()),
        ));
    }
    // The first line is what the person did; the others are how each
    // organisation answered.
    let line = |line: &exchange::AccessLogLine| match reader.language {
        Language::Dutch => line.text_nl.clone(),
        Language::English => line.text_en.clone(),
    };
    let mut lines = together.iter().flat_map(|visit| &visit.lines).map(line);
    let first = lines.next().unwrap_or_default();
    let mut details: Vec<String> = Vec::new();
    for text in lines {
        if text != first && !details.contains(&text) && details.len() < LINES_SHOWN {
            details.push(text);
        }
    }
    let reason = visit
        .emergency_reason
        .as_ref()
        .filter(|reason| !first.contains(reason.as_str()))
        .map(|reason| reader.fill("log.reason", &[("reason", reason)]));
    let at = dates::long_moment(reader.language, visit.at, &reader.zone);
    Visit {
        tags,
        sentence: if first.is_empty() { at } else { first },
        reason,
        details_label: reader.text("log.details").to_owned(),
        details,
    }
}
