//! What a carer should notice about a medicine.

use super::{
    medication,
    model::{Block, Fact, Moment, Notice},
};

/// An agreement that one source stopped, and that another still dispenses:
/// unless somebody agreed it anew at or after the stop.
pub(super) fn of_medication(facts: &[Fact]) -> Vec<Notice> {
    let mut notices = Vec::new();
    let mut seen_sources = Vec::new();
    // Facts stand with the latest first: of each source, its latest agreement.
    for (stopped, fact) in facts.iter().enumerate() {
        let agreed = matches!(fact.block, Some(Block::Agreement));
        if !agreed || seen_sources.contains(&fact.source) {
            continue;
        }
        seen_sources.push(fact.source);
        if !medication::is_stopped(fact) {
            continue;
        }
        let stopped_at = medication::stopped_at(fact);
        if agreed_anew(facts, fact, stopped_at.as_ref()) {
            continue;
        }
        let dispensed = facts.iter().enumerate().find(|(_, other)| {
            other.source != fact.source && is_dispensed_after(other, stopped_at.as_ref())
        });
        if let Some((dispensed, other)) = dispensed {
            let dispensed_at = other.date.clone();
            notices.push(Notice::StoppedButDispensed {
                stopped,
                stopped_at,
                dispensed,
                dispensed_at,
            });
        }
    }
    notices
}

fn agreed_anew(facts: &[Fact], stopped: &Fact, at: Option<&Moment>) -> bool {
    facts.iter().any(|other| {
        let agreed = matches!(other.block, Some(Block::Agreement | Block::VariableDosing));
        let later = match (other.date.as_ref(), at) {
            (Some(agreed), Some(at)) => agreed.high_ms >= at.low_ms,
            _ => false,
        };
        agreed && other.current && later && !std::ptr::eq(other, stopped)
    })
}

/// Whether a dispense came after the stop; without dates, whether it still runs.
fn is_dispensed_after(fact: &Fact, stopped_at: Option<&Moment>) -> bool {
    let dispensed = matches!(
        fact.block,
        Some(Block::Dispense | Block::AdministrationAgreement)
    );
    let undone = matches!(
        fact.status.as_deref(),
        Some("cancelled" | "entered-in-error" | "declined" | "stopped")
    );
    if !dispensed || undone {
        return false;
    }
    match (fact.date.as_ref(), stopped_at) {
        (Some(dispensed), Some(stopped)) => dispensed.low_ms > stopped.high_ms,
        _ => fact.current,
    }
}
