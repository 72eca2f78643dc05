//! Telling the nodes of a change, before the patient is told that it holds.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use care::{Bsn, IdSource, Ura};
use futures::future::join_all;
use tokio::time::Instant;
use trust::{
    Randomness,
    consent::{LeaseBook, LeaseRefused},
};

use super::{
    link::{NodeDoors, ToNode},
    monotonic::TokioMonotonic,
    wire::{Instance, Invalidation, Lease, Subject},
};
use crate::{addressing::Directory, peer::PeerClient};

/// What a lease is waited for past its end, in case two clocks run unequally.
pub(super) const LEASE_MARGIN: Duration = Duration::from_millis(50);
/// The pause before a push that was not acknowledged is sent again.
const PUSH_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// The leases that the consent service gave, and the pushes of its changes.
/// Cheap to clone.
#[derive(Clone)]
pub struct ConsentPush {
    inner: Arc<Inner>,
}

struct Inner {
    nodes: Arc<dyn ToNode>,
    instance: Instance,
    key: hmac::Key,
    leases: LeaseBook,
    sequence: AtomicU64,
}

impl ConsentPush {
    /// Pushes to the node doors of the directory.
    pub fn new(
        peers: Arc<PeerClient>,
        directory: Arc<Directory>,
        ids: &dyn IdSource,
        randomness: &dyn Randomness,
    ) -> Self {
        Self::over(Arc::new(NodeDoors { peers, directory }), ids, randomness)
    }

    pub(super) fn over(
        nodes: Arc<dyn ToNode>,
        ids: &dyn IdSource,
        randomness: &dyn Randomness,
    ) -> Self {
        let mut key = [0; 32];
        randomness.fill(&mut key);
        Self {
            inner: Arc::new(Inner {
                nodes,
                instance: Instance(ids.next()),
                key: hmac::Key::new(hmac::HMAC_SHA256, &key),
                leases: LeaseBook::new(Arc::new(TokioMonotonic::default())),
                sequence: AtomicU64::new(0),
            }),
        }
    }

    /// Gives or renews the lease of a node.
    pub(super) fn grant(&self, node: Ura) -> Result<Lease, LeaseRefused> {
        let granted = self.inner.leases.grant(node)?;
        // Read after the grant: a change that does not see this lease has
        // counted itself already, and the node will see that count.
        let sequence = self.inner.sequence.load(Ordering::SeqCst);
        let lease_ms = granted.as_millis() as u64;
        Ok(Lease {
            instance: self.inner.instance.clone(),
            sequence,
            lease_ms,
        })
    }

    /// By what name a node hears of changes by a patient.
    pub(super) fn subject(&self, node: Ura, patient: &Bsn) -> Subject {
        self.inner.subject(node, patient)
    }

    /// Tells every node with a lease of a change that was just committed.
    /// Resolves when each acknowledged it or its lease ran out: from then on
    /// the change holds everywhere. Dropping the future stops the pushes, so
    /// run it in a task.
    pub(super) async fn changed(&self, patient: &Bsn) {
        let sequence = self.inner.sequence.fetch_add(1, Ordering::SeqCst) + 1;
        self.inner.tell(sequence, patient).await;
    }
}

impl Inner {
    fn subject(&self, node: Ura, patient: &Bsn) -> Subject {
        let mut hash = hmac::Context::with_key(&self.key);
        hash.update(node.as_str().as_bytes());
        hash.update(patient.expose().as_bytes());
        Subject(URL_SAFE_NO_PAD.encode(&hash.sign().as_ref()[..16]))
    }

    async fn tell(&self, sequence: u64, patient: &Bsn) {
        let now = Instant::now();
        let outstanding = self.leases.outstanding();
        let pushes = outstanding.holders.into_iter().map(|(node, remaining)| {
            let invalidation = Invalidation {
                instance: self.instance.clone(),
                sequence,
                subject: self.subject(node, patient),
            };
            let end = now + remaining + LEASE_MARGIN;
            async move {
                // Either way the node cannot give the old answer any more.
                let _ = tokio::time::timeout_at(end, self.push(node, &invalidation)).await;
            }
        });
        join_all(pushes).await;
        if !outstanding.unknown.is_zero() {
            tokio::time::sleep_until(now + outstanding.unknown + LEASE_MARGIN).await;
        }
    }

    /// Pushes until the node acknowledges.
    async fn push(&self, node: Ura, invalidation: &Invalidation) {
        while self.nodes.push(node, invalidation).await.is_err() {
            tokio::time::sleep(PUSH_AGAIN_AFTER).await;
        }
    }
}
