//! Looks at a node: its files, its database, the services that it needs.
//! `schakel doctor` prints what is found, the operator's page shows it.

use std::sync::Arc;

use async_trait::async_trait;
use exchange::{Node, catalogue::Catalogue};
use fhir::FhirVersion;
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
    node::{NodeFiles, Records},
};

/// Looks at everything. `running` are the stores of a node that runs in this
/// process; without them the databases are opened beside whoever has them.
pub(crate) async fn examine(config: &NodeConfig, running: Option<&[Store]>) -> Vec<Finding> {
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
    match running {
        Some(stores) => {
            for store in stores {
                findings.extend(database(store).await);
            }
        }
        None => match Records::all(config) {
            Ok(all) => {
                for records in all {
                    match records.open(&files, String::new()) {
                        Ok(store) => findings.extend(database(&store).await),
                        Err(error) => findings.push(Finding::Database(
                            records.version,
                            Err(format!("{error:#}")),
                        )),
                    }
                }
            }
            Err(error) => findings.push(Finding::Database(
                FhirVersion::R4,
                Err(format!("{error:#}")),
            )),
        },
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
    let version = store.version();
    let wrong = |what: String| vec![Finding::Database(version, Err(what))];
    // Asked first: what is left when it was opened, not what the look leaves of it.
    let left = store.reindexing().await;
    let found = (
        left,
        store.check_integrity().await,
        store.statistics().await,
    );
    let (left, integrity, statistics) = match found {
        (Ok(left), Ok(integrity), Ok(statistics)) => (left, integrity, statistics),
        (Err(error), _, _) | (_, Err(error), _) | (_, _, Err(error)) => {
            return wrong(error.to_string());
        }
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
    let found = DatabaseFound {
        resources: statistics.resources.iter().map(|(_, count)| count).sum(),
        audit_lines: statistics.audit_lines,
        kilobytes: (integrity.database_bytes + integrity.wal_bytes) / 1024,
    };
    let mut findings = vec![
        Finding::Database(version, Ok(found)),
        Finding::Reindexing(version, left),
    ];
    // Messages are translated into R4, and R4 is what the region is told of.
    if version == FhirVersion::R4 {
        findings.push(Finding::Messages(refused));
        findings.push(Finding::Registrations(statistics.outbox_waiting));
    }
    findings
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
    stores: Vec<Store>,
    /// Counts what both bases bring.
    node: Arc<Node>,
    /// A check reads the whole database: one at a time.
    one_at_a_time: Mutex<()>,
}

impl RunningChecks {
    pub(crate) fn new(config: NodeConfig, stores: Vec<Store>, node: Arc<Node>) -> Self {
        Self {
            config,
            stores,
            node,
            one_at_a_time: Mutex::new(()),
        }
    }
}

#[async_trait]
impl NodeChecks for RunningChecks {
    async fn findings(&self) -> Vec<Finding> {
        let _turn = self.one_at_a_time.lock().await;
        let mut findings = examine(&self.config, Some(&self.stores)).await;
        let counts = self.node.validation().counts();
        findings.push(Finding::Validation(counts));
        findings
    }
}
