//! The rows of the index tables that follow from a resource's values.

use rusqlite::{CachedStatement, Connection};

use super::entries::{Entries, MEMBER, Value};
use super::{LONG_MS, WIDE};
use crate::StoreError;

/// A folded text is indexed by its first bytes; the rest is compared by value.
pub(crate) const STRING_PREFIX_BYTES: usize = 64;

/// The part of a folded text that stands in the index.
pub(crate) fn index_prefix(folded: &str) -> &str {
    &folded[..folded.floor_char_boundary(STRING_PREFIX_BYTES)]
}

/// One row of an index table. Numbers are kept as bits, to be compared exactly.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Row<'a> {
    Token(i64, &'a str, i64),
    String(i64, String),
    Date(i64, i64, i64),
    Period(i64, i64),
    Number(i64, u64, u64),
    Reference(i64, i64),
    Member(i64),
}

/// The rows of a blob: sorted, each once.
fn rows(blob: &[u8]) -> Vec<Row<'_>> {
    let mut rows = Vec::with_capacity(32);
    let (mut dates, mut first_high) = (None, 0);
    for (parameter, value) in Entries::of(blob).iter() {
        match value {
            Value::Token { system, code } => rows.push(Row::Token(parameter, code, system)),
            Value::Uri(content) => rows.push(Row::Token(parameter, content, 0)),
            Value::Text(content) => {
                let folded = fhir::search::normalise(content);
                rows.push(Row::String(parameter, index_prefix(&folded).to_owned()));
            }
            Value::Date { low, high } => {
                rows.push(Row::Date(parameter, low, high));
                // Several dates of one resource can meet a lower and an upper
                // bound between them: it is found like one long date.
                let several = dates == Some(parameter);
                if several || high.saturating_sub(low) > LONG_MS {
                    rows.push(Row::Period(parameter, high));
                }
                if several {
                    rows.push(Row::Period(parameter, first_high));
                } else {
                    (dates, first_high) = (Some(parameter), high);
                }
            }
            Value::Number { low, high, .. } => {
                rows.push(Row::Number(parameter, low.to_bits(), high.to_bits()));
                if high - low > WIDE {
                    rows.push(Row::Number(-parameter, low.to_bits(), high.to_bits()));
                }
            }
            // Composites are found by their first component, when it is a code.
            Value::Composite(blob) => {
                for first in Entries::of(blob).get(0) {
                    if let Value::Token { system, code } = first {
                        rows.push(Row::Token(parameter, code, system));
                    }
                }
            }
            Value::Reference(target) if parameter == MEMBER => rows.push(Row::Member(target)),
            Value::Reference(target) => rows.push(Row::Reference(parameter, target)),
        }
    }
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// Changes the index from the old values of a resource to the new ones. Rows
/// that stay are not touched.
pub(crate) fn replace(
    connection: &Connection,
    rid: i64,
    old: &[u8],
    new: &[u8],
) -> Result<(), StoreError> {
    if old == new {
        return Ok(());
    }
    let (old, new) = (rows(old), rows(new));
    let mut taken_out = Statements::removing();
    for row in old.iter().filter(|row| new.binary_search(row).is_err()) {
        taken_out.execute(connection, row, rid)?;
    }
    let mut put_in = Statements::adding();
    for row in new.iter().filter(|row| old.binary_search(row).is_err()) {
        put_in.execute(connection, row, rid)?;
    }
    Ok(())
}

/// The statements for one resource, each looked up once.
struct Statements<'c> {
    texts: &'static [&'static str; 7],
    prepared: [Option<CachedStatement<'c>>; 7],
}

impl<'c> Statements<'c> {
    fn adding() -> Self {
        Self::of(&[
            "INSERT INTO token (param, code, rid, system) VALUES (?1, ?2, ?3, ?4)",
            "INSERT INTO string (param, folded, rid) VALUES (?1, ?2, ?3)",
            "INSERT INTO date (param, low, high, rid) VALUES (?1, ?2, ?3, ?4)",
            "INSERT INTO period (param, high, rid) VALUES (?1, ?2, ?3)",
            "INSERT INTO number (param, low, high, rid) VALUES (?1, ?2, ?3, ?4)",
            "INSERT INTO reference (param, target, rid) VALUES (?1, ?2, ?3)",
            "INSERT INTO member (patient, rid) VALUES (?1, ?2)",
        ])
    }

    fn removing() -> Self {
        Self::of(&[
            "DELETE FROM token WHERE param = ?1 AND code = ?2 AND rid = ?3 AND system = ?4",
            "DELETE FROM string WHERE param = ?1 AND folded = ?2 AND rid = ?3",
            "DELETE FROM date WHERE param = ?1 AND low = ?2 AND high = ?3 AND rid = ?4",
            "DELETE FROM period WHERE param = ?1 AND high = ?2 AND rid = ?3",
            "DELETE FROM number WHERE param = ?1 AND low = ?2 AND high = ?3 AND rid = ?4",
            "DELETE FROM reference WHERE param = ?1 AND target = ?2 AND rid = ?3",
            "DELETE FROM member WHERE patient = ?1 AND rid = ?2",
        ])
    }

    fn of(texts: &'static [&'static str; 7]) -> Self {
        Self {
            texts,
            prepared: [const { None }; 7],
        }
    }

    fn execute(
        &mut self,
        connection: &'c Connection,
        row: &Row<'_>,
        rid: i64,
    ) -> Result<(), StoreError> {
        let at = match row {
            Row::Token(..) => 0,
            Row::String(..) => 1,
            Row::Date(..) => 2,
            Row::Period(..) => 3,
            Row::Number(..) => 4,
            Row::Reference(..) => 5,
            Row::Member(_) => 6,
        };
        let statement = match &mut self.prepared[at] {
            Some(statement) => statement,
            empty => empty.insert(connection.prepare_cached(self.texts[at])?),
        };
        match row {
            Row::Token(param, code, system) => statement.execute((param, code, rid, system)),
            Row::String(param, folded) => statement.execute((param, folded, rid)),
            Row::Date(param, low, high) => statement.execute((param, low, high, rid)),
            Row::Period(param, high) => statement.execute((param, high, rid)),
            Row::Number(param, low, high) => {
                statement.execute((param, f64::from_bits(*low), f64::from_bits(*high), rid))
            }
            Row::Reference(param, target) => statement.execute((param, target, rid)),
            Row::Member(patient) => statement.execute((patient, rid)),
        }?;
        Ok(())
    }
}
