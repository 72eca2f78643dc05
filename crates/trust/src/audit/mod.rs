//! Who did what, when, why: NEN 7513 as FHIR AuditEvent, in a chain that
//! shows every change.
//!
//! [`line`](AuditLine) says what is written down, [`Chain`] seals each line to
//! the one before, [`verify`] finds what was altered, removed, inserted or cut
//! off, [`Head`] is what finds the last, and [`wording`] tells the patient. An
//! audit line is patient data: it lives in the store and nowhere else.

mod chain;
mod head;
mod line;
mod read;
mod words;

pub use chain::{Chain, ChainFault, FaultKind, Line, Verified, verify};
pub use head::{Head, HeadError, HeadFile};
pub use line::{AuditLine, Happened, Outcome, refused_attempt};
pub use read::{AuditRecord, NotAnAuditEvent};
pub use words::{Language, wording};
