//! What the patient allows: the choices, the rules that weigh them, the
//! embedded consent service, and the leases under which nodes may remember an
//! answer.
//!
//! The model is that of Mitz: the patient says, per category of holder, kind
//! of data and category of consulting provider, yes or no, with exceptions
//! that name organisations. No choice is no. Start with [`ConsentRecord`]; the
//! rules are in [`ConsentRecord::answer`]; [`ConsentService`] is the port,
//! [`EmbeddedConsents`] the embedded adapter. Children and representatives are
//! not here yet.

mod code;
mod coverage;
mod embedded;
mod lease;
mod preview;
mod reach;
mod record;
mod ruling;
mod service;
mod tally;

pub use coverage::{ConsentCoverage, Count, KindCoverage, SMALL_NUMBER};
pub use embedded::{EmbeddedConsents, HISTORY_PAGE_MAX, HOLDERS_MAX};
pub use lease::{
    HeldLease, LEASE_DURATION, LEASE_HOLDERS_MAX, LEASE_RENEWAL, LeaseBook, LeaseRefused,
    ManualMonotonic, Monotonic, Outstanding, SystemMonotonic,
};
pub use preview::{Effect, Preview, preview};
pub use reach::Reach;
pub use record::{
    CHOICES_MAX, Change, Choice, ChoiceKey, ConsentRecord, InvalidChange, Party, Preset, Verdict,
    matrix,
};
pub use ruling::{ConsentAnswer, ConsentQuestion, Ruling};
pub use service::{ChangeEvent, ConsentError, ConsentService};
