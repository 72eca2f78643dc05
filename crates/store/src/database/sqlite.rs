//! SQLite: connections, set up for durability first, and how values go in and
//! come out.

use std::cell::Cell;
use std::ops::Deref;
use std::path::Path;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags};

use super::value::Field;
use super::{DatabaseError, Durability};
use crate::{StoreError, make_private};

/// Cache of the writer's connection, in KiB.
const WRITER_CACHE_KIB: i64 = 16 << 10;
/// Cache of each reader's connection, in KiB.
const READER_CACHE_KIB: i64 = 8 << 10;
/// Pages in the write-ahead log at which the writer copies them into the
/// database (16 MiB of 4 KiB pages): rarely, because it costs two syncs.
const CHECKPOINT_PAGES: i64 = 4_096;
/// Bytes that the write-ahead log keeps after a checkpoint.
const WAL_BYTES_KEPT: i64 = 32 << 20;
/// How long a connection waits for another process that holds the file, in ms.
const BUSY_MS: u64 = 5_000;
/// Prepared statements that a connection keeps.
const STATEMENTS_MAX: usize = 128;

/// A connection to a file.
#[derive(Debug)]
pub(crate) struct File {
    connection: Connection,
    /// What its commits wait for.
    durability: Cell<Durability>,
}

/// Of a connection as it comes, which waits for the disk.
impl From<Connection> for File {
    fn from(connection: Connection) -> Self {
        Self {
            connection,
            durability: Cell::new(Durability::Now),
        }
    }
}

impl Deref for File {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

/// The connection that writes. `synchronous=FULL` makes a commit durable
/// before it returns, in WAL mode too; [`set_durability`] can say otherwise.
pub(super) fn writer(path: &Path) -> Result<File, StoreError> {
    make_private(path);
    let connection = open(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Corrupt {
            what: "the file cannot be put in WAL mode",
        });
    }
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", WAL_BYTES_KEPT)?;
    Ok(connection)
}

/// A connection that reads only.
pub(super) fn reader(path: &Path) -> Result<File, StoreError> {
    // Opened for writing, because a read-only one cannot share the WAL index
    // when it comes first; `query_only` keeps it from changing anything.
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "query_only", "on")?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    Ok(connection)
}

fn open(path: &Path, flags: OpenFlags) -> Result<File, StoreError> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS))?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "trusted_schema", "off")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection.into())
}

/// What the next transactions wait for when they commit. Of a write-ahead log
/// that is not synced, SQLite loses the end at most: never a part, never what
/// a later commit was synced with.
pub(super) fn set_durability(file: &File, durability: Durability) -> Result<(), DatabaseError> {
    if file.durability.get() == durability {
        return Ok(());
    }
    let sql = match durability {
        Durability::Now => "PRAGMA synchronous=FULL",
        Durability::Soon => "PRAGMA synchronous=NORMAL",
    };
    // It acts while it is prepared, so a statement that was kept would do nothing.
    file.execute_batch(sql)?;
    file.durability.set(durability);
    Ok(())
}

/// Begins or ends a transaction, by a statement that is prepared once.
pub(super) fn transact(connection: &Connection, sql: &str) -> Result<(), DatabaseError> {
    connection.prepare_cached(sql)?.raw_execute()?;
    Ok(())
}

/// Changes whenever another connection writes to the file.
pub(super) fn data_version(connection: &Connection) -> Result<i64, DatabaseError> {
    Ok(connection
        .prepare_cached("PRAGMA data_version")?
        .query_row([], |row| row.get(0))?)
}

/// Puts values in the places of a statement.
pub(super) fn bind(
    statement: &mut rusqlite::Statement<'_>,
    fields: &[Field<'_>],
) -> Result<(), DatabaseError> {
    let places = statement.parameter_count();
    if places != fields.len() {
        return Err(rusqlite::Error::InvalidParameterCount(fields.len(), places).into());
    }
    for (place, field) in (1..).zip(fields) {
        let value = match *field {
            Field::Null => ValueRef::Null,
            Field::Integer(integer) => ValueRef::Integer(integer),
            Field::Text(text) | Field::Escaped(text) => ValueRef::Text(text.as_bytes()),
            Field::Bytes(bytes) => ValueRef::Blob(bytes),
        };
        statement.raw_bind_parameter(place, ToSqlOutput::Borrowed(value))?;
    }
    Ok(())
}

/// A column of a row.
pub(super) fn field<'r>(
    row: &'r rusqlite::Row<'_>,
    column: usize,
) -> Result<Field<'r>, DatabaseError> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => Field::Null,
        ValueRef::Integer(integer) => Field::Integer(integer),
        ValueRef::Text(text) => {
            Field::Text(std::str::from_utf8(text).map_err(|_| DatabaseError::OtherKind)?)
        }
        ValueRef::Blob(bytes) => Field::Bytes(bytes),
        ValueRef::Real(_) => return Err(DatabaseError::OtherKind),
    })
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_a_store() {
        use std::os::unix::fs::PermissionsExt;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.sqlite");
        let connection = super::writer(&path).unwrap();
        connection.execute_batch("CREATE TABLE t (a)").unwrap();
        for file in std::fs::read_dir(directory.path()).unwrap() {
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{:?}", file.file_name());
        }
    }
}
