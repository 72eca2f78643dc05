//! Counts and states, without patient data.

use care::{Bsn, Categories};
use jiff::{Timestamp, civil::Date};

use crate::MessageState;

/// What a store holds, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Live resources by type, sorted by type.
    pub resources: Vec<(&'static str, u64)>,
    /// Laboratory observations with a LOINC code.
    pub laboratory_coded: u64,
    /// Laboratory observations without one.
    pub laboratory_uncoded: u64,
    /// Messages by state.
    pub messages: Vec<(MessageState, u64)>,
    /// Messages by day (UTC) and state, the latest 31 days that had any, oldest first.
    pub messages_by_day: Vec<(Date, MessageState, u64)>,
    /// When the last message came.
    pub last_received: Option<Timestamp>,
    /// When a resource was last written.
    pub last_written: Option<Timestamp>,
    /// Audit lines.
    pub audit_lines: u64,
    /// Events in the outbox that wait to be delivered.
    pub outbox_waiting: u64,
}

/// How far it is to take the values that resources of one type are found by
/// from what is stored, after a search parameter was added or taken away or a
/// release brought other rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reindexing {
    /// The resource type.
    pub resource_type: &'static str,
    /// Resources that are done.
    pub done: u64,
    /// Resources that there were when it began, about.
    pub total: u64,
}

impl Reindexing {
    /// How much is done, of 100; less than that until all is.
    pub fn percent(&self) -> u8 {
        let percent = self.done.saturating_mul(100) / self.total.max(1);
        percent.min(99) as u8
    }
}

/// A search parameter that was added, with all of its values there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedParameter {
    /// Its name in a query.
    pub code: String,
    /// How values are compared.
    pub kind: fhir::search::Kind,
    /// The canonical URL of its definition.
    pub definition: String,
    /// The resource type that can be searched by it.
    pub resource_type: &'static str,
}

/// What a check of a database found. What was written last may lie in the
/// write-ahead log only: the size on disk is that of both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integrity {
    /// What is wrong; empty when all is well.
    pub problems: Vec<String>,
    /// The version of the schema in the file.
    pub schema_version: i64,
    /// How changes are journalled: `wal` of an SQLite file, or `postgresql`.
    pub journal_mode: String,
    /// Bytes of the database: of its file, or of its tables.
    pub database_bytes: u64,
    /// Bytes of the write-ahead log of an SQLite file.
    pub wal_bytes: u64,
}

impl Integrity {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Something to tell the localisation index: this organisation came to hold
/// kinds of data on a patient that it did not hold before. Written in the
/// same transaction as the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEvent {
    /// Its number, rising.
    pub id: u64,
    /// The patient.
    pub bsn: Bsn,
    /// All kinds of data held on the patient by then.
    pub categories: Categories,
    /// Those of them that are new.
    pub added: Categories,
}
