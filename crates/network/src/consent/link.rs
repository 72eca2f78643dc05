//! The ways between a node and the consent service: the ports, and the
//! adapters over the node doors.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use care::Ura;
use serde::{Serialize, de::DeserializeOwned};

use super::wire::{
    self, ClosedAnswer, ClosedQuestion, Invalidation, Lease, OpenAnswer, OpenQuestion,
};
use crate::{
    addressing::Directory,
    door::JSON,
    peer::{Call, PeerAddress, PeerClient},
};

/// The longest wait for an answer of the consent service. A source has two
/// seconds in all, and must still read its records after this.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest wait for one lease.
const LEASE_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest wait for one acknowledgement; after it the push is sent again.
pub(super) const PUSH_TIMEOUT: Duration = Duration::from_millis(500);
/// The largest acknowledgement, in bytes.
const ACKNOWLEDGEMENT_BYTES_MAX: usize = 4_096;

/// There was no answer. Why is in the log, without anything of the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoLink;

/// From a node to the consent service.
#[async_trait]
pub(super) trait ToService: Send + Sync + 'static {
    async fn closed(&self, question: ClosedQuestion) -> Result<ClosedAnswer, NoLink>;
    async fn open(&self, question: OpenQuestion) -> Result<OpenAnswer, NoLink>;
    async fn lease(&self) -> Result<Lease, NoLink>;
}

/// From the consent service to a node.
#[async_trait]
pub(super) trait ToNode: Send + Sync + 'static {
    /// Resolves when the node acknowledged.
    async fn push(&self, node: Ura, invalidation: &Invalidation) -> Result<(), NoLink>;
}

/// To the node door of the regional organisation.
pub(super) struct ServiceDoor {
    pub(super) peers: Arc<PeerClient>,
    pub(super) regional: PeerAddress,
}

impl ServiceDoor {
    async fn ask<Q: Serialize + Sync, A: DeserializeOwned>(
        &self,
        path: &str,
        question: &Q,
        timeout: Duration,
    ) -> Result<A, NoLink> {
        let body = serde_json::to_vec(question).map_err(|_| NoLink)?;
        let call = Call {
            timeout,
            ..Call::post(path, JSON, body)
        };
        let reply = self
            .peers
            .call(&self.regional, call)
            .await
            .map_err(|error| {
                tracing::warn!(
                    path,
                    error = &error as &dyn std::error::Error,
                    "the consent service does not answer"
                );
                NoLink
            })?;
        if reply.status != 200 {
            tracing::warn!(path, status = reply.status, "the consent service refused");
            return Err(NoLink);
        }
        serde_json::from_slice(&reply.body).map_err(|_| {
            tracing::warn!(path, "the consent service gave an unreadable answer");
            NoLink
        })
    }
}

#[async_trait]
impl ToService for ServiceDoor {
    async fn closed(&self, question: ClosedQuestion) -> Result<ClosedAnswer, NoLink> {
        self.ask(wire::CLOSED_QUESTION_PATH, &question, QUESTION_TIMEOUT)
            .await
    }

    async fn open(&self, question: OpenQuestion) -> Result<OpenAnswer, NoLink> {
        self.ask(wire::OPEN_QUESTION_PATH, &question, QUESTION_TIMEOUT)
            .await
    }

    async fn lease(&self) -> Result<Lease, NoLink> {
        self.ask(wire::LEASE_PATH, &serde_json::json!({}), LEASE_TIMEOUT)
            .await
    }
}

/// To the node doors of the organisations in the directory.
pub(super) struct NodeDoors {
    pub(super) peers: Arc<PeerClient>,
    pub(super) directory: Arc<Directory>,
}

#[async_trait]
impl ToNode for NodeDoors {
    async fn push(&self, node: Ura, invalidation: &Invalidation) -> Result<(), NoLink> {
        let organisation = self.directory.find(node).ok_or(NoLink)?;
        let body = serde_json::to_vec(invalidation).map_err(|_| NoLink)?;
        let call = Call {
            timeout: PUSH_TIMEOUT,
            response_bytes_max: ACKNOWLEDGEMENT_BYTES_MAX,
            ..Call::post(wire::INVALIDATED_PATH, JSON, body)
        };
        match self.peers.call(&organisation.address(), call).await {
            Ok(reply) if reply.status == 200 => Ok(()),
            Ok(reply) => {
                tracing::warn!(%node, status = reply.status, "a node refused a consent change");
                Err(NoLink)
            }
            Err(error) => {
                tracing::warn!(
                    %node,
                    error = &error as &dyn std::error::Error,
                    "a node did not acknowledge a consent change"
                );
                Err(NoLink)
            }
        }
    }
}
