//! How the organisations of the region do, asked of each of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use care::{AccessContext, Clock, Ura};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use network::{
    addressing::{Directory, Organisation},
    status::StatusClient,
};
use trust::identity::OrganisationRecord;
use web::{OrganisationStatus, RegionStatus};

/// How many organisations are asked at the same time.
const ASKED_AT_ONCE: usize = 16;

/// Asks each organisation of the directory, and remembers when it last answered.
pub(crate) struct WatchedRegion {
    directory: Arc<Directory>,
    client: StatusClient,
    clock: Arc<dyn Clock>,
    last_contact: Mutex<HashMap<Ura, Timestamp>>,
}

impl WatchedRegion {
    pub(crate) fn new(
        directory: Arc<Directory>,
        client: StatusClient,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            directory,
            client,
            clock,
            last_contact: Mutex::default(),
        }
    }

    async fn ask(&self, organisation: Organisation) -> OrganisationStatus {
        let statistics = match self.client.of(&organisation).await {
            Ok(statistics) => Some(statistics),
            Err(error) => {
                tracing::info!(ura = %organisation.ura, %error, "an organisation does not answer");
                None
            }
        };
        let mut last_contact = self
            .last_contact
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if statistics.is_some() {
            last_contact.insert(organisation.ura, self.clock.now());
        }
        OrganisationStatus {
            up: statistics.is_some(),
            last_contact: last_contact.get(&organisation.ura).copied(),
            statistics,
            organisation: OrganisationRecord {
                ura: organisation.ura,
                name: organisation.name,
                organisation_type: organisation.organisation_type,
            },
        }
    }
}

#[async_trait]
impl RegionStatus for WatchedRegion {
    async fn organisations(&self, _cx: &AccessContext) -> Vec<OrganisationStatus> {
        stream::iter(self.directory.organisations())
            .map(|organisation| self.ask(organisation))
            .buffered(ASKED_AT_ONCE)
            .collect()
            .await
    }
}
