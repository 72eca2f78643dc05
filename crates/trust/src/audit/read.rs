//! Reads an AuditEvent back, for people.

use care::{Categories, OrganisationType, Purpose, Role};
use jiff::Timestamp;

use super::{Happened, Outcome};

/// Not an AuditEvent as this room writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an audit event of this form")]
pub struct NotAnAuditEvent;

/// What an AuditEvent says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// When.
    pub recorded: Timestamp,
    /// What.
    pub happened: Happened,
    /// How it ended.
    pub outcome: Outcome,
    /// Who.
    pub actor_name: String,
    /// In what role; none for somebody unknown.
    pub role: Option<Role>,
    /// For which organisation.
    pub organisation_name: String,
    /// What kind of organisation.
    pub organisation_type: Option<OrganisationType>,
    /// Whose data.
    pub holder_name: String,
    /// Why.
    pub purpose: Option<Purpose>,
    /// Why the glass was broken.
    pub emergency_reason: Option<String>,
    /// The kinds of data.
    pub categories: Categories,
    /// Under which exchange.
    pub exchange: Option<String>,
    /// The request that all lines of one question share.
    pub request: String,
}

impl AuditRecord {
    /// Reads an AuditEvent that [`super::AuditLine`] wrote, here or at another node.
    pub fn from_json(_bytes: &[u8]) -> Result<Self, NotAnAuditEvent> {
        unimplemented!()
    }
}
