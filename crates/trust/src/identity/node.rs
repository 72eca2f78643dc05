//! A node's own certificate and key.

use std::path::Path;

use care::{AccessContext, IdSource, Ura};

use super::{IdentityError, OrganisationRecord};

/// A node's certificate and private key. Cheap to clone.
#[derive(Clone)]
pub struct NodeIdentity {}

impl NodeIdentity {
    /// Reads an identity from PEM texts.
    pub fn from_pem(_certificate: &str, _key: &str) -> Result<Self, IdentityError> {
        unimplemented!()
    }
    /// Reads an identity from its directory (`certificate.pem`, `key.pem`).
    pub fn load(_directory: &Path) -> Result<Self, IdentityError> {
        unimplemented!()
    }
    /// Keeps the identity in a directory; the key with mode 0600.
    pub fn save(&self, _directory: &Path) -> Result<(), IdentityError> {
        unimplemented!()
    }
    /// The organisation's number.
    pub fn ura(&self) -> Ura {
        unimplemented!()
    }
    /// The organisation as the certificate names it.
    pub fn organisation(&self) -> &OrganisationRecord {
        unimplemented!()
    }
    /// SHA-256 over the certificate.
    pub fn thumbprint(&self) -> [u8; 32] {
        unimplemented!()
    }
    /// The public key: an uncompressed P-256 point, 65 bytes.
    pub fn public_key(&self) -> &[u8] {
        unimplemented!()
    }
    /// The context in which the node's own record system or the node itself acts
    /// (the MLLP port, replays, background work).
    pub fn own_system(&self, _ids: &dyn IdSource) -> AccessContext {
        unimplemented!()
    }
}
