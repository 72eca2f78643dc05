//! The findings about a node, each with what to do.

use store::Statistics;

use super::{Reader, region, text};
use crate::page::{
    Labelled, Layout, Tone,
    checks::{ChecksPage, FindingRow},
};

/// How many registrations may wait before it is worth a word.
const OUTBOX_WAITING_MAX: u64 = 100;

/// The page; without counts the store does not answer.
pub(crate) fn page(reader: &Reader, layout: Layout, counts: Option<&Statistics>) -> ChecksPage {
    let mut findings = Vec::new();
    let mut find = |good: bool, what: String, todo: &'static str| {
        let (state, tone) = if good {
            ("checks.state-ok", Tone::Good)
        } else {
            ("checks.state-warn", Tone::Warn)
        };
        findings.push(FindingRow {
            state: reader.language.text(state).to_owned(),
            tone,
            what,
            todo: if good {
                String::new()
            } else {
                reader.text(todo).to_owned()
            },
        });
    };
    let own = |key: &str| reader.language.text(key).to_owned();
    match counts {
        None => find(false, own("checks.store-down"), "checks.store-todo"),
        Some(counts) => {
            find(true, own("checks.store"), "");
            match region::refused(counts) {
                0 => find(true, own("checks.inbox-ok"), ""),
                waiting => {
                    let waiting = usize::try_from(waiting).unwrap_or(usize::MAX);
                    find(
                        false,
                        reader.language.count("checks.inbox", waiting),
                        "checks.inbox-todo",
                    );
                }
            }
            let waiting = usize::try_from(counts.outbox_waiting).unwrap_or(usize::MAX);
            match counts.outbox_waiting {
                0 => find(true, own("checks.outbox-ok"), ""),
                few => find(
                    few <= OUTBOX_WAITING_MAX,
                    reader.language.count("checks.outbox", waiting),
                    "checks.outbox-todo",
                ),
            }
        }
    }
    let trouble = findings.iter().any(|finding| finding.tone == Tone::Warn);
    ChecksPage {
        page: layout,
        verdict: own(if trouble {
            "checks.trouble"
        } else {
            "checks.good"
        }),
        tone: if trouble { Tone::Warn } else { Tone::Good },
        findings,
        numbers: counts
            .map(|counts| numbers(reader, counts))
            .unwrap_or_default(),
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
