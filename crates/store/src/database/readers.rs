//! Connections for reading, used off the async threads.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::{Connection, Source};
use crate::StoreError;

/// Reads at the same time; more wait their turn.
const READERS_MAX: usize = 8;

/// A pool of connections that read.
#[derive(Debug, Clone)]
pub(crate) struct Readers(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    source: Source,
    turns: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// A pool for a file. Connections are opened when they are needed.
    pub(crate) fn new(source: Source) -> Self {
        Self(Arc::new(Pool {
            source,
            turns: Semaphore::new(READERS_MAX),
            idle: Mutex::new(Vec::new()),
        }))
    }

    /// Reads in one transaction: all that `work` sees is of one moment.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let pool = Arc::clone(&self.0);
        let _turn = self
            .0
            .turns
            .acquire()
            .await
            .map_err(|_| StoreError::Closed)?;
        tokio::task::spawn_blocking(move || pool.read(work))
            .await
            .map_err(|_| StoreError::Fault)?
    }

    /// The same for what looks at a few rows only. A file is read on the spot,
    /// because handing that to another thread takes longer than doing it.
    pub(crate) async fn glance<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        if let Ok(_turn) = self.0.turns.try_acquire()
            && let Some(file) = self.0.idle_file()
        {
            return self.0.read_with(file, work);
        }
        self.read(work).await
    }
}

impl Pool {
    /// A connection to a file that nobody uses.
    fn idle_file(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.last().is_none_or(Connection::is_shared) {
            return None;
        }
        idle.pop()
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = match idle.filter(|connection| !connection.is_lost()) {
            Some(connection) => connection,
            None => Connection::reader(&self.source)?,
        };
        self.read_with(connection, work)
    }

    fn read_with<T>(
        &self,
        connection: Connection,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        connection.begin_reading()?;
        let connection = if connection.is_lost() {
            // The server closed it while nobody read.
            let connection = Connection::reader(&self.source)?;
            connection.begin_reading()?;
            connection
        } else {
            connection
        };
        // When `work` panics or ending the transaction fails, the connection is dropped.
        let answer = work(&connection);
        connection.end_reading()?;
        if !connection.is_lost() {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
        }
        answer
    }
}
