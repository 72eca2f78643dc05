//! What a node does beside answering: it keeps its lease, its addresses and its
//! registrations up to date.

use std::sync::Arc;

use exchange::{Bulk, Subscriptions};
use network::{
    addressing::{Directory, Organisation, REFRESH_INTERVAL},
    consent::CachedConsents,
    localisation::Registrar,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::revocations::RevocationFile;

/// The work, and what it needs.
pub(crate) struct Background {
    pub(crate) own: Organisation,
    /// The bulk data of each FHIR base.
    pub(crate) bulks: Vec<Arc<Bulk>>,
    /// The subscriptions of each FHIR base.
    pub(crate) subscriptions: Vec<Arc<Subscriptions>>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) consents: Arc<CachedConsents>,
    pub(crate) registrar: Registrar,
    /// Whether other nodes can reach this one. One that is switched off keeps
    /// no lease, so that no change of consent waits for it.
    pub(crate) reachable: bool,
    /// The region's revocation list, where the node has one.
    pub(crate) revocations: Option<RevocationFile>,
}

impl Background {
    /// Starts the work; it ends when `stop` is cancelled.
    pub(crate) fn start(self, tasks: &mut JoinSet<()>, stop: &CancellationToken) {
        let Self {
            own,
            bulks,
            subscriptions,
            directory,
            consents,
            registrar,
            reachable,
            revocations,
        } = self;
        let run = |tasks: &mut JoinSet<()>, work: BoxedWork| {
            let stop = stop.clone();
            tasks.spawn(async move {
                tokio::select! { () = stop.cancelled() => {}, () = work => {} }
            });
        };
        for bulk in bulks {
            let stopping = stop.clone();
            tasks.spawn(async move {
                tokio::select! { () = stopping.cancelled() => {}, () = bulk.keep_tidy() => {} }
                bulk.stop().await;
            });
        }
        run(
            tasks,
            Box::pin(async move {
                directory.keep_fresh(Some(&own), REFRESH_INTERVAL).await;
            }),
        );
        if let Some(mut file) = revocations {
            run(tasks, Box::pin(async move { file.keep_fresh().await }));
        }
        if reachable {
            run(tasks, Box::pin(async move { consents.keep_lease().await }));
        }
        for subscriptions in subscriptions {
            run(
                tasks,
                Box::pin(async move { subscriptions.keep_delivering().await }),
            );
        }
        run(tasks, Box::pin(async move { registrar.run().await }));
    }
}

type BoxedWork = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;
