//! Other formats to FHIR R4: HL7 v2 and EDIFACT.
//!
//! Bytes go in; out comes a [`Translation`] (a transaction Bundle and the
//! positive acknowledgement) or a [`Refusal`] (why, and the negative one).
//! Nothing is guessed: a code that no table knows keeps the sender's code and
//! words only, a unit that is unknown stays text, and what cannot be read is
//! refused, so that the operator sees it.
//!
//! This room does no I/O, takes no decision on access and stores nothing: an
//! acknowledgement is made here, and sent by the door once the message is on
//! disk. Start with [`hl7v2::translate`] and [`edifact::translate`].

pub mod edifact;
pub mod hl7v2;

mod codes;
mod context;
mod model;
mod naming;
mod number;
mod outcome;
mod precedence;
mod record;

pub use context::Context;
pub use outcome::{Format, Refusal, RefusalKind, Summary, Translation};
pub use precedence::{Precedence, precedence};
