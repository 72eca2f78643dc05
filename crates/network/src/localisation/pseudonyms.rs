//! The pseudonym service at its node door, and from a node.

use std::sync::Arc;

use async_trait::async_trait;
use care::Clock;
use serde::{Deserialize, Serialize};
use trust::{
    identity::OrganisationRecord,
    pseudonym::{EvaluationRequest, PseudonymError, PseudonymService},
};

use super::admission::{Admission, Wish};
use crate::{
    door::{DoorReply, DoorRequest, JSON},
    peer::{Call, PeerAddress, PeerClient},
};

/// Where a blinded identifier is evaluated, at the regional organisation.
pub const EVALUATE_PATH: &str = "/pseudonym/evaluate";

/// What the pseudonym service answers.
#[derive(Serialize, Deserialize)]
struct Evaluation {
    /// The outcome, encrypted for the recipient: a JWE in compact form.
    jwe: String,
}

/// The pseudonym service behind the node door of the regional organisation.
/// It keeps and logs nothing of what passes through.
pub struct PseudonymDoor {
    service: Arc<dyn PseudonymService>,
    admission: Admission,
}

impl PseudonymDoor {
    /// A door to this service.
    pub fn new(service: Arc<dyn PseudonymService>, clock: Arc<dyn Clock>) -> Self {
        Self {
            service,
            admission: Admission::to(Wish::Pseudonym, clock),
        }
    }

    /// Answers a request under `/pseudonym/` of an authenticated node:
    /// `POST evaluate` with an [`EvaluationRequest`], so often and no more.
    pub async fn answer(&self, peer: &OrganisationRecord, request: DoorRequest<'_>) -> DoorReply {
        match (request.method, request.path) {
            ("POST", "evaluate") => {}
            (_, "evaluate") => {
                return DoorReply::refused(405, "not-supported", "this can only be posted");
            }
            _ => return DoorReply::not_found(),
        }
        if let Err(reply) = self.admission.admit(peer) {
            return reply;
        }
        let Ok(asked) = serde_json::from_slice::<EvaluationRequest>(request.body) else {
            return DoorReply::refused(400, "structure", "this is not an evaluation request");
        };
        match self.service.evaluate(&asked).await {
            Ok(jwe) => DoorReply::json(200, &Evaluation { jwe }),
            Err(PseudonymError::UnknownRecipient) => {
                DoorReply::refused(404, "not-found", "unknown recipient")
            }
            Err(PseudonymError::Malformed) => {
                DoorReply::refused(400, "value", "the pseudonym request is not valid")
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the pseudonym service failed"
                );
                DoorReply::refused(500, "exception", "the pseudonym service cannot answer now")
            }
        }
    }
}

/// The pseudonym service that the regional organisation runs.
pub struct RegionalPseudonyms {
    peers: Arc<PeerClient>,
    regional: PeerAddress,
}

impl RegionalPseudonyms {
    /// The service at the node door of the regional organisation.
    pub fn new(peers: Arc<PeerClient>, regional: PeerAddress) -> Self {
        Self { peers, regional }
    }
}

#[async_trait]
impl PseudonymService for RegionalPseudonyms {
    async fn evaluate(&self, request: &EvaluationRequest) -> Result<String, PseudonymError> {
        let body = serde_json::to_vec(request).map_err(|_| PseudonymError::Malformed)?;
        let call = Call::post(EVALUATE_PATH, JSON, body);
        let reply = self
            .peers
            .call(&self.regional, call)
            .await
            .map_err(|error| {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the pseudonym service does not answer"
                );
                PseudonymError::Unreachable
            })?;
        match reply.status {
            200 => serde_json::from_slice::<Evaluation>(&reply.body)
                .map(|evaluation| evaluation.jwe)
                .map_err(|_| PseudonymError::Malformed),
            400 => Err(PseudonymError::Malformed),
            404 => Err(PseudonymError::UnknownRecipient),
            _ => Err(PseudonymError::Unreachable),
        }
    }
}
