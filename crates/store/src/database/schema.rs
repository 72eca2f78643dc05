//! Makes and migrates the schema. An SQLite file says with `user_version` how far
//! it has come, PostgreSQL in a table of its own.

use super::{Connection, OptionalExtension};
use crate::StoreError;

/// The steps for SQLite, in order. A step that was released never changes.
const SQLITE: [&str; 4] = [
    include_str!("schemas/sqlite/0001.sql"),
    include_str!("schemas/sqlite/0002.sql"),
    include_str!("schemas/sqlite/0003.sql"),
    include_str!("schemas/sqlite/0004.sql"),
];

/// The steps for PostgreSQL.
const POSTGRES: [&str; 3] = [
    include_str!("schemas/postgres/0001.sql"),
    include_str!("schemas/postgres/0002.sql"),
    include_str!("schemas/postgres/0003.sql"),
];

/// Brings the database to the newest schema, all or nothing.
pub(crate) fn migrate(connection: &Connection) -> Result<(), StoreError> {
    let steps: &[&str] = match connection {
        Connection::Sqlite(_) => &SQLITE,
        Connection::Postgres(_) => &POSTGRES,
    };
    connection.begin_making()?;
    let found = version(connection)?;
    let newest = steps.len() as i64;
    if found > newest {
        return Err(StoreError::NewerSchema {
            found,
            known: newest,
        });
    }
    let done = usize::try_from(found).map_err(|_| StoreError::Corrupt {
        what: "the schema version is negative",
    })?;
    for step in &steps[done..] {
        connection.execute_batch(step)?;
    }
    match connection {
        Connection::Sqlite(_) => {
            connection.execute_batch(&format!("PRAGMA user_version = {newest}"))?;
        }
        Connection::Postgres(_) => connection.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS schema_version (number BIGINT NOT NULL);
             DELETE FROM schema_version; INSERT INTO schema_version VALUES ({newest})"
        ))?,
    }
    connection.commit()?;
    Ok(())
}

/// The version of the schema in the database; zero in an empty one.
pub(crate) fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(match connection {
        Connection::Sqlite(_) => {
            connection.query_row("PRAGMA user_version", (), |row| row.get(0))?
        }
        Connection::Postgres(_) => {
            let is_made: bool = connection.query_row(
                "SELECT to_regclass(format('%I.schema_version', current_schema())) IS NOT NULL",
                (),
                |row| row.get(0),
            )?;
            if !is_made {
                return Ok(0);
            }
            connection
                .query_row("SELECT number FROM schema_version", (), |row| row.get(0))
                .optional()?
                .unwrap_or(0)
        }
    })
}
