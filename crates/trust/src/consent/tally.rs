//! Counts that are kept with the choices, in the same transaction, so that a
//! count never has to read everybody's record.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::{ConsentRecord, Reach, coverage::Counted, matrix};

pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS tally (
        what TEXT PRIMARY KEY,
        people INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// Counts a change of one record.
pub(super) fn change(
    connection: &Connection,
    before: &ConsentRecord,
    after: &ConsentRecord,
) -> rusqlite::Result<()> {
    let (before, after) = (counted_in(before), counted_in(after));
    for what in before.difference(&after) {
        add(connection, what, -1)?;
    }
    for what in after.difference(&before) {
        add(connection, what, 1)?;
    }
    Ok(())
}

/// Whether the file has choices that were never counted: those of a version
/// that kept no counts.
pub(super) fn is_missing(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM record) AND NOT EXISTS (SELECT 1 FROM tally)",
        [],
        |row| row.get(0),
    )
}

/// The counts as they are now.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Counted> {
    let mut query = connection.prepare_cached("SELECT people FROM tally WHERE what = ?1")?;
    let mut people = |what: &str| -> rusqlite::Result<u64> {
        let found: Option<i64> = query.query_row([what], |row| row.get(0)).optional()?;
        Ok(found.and_then(|count| count.try_into().ok()).unwrap_or(0))
    };
    let mut kinds: Vec<_> = matrix()
        .map(|key| (key.holder.category(), key.category))
        .collect();
    kinds.dedup();
    Ok(Counted {
        everyone: people("everyone")?,
        some: people("some")?,
        no_one: people("no-one")?,
        per_kind: kinds
            .into_iter()
            .map(|(holder, category)| {
                let count = people(&format!("{} {}", holder.code(), category.code()))?;
                Ok((holder, category, count))
            })
            .collect::<rusqlite::Result<_>>()?,
    })
}

/// In which counts somebody with this record is.
fn counted_in(record: &ConsentRecord) -> BTreeSet<String> {
    let reach = match record.reach() {
        Reach::NotChosen => return BTreeSet::new(),
        Reach::Everyone => "everyone",
        Reach::Some => "some",
        Reach::NoOne => "no-one",
    };
    let kinds = matrix()
        .map(|key| (key.holder.category(), key.category))
        .filter(|(holder, category)| record.permitted(*holder, *category).next().is_some())
        .map(|(holder, category)| format!("{} {}", holder.code(), category.code()));
    kinds.chain([reach.to_owned()]).collect()
}

fn add(connection: &Connection, what: &str, people: i64) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO tally (what, people) VALUES (?1, ?2)
             ON CONFLICT (what) DO UPDATE SET people = people + ?2",
        )?
        .execute(params![what, people])
}
