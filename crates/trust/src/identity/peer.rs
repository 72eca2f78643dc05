//! Who is at the other end of a connection between nodes.

use std::sync::Arc;

use care::{AccessContext, Clock, IdSource, Ura};
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime, pem::PemObject};

use super::{
    IdentityError, OrganisationRecord, names, node,
    revocation::{RevocationList, Revocations},
};

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

impl Peer {
    /// The organisation's number.
    pub fn ura(&self) -> Ura {
        self.organisation.ura
    }

    /// The context in which the other node itself acts, without a person: a
    /// question to the consent service, a registration at the index.
    pub fn own_system(&self, ids: &dyn IdSource) -> AccessContext {
        node::own_system(&self.organisation, ids)
    }
}

/// What a node of the region is known by: the authority's certificate, and the
/// clock that validity is judged by. Cheap to clone.
#[derive(Clone)]
pub struct TrustAnchors {
    pub(super) certificate: CertificateDer<'static>,
    anchor: Arc<TrustAnchor<'static>>,
    pub(super) clock: Arc<dyn Clock>,
    revocations: Revocations,
}

impl std::fmt::Debug for TrustAnchors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TrustAnchors")
    }
}

impl TrustAnchors {
    /// Reads the authority's certificate.
    pub fn from_pem(certificate: &str, clock: Arc<dyn Clock>) -> Result<Self, IdentityError> {
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|_| {
            IdentityError::Pem {
                what: "certificate",
            }
        })?;
        let anchor = webpki::anchor_from_trusted_cert(&certificate)
            .map_err(|_| IdentityError::Certificate)?
            .to_owned();
        Ok(Self {
            anchor: Arc::new(anchor),
            certificate,
            clock,
            revocations: Revocations::default(),
        })
    }

    /// Takes a revocation list of the authority (PEM) in the place of the one
    /// before it, here and in all clones. A text that is none, or somebody
    /// else's, changes nothing.
    pub fn take_revocations(&self, list: &str) -> Result<RevocationList, IdentityError> {
        self.revocations.replace(list, &self.certificate)
    }

    /// Whether a certificate of the region is taken back.
    pub fn is_revoked(&self, certificate: &CertificateDer<'_>) -> bool {
        self.revocations.contains(certificate)
    }

    /// Goes up with every list that is taken, so that whoever keeps
    /// connections knows when to look again.
    pub fn revision(&self) -> u64 {
        self.revocations.revision()
    }

    pub(super) fn unix_time(&self) -> UnixTime {
        unix_time(&*self.clock)
    }
}

pub(super) fn unix_time(clock: &dyn Clock) -> UnixTime {
    let seconds = u64::try_from(clock.now().as_second()).unwrap_or_default();
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
}

/// Says which node a certificate is of. It must be issued by the region, be
/// valid now, not taken back, be made for TLS clients and name an organisation.
pub fn peer(
    certificate: &CertificateDer<'_>,
    anchors: &TrustAnchors,
) -> Result<Peer, IdentityError> {
    let invalid = |_| IdentityError::Certificate;
    webpki::EndEntityCert::try_from(certificate)
        .map_err(invalid)?
        .verify_for_usage(
            &[webpki::aws_lc_rs::ECDSA_P256_SHA256],
            std::slice::from_ref(&*anchors.anchor),
            &[],
            anchors.unix_time(),
            webpki::KeyUsage::client_auth(),
            None,
            None,
        )
        .map_err(invalid)?;
    if anchors.is_revoked(certificate) {
        return Err(IdentityError::Certificate);
    }
    Ok(Peer {
        organisation: names::organisation(certificate)?,
        thumbprint: node::thumbprint(certificate),
        public_key: names::public_key(certificate)?,
    })
}
