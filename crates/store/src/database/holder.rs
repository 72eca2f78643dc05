//! Which of several processes delivers what waits in the outbox.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Connection, Source};
use crate::StoreError;

/// Takes the outbox, when no other process has it. It is had until the session
/// ends, so a process that dies leaves it to the next that asks.
const TAKE: &str =
    "SELECT pg_try_advisory_lock(hashtextextended('schakel outbox ' || current_schema(), 0))";

/// The hold of one store on the outbox.
#[derive(Debug, Clone)]
pub(crate) struct Holder(Arc<Hold>);

#[derive(Debug)]
struct Hold {
    source: Source,
    /// The session that has it or asks for it.
    session: Mutex<Session>,
}

#[derive(Debug, Default)]
struct Session {
    connection: Option<Connection>,
    has_it: bool,
}

impl Holder {
    pub(crate) fn new(source: Source) -> Self {
        Self(Arc::new(Hold {
            source,
            session: Mutex::default(),
        }))
    }

    /// Whether this store is the one that delivers. Who has a file has its
    /// outbox.
    pub(crate) async fn delivers(&self) -> Result<bool, StoreError> {
        if !self.0.source.is_shared() {
            return Ok(true);
        }
        let hold = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || hold.ask())
            .await
            .map_err(|_| StoreError::Fault)?
    }
}

impl Hold {
    fn ask(&self) -> Result<bool, StoreError> {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let is_there = session
            .connection
            .as_ref()
            .is_some_and(Connection::is_there);
        if !is_there {
            *session = Session {
                connection: Some(Connection::writer(&self.source)?),
                has_it: false,
            };
        }
        if !session.has_it
            && let Some(connection) = &session.connection
        {
            session.has_it = connection.query_row(TAKE, (), |row| row.get(0))?;
        }
        Ok(session.has_it)
    }
}
