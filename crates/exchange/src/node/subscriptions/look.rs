//! Finding events: what was written that fits.

use std::{collections::HashSet, sync::PoisonError};

use care::{AccessContext, Scope};
use store::{Changed, FoundEvents, Subscription};

use super::{Subscriptions, limits::MATCHED_AT_ONCE, wanted::Wanted};
use crate::error::ExchangeError;

/// Versions that may have been looked at in vain before it is written down.
const LOOKED_IN_VAIN_MAX: i64 = 10_000;

impl Subscriptions {
    /// Looks at what was written since it last looked, and gives what fits the
    /// next numbers. Answers whether there is more to do.
    pub(super) async fn look(
        &self,
        of: &Subscription,
        wanted: &Wanted,
        cx: &AccessContext,
        scope: &Scope,
    ) -> Result<bool, ExchangeError> {
        let store = &self.parts.node.parts.store;
        let after = self.looked(of);
        let changes = store
            .changes(cx, scope, wanted.types(), after, MATCHED_AT_ONCE)
            .await?;
        if changes.looked == after {
            return Ok(false);
        }
        let events = self.fitting(wanted, cx, scope, changes.changed).await?;
        if events.is_empty() && changes.looked - of.looked < LOOKED_IN_VAIN_MAX {
            let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
            looked.insert(of.id.clone(), (of.version, changes.looked));
            return Ok(changes.is_full);
        }
        let has_events = !events.is_empty();
        let found = FoundEvents {
            events,
            looked: changes.looked,
        };
        store.number_events(of, found).await?;
        Ok(has_events || changes.is_full)
    }

    /// Those that a trigger finds, by the searches of the store.
    async fn fitting(
        &self,
        wanted: &Wanted,
        cx: &AccessContext,
        scope: &Scope,
        changed: Vec<Changed>,
    ) -> Result<Vec<Changed>, ExchangeError> {
        let store = &self.parts.node.parts.store;
        let mut fits: HashSet<(&'static str, String)> = HashSet::new();
        for trigger in &wanted.triggers {
            let ids: Vec<&str> = changed
                .iter()
                .filter(|one| one.resource_type == trigger.resource_type)
                .map(|one| one.id.as_str())
                .collect();
            if ids.is_empty() {
                continue;
            }
            let query = about(&trigger.query, &ids);
            let page = store
                .search(cx, scope, &trigger.resource_type, &query)
                .await?;
            let found = page.matches.into_iter();
            fits.extend(found.map(|stored| (stored.resource_type, stored.id)));
        }
        let fit = |one: &Changed| fits.contains(&(one.resource_type, one.id.clone()));
        Ok(changed.into_iter().filter(fit).collect())
    }
}

/// A query that finds only among these resources.
pub(super) fn about(query: &[(String, String)], ids: &[&str]) -> Vec<(String, String)> {
    let mut query = query.to_vec();
    query.push(("_id".to_owned(), ids.join(",")));
    query.push(("_count".to_owned(), MATCHED_AT_ONCE.to_string()));
    query
}
