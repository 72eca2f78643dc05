//! Looks at a node: its files, its database, the services that it needs.
//! `schakel doctor` prints what is found, the operator's page shows it.

use std::sync::Arc;

use async_trait::async_trait;
use exchange::catalogue::Catalogue;
use network::{
    PeerAddress, PeerClient,
    addressing::{Directory, RegionalAddresses},
};
use store::Store;
use tokio::sync::Mutex;
use trust::policy::Policies;
use web::findings::{DatabaseFound, Finding, KeysFound, NodeChecks};

use crate::{
    config::NodeConfig,
    node::{NodeFiles, open_store},
};

/// Looks at everything. `running` is the store of a node that runs in this
/// process; without one the database is opened beside whoever has it.
pub(crate) async fn examine(config: &NodeConfig, running: Option<&Store>) -> Vec<Finding> {
    let mut findings = vec![exchanges(config), policies()];
    let files = match NodeFiles::read(config) {
        Err(error) => {
            findings.push(Finding::Keys(Err(format!("{error:#}"))));
            return findings;
        }
        Ok(files) => files,
    };
    findings.push(Finding::Keys(Ok(KeysFound {
        organisation: files.identity.organisation().name.clone(),
        people: files.people.iter().count(),
    })));
    let store = match running {
        Some(store) => Ok(store.clone()),
        None => open_store(config, &files, String::new()),
    };
    match store {
        Ok(store) => findings.extend(database(&store).await),
        Err(error) => findings.push(Finding::Database(Err(format!("{error:#}")))),
    }
    findings.push(region(config, &files).await);
    findings
}

fn exchanges(config: &NodeConfig) -> Finding {
    let catalogue = Catalogue::embedded().and_then(|catalogue| match &config.files.exchanges {
        Some(directory) => catalogue.and_directory(directory),
        None => Ok(catalogue),
    });
    Finding::Exchanges(match catalogue {
        Ok(catalogue) => Ok(catalogue
            .iter()
            .map(|exchange| exchange.code.to_string())
            .collect()),
        Err(error) => Err(error.to_string()),
    })
}

fn policies() -> Finding {
    Finding::Policies(
        Policies::embedded()
            .map(drop)
            .map_err(|error| error.to_string()),
    )
}

async fn database(store: &Store) -> Vec<Finding> {
    let wrong = |what: String| vec![Finding::Database(Err(what))];
    let (integrity, statistics) = match (store.check_integrity().await, store.statistics().await) {
        (Ok(integrity), Ok(statistics)) => (integrity, statistics),
        (Err(error), _) | (_, Err(error)) => return wrong(error.to_string()),
    };
    if !integrity.is_sound() {
        return wrong(integrity.problems.join("; "));
    }
    let refused = statistics
        .messages
        .iter()
        .filter(|(state, _)| *state == store::MessageState::Refused)
        .map(|(_, count)| count)
        .sum();
    vec![
        Finding::Database(Ok(DatabaseFound {
            resources: statistics.resources.iter().map(|(_, count)| count).sum(),
            audit_lines: statistics.audit_lines,
            kilobytes: integrity.database_bytes / 1024,
        })),
        Finding::Messages(refused),
        Finding::Registrations(statistics.outbox_waiting),
    ]
}

async fn region(config: &NodeConfig, files: &NodeFiles) -> Finding {
    let peers = PeerClient::new(files.identity.clone(), files.anchors.clone());
    let regional = PeerAddress {
        ura: config.region.services_ura,
        url: config.region.services_url.clone(),
    };
    let directory = Directory::new(Arc::new(RegionalAddresses::new(Arc::new(peers), regional)));
    Finding::Region(match directory.refresh().await {
        Ok(()) => Ok(directory.organisations().len()),
        Err(error) => Err(error.to_string()),
    })
}

/// Looks at a node that runs in this process.
pub(crate) struct RunningChecks {
    config: NodeConfig,
    store: Store,
    /// A check reads the whole database: one at a time.
    one_at_a_time: Mutex<()>,
}

impl RunningChecks {
    pub(crate) fn new(config: NodeConfig, store: Store) -> Self {
        Self {
            config,
            store,
            one_at_a_time: Mutex::new(()),
        }
    }
}

#[async_trait]
impl NodeChecks for RunningChecks {
    async fn findings(&self) -> Vec<Finding> {
        let _turn = self.one_at_a_time.lock().await;
        examine(&self.config, Some(&self.store)).await
    }
}
