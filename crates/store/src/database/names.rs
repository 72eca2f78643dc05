//! Words that many rows share, kept once and referred to by number.
//!
//! The first letter says what a word is: `t` a resource type, `p` a search
//! parameter, `s` a code system.

use std::sync::{PoisonError, RwLock};

use fhir::search::Parameter;
use foldhash::HashMap;

use super::{Connection, OptionalExtension};
use crate::StoreError;

/// Words that the writer remembers, and the readers together.
const REMEMBERED_MAX: usize = 50_000;

/// The number of a word, when the file has it.
pub(crate) fn find(connection: &Connection, text: &str) -> Result<Option<i64>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT id FROM name WHERE text = ?1")?
        .query_row([text], |row| row.get(0))
        .optional()?)
}

/// The number of a word, added when the file lacks it.
pub(crate) fn add(connection: &Connection, text: &str) -> Result<i64, StoreError> {
    if let Some(id) = find(connection, text)? {
        return Ok(id);
    }
    Ok(connection
        .prepare_cached("INSERT INTO name (text) VALUES (?1) RETURNING id")?
        .query_row([text], |row| row.get(0))?)
}

/// The words that readers met, for all of them. A word that was committed
/// keeps its number for as long as the file lives.
#[derive(Debug, Default)]
pub(crate) struct Known(RwLock<HashMap<Box<str>, i64>>);

impl Known {
    /// The number of a word, when it was met before.
    pub(crate) fn get(&self, text: &str) -> Option<i64> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(text).copied()
    }

    /// Remembers a word that was read from what is committed.
    pub(crate) fn remember(&self, text: &str, id: i64) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED_MAX {
            all.clear();
        }
        all.insert(text.into(), id);
    }
}

/// What kind of values a parameter's entries are: each kind has a number of
/// its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Variant {
    /// The values themselves.
    Value,
    /// The text beside a code.
    Text,
    /// References to somewhere else.
    Address,
    /// References by identifier.
    Identifier,
    /// Identifiers with their type.
    Typed,
    /// Quantities in base units.
    Canonical,
}

impl Variant {
    pub(crate) const ALL: [Self; 6] = [
        Self::Value,
        Self::Text,
        Self::Address,
        Self::Identifier,
        Self::Typed,
        Self::Canonical,
    ];
}

/// The word for the entries of a parameter. One that was added has its number
/// in it: what another definition found by the same name is no answer.
pub(crate) fn parameter(resource_type: &str, parameter: &Parameter, variant: Variant) -> String {
    let suffix = match variant {
        Variant::Value => "",
        Variant::Text => "#text",
        Variant::Address => "#address",
        Variant::Identifier => "#identifier",
        Variant::Typed => "#type",
        Variant::Canonical => "#canonical",
    };
    let code = &parameter.code;
    if parameter.is_added() {
        let number = parameter.id;
        return format!("p{resource_type}.{code}~{number}{suffix}");
    }
    format!("p{resource_type}.{code}{suffix}")
}

/// The writer's memory of words. It must be forgotten when a transaction is
/// rolled back: a word added in it is gone.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    systems: HashMap<String, i64>,
    parameters: HashMap<(i64, u32, Variant), i64>,
}

impl Remembered {
    /// The number of a code system, added when it is new.
    pub(crate) fn system(&mut self, connection: &Connection, uri: &str) -> Result<i64, StoreError> {
        if let Some(id) = self.systems.get(uri) {
            return Ok(*id);
        }
        let id = add(connection, &format!("s{uri}"))?;
        if self.systems.len() >= REMEMBERED_MAX {
            self.systems.clear();
        }
        self.systems.insert(uri.to_owned(), id);
        Ok(id)
    }

    /// The number of a parameter's entries, added when it is new. `word` makes
    /// the word.
    pub(crate) fn parameter(
        &mut self,
        connection: &Connection,
        (kind, number, variant): (i64, u32, Variant),
        word: impl FnOnce() -> Result<String, StoreError>,
    ) -> Result<i64, StoreError> {
        if let Some(id) = self.parameters.get(&(kind, number, variant)) {
            return Ok(*id);
        }
        let id = add(connection, &word()?)?;
        self.parameters.insert((kind, number, variant), id);
        Ok(id)
    }

    /// Forgets everything.
    pub(crate) fn forget(&mut self) {
        self.systems.clear();
        self.parameters.clear();
    }
}
