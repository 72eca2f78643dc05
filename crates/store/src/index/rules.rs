//! What the values of resources are made by, in the course of the releases.
//!
//! A change of what is extracted or kept is a rule with a number of its own. A
//! database says which number its values follow; one that is behind takes them
//! again in the background, and what needs a rule waits for that.

use super::reindex;
use crate::StoreError;
use crate::database::Connection;
use crate::database::kinds::Kinds;

/// A rule that not all databases follow yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Identifiers are found by their type too.
    IdentifierTypes,
    /// Quantities are found in other units too.
    CanonicalQuantities,
}

/// The rules of this release: the number of the last.
const RULES: i64 = 3;

impl Rule {
    /// The number that it came with.
    pub(crate) const fn since(self) -> i64 {
        match self {
            Self::IdentifierTypes => 2,
            Self::CanonicalQuantities => 3,
        }
    }
}

/// Has the values of a database taken again when they follow older rules than
/// those of this release. Inside a transaction.
pub(crate) fn keep_to_rules(connection: &Connection, kinds: &Kinds) -> Result<(), StoreError> {
    let found: i64 = connection.query_row("SELECT rules FROM index_state", (), |row| row.get(0))?;
    if found > RULES {
        return Err(StoreError::NewerIndex {
            found,
            known: RULES,
        });
    }
    if found == RULES {
        return Ok(());
    }
    let is_empty: bool = connection.query_row(
        "SELECT NOT EXISTS (SELECT 1 FROM resource WHERE state = 0)",
        (),
        |row| row.get(0),
    )?;
    if !is_empty {
        reindex::begin(connection, kinds, kinds.version().resource_types())?;
    }
    connection.execute("UPDATE index_state SET rules = ?1", [RULES])?;
    Ok(())
}
