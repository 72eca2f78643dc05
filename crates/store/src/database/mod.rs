//! The database: the port that all statements go through, its schema, the one
//! writer and the readers. It knows nothing of FHIR but the names of the
//! resource types.

mod failure;
pub(crate) mod kinds;
pub(crate) mod names;
mod port;
pub(crate) mod readers;
pub(crate) mod schema;
pub(crate) mod snapshot;
mod sqlite;
mod value;
pub(crate) mod version;
pub(crate) mod writer;

pub use failure::DatabaseError;
pub(crate) use port::{Connection, Row, Statement};
pub(crate) use value::{OptionalExtension, Params, Value};
