//! Who is at the other end of a connection between nodes.

use std::sync::Arc;

use care::Clock;
use rustls_pki_types::CertificateDer;

use super::{IdentityError, OrganisationRecord};

/// The node at the other end, as its verified certificate names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The organisation.
    pub organisation: OrganisationRecord,
    /// SHA-256 over the certificate; tokens are bound to it (RFC 8705).
    pub thumbprint: [u8; 32],
    /// The public key: an uncompressed P-256 point, 65 bytes.
    pub public_key: Vec<u8>,
}

/// What a node of the region is known by: the authority's certificate, and the
/// clock that validity is judged by. Cheap to clone.
#[derive(Clone)]
pub struct TrustAnchors {}

impl TrustAnchors {
    /// Reads the authority's certificate.
    pub fn from_pem(_certificate: &str, _clock: Arc<dyn Clock>) -> Result<Self, IdentityError> {
        unimplemented!()
    }
}

/// Says which node a certificate is of. It must be issued by the region, be
/// valid now, be made for TLS clients and name an organisation.
pub fn peer(
    _certificate: &CertificateDer<'_>,
    _anchors: &TrustAnchors,
) -> Result<Peer, IdentityError> {
    unimplemented!()
}
