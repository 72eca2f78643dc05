//! Makes and migrates the schema; `user_version` says how far a file has come.

use rusqlite::{Connection, TransactionBehavior};

use crate::StoreError;

/// The steps, in order. A step that was released never changes.
const STEPS: [&str; 2] = [include_str!("0001.sql"), include_str!("0002.sql")];

/// The newest version of the schema.
pub(crate) const NEWEST: i64 = STEPS.len() as i64;

/// Brings the file to the newest schema, all or nothing.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
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
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", NEWEST)?;
    transaction.commit()?;
    Ok(())
}

/// The version of the schema in the file.
pub(crate) fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}
