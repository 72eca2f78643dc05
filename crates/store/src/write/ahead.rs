//! The rows that a write will ask for, read at once: on a server each question
//! costs a round trip.

use std::collections::HashMap;

use super::apply::Row;
use super::plan::{Plan, Step};
use crate::StoreError;
use crate::database::Value;
use crate::database::writer::Session;

/// Ids in one question. All questions have as many, so that one statement does.
const IDS_AT_ONCE: usize = 50;

/// What is known of a place for a resource.
pub(super) enum Known {
    /// This is there.
    Row(Row),
    /// Nothing is there.
    Nothing,
    /// It must be asked for.
    Unknown,
}

/// What was there for each step when the write began. Each is good once: a step
/// changes what it finds.
#[derive(Default)]
pub(super) struct Ahead(HashMap<(i64, String), Option<Row>>);

impl Ahead {
    /// Reads the rows of a plan, where that saves round trips.
    pub(super) fn read(session: &mut Session<'_>, plan: &Plan) -> Result<Self, StoreError> {
        let mut found = HashMap::new();
        if !session.connection.is_shared() {
            return Ok(Self(found));
        }
        // What a Provenance has follows from what else is written.
        for step in &plan.steps {
            let (resource_type, id) = match step {
                Step::Put { id, draft, .. } => (draft.resource.resource_type(), id),
                Step::Keep { resource_type, id }
                | Step::Delete {
                    resource_type,
                    id: Some(id),
                    ..
                } => (*resource_type, id),
                Step::Delete { id: None, .. } => continue,
            };
            if resource_type != "Provenance" {
                let kind = session.state.kinds.number(resource_type)?;
                found.insert((kind, id.clone()), None);
            }
        }
        let ids: Vec<String> = found.keys().map(|(_, id)| id.clone()).collect();
        let marks = vec!["?"; IDS_AT_ONCE].join(",");
        let mut select = session.connection.prepare_cached(&format!(
            "SELECT rid, state, version, vid, updated, labels, patient, entries, kind, id
             FROM resource WHERE id IN ({marks})"
        ))?;
        for chunk in ids.chunks(IDS_AT_ONCE) {
            let mut values: Vec<Value> = chunk.iter().cloned().map(Value::Text).collect();
            values.resize(IDS_AT_ONCE, values[0].clone());
            let mut rows = select.query(&values)?;
            while let Some(row) = rows.next()? {
                let (kind, id): (i64, String) = (row.get(8)?, row.get(9)?);
                let row = Row::read(row)?;
                session.state.rows.remember(kind, &id, row.rid);
                if let Some(place) = found.get_mut(&(kind, id)) {
                    *place = Some(row);
                }
            }
        }
        Ok(Self(found))
    }

    /// What is there, as far as it is known.
    pub(super) fn take(&mut self, session: &Session<'_>, kind: i64, id: &str) -> Known {
        match self.0.remove(&(kind, id.to_owned())) {
            Some(Some(row)) => Known::Row(row),
            // Something written before it may have referred to it.
            Some(None) if session.state.rows.get(kind, id).is_none() => Known::Nothing,
            _ => Known::Unknown,
        }
    }
}
