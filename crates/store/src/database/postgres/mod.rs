//! PostgreSQL: a connection that is driven by whoever uses it, on their own
//! thread. What needs no answer is sent along with the next thing that does, so
//! that a write of many rows does not wait for each of them.

mod address;
mod blocks;
mod dialect;
mod tls;
mod wire;

use std::cell::{Cell, RefCell, RefMut};
use std::sync::Arc;

use futures::future::try_join_all;
use tokio_postgres::types::{ToSql, Type};

use super::choice::Source;
use super::value::{Field, Params};
use super::{DatabaseError, Durability};
use wire::Wire;

pub use address::PostgresUrl;
pub(super) use blocks::Blocks;
pub(super) use dialect::unescape;
use dialect::{Owned, translate};

/// Seconds that a writer waits for its turn among the processes.
const TURN_SECONDS_MAX: u32 = 60;
/// Seconds after which a process that stands still in its turn loses it.
const IDLE_IN_TURN_SECONDS_MAX: u32 = 30;
/// Rows that a cursor gives at first; each time after that, twice as many.
const FIRST_ROWS: usize = 128;
/// Rows that a cursor gives at once at most.
const ROWS_AT_ONCE_MAX: usize = 2_048;
/// Rows that are asked for at once, each by a statement of its own.
pub(super) const ROWS_ASKED_AT_ONCE: usize = 32;
/// Blocks that are read at once when they are read in a row.
const BLOCKS_AHEAD: i64 = 32;

/// Takes the turn to write: until the transaction ends, no other process has it.
const TAKE_TURN: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended('schakel ' || current_schema(), 0))";

/// What a session is set to. All statements have an index that fits them, and
/// plans must not be made for the few rows that there are at first.
fn session() -> String {
    format!(
        "SET synchronous_commit = on; SET enable_seqscan = off; SET jit = off;
         SET plan_cache_mode = force_generic_plan; SET standard_conforming_strings = on;
         SET client_min_messages = error; SET lock_timeout = '{TURN_SECONDS_MAX}s';
         SET idle_in_transaction_session_timeout = '{IDLE_IN_TURN_SECONDS_MAX}s'"
    )
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Postgres {
    url: PostgresUrl,
    blocks: Arc<Blocks>,
    wire: RefCell<Wire>,
    /// The transaction under way, to ask after it when the answer is lost.
    transaction: Cell<i64>,
    savepoints: Cell<u64>,
    cursors: Cell<u64>,
}

/// Rows that are here, and where more come from.
pub(crate) struct Fetched<'c> {
    connection: &'c Postgres,
    rows: Vec<tokio_postgres::Row>,
    at: usize,
    cursor: Option<u64>,
    next: usize,
}

impl Postgres {
    /// A new connection.
    pub(super) fn connect(source: &Source, url: &PostgresUrl) -> Result<Self, DatabaseError> {
        Ok(Self {
            url: url.clone(),
            blocks: Arc::clone(&source.blocks),
            wire: RefCell::new(Wire::connect(url, &session())?),
            transaction: Cell::new(0),
            savepoints: Cell::new(0),
            cursors: Cell::new(0),
        })
    }

    fn wire(&self) -> RefMut<'_, Wire> {
        self.wire.borrow_mut()
    }

    /// Whether the connection is gone.
    pub(super) fn is_lost(&self) -> bool {
        self.wire().is_lost()
    }

    /// Whether the server has not closed the connection, as far as is known here.
    pub(super) fn is_there(&self) -> bool {
        let mut wire = self.wire();
        wire.look();
        !wire.is_lost()
    }

    /// A statement, prepared now or before.
    pub(super) fn prepare(&self, sql: &str) -> Result<tokio_postgres::Statement, DatabaseError> {
        self.wire().prepare(sql, translate)
    }

    pub(super) fn query(
        &self,
        statement: &tokio_postgres::Statement,
        fields: &[Field<'_>],
    ) -> Result<Fetched<'_>, DatabaseError> {
        let values: Vec<&(dyn ToSql + Sync)> = fields
            .iter()
            .map(|field| field as &(dyn ToSql + Sync))
            .collect();
        let mut wire = self.wire();
        let client = wire.client();
        let rows = wire.drive(client.query(statement, &values))?;
        Ok(Fetched {
            connection: self,
            rows,
            at: 0,
            cursor: None,
            next: 0,
        })
    }

    /// The row of each of these values, or none: all are asked at once.
    pub(super) fn query_each<P: Params>(
        &self,
        statement: &tokio_postgres::Statement,
        many: &[P],
    ) -> Result<Vec<Option<tokio_postgres::Row>>, DatabaseError> {
        let many: Vec<Vec<Owned>> = many
            .iter()
            .map(|values| values.lend(|fields| fields.iter().map(Owned::of).collect()))
            .collect();
        let mut wire = self.wire();
        let client = &wire.client();
        wire.drive(try_join_all(many.iter().map(async |values| {
            let values: Vec<&(dyn ToSql + Sync)> = values
                .iter()
                .map(|value| value as &(dyn ToSql + Sync))
                .collect();
            client.query_opt(statement, &values).await
        })))
    }

    /// Rows that come in parts, because there can be many.
    pub(super) fn stream(&self, sql: &str, fields: &[Field<'_>]) -> Fetched<'_> {
        let number = self.cursors.get() + 1;
        self.cursors.set(number);
        let sql = format!(
            "DECLARE rows_{number} NO SCROLL CURSOR FOR {}",
            translate(sql)
        );
        let values: Vec<(Owned, Type)> = fields
            .iter()
            .map(|field| (Owned::of(field), Owned::of(field).kind()))
            .collect();
        let mut wire = self.wire();
        let client = wire.client();
        wire.send(async move {
            let values: Vec<(&(dyn ToSql + Sync), Type)> = values
                .iter()
                .map(|(value, kind)| (value as &(dyn ToSql + Sync), kind.clone()))
                .collect();
            client.query_typed(&sql, &values).await.map(|_| ())
        });
        Fetched {
            connection: self,
            rows: Vec::new(),
            at: 0,
            cursor: Some(number),
            next: FIRST_ROWS,
        }
    }

    pub(super) fn execute(
        &self,
        statement: &tokio_postgres::Statement,
        fields: &[Field<'_>],
    ) -> Result<usize, DatabaseError> {
        let values: Vec<&(dyn ToSql + Sync)> = fields
            .iter()
            .map(|field| field as &(dyn ToSql + Sync))
            .collect();
        let mut wire = self.wire();
        let client = wire.client();
        Ok(wire.drive(client.execute(statement, &values))? as usize)
    }

    /// Does a statement without waiting for it.
    pub(super) fn send(&self, statement: &tokio_postgres::Statement, fields: &[Field<'_>]) {
        let (statement, values) = (
            statement.clone(),
            fields.iter().map(Owned::of).collect::<Vec<_>>(),
        );
        let mut wire = self.wire();
        let client = wire.client();
        wire.send(async move { client.execute_raw(&statement, values).await.map(|_| ()) });
    }

    /// Does statements without values, and waits.
    pub(super) fn batch(&self, sql: &str) -> Result<(), DatabaseError> {
        let mut wire = self.wire();
        let client = wire.client();
        wire.drive(client.batch_execute(sql))
    }

    /// The same without waiting.
    fn send_batch(&self, sql: String) {
        let mut wire = self.wire();
        let client = wire.client();
        wire.send(async move { client.batch_execute(&sql).await });
    }

    pub(super) fn begin_reading(&self) {
        self.send_batch("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned());
        // Tells at once when the server has gone since the last time.
        self.wire().look();
    }

    /// Ends a transaction that read; the server need not be waited for.
    pub(super) fn end_reading(&self) {
        self.send_batch("ROLLBACK".to_owned());
        let mut wire = self.wire();
        wire.push();
        wire.forgive();
    }

    /// Takes the turn before anything is known to be there.
    pub(super) fn begin_making(&self) -> Result<(), DatabaseError> {
        self.send_batch("BEGIN".to_owned());
        self.batch(TAKE_TURN)
    }

    /// Takes the turn to write; answers how many transactions wrote before.
    /// A connection that was lost is made again.
    pub(super) fn begin_writing(&self, durability: Durability) -> Result<i64, DatabaseError> {
        if self.is_lost() {
            *self.wire() = Wire::connect(&self.url, &session())?;
        }
        self.wire().forgive();
        self.send_batch("BEGIN".to_owned());
        if durability == Durability::Soon {
            self.send_batch("SET LOCAL synchronous_commit TO off".to_owned());
        }
        self.send_batch(TAKE_TURN.to_owned());
        let statement = self.prepare(
            "UPDATE commits SET number = number + 1
             RETURNING number - 1, pg_current_xact_id()::text::bigint",
        )?;
        let mut rows = self.query(&statement, &[])?;
        let row = rows.next()?.ok_or(DatabaseError::NoRow)?;
        let numbers = (integer(row, 0)?, integer(row, 1)?);
        self.transaction.set(numbers.1);
        Ok(numbers.0)
    }

    /// Ends the transaction. When the answer is lost with the connection, the
    /// server is asked what became of it, once nobody can be in it any more.
    pub(super) fn commit(&self) -> Result<(), DatabaseError> {
        if self.wire().has_failed() {
            // The server would take a commit of what failed for a rollback.
            return Err(DatabaseError::Connection);
        }
        let lost = match self.batch("COMMIT") {
            Err(error) if self.is_lost() => error,
            other => return other,
        };
        *self.wire() = Wire::connect(&self.url, &session())?;
        self.begin_making()?;
        let status =
            self.prepare("SELECT pg_xact_status((?1::bigint)::text::xid8) = 'committed'")?;
        let is_committed = {
            let mut rows = self.query(&status, &[Field::Integer(self.transaction.get())])?;
            let row = rows.next()?.ok_or(DatabaseError::NoRow)?;
            field(row, 0)? == Field::Integer(1)
        };
        self.roll_back()?;
        if is_committed { Ok(()) } else { Err(lost) }
    }

    pub(super) fn roll_back(&self) -> Result<(), DatabaseError> {
        let result = self.batch("ROLLBACK");
        self.wire().forgive();
        result
    }

    /// Each savepoint has a name of its own: after a failure nobody can go back
    /// to one that is not theirs.
    pub(super) fn set_savepoint(&self) {
        let number = self.savepoints.get() + 1;
        self.savepoints.set(number);
        self.send_batch(format!("SAVEPOINT job_{number}"));
    }

    pub(super) fn back_to_savepoint(&self) -> Result<(), DatabaseError> {
        let sql = format!("ROLLBACK TO job_{}", self.savepoints.get());
        let mut wire = self.wire();
        let client = wire.client();
        wire.drive_anyway(client.batch_execute(&sql))?;
        wire.forgive();
        Ok(())
    }

    pub(super) fn release_savepoint(&self) {
        self.send_batch(format!("RELEASE job_{}", self.savepoints.get()));
    }

    /// Lends a block of the index.
    pub(super) fn block<R>(
        &self,
        id: i64,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>, DatabaseError> {
        let blocks = &self.blocks;
        if let Some(block) = blocks.get(id) {
            return Ok(Some(read(&block)));
        }
        // Who read the block before this one will read the one after it.
        let ahead = if blocks.get(id - 1).is_some() {
            BLOCKS_AHEAD
        } else {
            1
        };
        let statement =
            self.prepare("SELECT id, body FROM block WHERE id >= ?1 AND id < ?2 ORDER BY id")?;
        let mut rows = self.query(
            &statement,
            &[Field::Integer(id), Field::Integer(id + ahead)],
        )?;
        let mut wanted = None;
        while let Some(row) = rows.next()? {
            let (found, Field::Bytes(body)) = (integer(row, 0)?, field(row, 1)?) else {
                return Err(DatabaseError::OtherKind);
            };
            blocks.keep(found, body.into());
            if found == id {
                wanted = Some(body.to_vec());
            }
        }
        Ok(wanted.map(|body| read(&body)))
    }
}

impl Fetched<'_> {
    pub(super) fn next(&mut self) -> Result<Option<&tokio_postgres::Row>, DatabaseError> {
        if self.at == self.rows.len()
            && let Some(cursor) = self.cursor
        {
            let sql = format!("FETCH {} FROM rows_{cursor}", self.next);
            let mut wire = self.connection.wire();
            let client = wire.client();
            self.rows = wire.drive(client.query_typed(&sql, &[]))?;
            self.at = 0;
            if self.rows.len() < self.next {
                self.cursor = None;
                drop(wire);
                self.connection.send_batch(format!("CLOSE rows_{cursor}"));
            }
            self.next = (self.next * 2).min(ROWS_AT_ONCE_MAX);
        }
        self.at += 1;
        Ok(self.rows.get(self.at - 1))
    }
}

impl Drop for Fetched<'_> {
    fn drop(&mut self) {
        if let Some(cursor) = self.cursor {
            self.connection.send_batch(format!("CLOSE rows_{cursor}"));
        }
    }
}

/// A column of a row.
pub(super) fn field(row: &tokio_postgres::Row, column: usize) -> Result<Field<'_>, DatabaseError> {
    row.try_get(column).map_err(|_| DatabaseError::OtherKind)
}

fn integer(row: &tokio_postgres::Row, column: usize) -> Result<i64, DatabaseError> {
    match field(row, column)? {
        Field::Integer(integer) => Ok(integer),
        _ => Err(DatabaseError::OtherKind),
    }
}
