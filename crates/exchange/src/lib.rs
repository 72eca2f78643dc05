//! What people do: ask the region about a patient and see one picture, keep
//! their own records, answer other nodes, take messages in, see who looked.
//!
//! [`Node`] is the door to it all: it decides by the policies and writes the
//! audit line before anything is shown, sent or changed, so that the edges
//! (`api`, `web`) stay thin. [`catalogue`] holds the exchanges as data,
//! [`combined`] turns what the sources said into one record without merging
//! anything away. This room knows no HTTP and keeps nothing itself.

pub mod catalogue;
pub mod combined;

mod error;
mod json;
mod network_region;
mod node;
mod record;
mod region;
mod url;

pub use error::ExchangeError;
pub use network_region::NetworkRegion;
pub use node::{
    AccessLog, AccessLogLine, AccessLogSource, AccessVisit, BUNDLE_ENTRIES_MAX, Batch, Bulk,
    BulkError, BulkLimits, Channel, Connection, Content, DOCUMENT_RESOURCES_MAX,
    EMERGENCY_REASON_CHARACTERS_MAX, EventsQuestion, ExportFile, ExportQuestion, Imported, Job,
    JobState, LOG_LINES_MAX, Level, Node, NodeParts, Outgoing, PeerAnswer, PeerPart,
    QUERIES_PER_BATCH_MAX, QUERY_BYTES_MAX, RESOURCES_PER_QUERY_MAX, RESOURCES_PER_SOURCE_MAX,
    ROUNDS_MAX, Receipt, RegionalAnswers, Returned, SOURCE_DEADLINE, SOURCES_AT_ONCE_MAX,
    SocketToken, Subscribers, SubscriptionTopic, Subscriptions, SubscriptionsParts,
    TerminologyQuestion, TypeFilter, Validation, ValidationCounts, ValidationMode, WantedElement,
    done, subscription_limits, subscription_topics,
};
pub use record::{RegionalRecord, SourceReport, SourceState, SourcedResource};
pub use region::{Answer, LogAnswer, Participant, Region, Unreachable};
