//! The connection itself: what was sent and not answered yet, and whether it
//! is still there.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::runtime::Runtime;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Error, NoTls, Statement};

use super::address::PostgresUrl;
use super::tls::MakeTls;
use crate::DatabaseError;

/// Statements that a connection keeps prepared.
const STATEMENTS_MAX: usize = 256;
/// Answers that may be outstanding before what was sent is pushed on.
const UNANSWERED_MAX: usize = 128;

/// Work that is under way, with nothing to answer but whether it failed.
type Sent = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

pub(super) struct Wire {
    /// Drives this connection only, on the thread that waits for it.
    runtime: Option<Runtime>,
    client: Arc<Client>,
    /// `None` when the connection is gone.
    connection: Option<Sent>,
    statements: HashMap<String, Statement>,
    sent: VecDeque<Sent>,
    /// The first failure that nobody was told of.
    untold: Option<DatabaseError>,
    /// Whether the transaction cannot be committed any more.
    has_failed: bool,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    pub(super) fn connect(url: &PostgresUrl, session: &str) -> Result<Self, DatabaseError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|_| DatabaseError::Connection)?;
        let config = &url.config;
        let connecting = async {
            if config.get_ssl_mode() == SslMode::Disable {
                let (client, connection) = config.connect(NoTls).await.map_err(failure)?;
                Ok::<_, DatabaseError>((client, Box::pin(connection) as Sent))
            } else {
                let tls = MakeTls::of(url)?;
                let (client, connection) = config.connect(tls).await.map_err(failure)?;
                Ok((client, Box::pin(connection) as Sent))
            }
        };
        let (client, connection) = runtime.block_on(connecting)?;
        let mut wire = Self {
            runtime: Some(runtime),
            client: Arc::new(client),
            connection: Some(connection),
            statements: HashMap::new(),
            sent: VecDeque::new(),
            untold: None,
            has_failed: false,
        };
        let client = wire.client();
        wire.drive(client.batch_execute(session))?;
        Ok(wire)
    }

    pub(super) fn client(&self) -> Arc<Client> {
        Arc::clone(&self.client)
    }

    pub(super) const fn is_lost(&self) -> bool {
        self.connection.is_none()
    }

    pub(super) const fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// Starts anew: a transaction that failed is over.
    pub(super) fn forgive(&mut self) {
        self.has_failed = false;
        self.untold = None;
    }

    pub(super) fn prepare(
        &mut self,
        sql: &str,
        translate: impl FnOnce(&str) -> String,
    ) -> Result<Statement, DatabaseError> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        if self.statements.len() >= STATEMENTS_MAX {
            self.statements.clear();
        }
        let translated = translate(sql);
        let client = self.client();
        let statement = self.drive(client.prepare(&translated))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Sends what needs no answer now. A failure of it is told to whoever
    /// waits for an answer next, and the transaction cannot be committed.
    pub(super) fn send(&mut self, work: impl Future<Output = Result<(), Error>> + Send + 'static) {
        let mut work: Sent = Box::pin(work);
        // The first poll hands the request over.
        match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => self.sent.push_back(work),
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => self.fail(error),
        }
        if self.sent.len() >= UNANSWERED_MAX {
            self.push();
        }
    }

    /// Gives the network what was sent, and takes the answers that are there.
    pub(super) fn push(&mut self) {
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        runtime.block_on(poll_fn(|cx| {
            self.turn(cx);
            Poll::Ready(())
        }));
        self.runtime = Some(runtime);
    }

    /// Takes what the network has, so that it is known when the server closed.
    pub(super) fn look(&mut self) {
        let Some(runtime) = self.runtime.take() else {
            return;
        };
        let mut has_looked = false;
        runtime.block_on(poll_fn(|cx| {
            self.turn(cx);
            if has_looked {
                return Poll::Ready(());
            }
            // Between two polls the runtime asks the network.
            has_looked = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        self.runtime = Some(runtime);
    }

    /// Waits for an answer. What was sent before is answered before.
    pub(super) fn drive<T>(
        &mut self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, DatabaseError> {
        let answer = self.wait(work);
        if let Some(untold) = self.untold.take() {
            return Err(untold);
        }
        answer
    }

    /// The same, whatever became of what was sent before.
    pub(super) fn drive_anyway<T>(
        &mut self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, DatabaseError> {
        let answer = self.wait(work);
        self.untold = None;
        answer
    }

    fn wait<T>(
        &mut self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, DatabaseError> {
        let runtime = self.runtime.take().ok_or(DatabaseError::Connection)?;
        let mut work = pin!(work);
        let mut answer = None;
        let answer = runtime.block_on(poll_fn(|cx| {
            // First it is handed over, then it can come back.
            for _ in 0..2 {
                if answer.is_none()
                    && let Poll::Ready(ready) = work.as_mut().poll(cx)
                {
                    answer = Some(ready);
                }
                self.turn(cx);
            }
            if answer.is_none()
                && let Poll::Ready(ready) = work.as_mut().poll(cx)
            {
                answer = Some(ready);
            }
            match answer.take() {
                Some(ready) if self.sent.is_empty() => Poll::Ready(ready),
                other => {
                    answer = other;
                    Poll::Pending
                }
            }
        }));
        self.runtime = Some(runtime);
        answer.map_err(|error| {
            self.has_failed = true;
            failure(error)
        })
    }

    /// Moves bytes, and takes answers to what was sent.
    fn turn(&mut self, cx: &mut Context<'_>) {
        if let Some(connection) = &mut self.connection
            && connection.as_mut().poll(cx).is_ready()
        {
            // Whoever waits for an answer hears that there will be none.
            self.connection = None;
        }
        while let Some(first) = self.sent.front_mut() {
            match first.as_mut().poll(cx) {
                Poll::Pending => break,
                Poll::Ready(result) => {
                    self.sent.pop_front();
                    if let Err(error) = result {
                        self.fail(error);
                    }
                }
            }
        }
    }

    fn fail(&mut self, error: Error) {
        self.has_failed = true;
        if self.untold.is_none() {
            self.untold = Some(failure(error));
        }
    }
}

impl Drop for Wire {
    /// A runtime may be dropped anywhere in this way, on async threads too.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A failure without what it says: that can quote values.
fn failure(error: Error) -> DatabaseError {
    match error.code() {
        Some(code) => DatabaseError::Postgres(code.code().to_owned()),
        None => DatabaseError::Connection,
    }
}
