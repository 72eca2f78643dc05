//! Who did what, when, why: NEN 7513 as FHIR AuditEvent, in a chain that
//! shows every change.
//!
//! [`AuditLine`] says what is written down, [`Chain`] seals each line to the
//! one before it, [`ChainCheck`] finds what was altered, removed, inserted or
//! cut off, [`HeadFile`] is what the last is found by, and [`wording`] tells
//! the patient. An audit line is patient data: it lives in the store and
//! nowhere else.

mod chain;
mod check;
mod code;
mod event;
mod head;
mod line;
mod read;
mod wording;

pub use chain::Chain;
pub use check::{ChainCheck, ChainFault, FaultKind, Verified, verify};
pub use code::{Happened, Outcome};
pub use head::{Head, HeadError, HeadFile};
pub use line::{AuditLine, refused_attempt};
pub use read::{AuditRecord, EVENT_BYTES_MAX, NotAnAuditEvent};
pub use store::AuditLine as Line;
pub use wording::wording;

pub use crate::words::Language;

#[cfg(test)]
mod tests;
