//! The region's certificate authority.

use std::path::Path;
use std::sync::Arc;

use care::Clock;
use jiff::Timestamp;

use super::{IdentityError, NodeIdentity, OrganisationRecord, TrustAnchors};

/// The authority that admits organisations to the region.
pub struct RegionAuthority {}

impl RegionAuthority {
    /// Makes a new authority, valid from a day ago for ten years.
    pub fn create(_region: &str, _now: Timestamp) -> Result<Self, IdentityError> {
        unimplemented!()
    }
    /// Reads the authority from its directory.
    pub fn load(_directory: &Path) -> Result<Self, IdentityError> {
        unimplemented!()
    }
    /// Keeps the authority in a directory.
    pub fn save(&self, _directory: &Path) -> Result<(), IdentityError> {
        unimplemented!()
    }
    /// The authority's certificate, in PEM.
    pub fn certificate_pem(&self) -> String {
        unimplemented!()
    }
    /// Admits an organisation.
    pub fn issue(
        &self,
        _organisation: &OrganisationRecord,
        _hosts: &[String],
        _now: Timestamp,
    ) -> Result<NodeIdentity, IdentityError> {
        unimplemented!()
    }
    /// What other nodes need to know a node of this region.
    pub fn anchors(&self, _clock: Arc<dyn Clock>) -> Result<TrustAnchors, IdentityError> {
        unimplemented!()
    }
}
