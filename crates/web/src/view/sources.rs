//! The four states in words: data, says none, no answer, not allowed.

use exchange::{
    SourceReport, SourceState,
    combined::{CombinedRecord, Section, SectionKind},
};

use super::{Reader, text};
use crate::{
    dates,
    page::{SourceRow, Sources, Tone},
};

/// How every source answered.
pub(crate) fn sources(reader: &Reader, record: &CombinedRecord) -> Sources {
    let answered =
        |report: &&SourceReport| matches!(report.state, SourceState::Data | SourceState::None);
    let all = record.sources.len();
    let count = record.sources.iter().filter(answered).count();
    let key = match count {
        0 => "sources.verdict.none",
        _ if count == all => "sources.verdict.all",
        _ => "sources.verdict.some",
    };
    let time = dates::time_of_day(reader.language, record.asked, &reader.zone);
    Sources {
        verdict: reader.fill(
            key,
            &[("answered", &count.to_string()), ("all", &all.to_string())],
        ),
        asked_at: reader.fill("sources.asked", &[("time", &time)]),
        rows: record
            .sources
            .iter()
            .map(|report| row(reader, report))
            .collect(),
    }
}

fn row(reader: &Reader, report: &SourceReport) -> SourceRow {
    let (state, symbol, tone) = match report.state {
        SourceState::Data => {
            let key = if report.complete {
                "sources.state.data"
            } else {
                "sources.state.partly"
            };
            (
                reader.fill(key, &[("n", &report.count.to_string())]),
                "✓",
                Tone::Good,
            )
        }
        SourceState::None => (
            reader.text("sources.state.none").to_owned(),
            "○",
            Tone::Plain,
        ),
        SourceState::NoAnswer => (
            reader.text("sources.state.no-answer").to_owned(),
            "!",
            Tone::Warn,
        ),
        SourceState::NotAllowed => (
            reader.text("sources.state.not-allowed").to_owned(),
            "⊘",
            Tone::Info,
        ),
    };
    SourceRow {
        name: report.name.clone(),
        state,
        symbol,
        tone,
    }
}

/// What to say of a section without rows: who said none, who did not answer,
/// whom the reader may not ask. Missing is not none.
pub(crate) fn emptiness(reader: &Reader, record: &CombinedRecord, section: &Section) -> String {
    let named = |state| {
        let names: Vec<String> = section
            .sources
            .iter()
            .filter(|source| source.state == state && source.holds)
            .filter_map(|source| {
                record
                    .sources
                    .iter()
                    .find(|report| report.ura == source.ura)
            })
            .map(|report| report.name.clone())
            .collect();
        (!names.is_empty()).then(|| text::list(reader.language, &names))
    };
    let said_none = section
        .sources
        .iter()
        .any(|source| matches!(source.state, SourceState::None | SourceState::Data));
    let key = if said_none {
        "section.empty-none"
    } else {
        "section.empty-nobody"
    };
    let mut parts = vec![reader.text(key).to_owned()];
    if let Some(names) = named(SourceState::NoAnswer) {
        parts.push(reader.fill("section.empty-no-answer", &[("names", &names)]));
    }
    if let Some(names) = named(SourceState::NotAllowed) {
        parts.push(reader.fill("section.empty-not-allowed", &[("names", &names)]));
    }
    parts.join(" ")
}

/// Whether a section says itself that it is not complete: where it is empty,
/// and where something that is not there can do harm. For the others the
/// strip of sources above them says it, so that the word keeps its weight.
pub(crate) fn is_incomplete(section: &Section) -> bool {
    let lacks = section.sources.iter().any(|source| {
        source.holds
            && matches!(
                source.state,
                SourceState::NoAnswer | SourceState::NotAllowed
            )
    });
    let matters = matches!(
        section.kind,
        SectionKind::Allergies
            | SectionKind::Alerts
            | SectionKind::Directives
            | SectionKind::Medication
    );
    lacks && (matters || (section.groups.is_empty() && section.series.is_empty()))
}
