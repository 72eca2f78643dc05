//! One moment of the file.

use std::sync::Arc;

use fhir::FhirVersion;

use super::Connection;
use super::kinds::Kinds;
use super::names::{self, Known};
use crate::StoreError;
use crate::index::{Generations, View};
use crate::search::parameters::{LastRead, Parameters};

/// What readers and the writer of a file share: what they know of it besides
/// the file itself.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    /// The generations of the index.
    pub(crate) generations: Arc<Generations>,
    /// Words with their numbers.
    pub(crate) words: Arc<Known>,
    /// The search parameters.
    pub(crate) parameters: Arc<LastRead>,
}

impl Shared {
    /// What is known of a file before it is read.
    pub(crate) fn of(version: FhirVersion) -> Self {
        Self {
            generations: Arc::default(),
            words: Arc::default(),
            parameters: Arc::new(LastRead::standard(version)),
        }
    }
}

/// What a transaction sees: the rows, and the index that belongs to them.
#[derive(Debug)]
pub(crate) struct Snapshot<'a> {
    /// The connection, inside the transaction.
    pub(crate) connection: &'a Connection,
    /// The index.
    pub(crate) index: View,
    /// The search parameters.
    pub(crate) parameters: Arc<Parameters>,
    words: &'a Known,
    /// Whether it may see what is not committed yet, and may never be.
    is_writing: bool,
}

impl<'a> Snapshot<'a> {
    /// What a transaction of a reader sees.
    pub(crate) fn of(
        connection: &'a Connection,
        kinds: &Kinds,
        shared: &'a Shared,
    ) -> Result<Self, StoreError> {
        let (index, moment) = View::at(connection, &shared.generations)?;
        let parameters = &shared.parameters;
        Ok(Self {
            connection,
            index,
            parameters: parameters.at(connection, kinds, moment.parameters)?,
            words: &shared.words,
            is_writing: false,
        })
    }

    /// What the transaction of the writer sees.
    pub(crate) fn of_writer(
        connection: &'a Connection,
        index: View,
        parameters: Arc<Parameters>,
        shared: &'a Shared,
    ) -> Self {
        Self {
            connection,
            index,
            parameters,
            words: &shared.words,
            is_writing: true,
        }
    }

    /// The last commit that it sees changes of.
    pub(crate) const fn commit(&self) -> u64 {
        self.index.commit()
    }

    /// The number of a word, when the file has it.
    pub(crate) fn word(&self, text: &str) -> Result<Option<i64>, StoreError> {
        if let Some(known) = self.words.get(text) {
            return Ok(Some(known));
        }
        let found = names::find(self.connection, text)?;
        if let Some(id) = found
            && !self.is_writing
        {
            self.words.remember(text, id);
        }
        Ok(found)
    }
}
