//! Opaque access tokens of the node door.

use std::sync::Arc;

use care::{AccessContext, Clock};

use crate::{Randomness, Rejected, identity::Peer};

/// A token that was given out.
#[derive(Clone)]
pub struct Granted {
    /// The token: 256 random bits in base64url, 43 characters.
    pub token: String,
    /// How long it holds, in seconds.
    pub expires_in_s: u64,
}

/// The access tokens that this node gave out and that still hold.
pub struct AccessTokens {}

impl AccessTokens {
    /// An empty table.
    pub fn new(_clock: Arc<dyn Clock>, _randomness: Arc<dyn Randomness>) -> Self {
        unimplemented!()
    }
    /// Gives a token for what the assertion said.
    pub fn issue(&self, _context: &AccessContext, _peer: &Peer) -> Result<Granted, Rejected> {
        unimplemented!()
    }
    /// Who asks with this token over this connection.
    pub fn verify(&self, _token: &str, _peer: &Peer) -> Result<AccessContext, Rejected> {
        unimplemented!()
    }
}
