//! How a database fails.

/// Why a database did not do what it was asked. What is shown of it holds no
/// value of a statement or a row.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// SQLite failed.
    #[error("SQLite failed")]
    Sqlite(#[source] rusqlite::Error),
    /// PostgreSQL failed, with this SQLSTATE.
    #[error("PostgreSQL failed (SQLSTATE {0})")]
    Postgres(String),
    /// The connection to PostgreSQL is lost, or could not be made.
    #[error("there is no connection to PostgreSQL")]
    Connection,
    /// The URL of a PostgreSQL database cannot be read.
    #[error("the URL of the PostgreSQL database cannot be read")]
    Address,
    /// The authorities that a server is held against cannot be read.
    #[error("the authorities for TLS to PostgreSQL cannot be read")]
    Authorities,
    /// There is no row where one must be.
    #[error("there is no row")]
    NoRow,
    /// A column holds something else than it should.
    #[error("a column holds another kind of value than it should")]
    OtherKind,
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl DatabaseError {
    /// What happened, in a code without values.
    pub(crate) fn code(&self) -> String {
        match self {
            Self::Sqlite(rusqlite::Error::SqliteFailure(failure, _)) => {
                format!("SQLite code {}", failure.extended_code)
            }
            other => other.to_string(),
        }
    }
}
