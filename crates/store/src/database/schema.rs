//! Makes and migrates the schema; `user_version` says how far a file has come.

use super::Connection;
use crate::StoreError;

/// The steps, in order. A step that was released never changes.
const STEPS: [&str; 2] = [
    include_str!("schemas/sqlite/0001.sql"),
    include_str!("schemas/sqlite/0002.sql"),
];

/// The newest version of the schema.
pub(crate) const NEWEST: i64 = STEPS.len() as i64;

/// Brings the file to the newest schema, all or nothing.
pub(crate) fn migrate(connection: &Connection) -> Result<(), StoreError> {
    connection.begin_writing()?;
    let found = version(connection)?;
    if found > NEWEST {
        return Err(StoreError::NewerSchema {
            found,
            known: NEWEST,
        });
    }
    let done = usize::try_from(found).map_err(|_| StoreError::Corrupt {
        what: "the schema version is negative",
    })?;
    for step in &STEPS[done..] {
        connection.execute_batch(step)?;
    }
    connection.execute_batch(&format!("PRAGMA user_version = {NEWEST}"))?;
    connection.commit()?;
    Ok(())
}

/// The version of the schema in the file.
pub(crate) fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("PRAGMA user_version", (), |row| row.get(0))?)
}
