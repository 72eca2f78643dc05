//! Connections for reading, used off the async threads.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::Connection;
use crate::StoreError;

/// Reads at the same time; more wait their turn.
const READERS_MAX: usize = 8;

/// A pool of connections that read.
#[derive(Debug, Clone)]
pub(crate) struct Readers(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    path: PathBuf,
    turns: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// A pool for a file. Connections are opened when they are needed.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(Arc::new(Pool {
            path,
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
}

impl Pool {
    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = match idle {
            Some(connection) => connection,
            None => Connection::reader(&self.path)?,
        };
        // When `work` panics or ending the transaction fails, the connection is dropped.
        let answer = {
            connection.begin_reading()?;
            let answer = work(&connection);
            connection.roll_back()?;
            answer
        };
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        answer
    }
}
