//! Where an organisation keeps its data: versioned FHIR resources with
//! search and history, the messages that they came in, the audit log, and the
//! outbox, all in one SQLite file.
//!
//! This room decides nothing about access: it applies the [`care::Scope`] it
//! is given, at every place where a row is read, so that what is outside it
//! answers as if it were not there. It validates nothing either: `fhir` does.
//! Start with [`Store`].

pub mod limits;

mod audit_line;
mod change;
mod counts;
mod database;
mod error;
mod index;
mod lists;
mod message;
mod moment;
mod private;
mod read;
mod search;
mod store;
mod stored;
mod subscription;
mod whole;
mod write;

pub use audit_line::{AuditBody, AuditEntry, AuditLine, AuditPage, Seal};
pub use change::{
    Alongside, Change, Outcome, Precedence, Purged, Status, Target, Written, patients_named,
};
pub use counts::{AddedParameter, Integrity, OutboxEvent, Reindexing, Statistics};
pub use database::{Database, DatabaseError, PostgresUrl};
pub use error::StoreError;
pub use message::{
    Message, MessageFilter, MessageId, MessageOverview, MessageState, MessageSummary, NewMessage,
};
pub use private::make_private;
pub use store::{Options, Store};
pub use stored::{
    Filed, Found, HistoryEntry, HistoryOf, HistoryPage, Interaction, Moment, Page, SearchPage,
    Stored, Understood, Walk, WalkPage, Whole, WholePage, Whose,
};
pub use subscription::{
    Attempt, Changed, Changes, Found as FoundEvents, Subscription, SubscriptionChange,
    SubscriptionEvent, SubscriptionState,
};
