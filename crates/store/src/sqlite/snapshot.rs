//! One moment of the file.

use rusqlite::Connection;

use crate::StoreError;
use crate::index::{Generations, View};

/// What a transaction sees: the rows, and the index that belongs to them.
#[derive(Debug)]
pub(crate) struct Snapshot<'a> {
    /// The connection, inside the transaction.
    pub(crate) connection: &'a Connection,
    /// The index.
    pub(crate) index: View,
}

impl<'a> Snapshot<'a> {
    /// What a transaction of a reader sees.
    pub(crate) fn of(connection: &'a Connection, known: &Generations) -> Result<Self, StoreError> {
        Ok(Self {
            connection,
            index: View::at(connection, known)?,
        })
    }
}
