//! Mutual TLS between nodes.

use care::Ura;

use super::{IdentityError, NodeIdentity, TrustAnchors};

/// The node door: asks every caller for a certificate of the region. TLS 1.3, ALPN `h2` and `http/1.1`.
pub fn server_tls(
    _identity: &NodeIdentity,
    _anchors: &TrustAnchors,
) -> Result<rustls::ServerConfig, IdentityError> {
    unimplemented!()
}

/// For asking any node of the region.
pub fn client_tls(
    _identity: &NodeIdentity,
    _anchors: &TrustAnchors,
) -> Result<rustls::ClientConfig, IdentityError> {
    unimplemented!()
}

/// For asking one node: the certificate at the other end must be that organisation's.
pub fn client_tls_to(
    _identity: &NodeIdentity,
    _anchors: &TrustAnchors,
    _expected: Ura,
) -> Result<rustls::ClientConfig, IdentityError> {
    unimplemented!()
}
