//! How much one client may have under way: so that one cannot take all places.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

/// The requests under way, by client. It holds no client that has none.
pub(crate) struct AtOnce<K: Eq + Hash> {
    max: usize,
    under_way: Mutex<HashMap<K, usize>>,
}

/// One request under way; it is over when this is dropped.
pub(crate) struct Place<K: Eq + Hash + Clone> {
    all: Arc<AtOnce<K>>,
    client: K,
}

impl<K: Eq + Hash + Clone> AtOnce<K> {
    /// Nobody has anything under way, and each may have `max`.
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            under_way: Mutex::default(),
        })
    }

    /// A place for one more request of a client; none when it has all it may have.
    pub(crate) fn enter(self: &Arc<Self>, client: K) -> Option<Place<K>> {
        let mut under_way = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = under_way.entry(client.clone()).or_default();
        if *count >= self.max {
            return None;
        }
        *count += 1;
        drop(under_way);
        Some(Place {
            all: Arc::clone(self),
            client,
        })
    }
}

impl<K: Eq + Hash + Clone> Drop for Place<K> {
    fn drop(&mut self) {
        let mut under_way = self
            .all
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = under_way.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_its_places_and_no_more() {
        let all = AtOnce::new(2);
        let first = all.enter("a");
        let second = all.enter("a");
        assert!(first.is_some() && second.is_some());
        assert!(all.enter("a").is_none());
        assert!(all.enter("b").is_some(), "others have their own");
        drop(first);
        assert!(all.enter("a").is_some());
        drop(second);
        assert!(all.under_way.lock().unwrap().is_empty());
    }
}
