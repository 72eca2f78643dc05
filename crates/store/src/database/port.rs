//! What the store asks of a database, whichever it is: a connection, prepared
//! statements, rows, and transactions.
//!
//! Statements are written once. Where databases differ in words, `sqlite` and
//! `postgres` say so; nothing outside this folder knows which one it is.

use std::ops::ControlFlow;

use super::choice::{Database, Source};
use super::postgres::{self, Fetched, Postgres};
use super::value::{FromField, Params};
use super::{DatabaseError, sqlite};
use crate::StoreError;

/// When what a transaction writes is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// When its commit returns.
    Now,
    /// With the next transaction that is durable now. Until then it outlives
    /// the process, but not a loss of power.
    Soon,
}

/// A connection to a database.
#[derive(Debug)]
pub(crate) enum Connection {
    /// To an SQLite file.
    Sqlite(sqlite::File),
    /// To PostgreSQL.
    Postgres(Box<Postgres>),
}

/// A statement, prepared once and kept by its connection.
pub(crate) enum Statement<'c> {
    /// Of SQLite.
    Sqlite(rusqlite::CachedStatement<'c>),
    /// Of PostgreSQL.
    Postgres(&'c Postgres, tokio_postgres::Statement),
}

/// Rows that a statement gives, one at a time.
pub(crate) enum Rows<'s> {
    /// Of SQLite.
    Sqlite(rusqlite::Rows<'s>),
    /// Of PostgreSQL.
    Postgres(Fetched<'s>),
}

/// A row, for as long as it is looked at.
#[derive(Clone, Copy)]
pub(crate) enum Row<'r> {
    /// Of SQLite.
    Sqlite(&'r rusqlite::Row<'r>),
    /// Of PostgreSQL.
    Postgres(&'r tokio_postgres::Row),
}

impl Connection {
    /// The connection that writes; a file is made when there is none.
    pub(crate) fn writer(source: &Source) -> Result<Self, StoreError> {
        match &source.database {
            Database::Sqlite(path) => sqlite::writer(path).map(Self::Sqlite),
            Database::Postgres(url) => {
                let connection = Postgres::connect(source, url)?;
                Ok(Self::Postgres(Box::new(connection)))
            }
        }
    }

    /// A connection that reads only.
    pub(crate) fn reader(source: &Source) -> Result<Self, StoreError> {
        match &source.database {
            Database::Sqlite(path) => sqlite::reader(path).map(Self::Sqlite),
            Database::Postgres(_) => Self::writer(source),
        }
    }

    /// Whether other processes may write to the database at any time.
    pub(crate) const fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// How many rows are asked for at once when each is asked for by itself.
    pub(crate) const fn rows_at_once(&self) -> usize {
        match self {
            Self::Sqlite(_) => 1,
            Self::Postgres(_) => postgres::ROWS_ASKED_AT_ONCE,
        }
    }

    /// Looks whether the server is still at the other end.
    pub(crate) fn is_there(&self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            Self::Postgres(connection) => connection.is_there(),
        }
    }

    /// Whether there is no use in trying this connection again.
    pub(crate) fn is_lost(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(connection) => connection.is_lost(),
        }
    }

    /// A statement, prepared now or before.
    pub(crate) fn prepare_cached(&self, sql: &str) -> Result<Statement<'_>, DatabaseError> {
        match self {
            Self::Sqlite(file) => Ok(Statement::Sqlite(file.prepare_cached(sql)?)),
            Self::Postgres(connection) => {
                let statement = connection.prepare(sql)?;
                Ok(Statement::Postgres(connection, statement))
            }
        }
    }

    /// The first row of a query.
    ///
    /// # Errors
    /// [`DatabaseError::NoRow`] when there is none.
    pub(crate) fn query_row<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(Row<'_>) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        self.prepare_cached(sql)?.query_row(values, read)
    }

    /// Does a statement; tells how many rows it changed.
    pub(crate) fn execute(&self, sql: &str, values: impl Params) -> Result<usize, DatabaseError> {
        self.prepare_cached(sql)?.execute(values)
    }

    /// Does statements that take no values.
    pub(crate) fn execute_batch(&self, sql: &str) -> Result<(), DatabaseError> {
        match self {
            Self::Sqlite(file) => Ok(file.execute_batch(sql)?),
            Self::Postgres(connection) => connection.batch(sql),
        }
    }

    /// Starts a transaction in which all that is read is of one moment.
    pub(crate) fn begin_reading(&self) -> Result<(), DatabaseError> {
        match self {
            Self::Sqlite(file) => sqlite::transact(file, "BEGIN DEFERRED"),
            Self::Postgres(connection) => {
                connection.begin_reading();
                Ok(())
            }
        }
    }

    /// Ends such a transaction.
    pub(crate) fn end_reading(&self) -> Result<(), DatabaseError> {
        match self {
            Self::Sqlite(file) => sqlite::transact(file, "ROLLBACK"),
            Self::Postgres(connection) => {
                connection.end_reading();
                Ok(())
            }
        }
    }

    /// Starts a transaction that makes what others find, alone.
    pub(crate) fn begin_making(&self) -> Result<(), DatabaseError> {
        match self {
            Self::Sqlite(file) => sqlite::transact(file, "BEGIN IMMEDIATE"),
            Self::Postgres(connection) => connection.begin_making(),
        }
    }

    /// Starts a transaction that writes, when no other writes any more. What
    /// it answers differs from the last time when somebody else wrote since.
    pub(crate) fn begin_writing(&self, durability: Durability) -> Result<i64, DatabaseError> {
        match self {
            Self::Sqlite(file) => {
                sqlite::set_durability(file, durability)?;
                sqlite::transact(file, "BEGIN IMMEDIATE")?;
                sqlite::data_version(file)
            }
            Self::Postgres(connection) => connection.begin_writing(durability),
        }
    }

    /// What [`Self::begin_writing`] will answer after a transaction that
    /// began with `seen`, when nobody else writes in between.
    pub(crate) const fn after_own(&self, seen: i64) -> i64 {
        match self {
            Self::Sqlite(_) => seen,
            Self::Postgres(_) => seen + 1,
        }
    }

    /// Ends a transaction: what it wrote is as durable when this returns as it
    /// was begun with.
    pub(crate) fn commit(&self) -> Result<(), DatabaseError> {
        match self {
            Self::Sqlite(file) => sqlite::transact(file, "COMMIT"),
            Self::Postgres(connection) => connection.commit(),
        }
    }

    /// Ends a transaction as if it had not been.
    pub(crate) fn roll_back(&self) -> Result<(), DatabaseError> {
        match self {
            Self::Sqlite(file) => sqlite::transact(file, "ROLLBACK"),
            Self::Postgres(connection) => connection.roll_back(),
        }
    }

    /// Marks a point of the transaction to go back to.
    pub(crate) fn set_savepoint(&self) -> Result<(), DatabaseError> {
        match self {
            Self::Sqlite(_) => self.execute("SAVEPOINT one", ()).map(|_| ()),
            Self::Postgres(connection) => {
                connection.set_savepoint();
                Ok(())
            }
        }
    }

    /// Takes back what was written since the savepoint, which stays.
    pub(crate) fn back_to_savepoint(&self) -> Result<(), DatabaseError> {
        match self {
            Self::Sqlite(_) => self.execute("ROLLBACK TO one", ()).map(|_| ()),
            Self::Postgres(connection) => connection.back_to_savepoint(),
        }
    }

    /// Takes the savepoint away and leaves what was written.
    pub(crate) fn release_savepoint(&self) -> Result<(), DatabaseError> {
        match self {
            Self::Sqlite(_) => self.execute("RELEASE one", ()).map(|_| ()),
            Self::Postgres(connection) => {
                connection.release_savepoint();
                Ok(())
            }
        }
    }

    /// The rows of a query that can have very many: never all of them at once.
    pub(crate) fn stream<R>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(Rows<'_>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        match self {
            Self::Sqlite(_) => read(self.prepare_cached(sql)?.query(values)?),
            Self::Postgres(connection) => {
                let rows = values.lend(|fields| connection.stream(sql, fields));
                read(Rows::Postgres(rows))
            }
        }
    }

    /// Lends a block of the index, which never changes.
    pub(crate) fn block<R>(
        &self,
        id: i64,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>, DatabaseError> {
        match self {
            Self::Sqlite(file) => {
                let mut statement = file.prepare_cached("SELECT body FROM block WHERE id = ?1")?;
                let mut rows = statement.query([id])?;
                match rows.next()? {
                    Some(row) => match sqlite::field(row, 0)? {
                        super::value::Field::Bytes(body) => Ok(Some(read(body))),
                        _ => Err(DatabaseError::OtherKind),
                    },
                    None => Ok(None),
                }
            }
            Self::Postgres(connection) => connection.block(id, read),
        }
    }
}

impl Statement<'_> {
    /// Does it; tells how many rows it changed.
    pub(crate) fn execute(&mut self, values: impl Params) -> Result<usize, DatabaseError> {
        match self {
            Self::Sqlite(statement) => values.lend(|fields| {
                sqlite::bind(statement, fields)?;
                Ok(statement.raw_execute()?)
            }),
            Self::Postgres(connection, statement) => {
                values.lend(|fields| connection.execute(statement, fields))
            }
        }
    }

    /// Does it, seen by all that comes after it. Whether it failed is told by
    /// the end of the transaction at the latest, which then fails as well.
    pub(crate) fn send(&mut self, values: impl Params) -> Result<(), DatabaseError> {
        match self {
            Self::Sqlite(_) => self.execute(values).map(|_| ()),
            Self::Postgres(connection, statement) => {
                values.lend(|fields| connection.send(statement, fields));
                Ok(())
            }
        }
    }

    /// Its rows.
    pub(crate) fn query(&mut self, values: impl Params) -> Result<Rows<'_>, DatabaseError> {
        match self {
            Self::Sqlite(statement) => {
                values.lend(|fields| sqlite::bind(statement, fields))?;
                Ok(Rows::Sqlite(statement.raw_query()))
            }
            Self::Postgres(connection, statement) => {
                let rows = values.lend(|fields| connection.query(statement, fields))?;
                Ok(Rows::Postgres(rows))
            }
        }
    }

    /// Its only row for each of these values, or none, in their order, until
    /// `read` breaks. A server is asked for all of them at once.
    pub(crate) fn query_each<P: Params>(
        &mut self,
        many: &[P],
        mut read: impl FnMut(usize, Option<Row<'_>>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<ControlFlow<()>, StoreError> {
        match self {
            Self::Sqlite(_) => {
                for (at, values) in many.iter().enumerate() {
                    let mut rows = self.query(values)?;
                    if read(at, rows.next()?)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
            Self::Postgres(connection, statement) => {
                let rows = connection.query_each(statement, many)?;
                for (at, row) in rows.iter().enumerate() {
                    if read(at, row.as_ref().map(Row::Postgres))?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Its first row.
    ///
    /// # Errors
    /// [`DatabaseError::NoRow`] when there is none.
    pub(crate) fn query_row<T>(
        &mut self,
        values: impl Params,
        read: impl FnOnce(Row<'_>) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let mut rows = self.query(values)?;
        let row = rows.next()?.ok_or(DatabaseError::NoRow)?;
        read(row)
    }

    /// All its rows, each read.
    pub(crate) fn query_all<T>(
        &mut self,
        values: impl Params,
        mut read: impl FnMut(Row<'_>) -> Result<T, DatabaseError>,
    ) -> Result<Vec<T>, DatabaseError> {
        let mut rows = self.query(values)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(read(row)?);
        }
        Ok(all)
    }
}

impl Rows<'_> {
    /// The next row.
    pub(crate) fn next(&mut self) -> Result<Option<Row<'_>>, DatabaseError> {
        match self {
            Self::Sqlite(rows) => Ok(rows.next()?.map(Row::Sqlite)),
            Self::Postgres(rows) => Ok(rows.next()?.map(Row::Postgres)),
        }
    }
}

impl<'r> Row<'r> {
    /// A column, from zero.
    ///
    /// # Errors
    /// [`DatabaseError::OtherKind`] when it holds something else.
    pub(crate) fn get<T: FromField<'r>>(self, column: usize) -> Result<T, DatabaseError> {
        let field = match self {
            Self::Sqlite(row) => sqlite::field(row, column)?,
            Self::Postgres(row) => postgres::field(row, column)?,
        };
        T::from_field(field).ok_or(DatabaseError::OtherKind)
    }
}
