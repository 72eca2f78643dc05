//! How a node does, for the organisation that watches over the region: counts
//! and times, never patient data.

use std::{sync::Arc, time::Duration};

use care::OrganisationType;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use store::{MessageState, Statistics};
use trust::identity::OrganisationRecord;

use crate::{
    addressing::Organisation,
    door::DoorReply,
    peer::{Call, PeerClient, PeerError},
};

/// Where a node tells how it does.
pub const STATUS_PATH: &str = "/status";
/// How long a node may take to tell.
const STATUS_TIMEOUT: Duration = Duration::from_secs(2);

/// Why a node did not tell how it does.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// It does not answer.
    #[error("the node does not answer")]
    Peer(#[from] PeerError),
    /// It does not tell this organisation.
    #[error("the node refused with status {0}")]
    Refused(u16),
    /// The answer cannot be read.
    #[error("the node gave an answer that cannot be read")]
    Malformed,
}

/// The counts as they travel. Words instead of the types of the store, so that
/// nodes of another version can read them.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Report {
    resources: Vec<(String, u64)>,
    laboratory_coded: u64,
    laboratory_uncoded: u64,
    messages: Vec<(String, u64)>,
    messages_by_day: Vec<(String, String, u64)>,
    last_received: Option<String>,
    last_written: Option<String>,
    audit_lines: u64,
    outbox_waiting: u64,
}

/// Whether this node tells `peer` how it does: only the organisation that
/// watches over the region.
pub fn may_ask(peer: &OrganisationRecord) -> bool {
    peer.organisation_type == OrganisationType::RegionalOrganisation
}

/// What the node tells.
pub fn reply(statistics: &Statistics) -> DoorReply {
    let words = |state: &MessageState| state.code().to_owned();
    DoorReply::json(
        200,
        &Report {
            resources: statistics
                .resources
                .iter()
                .map(|(kind, n)| ((*kind).to_owned(), *n))
                .collect(),
            laboratory_coded: statistics.laboratory_coded,
            laboratory_uncoded: statistics.laboratory_uncoded,
            messages: statistics
                .messages
                .iter()
                .map(|(state, n)| (words(state), *n))
                .collect(),
            messages_by_day: statistics
                .messages_by_day
                .iter()
                .map(|(day, state, n)| (day.to_string(), words(state), *n))
                .collect(),
            last_received: statistics.last_received.map(|at| at.to_string()),
            last_written: statistics.last_written.map(|at| at.to_string()),
            audit_lines: statistics.audit_lines,
            outbox_waiting: statistics.outbox_waiting,
        },
    )
}

/// Asks nodes how they do.
#[derive(Clone)]
pub struct StatusClient(pub Arc<PeerClient>);

impl StatusClient {
    /// How the node of one organisation does.
    pub async fn of(&self, organisation: &Organisation) -> Result<Statistics, StatusError> {
        let mut call = Call::get(STATUS_PATH);
        call.timeout = STATUS_TIMEOUT;
        let reply = self.0.call(&organisation.address(), call).await?;
        if reply.status != 200 {
            return Err(StatusError::Refused(reply.status));
        }
        let report: Report =
            serde_json::from_slice(&reply.body).map_err(|_| StatusError::Malformed)?;
        report.statistics().ok_or(StatusError::Malformed)
    }
}

impl Report {
    fn statistics(self) -> Option<Statistics> {
        let known = |kind: &str| {
            fhir::resource_types()
                .iter()
                .copied()
                .find(|one| *one == kind)
        };
        let state = |word: &str| {
            MessageState::ALL
                .into_iter()
                .find(|state| state.code() == word)
        };
        Some(Statistics {
            resources: self
                .resources
                .into_iter()
                .map(|(kind, n)| Some((known(&kind)?, n)))
                .collect::<Option<_>>()?,
            laboratory_coded: self.laboratory_coded,
            laboratory_uncoded: self.laboratory_uncoded,
            messages: self
                .messages
                .into_iter()
                .map(|(word, n)| Some((state(&word)?, n)))
                .collect::<Option<_>>()?,
            messages_by_day: self
                .messages_by_day
                .into_iter()
                .map(|(day, word, n)| Some((day.parse::<Date>().ok()?, state(&word)?, n)))
                .collect::<Option<_>>()?,
            last_received: moment(self.last_received).ok()?,
            last_written: moment(self.last_written).ok()?,
            audit_lines: self.audit_lines,
            outbox_waiting: self.outbox_waiting,
        })
    }
}

/// A moment that may be missing, but not be unreadable.
fn moment(text: Option<String>) -> Result<Option<Timestamp>, jiff::Error> {
    text.map(|text| text.parse()).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_what_is_read() {
        let statistics = Statistics {
            resources: vec![("Observation", 12), ("Patient", 3)],
            laboratory_coded: 9,
            laboratory_uncoded: 1,
            messages: vec![(MessageState::Accepted, 5)],
            messages_by_day: vec![(jiff::civil::date(2026, 11, 22), MessageState::Refused, 1)],
            last_received: Some(Timestamp::UNIX_EPOCH),
            last_written: None,
            audit_lines: 40,
            outbox_waiting: 2,
        };
        let report: Report = serde_json::from_slice(&reply(&statistics).body).unwrap();
        assert_eq!(report.statistics(), Some(statistics));
    }

    #[test]
    fn only_the_regional_organisation_is_told() {
        for kind in OrganisationType::ALL {
            let peer = OrganisationRecord {
                ura: "1".parse().unwrap(),
                name: "X".to_owned(),
                organisation_type: kind,
            };
            assert_eq!(
                may_ask(&peer),
                kind == OrganisationType::RegionalOrganisation
            );
        }
    }
}
