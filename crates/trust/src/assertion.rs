//! Signed assertions between nodes (RFC 7523).

use std::sync::Arc;

use care::{AccessContext, Clock, IdSource, Ura};

use crate::{
    Rejected,
    identity::{NodeIdentity, Peer},
};

/// Signs a node's own assertions and verifies those of others.
pub struct Assertions {}

impl Assertions {
    /// For the organisation of this identity.
    pub fn new(
        _identity: &NodeIdentity,
        _clock: Arc<dyn Clock>,
        _ids: Arc<dyn IdSource>,
    ) -> Result<Self, Rejected> {
        unimplemented!()
    }
    /// States who asks, why and about whom, to one other node; valid for 60 s, once.
    pub fn sign(&self, _context: &AccessContext, _audience: Ura) -> Result<String, Rejected> {
        unimplemented!()
    }
    /// Verifies what the node at the other end states.
    pub fn verify(&self, _assertion: &str, _peer: &Peer) -> Result<AccessContext, Rejected> {
        unimplemented!()
    }
}
