//! What the store asks of a database, whichever it is: a connection, prepared
//! statements, rows, and transactions.
//!
//! Statements are written once. Where databases differ in words, `sqlite` and
//! `postgres` say so; nothing outside this folder knows which one it is.

use std::path::Path;

use super::value::{FromField, Params};
use super::{DatabaseError, sqlite};
use crate::StoreError;

/// A connection to a database.
#[derive(Debug)]
pub(crate) enum Connection {
    /// To an SQLite file.
    Sqlite(rusqlite::Connection),
}

/// A statement, prepared once and kept by its connection.
pub(crate) enum Statement<'c> {
    /// Of SQLite.
    Sqlite(rusqlite::CachedStatement<'c>),
}

/// Rows that a statement gives, one at a time.
pub(crate) enum Rows<'s> {
    /// Of SQLite.
    Sqlite(rusqlite::Rows<'s>),
}

/// A row, for as long as it is looked at.
#[derive(Clone, Copy)]
pub(crate) enum Row<'r> {
    /// Of SQLite.
    Sqlite(&'r rusqlite::Row<'r>),
}

impl Connection {
    /// The connection that writes; a file is made when there is none.
    pub(crate) fn writer(path: &Path) -> Result<Self, StoreError> {
        sqlite::writer(path).map(Self::Sqlite)
    }

    /// A connection that reads only.
    pub(crate) fn reader(path: &Path) -> Result<Self, StoreError> {
        sqlite::reader(path).map(Self::Sqlite)
    }

    /// A statement, prepared now or before.
    pub(crate) fn prepare_cached(&self, sql: &str) -> Result<Statement<'_>, DatabaseError> {
        match self {
            Self::Sqlite(file) => Ok(Statement::Sqlite(file.prepare_cached(sql)?)),
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
        }
    }

    /// Starts a transaction in which all that is read is of one moment.
    pub(crate) fn begin_reading(&self) -> Result<(), DatabaseError> {
        self.execute_batch("BEGIN DEFERRED")
    }

    /// Starts a transaction that writes, when no other writes any more. What
    /// it answers differs from the last time when somebody else wrote since.
    pub(crate) fn begin_writing(&self) -> Result<i64, DatabaseError> {
        match self {
            Self::Sqlite(file) => {
                file.execute_batch("BEGIN IMMEDIATE")?;
                sqlite::data_version(file)
            }
        }
    }

    /// Ends a transaction: what it wrote is on disk when this returns.
    pub(crate) fn commit(&self) -> Result<(), DatabaseError> {
        self.execute_batch("COMMIT")
    }

    /// Ends a transaction as if it had not been.
    pub(crate) fn roll_back(&self) -> Result<(), DatabaseError> {
        self.execute_batch("ROLLBACK")
    }

    /// Marks a point of the transaction to go back to.
    pub(crate) fn set_savepoint(&self) -> Result<(), DatabaseError> {
        self.execute("SAVEPOINT one", ()).map(|_| ())
    }

    /// Takes back what was written since the savepoint, which stays.
    pub(crate) fn back_to_savepoint(&self) -> Result<(), DatabaseError> {
        self.execute("ROLLBACK TO one", ()).map(|_| ())
    }

    /// Takes the savepoint away and leaves what was written.
    pub(crate) fn release_savepoint(&self) -> Result<(), DatabaseError> {
        self.execute("RELEASE one", ()).map(|_| ())
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
        }
    }

    /// Its rows.
    pub(crate) fn query(&mut self, values: impl Params) -> Result<Rows<'_>, DatabaseError> {
        match self {
            Self::Sqlite(statement) => {
                values.lend(|fields| sqlite::bind(statement, fields))?;
                Ok(Rows::Sqlite(statement.raw_query()))
            }
        }
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
        };
        T::from_field(field).ok_or(DatabaseError::OtherKind)
    }
}
