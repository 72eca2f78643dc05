//! The four states, per section.

use care::Categories;

use super::model::{SectionKind, SectionSource};
use crate::record::{SourceReport, SourceState};

/// What one source said to one section of which it gave `count` resources.
pub(super) fn of_source(
    kind: SectionKind,
    asked: Categories,
    report: &SourceReport,
    count: usize,
) -> SectionSource {
    let wanted = kind.categories().intersection(asked);
    let state = if count > 0 {
        SourceState::Data
    } else {
        match report.state {
            SourceState::NoAnswer | SourceState::NotAllowed => report.state,
            // A source that may give only part of the section cannot say that
            // there is none.
            SourceState::Data | SourceState::None => {
                if !report.permitted.contains_all(wanted) {
                    SourceState::NotAllowed
                } else if report.complete {
                    SourceState::None
                } else {
                    SourceState::NoAnswer
                }
            }
        }
    };
    SectionSource { ura: report.ura, state, count }
}

/// The section as a whole: «none» only when every source said so.
pub(super) fn of_section(sources: &[SectionSource]) -> SourceState {
    let any = |state| sources.iter().any(|source| source.state == state);
    if any(SourceState::Data) {
        SourceState::Data
    } else if any(SourceState::NoAnswer) || sources.is_empty() {
        SourceState::NoAnswer
    } else if any(SourceState::NotAllowed) {
        SourceState::NotAllowed
    } else {
        SourceState::None
    }
}
