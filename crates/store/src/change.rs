//! What a write is made of, and what comes of it.

use std::collections::BTreeSet;

use care::Bsn;
use fhir::{Resource, patch::Patch};
use jiff::Timestamp;

use crate::{AuditBody, MessageId, NewMessage, SubscriptionChange};

/// One change of a write.
///
/// `full_url` is the name by which other resources of the same write refer to
/// this one, such as `urn:uuid:…`; such references become `Type/id`. So do
/// conditional references (`Patient?identifier=…`).
#[derive(Debug, Clone)]
pub enum Change {
    /// A new resource under a new id.
    Create {
        /// The name within this write.
        full_url: Option<String>,
        /// The resource; an id in it is replaced.
        resource: Resource,
        /// Only when this search finds nothing; when it finds one resource,
        /// that one is the outcome, unchanged.
        if_none_exist: Option<Vec<(String, String)>>,
    },
    /// A new version under this id, which becomes the first when there is none.
    Update {
        /// The name within this write.
        full_url: Option<String>,
        /// The resource.
        resource: Resource,
        /// The id.
        id: String,
        /// Only when this is the current version.
        if_match: Option<u64>,
    },
    /// A new version of the one resource that this search finds, or a new
    /// resource when it finds none.
    UpdateWhere {
        /// The name within this write.
        full_url: Option<String>,
        /// The resource.
        resource: Resource,
        /// The search, on the type of the resource.
        query: Vec<(String, String)>,
    },
    /// The end of a resource. Deleting what is not there is no error.
    Delete {
        /// The type.
        resource_type: String,
        /// The id.
        id: String,
        /// Only when this is the current version.
        if_match: Option<u64>,
    },
    /// A new version made of the current one. The patch is applied to what is
    /// there when the write is its turn, so that nothing that others wrote
    /// meanwhile is lost; what comes out must have the shape of FHIR.
    Patch {
        /// The type.
        resource_type: String,
        /// Which resource.
        target: Target,
        /// What changes.
        patch: Patch,
        /// Only when this is the current version.
        if_match: Option<u64>,
        /// Whom the audit lines beside this write are about, as
        /// [`patients_named`] has it, before and after; when the resource turns
        /// out to name somebody else, nothing is written
        /// ([`crate::StoreError::OthersNamed`]).
        named: BTreeSet<String>,
    },
    /// The end of the one resource that this search finds, if it finds one.
    DeleteWhere {
        /// The type.
        resource_type: String,
        /// The search.
        query: Vec<(String, String)>,
    },
}

/// Which resource a change is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The one with this id.
    Id(String),
    /// The one that this search finds; not finding any is an error.
    Found(Vec<(String, String)>),
}

/// The patients that a resource names, by reference or, when it is a Patient,
/// by BSN: whom an audit line about it must reach.
pub fn patients_named(resource: &Resource) -> BTreeSet<String> {
    let mut named: BTreeSet<String> = fhir::compartment::patients(resource).into_iter().collect();
    if resource.resource_type() == "Patient" {
        let identifiers = resource.root().each("identifier");
        named.extend(identifiers.filter_map(|identifier| {
            let is_bsn = identifier.text("system")? == Bsn::SYSTEM;
            is_bsn.then(|| {
                identifier
                    .text("value")
                    .map(|value| format!("{}|{value}", Bsn::SYSTEM))
            })?
        }));
    }
    named
}

/// What is written in the same transaction as the changes.
#[derive(Debug, Clone, Default)]
pub struct Alongside {
    /// The message that the changes were made of. When the same bytes came
    /// before over the same channel from the same sender, and were accepted,
    /// nothing is written at all: see [`Written::duplicate_of`].
    pub message: Option<NewMessage>,
    /// Audit lines.
    pub audit: Vec<AuditBody>,
    /// The refused message that the changes were made of after all.
    pub replays: Option<MessageId>,
    /// Whether what is there gives way to what a conditional update brings;
    /// without it, it always does. Asked inside the writer, so that of two
    /// writes at once the later one judges what the first one wrote.
    pub precedence: Option<fn(stored: &Resource, new: &Resource) -> Precedence>,
    /// What the changes mean for the delivery of the Subscriptions among them.
    pub subscription: Option<SubscriptionChange>,
}

/// What a stored version is to what would come after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Precedence {
    /// The new one comes after it.
    GivesWay,
    /// Both say the same: no new version is needed.
    SaysTheSame,
    /// It stands: the new one is older, or less certain.
    Stands,
}

/// What came of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What was done.
    pub status: Status,
    /// The resource type.
    pub resource_type: &'static str,
    /// The id; empty when [`Change::DeleteWhere`] found nothing.
    pub id: String,
    /// The version; 0 when there was nothing to delete.
    pub version: u64,
    /// When that version was written.
    pub last_updated: Timestamp,
}

/// What was done with a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// There is a resource where there was none.
    Created,
    /// There is a new version.
    Updated,
    /// It was there already, the same: no new version was written.
    Unchanged,
    /// What is there stands, by [`Alongside::precedence`]: nothing was written.
    Outdated,
    /// It is gone, or was not there.
    Deleted,
}

/// What came of a write. When it resolves, it is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// One for each change, in the same order; empty for a duplicate.
    pub outcomes: Vec<Outcome>,
    /// The message was here before, as this one: nothing was written, neither
    /// changes nor audit lines.
    pub duplicate_of: Option<MessageId>,
}

/// What was removed for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purged {
    /// Resources, deleted ones included.
    pub resources: u64,
    /// Their versions.
    pub versions: u64,
    /// Resources that stay because they are about other patients too.
    pub shared: u64,
}
