//! What is there before a change, for its audit lines: who is about to be
//! changed or removed is told, whatever the writer may see.

use care::{AccessContext, Scope};
use fhir::Resource;
use store::{Change, Found, StoreError, Target};

use super::Node;
use crate::error::ExchangeError;

/// Parameters that say how a search is answered, not what it finds.
const RESULT_PARAMETERS: [&str; 6] = [
    "_count",
    "_include",
    "_revinclude",
    "_sort",
    "_summary",
    "_total",
];

impl Node {
    /// The version that a patch or a deletion finds; `None` when it finds none,
    /// or several: then the store refuses the change.
    pub(super) async fn before(
        &self,
        cx: &AccessContext,
        change: &Change,
    ) -> Result<Option<Resource>, ExchangeError> {
        let store = &self.parts.store;
        let scope = &Scope::Organisation;
        let (resource_type, query) = match change {
            Change::Delete {
                resource_type, id, ..
            }
            | Change::Patch {
                resource_type,
                target: Target::Id(id),
                ..
            } => {
                let found = match store.read(cx, scope, resource_type, id).await {
                    Err(StoreError::UnknownResourceType) => return Ok(None),
                    found => found.map(Found::here)?,
                };
                return Ok(found.and_then(|stored| self.resource(&stored.body).ok()));
            }
            Change::DeleteWhere {
                resource_type,
                query,
            }
            | Change::Patch {
                resource_type,
                target: Target::Found(query),
                ..
            } => (resource_type, query),
            Change::Create { .. } | Change::Update { .. } | Change::UpdateWhere { .. } => {
                return Ok(None);
            }
        };
        let is_result = |name: &str| {
            let name = name.split(':').next().unwrap_or(name);
            RESULT_PARAMETERS.contains(&name)
        };
        let mut query: Vec<(String, String)> = query
            .iter()
            .filter(|(name, _)| !is_result(name))
            .cloned()
            .collect();
        query.push(("_count".to_owned(), "2".to_owned()));
        let page = store.search(cx, scope, resource_type, &query).await?;
        Ok(match page.matches.as_slice() {
            [stored] => self.resource(&stored.body).ok(),
            _ => None,
        })
    }
}
