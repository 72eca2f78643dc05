//! The node behind an MLLP port.

use std::sync::Arc;

use bytes::Bytes;
use care::{Clock, IdSource};
use exchange::{Channel, Node};
use store::{MessageId, NewMessage};
use translate::hl7v2::{self, AcknowledgementCode};
use trust::identity::NodeIdentity;

use super::{FrameFault, Intake};
use crate::incoming;

/// Hands messages to a node, in the name of the organisation's own record
/// system. MLLP knows no credentials: whoever reaches the port is believed, so
/// the port belongs inside the organisation's own network, or behind TLS that
/// asks for a certificate.
pub struct NodeIntake {
    /// The node.
    pub node: Arc<Node>,
    /// Whose port it is.
    pub identity: NodeIdentity,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
}

impl Intake for NodeIntake {
    async fn receive(&self, message: Bytes) -> Vec<u8> {
        let (ids, now) = (&*self.ids, self.clock.now());
        let cx = self.identity.own_system(ids);
        let bytes = message.clone();
        match incoming::receive_hl7v2(&self.node, &cx, Channel::Mllp, bytes, ids, now).await {
            Ok(answer) => answer.acknowledgement,
            Err(error) => {
                incoming::failed(&error);
                incoming::not_stored(&self.node, &message, ids, now)
            }
        }
    }

    async fn refuse(&self, head: Bytes, fault: FrameFault) -> Vec<u8> {
        let text = fault.to_string();
        if fault == FrameFault::TooLarge {
            self.record(&head, &text).await;
        }
        let (ids, now) = (&*self.ids, self.clock.now());
        incoming::acknowledge(
            &self.node,
            &head,
            AcknowledgementCode::Reject,
            &text,
            ids,
            now,
        )
    }
}

impl NodeIntake {
    /// Shows the operator that a message was too large to be kept. Only its
    /// first segment is kept, which says whose it was: more of it could be
    /// taken for the whole message when it is replayed.
    async fn record(&self, head: &Bytes, text: &str) {
        let end = head.iter().position(|byte| *byte == b'\r').unwrap_or(0);
        let header = head.slice(..end);
        let summary = hl7v2::summary(&header);
        let cx = self.identity.own_system(&*self.ids);
        let message = NewMessage {
            id: MessageId(self.ids.next()),
            channel: Channel::Mllp.code().to_owned(),
            sender: summary.sender,
            control_id: summary.control_id,
            kind: summary.kind,
            bytes: header,
        };
        if let Err(error) = self.node.store().keep_refused(&cx, message, text).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a refusal was not recorded"
            );
        }
    }
}
