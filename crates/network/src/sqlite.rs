//! One SQLite file of a regional service: a writer thread with group commit,
//! and a few readers.
//!
//! A disk sync costs milliseconds, so writes that arrive together share one.
//! A write resolves only after its transaction is on disk. This module knows
//! no table; each service brings its own schema.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};

/// Writes that wait for the writer thread; the next one waits for a place.
const WRITES_WAITING_MAX: usize = 1_024;
/// Writes that share one transaction, and so one disk sync.
const WRITES_PER_COMMIT_MAX: usize = 256;
/// Read connections that are kept open between reads.
const READERS_KEPT_MAX: usize = 4;
/// How long a statement waits for another process that locks the file.
const BUSY_TIMEOUT_MS: u32 = 5_000;

/// What goes wrong with a database file of a regional service.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DatabaseError {
    /// SQLite refused: the disk, the file, or a fault in a statement.
    #[error("the database of the regional service failed")]
    Sqlite(#[source] Arc<rusqlite::Error>),
    /// The writer thread is gone; the process is stopping.
    #[error("the database of the regional service is closed")]
    Closed,
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

type Settle = Box<dyn FnOnce(Result<(), DatabaseError>) + Send>;
type Job = Box<dyn FnOnce(&Connection) -> Settle + Send>;

/// An open database file. Cheap to clone; the writer stops with the last clone.
#[derive(Clone)]
pub(crate) struct Database {
    jobs: mpsc::Sender<Job>,
    readers: Arc<Mutex<Vec<Connection>>>,
    path: Arc<PathBuf>,
}

impl Database {
    /// Opens or makes the file, and brings it to the schema.
    pub(crate) fn open(path: &Path, schema: &str) -> Result<Self, DatabaseError> {
        store::make_private(path);
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "busy_timeout", BUSY_TIMEOUT_MS)?;
        connection.execute_batch(schema)?;
        let (jobs, waiting) = mpsc::channel(WRITES_WAITING_MAX);
        thread::Builder::new()
            .name("regional-writer".to_owned())
            .spawn(move || write_until_closed(&connection, waiting))
            .map_err(|_| DatabaseError::Closed)?;
        Ok(Self {
            jobs,
            readers: Arc::default(),
            path: Arc::new(path.to_owned()),
        })
    }

    /// Runs a write. It resolves after the commit; an error of `work` undoes
    /// that write alone.
    pub(crate) async fn write<T, W>(&self, work: W) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = in_savepoint(connection, work);
            Box::new(move |commit| {
                // The asker may have given up waiting; the write stands either way.
                let _ = answer.send(commit.and(result));
            })
        });
        self.jobs
            .send(job)
            .await
            .map_err(|_| DatabaseError::Closed)?;
        answered.await.map_err(|_| DatabaseError::Closed)?
    }

    /// Runs a read, off the async threads.
    pub(crate) async fn read<T, W>(&self, work: W) -> Result<T, DatabaseError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        let path = Arc::clone(&self.path);
        let reading = tokio::task::spawn_blocking(move || {
            let kept = readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match kept {
                Some(connection) => connection,
                None => open_reader(&path)?,
            };
            let result = work(&connection)?;
            let mut readers = readers.lock().unwrap_or_else(PoisonError::into_inner);
            if readers.len() < READERS_KEPT_MAX {
                readers.push(connection);
            }
            Ok(result)
        });
        reading.await.map_err(|_| DatabaseError::Closed)?
    }
}

fn open_reader(path: &Path) -> Result<Connection, DatabaseError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "busy_timeout", BUSY_TIMEOUT_MS)?;
    Ok(connection)
}

fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, DatabaseError> {
    connection.execute_batch("SAVEPOINT one_write")?;
    match work(connection) {
        Ok(result) => {
            connection.execute_batch("RELEASE one_write")?;
            Ok(result)
        }
        Err(error) => {
            connection.execute_batch("ROLLBACK TO one_write; RELEASE one_write")?;
            Err(error.into())
        }
    }
}

fn write_until_closed(connection: &Connection, mut waiting: mpsc::Receiver<Job>) {
    while let Some(first) = waiting.blocking_recv() {
        let begun = connection
            .execute_batch("BEGIN IMMEDIATE")
            .map_err(DatabaseError::from);
        if let Err(error) = begun {
            // Dropping the job closes its channel, and the asker hears `Closed`.
            tracing::error!(%error, "a regional service cannot write to its database");
            drop(first);
            continue;
        }
        let mut settle = vec![first(connection)];
        while settle.len() < WRITES_PER_COMMIT_MAX {
            match waiting.try_recv() {
                Ok(job) => settle.push(job(connection)),
                Err(_) => break,
            }
        }
        let commit = connection
            .execute_batch("COMMIT")
            .map_err(DatabaseError::from);
        if commit.is_err() {
            // Best effort: after a failed commit SQLite may have rolled back itself.
            let _ = connection.execute_batch("ROLLBACK");
        }
        for settle in settle {
            settle(commit.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS word (text TEXT PRIMARY KEY) STRICT";

    fn add(word: &'static str) -> impl FnOnce(&Connection) -> rusqlite::Result<usize> {
        move |connection| connection.execute("INSERT INTO word VALUES (?1)", [word])
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("words.db"), SCHEMA).unwrap();
        database.write(add("one")).await.unwrap();
        let mut files = 0;
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{:?}", file.file_name());
            files += 1;
        }
        assert!(files > 1, "the write-ahead log is there too");
    }

    #[tokio::test]
    async fn a_failed_write_takes_no_other_with_it_and_the_rest_survives_a_reopen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("words.db");
        let database = Database::open(&path, SCHEMA).unwrap();
        let (one, again, two) = tokio::join!(
            database.write(add("one")),
            database.write(add("one")),
            database.write(add("two"))
        );
        assert!(one.is_ok() && two.is_ok());
        assert!(matches!(again, Err(DatabaseError::Sqlite(_))));
        drop(database);

        let database = Database::open(&path, SCHEMA).unwrap();
        let count = database
            .read(|connection| {
                connection.query_row("SELECT count(*) FROM word", [], |row| row.get::<_, i64>(0))
            })
            .await
            .unwrap();
        assert_eq!(count, 2);
    }
}
