//! The database: the port that all statements go through, its schema, the one
//! writer and the readers. It knows nothing of FHIR but the names of the
//! resource types.

mod choice;
mod failure;
pub(crate) mod holder;
pub(crate) mod kinds;
pub(crate) mod names;
mod owed;
mod port;
mod postgres;
pub(crate) mod readers;
pub(crate) mod rows;
pub(crate) mod schema;
pub(crate) mod snapshot;
pub(crate) mod soundness;
mod sqlite;
mod value;
pub(crate) mod version;
pub(crate) mod writer;

pub use choice::Database;
pub(crate) use choice::Source;
pub use failure::DatabaseError;
pub(crate) use port::{Connection, Durability, Row, Statement};
pub use postgres::PostgresUrl;
pub(crate) use value::{OptionalExtension, Params, Value};
