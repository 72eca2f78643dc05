//! MLLP over TLS, as IHE ATNA asks it of systems that do not share a wire.
//!
//! The certificates are the organisation's own, not those of the region: the
//! record systems that send here are no nodes. TLS 1.2 is taken beside 1.3,
//! for systems that are older (NCSC: 1.2 is "voldoende").

use std::sync::Arc;

use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};

/// Why a port cannot speak TLS. It carries no key material.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TlsFault {
    /// The text holds no certificate, or one that cannot be read.
    #[error("there is no usable certificate")]
    Certificate,
    /// The text holds no private key, or it is not that of the certificate.
    #[error("there is no private key that belongs to the certificate")]
    Key,
    /// The text of those whose clients are let in holds no certificate.
    #[error("there is no usable certificate of an authority for clients")]
    Clients,
}

/// TLS for an MLLP port, of PEM texts: the certificate with what leads to its
/// root, its private key, and, where clients must show a certificate, those
/// of the authorities that give them.
pub fn tls(chain: &str, key: &str, clients: Option<&str>) -> Result<ServerConfig, TlsFault> {
    let chain = certificates(chain).ok_or(TlsFault::Certificate)?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| TlsFault::Key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier: Arc<dyn ClientCertVerifier> = match clients {
        None => WebPkiClientVerifier::no_client_auth(),
        Some(text) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(text).ok_or(TlsFault::Clients)? {
                roots.add(certificate).map_err(|_| TlsFault::Clients)?;
            }
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(|_| TlsFault::Clients)?
        }
    };
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| TlsFault::Certificate)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(|_| TlsFault::Key)
}

/// The certificates of a text, at least one.
fn certificates(text: &str) -> Option<Vec<CertificateDer<'static>>> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    all.ok().filter(|all| !all.is_empty())
}
