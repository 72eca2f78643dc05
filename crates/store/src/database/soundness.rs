//! Whether a database is sound, and how large it is.

use std::path::Path;

use super::choice::Database;
use super::{Connection, schema};
use crate::{Integrity, StoreError};

/// Looks through the whole database.
pub(crate) fn check(connection: &Connection, database: &Database) -> Result<Integrity, StoreError> {
    let schema_version = schema::version(connection)?;
    match database {
        Database::Sqlite(path) => of_file(connection, path, schema_version),
        Database::Postgres(_) => of_server(connection, schema_version),
    }
}

fn of_file(
    connection: &Connection,
    path: &Path,
    schema_version: i64,
) -> Result<Integrity, StoreError> {
    let lines: Vec<String> = connection
        .prepare_cached("PRAGMA quick_check")?
        .query_all((), |row| row.get(0))?;
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let journal_mode: String = connection.query_row("PRAGMA journal_mode", (), |row| row.get(0))?;
    let mut problems: Vec<String> = lines.into_iter().filter(|line| line != "ok").collect();
    if journal_mode != "wal" {
        problems.push(format!("the journal mode is {journal_mode}"));
    }
    Ok(Integrity {
        problems,
        schema_version,
        journal_mode,
        database_bytes: size(path),
        wal_bytes: size(wal.as_ref()),
    })
}

/// Settings of a server without which a commit is not on disk.
const DURABLE: [&str; 3] = ["fsync", "full_page_writes", "synchronous_commit"];

/// What must hold between rows, each with what is wrong when there are any.
const BROKEN: [(&str, &str); 3] = [
    (
        "SELECT count(*) FROM resource r LEFT JOIN version v ON v.vid = r.vid AND v.rid = r.rid
         WHERE r.state < 2 AND v.vid IS NULL",
        "resources lack their current version",
    ),
    (
        "SELECT count(*) FROM version v LEFT JOIN resource r ON r.rid = v.rid
         WHERE r.rid IS NULL",
        "versions belong to no resource",
    ),
    (
        "SELECT count(*) FROM audit a LEFT JOIN audit b ON b.seq = a.seq - 1
         WHERE a.seq > 1 AND b.hash IS DISTINCT FROM a.previous",
        "audit lines do not follow the one before",
    ),
];

fn of_server(connection: &Connection, schema_version: i64) -> Result<Integrity, StoreError> {
    let mut problems = Vec::new();
    for name in DURABLE {
        let value: String =
            connection.query_row("SELECT current_setting(?1)", [name], |row| row.get(0))?;
        if value == "off" {
            problems.push(format!("the setting {name} is off"));
        }
    }
    let damaged: i64 = connection.query_row(
        "SELECT coalesce(checksum_failures, 0) FROM pg_stat_database
         WHERE datname = current_database()",
        (),
        |row| row.get(0),
    )?;
    if damaged > 0 {
        problems.push(format!("{damaged} pages have a wrong checksum"));
    }
    for (sql, what) in BROKEN {
        let count: i64 = connection.query_row(sql, (), |row| row.get(0))?;
        if count > 0 {
            problems.push(format!("{count} {what}"));
        }
    }
    let bytes: i64 = connection.query_row(
        "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
         WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace",
        (),
        |row| row.get(0),
    )?;
    Ok(Integrity {
        problems,
        schema_version,
        journal_mode: "postgresql".to_owned(),
        database_bytes: bytes as u64,
        wal_bytes: 0,
    })
}
