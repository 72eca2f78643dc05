//! Importing lines of ndjson, batch by batch.

use care::AccessContext;
use fhir::{FhirVersion, Resource, outcome::Issue};
use store::{Change, StoreError};

use super::super::{Node, write};
use crate::error::ExchangeError;

/// Lines of an import that are stored together.
#[derive(Debug, Default)]
pub struct Batch {
    lines: Vec<(u64, Result<Change, Vec<Issue>>)>,
}

/// What came of a batch: lines that are accepted are on disk, whatever comes
/// after them.
#[derive(Debug, Default)]
pub struct Imported {
    /// How many lines are stored.
    pub accepted: u64,
    /// The lines that are not, by number, with the reasons.
    pub refused: Vec<(u64, Vec<Issue>)>,
}

impl Batch {
    /// Takes a line with its number, from one. It is a resource of the version that is stored
    /// under the id that it has, or under a new one when it has none.
    pub fn add(&mut self, version: FhirVersion, number: u64, line: &[u8]) {
        self.lines.push((number, change(version, line)));
    }

    /// Takes a line that is refused unread.
    pub fn refuse(&mut self, number: u64, issue: Issue) {
        self.lines.push((number, Err(vec![issue])));
    }

    /// How many lines it holds.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// The change that a line asks for.
fn change(version: FhirVersion, line: &[u8]) -> Result<Change, Vec<Issue>> {
    let resource = Resource::parse_in(version, line)?;
    let change = match resource.id().map(std::borrow::Cow::into_owned) {
        Some(id) => Change::Update {
            full_url: None,
            resource,
            id,
            if_match: None,
        },
        None => Change::Create {
            full_url: None,
            resource,
            if_none_exist: None,
        },
    };
    write::check(&change).map_err(|error| error.issues())?;
    Ok(change)
}

impl Node {
    /// Stores the lines of a batch by the rules of every other write. A line
    /// that cannot be stored is refused by itself.
    ///
    /// # Errors
    /// When nothing more can be stored, or may be: lines of this batch can be
    /// stored then, but nobody can tell which.
    pub(super) async fn import(
        &self,
        cx: &AccessContext,
        batch: Batch,
    ) -> Result<Imported, ExchangeError> {
        let mut imported = Imported::default();
        let mut numbers = Vec::with_capacity(batch.lines.len());
        let mut changes = Vec::with_capacity(batch.lines.len());
        for (number, change) in batch.lines {
            match change {
                Ok(change) => match self.judge(std::slice::from_ref(&change), None).await {
                    Ok(()) => {
                        numbers.push(number);
                        changes.push(change);
                    }
                    Err(error) => imported.refused.push((number, error.issues())),
                },
                Err(issues) => imported.refused.push((number, issues)),
            }
        }
        let scope = self.writing_scope(cx, &changes).await?;
        // Halves of what was refused as a whole, until the lines that are to
        // blame stand alone: the last one in is done first, so the order holds.
        let mut waiting = vec![(numbers, changes)];
        while let Some((mut numbers, mut changes)) = waiting.pop() {
            if changes.is_empty() {
                continue;
            }
            let Err(error) = self.written(cx, &scope, changes.clone()).await else {
                imported.accepted += numbers.len() as u64;
                continue;
            };
            if stops(&error) {
                return Err(error);
            }
            if let [number] = numbers.as_slice() {
                imported.refused.push((*number, error.issues()));
                continue;
            }
            let half = numbers.len() / 2;
            let later = (numbers.split_off(half), changes.split_off(half));
            waiting.push(later);
            waiting.push((numbers, changes));
        }
        imported.refused.sort_by_key(|(number, _)| *number);
        Ok(imported)
    }
}

/// Whether an error says that no other line can be stored either.
fn stops(error: &ExchangeError) -> bool {
    match error {
        ExchangeError::Audit(_) | ExchangeError::NotAllowed => true,
        ExchangeError::Store(error) => {
            matches!(error, StoreError::Closed | StoreError::OutOfScope)
                || crate::error::store_status(error) >= 500
        }
        _ => false,
    }
}
