//! Connections, set up for durability first.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::StoreError;

/// Cache of the writer's connection, in KiB.
const WRITER_CACHE_KIB: i64 = 16 << 10;
/// Cache of each reader's connection, in KiB.
const READER_CACHE_KIB: i64 = 4 << 10;
/// Pages in the write-ahead log at which the writer copies them into the
/// database (16 MiB of 4 KiB pages): rarely, because it costs two syncs.
const CHECKPOINT_PAGES: i64 = 4_096;
/// Bytes that the write-ahead log keeps after a checkpoint.
const WAL_BYTES_KEPT: i64 = 32 << 20;
/// How long a connection waits for another process that holds the file, in ms.
const BUSY_MS: u64 = 5_000;
/// Prepared statements that a connection keeps.
const STATEMENTS_MAX: usize = 128;

/// The connection that writes. `synchronous=FULL` makes a commit durable
/// before it returns, in WAL mode too.
pub(crate) fn writer(path: &Path) -> Result<Connection, StoreError> {
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
pub(crate) fn reader(path: &Path) -> Result<Connection, StoreError> {
    // Opened for writing, because a read-only one cannot share the WAL index
    // when it comes first; `query_only` keeps it from changing anything.
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "query_only", "on")?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    Ok(connection)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS))?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "trusted_schema", "off")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}
