//! The findings about a node, each with what to do.

use store::Statistics;

use super::{Reader, region, text};
use crate::{
    dates,
    findings::Finding,
    page::{
        Labelled, Layout, Tone,
        checks::{ChecksPage, FindingRow},
    },
};

/// The page; without counts the store does not tell any.
pub(crate) fn page(
    reader: &Reader,
    layout: Layout,
    findings: &[Finding],
    counts: Option<&Statistics>,
) -> ChecksPage {
    let well = findings.iter().all(Finding::is_well);
    let (verdict, tone) = if well {
        ("checks.good", Tone::Good)
    } else {
        ("checks.trouble", Tone::Warn)
    };
    let at = dates::time_of_day(reader.language, reader.now, &reader.zone);
    ChecksPage {
        page: layout,
        verdict: reader.language.text(verdict).to_owned(),
        tone,
        findings: findings.iter().map(|one| row(reader, one)).collect(),
        numbers: counts
            .map(|counts| numbers(reader, counts))
            .unwrap_or_default(),
        updated: reader.fill("checks.updated", &[("at", &at)]),
    }
}

fn row(reader: &Reader, finding: &Finding) -> FindingRow {
    let (state, tone) = if finding.is_well() {
        ("checks.state-ok", Tone::Good)
    } else {
        ("checks.state-warn", Tone::Warn)
    };
    let told = finding.told(reader.language);
    FindingRow {
        state: reader.language.text(state).to_owned(),
        tone,
        what: told.what,
        found: told.found,
        todo: told.hint.unwrap_or_default(),
    }
}

fn numbers(reader: &Reader, counts: &Statistics) -> Vec<Labelled> {
    let row = |key: &str, count: u64| {
        Labelled::new(
            reader.language.text(key),
            text::count(reader.language, count),
        )
    };
    let messages = counts.messages.iter().map(|(_, count)| count).sum();
    let mut rows = vec![
        row("checks.resources", region::resources(counts)),
        row("checks.received", messages),
        row("checks.audit", counts.audit_lines),
    ];
    rows.extend(
        counts
            .resources
            .iter()
            .map(|(kind, count)| Labelled::new(*kind, text::count(reader.language, *count))),
    );
    rows
}
