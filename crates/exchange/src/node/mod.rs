//! What people do at one organisation's node.
//!
//! Everything that touches patient data goes through here in the same order:
//! the policies say what may be seen, an audit line is written, and only then
//! something is shown, sent or changed. If the audit line cannot be written,
//! the request fails. It deliberately knows no HTTP, no cookie and no page.

mod accepted;
mod access_log;
mod added;
mod audit;
mod batch;
mod before;
mod bulk;
mod document;
mod entry;
mod explain;
mod last_n;
mod messages;
mod own_door;
mod pages;
mod peer;
mod purge;
mod regional;
mod relation;
mod statistics;
mod subscriptions;
mod terminology;
mod validation;
mod whole;
mod write;

use std::{sync::Arc, time::Duration};

use care::{AccessContext, Categories, Clock, IdSource, Scope};
use fhir::{FhirVersion, Resource, outcome::Issue};
use store::Store;
use trust::{
    consent::ConsentService,
    identity::OrganisationRecord,
    policy::{Action, Decision, Policies, Situation},
};

pub use self::terminology::{ROUNDS_MAX, TerminologyQuestion};
pub use accepted::RESOURCES_PER_SOURCE_MAX;
pub use access_log::{AccessLog, AccessLogLine, AccessLogSource, AccessVisit, LOG_LINES_MAX};
pub use batch::{BUNDLE_ENTRIES_MAX, Returned, done};
pub use bulk::{
    Batch, Bulk, BulkError, BulkLimits, ExportFile, ExportQuestion, Imported, Job, JobState, Level,
    TypeFilter, WantedElement,
};
pub use document::DOCUMENT_RESOURCES_MAX;
pub use messages::{Channel, Receipt};
pub use peer::{
    PeerAnswer, PeerPart, QUERIES_PER_BATCH_MAX, QUERY_BYTES_MAX, RESOURCES_PER_QUERY_MAX,
};
pub use regional::{EMERGENCY_REASON_CHARACTERS_MAX, RegionalAnswers, SOURCES_AT_ONCE_MAX};
pub use subscriptions::{
    Connection, Content, EventsQuestion, Outgoing, SocketToken, Subscribers, SubscriptionTopic,
    Subscriptions, SubscriptionsParts, limits as subscription_limits, subscription_topics,
};
pub use validation::{Validation, ValidationCounts, ValidationMode};

use crate::{
    catalogue::Catalogue,
    region::{Participant, Region},
};

/// How long a source may take to answer, unless configured otherwise.
pub const SOURCE_DEADLINE: Duration = Duration::from_secs(2);

/// What a node is made of.
#[derive(Clone)]
pub struct NodeParts {
    /// Whose node it is.
    pub organisation: OrganisationRecord,
    /// Its own records.
    pub store: Store,
    /// The stores of the organisation's records in other versions of FHIR. Their
    /// audit logs tell the patient who looked, beside that of `store`.
    pub beside: Vec<Store>,
    /// The access rules.
    pub policies: Arc<Policies>,
    /// The patients' consents.
    pub consents: Arc<dyn ConsentService>,
    /// The rest of the region.
    pub region: Arc<dyn Region>,
    /// The exchanges that it takes part in.
    pub catalogue: Catalogue,
    /// The code systems, value sets and concept maps that were loaded.
    pub terminology: Arc<::terminology::definitions::Definitions>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// How long a source may take to answer.
    pub source_deadline: Duration,
    /// The zone in which messages without one give their times.
    pub time_zone: jiff::tz::TimeZone,
}

/// The node of one organisation: what its people and its record systems do,
/// and what it answers to other nodes, with its records in one version of FHIR.
pub struct Node {
    parts: NodeParts,
    validation: Validation,
}

impl Node {
    /// A node of these parts.
    pub fn new(parts: NodeParts) -> Self {
        let validation = Validation::off(parts.store.version());
        Self { parts, validation }
    }

    /// Whose node it is.
    pub fn organisation(&self) -> &OrganisationRecord {
        &self.parts.organisation
    }

    /// The version of FHIR that its records are in.
    pub fn version(&self) -> FhirVersion {
        self.parts.store.version()
    }

    /// The exchanges that it takes part in.
    pub fn catalogue(&self) -> &Catalogue {
        &self.parts.catalogue
    }

    /// The store, for the tasks that run beside requests: registration at the
    /// index, checks, backup. Requests go through the methods of the node.
    pub fn store(&self) -> &Store {
        &self.parts.store
    }

    /// The organisations of the region.
    pub fn organisations(&self) -> Vec<Participant> {
        self.parts.region.organisations()
    }

    /// What was stored, as the resource that it is.
    fn resource(&self, body: &[u8]) -> Result<Resource, Vec<Issue>> {
        Resource::parse_in(self.version(), body)
    }

    /// What the policies say of something at this organisation.
    fn decide(&self, cx: &AccessContext, action: Action) -> Decision {
        self.parts.policies.decide(cx, &self.own_situation(action))
    }

    fn own_situation(&self, action: Action) -> Situation {
        Situation {
            holder: self.parts.organisation.ura,
            holder_type: self.parts.organisation.organisation_type,
            action,
            consent: None,
        }
    }

    /// The scope of one patient; nothing where nothing is allowed.
    fn patient_scope(cx: &AccessContext, categories: Categories) -> Scope {
        match cx.patient() {
            Some(bsn) if !categories.is_empty() => Scope::Patient {
                bsn: bsn.clone(),
                categories,
            },
            _ => Scope::Nothing,
        }
    }
}
