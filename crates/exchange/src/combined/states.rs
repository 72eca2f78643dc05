//! The four states, per section.

use care::{Categories, DataCategory, OrganisationType, ProviderCategory};

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
    SectionSource {
        ura: report.ura,
        state,
        count,
        holds: may_hold(kind, report.organisation_type),
    }
}

/// Whether a kind of organisation holds anything of a section at all, by the
/// consent matrix: a pharmacy holds medication and the allergies it dispenses
/// by, and nothing else that could be exchanged.
fn may_hold(kind: SectionKind, organisation_type: OrganisationType) -> bool {
    let provider = ProviderCategory::of(organisation_type);
    let mut held = Categories::NONE;
    for category in provider.holds() {
        held = held.union(category.opens());
    }
    if provider == ProviderCategory::Pharmacy {
        held = held.with(DataCategory::AllergyIntolerance);
    }
    !kind.categories().intersection(held).is_empty()
}

/// The section as a whole: «none» only when every source that holds such data
/// said so. What a source may not give of something that it does not hold makes
/// no section uncertain.
pub(super) fn of_section(sources: &[SectionSource]) -> SourceState {
    let any = |state| {
        sources
            .iter()
            .any(|source| source.holds && source.state == state)
    };
    if sources
        .iter()
        .any(|source| source.state == SourceState::Data)
    {
        SourceState::Data
    } else if any(SourceState::NoAnswer) || !sources.iter().any(|source| source.holds) {
        SourceState::NoAnswer
    } else if any(SourceState::NotAllowed) {
        SourceState::NotAllowed
    } else {
        SourceState::None
    }
}
