//! The SQLite file: its schema, its one writer and its readers. It knows
//! nothing of FHIR but the names of the resource types.

pub(crate) mod connection;
pub(crate) mod kinds;
pub(crate) mod names;
pub(crate) mod readers;
pub(crate) mod schema;
pub(crate) mod snapshot;
pub(crate) mod version;
pub(crate) mod writer;
