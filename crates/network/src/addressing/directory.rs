//! The replica of the addresses that a node keeps and reads without asking.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use care::{OrganisationType, Ura};
use jiff::Timestamp;

use super::{AddressEntry, AddressError, AddressFeed, Organisation};

/// How often a node asks for changes, when the configuration says nothing.
pub const REFRESH_INTERVAL: Duration = Duration::from_mins(15);
/// The first wait after a failed refresh; it doubles up to the interval.
const RETRY_FIRST: Duration = Duration::from_secs(1);

/// The organisations of the region as this node knows them.
pub struct Directory {
    feed: Arc<dyn AddressFeed>,
    replica: RwLock<Arc<Replica>>,
    /// One refresh at a time: the order of changes must stay.
    refreshing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Default)]
struct Replica {
    entries: BTreeMap<Ura, Parts>,
    stamp: Option<Timestamp>,
}

#[derive(Debug, Clone, Default)]
struct Parts {
    who: Option<Who>,
    place: Option<Place>,
}

#[derive(Debug, Clone)]
struct Who {
    name: String,
    organisation_type: OrganisationType,
    active: bool,
    updated: Timestamp,
}

#[derive(Debug, Clone)]
struct Place {
    node_url: String,
    active: bool,
    updated: Timestamp,
}

impl Directory {
    /// An empty directory; [`Directory::refresh`] fills it.
    pub fn new(feed: Arc<dyn AddressFeed>) -> Self {
        Self {
            feed,
            replica: RwLock::default(),
            refreshing: tokio::sync::Mutex::new(()),
        }
    }

    /// All organisations that take part and can be asked, in the order of their URA.
    pub fn organisations(&self) -> Vec<Organisation> {
        let replica = self.replica();
        replica
            .entries
            .iter()
            .filter_map(|(ura, parts)| parts.together(*ura))
            .collect()
    }

    /// One organisation, when it takes part and can be asked.
    pub fn find(&self, ura: Ura) -> Option<Organisation> {
        self.replica()
            .entries
            .get(&ura)
            .and_then(|parts| parts.together(ura))
    }

    /// Publishes the own organisation at the feed.
    pub async fn publish(&self, own: &Organisation) -> Result<(), AddressError> {
        self.feed.publish(own).await
    }

    /// Takes in everything the first time, and after that what changed. When
    /// it fails, the replica stays as it was.
    pub async fn refresh(&self) -> Result<(), AddressError> {
        let _one_at_a_time = self.refreshing.lock().await;
        let before = self.replica();
        let (changes, mut replica) = match before.stamp {
            Some(stamp) => (self.feed.since(stamp).await?, Replica::clone(&before)),
            None => (self.feed.all().await?, Replica::default()),
        };
        for entry in changes.entries {
            replica.take(entry);
        }
        replica.stamp = changes.stamp;
        *self.replica.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(replica);
        Ok(())
    }

    /// Publishes the own organisation and then refreshes for ever; drop the
    /// future to stop. What fails is tried again, sooner at first.
    pub async fn keep_fresh(&self, own: Option<&Organisation>, interval: Duration) {
        let mut published = own.is_none();
        let mut retry = RETRY_FIRST;
        loop {
            let outcome = async {
                if let (Some(own), false) = (own, published) {
                    self.publish(own).await?;
                    published = true;
                }
                self.refresh().await
            };
            let wait = match outcome.await {
                Ok(()) => {
                    retry = RETRY_FIRST;
                    interval
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the directory was not refreshed"
                    );
                    let wait = retry.min(interval);
                    retry = retry.saturating_mul(2);
                    wait
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    fn replica(&self) -> Arc<Replica> {
        Arc::clone(&self.replica.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Replica {
    /// Takes in one version, unless a later one is known.
    fn take(&mut self, entry: AddressEntry) {
        match entry {
            AddressEntry::Organisation {
                ura,
                name,
                organisation_type,
                active,
                updated,
            } => {
                let who = &mut self.entries.entry(ura).or_default().who;
                if who.as_ref().is_none_or(|known| known.updated <= updated) {
                    *who = Some(Who {
                        name,
                        organisation_type,
                        active,
                        updated,
                    });
                }
            }
            AddressEntry::Endpoint {
                ura,
                node_url,
                active,
                updated,
            } => {
                let place = &mut self.entries.entry(ura).or_default().place;
                if place.as_ref().is_none_or(|known| known.updated <= updated) {
                    *place = Some(Place {
                        node_url,
                        active,
                        updated,
                    });
                }
            }
        }
    }
}

impl Parts {
    fn together(&self, ura: Ura) -> Option<Organisation> {
        let (who, place) = (self.who.as_ref()?, self.place.as_ref()?);
        (who.active && place.active).then(|| Organisation {
            ura,
            name: who.name.clone(),
            organisation_type: who.organisation_type,
            node_url: place.node_url.clone(),
        })
    }
}
