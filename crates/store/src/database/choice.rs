//! Which database a store is in.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::postgres::{Blocks, PostgresUrl};
use crate::DatabaseError;

/// Where a store keeps its data. What it answers does not depend on it.
#[derive(Debug, Clone)]
pub enum Database {
    /// An SQLite file, made when it is not there: for one process.
    Sqlite(PathBuf),
    /// A PostgreSQL database, in the first schema of its search path: for
    /// several processes at once.
    Postgres(Box<PostgresUrl>),
}

impl Database {
    /// A `postgres://` or `postgresql://` URL, or else the path of a file.
    ///
    /// # Errors
    /// [`DatabaseError::Address`] for a URL that cannot be read.
    pub fn parse(text: &str) -> Result<Self, DatabaseError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Ok(Self::Postgres(Box::new(text.parse()?)))
        } else {
            Ok(Self::Sqlite(text.into()))
        }
    }
}

impl fmt::Display for Database {
    /// As a person may see it: without a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}

/// A database, and what all connections of this store to it share.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) database: Database,
    pub(super) blocks: Arc<Blocks>,
}

impl Source {
    pub(crate) fn new(database: Database) -> Self {
        Self {
            database,
            blocks: Arc::default(),
        }
    }

    /// Whether other processes may have it open too.
    pub(crate) const fn is_shared(&self) -> bool {
        matches!(self.database, Database::Postgres(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_told_from_a_path() {
        let shown = |text| Database::parse(text).unwrap().to_string();
        assert_eq!(
            shown("/var/lib/schakel/records.db"),
            "/var/lib/schakel/records.db"
        );
        assert_eq!(shown("postgres.db"), "postgres.db");
        assert_eq!(
            shown("postgresql://a:b@db/records"),
            "postgres://db/records"
        );
        assert!(Database::parse("postgres://[").is_err());
    }
}
