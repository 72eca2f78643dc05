//! The one table of the index. It holds pseudonyms, custodians and kinds of
//! data, and nothing else that could lead to a patient.

use care::{Categories, DataCategory, Ura};
use rusqlite::{Connection, OptionalExtension, params};

pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS record (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pseudonym TEXT NOT NULL,
    custodian TEXT NOT NULL,
    category TEXT NOT NULL,
    UNIQUE (pseudonym, custodian, category)
) STRICT;
CREATE INDEX IF NOT EXISTS record_by_custodian ON record (custodian, id);
";

/// A row, as an answer needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) id: i64,
    pub(super) custodian: Ura,
    pub(super) category: DataCategory,
}

/// Adds a record; gives its id, and whether it is new.
pub(super) fn add(
    connection: &Connection,
    pseudonym: &str,
    custodian: Ura,
    category: DataCategory,
) -> rusqlite::Result<(i64, bool)> {
    let key = params![pseudonym, custodian.as_str(), category.code()];
    let known = connection
        .prepare_cached(
            "SELECT id FROM record WHERE pseudonym = ?1 AND custodian = ?2 AND category = ?3",
        )?
        .query_row(key, |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok((id, false));
    }
    connection
        .prepare_cached("INSERT INTO record (pseudonym, custodian, category) VALUES (?1, ?2, ?3)")?
        .execute(key)?;
    Ok((connection.last_insert_rowid(), true))
}

/// All records on a patient.
pub(super) fn about(connection: &Connection, pseudonym: &str) -> rusqlite::Result<Vec<Record>> {
    connection
        .prepare_cached(
            "SELECT id, custodian, category FROM record WHERE pseudonym = ?1
             ORDER BY custodian, id",
        )?
        .query_map([pseudonym], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
            ))
        })?
        .filter_map(|row| match row {
            Ok((id, custodian, category)) => {
                // A row of a category that this version does not know yet is no answer.
                let record = custodian
                    .parse()
                    .ok()
                    .zip(DataCategory::from_code(&category));
                record.map(|(custodian, category)| {
                    Ok(Record {
                        id,
                        custodian,
                        category,
                    })
                })
            }
            Err(error) => Some(Err(error)),
        })
        .collect()
}

/// Removes records of one custodian on a patient; gives how many.
pub(super) fn remove(
    connection: &Connection,
    pseudonym: &str,
    custodian: Ura,
    categories: Categories,
) -> rusqlite::Result<usize> {
    let mut removed = 0;
    for category in categories.iter() {
        removed += connection
            .prepare_cached(
                "DELETE FROM record WHERE pseudonym = ?1 AND custodian = ?2 AND category = ?3",
            )?
            .execute(params![pseudonym, custodian.as_str(), category.code()])?;
    }
    Ok(removed)
}

/// Removes one record of a custodian; whether it was there.
pub(super) fn remove_one(
    connection: &Connection,
    id: i64,
    custodian: Ura,
) -> rusqlite::Result<bool> {
    let removed = connection
        .prepare_cached("DELETE FROM record WHERE id = ?1 AND custodian = ?2")?
        .execute(params![id, custodian.as_str()])?;
    Ok(removed > 0)
}
