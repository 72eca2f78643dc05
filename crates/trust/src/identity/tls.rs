//! Mutual TLS between nodes.
//!
//! TLS 1.3 only: both ends are nodes of the region, so nothing older is needed.
//! (NCSC, ICT-beveiligingsrichtlijnen voor TLS: 1.3 is "goed".)

use std::sync::Arc;

use care::{Clock, Ura};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig,
    SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    server::WebPkiClientVerifier,
    time_provider::TimeProvider,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::{IdentityError, NodeIdentity, TrustAnchors, names, peer::unix_time};

/// The node door: asks every caller for a certificate of the region. ALPN `h2`
/// and `http/1.1`. Whose it is, [`super::peer`] says of the verified certificate.
pub fn server_tls(
    identity: &NodeIdentity,
    anchors: &TrustAnchors,
) -> Result<ServerConfig, IdentityError> {
    let provider = provider();
    let callers = WebPkiClientVerifier::builder_with_provider(roots(anchors)?, provider.clone())
        .build()
        .map_err(|_| IdentityError::Cryptography("no verifier for callers"))?;
    let mut config = ServerConfig::builder_with_details(provider, time(anchors))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|_| IdentityError::Cryptography("no TLS 1.3"))?
        .with_client_cert_verifier(callers)
        .with_single_cert(vec![identity.certificate().clone()], identity.tls_key())
        .map_err(|_| IdentityError::OtherKey)?;
    config.alpn_protocols = alpn();
    Ok(config)
}

/// For asking any node of the region: the certificate at the other end must
/// be a node's and name the host. It does not say which node answers; where
/// the answer matters use [`client_tls_to`].
pub fn client_tls(
    identity: &NodeIdentity,
    anchors: &TrustAnchors,
) -> Result<ClientConfig, IdentityError> {
    client(identity, anchors, None)
}

/// For asking one node: the certificate at the other end must be that
/// organisation's, whatever host the address names.
///
/// Nodes of a region may share a host, so the name of the host alone does not
/// tell who answers.
pub fn client_tls_to(
    identity: &NodeIdentity,
    anchors: &TrustAnchors,
    expected: Ura,
) -> Result<ClientConfig, IdentityError> {
    client(identity, anchors, Some(expected))
}

fn client(
    identity: &NodeIdentity,
    anchors: &TrustAnchors,
    expected: Option<Ura>,
) -> Result<ClientConfig, IdentityError> {
    let provider = provider();
    let chain = WebPkiServerVerifier::builder_with_provider(roots(anchors)?, provider.clone())
        .build()
        .map_err(|_| IdentityError::Cryptography("no verifier for nodes"))?;
    let mut config = ClientConfig::builder_with_details(provider, time(anchors))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|_| IdentityError::Cryptography("no TLS 1.3"))?
        .dangerous() // The verifier below asks for more than the standard one, not for less.
        .with_custom_certificate_verifier(Arc::new(NodeVerifier {
            chain,
            expected,
            anchors: anchors.clone(),
        }))
        .with_client_auth_cert(vec![identity.certificate().clone()], identity.tls_key())
        .map_err(|_| IdentityError::OtherKey)?;
    config.alpn_protocols = alpn();
    Ok(config)
}

/// The standard verification, and then: is it not taken back, is it a node's,
/// and the right one's?
#[derive(Debug)]
struct NodeVerifier {
    chain: Arc<WebPkiServerVerifier>,
    expected: Option<Ura>,
    anchors: TrustAnchors,
}

impl ServerCertVerifier for NodeVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.chain.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )?;
        if self.anchors.is_revoked(end_entity) {
            return Err(CertificateError::Revoked.into());
        }
        let wrong = CertificateError::ApplicationVerificationFailure;
        match names::organisation(end_entity) {
            Ok(organisation) if self.expected.is_none_or(|ura| ura == organisation.ura) => {
                Ok(verified)
            }
            _ => Err(wrong.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn roots(anchors: &TrustAnchors) -> Result<Arc<RootCertStore>, IdentityError> {
    let mut roots = RootCertStore::empty();
    roots
        .add(anchors.certificate.clone())
        .map_err(|_| IdentityError::Certificate)?;
    Ok(Arc::new(roots))
}

fn alpn() -> Vec<Vec<u8>> {
    vec![b"h2".to_vec(), b"http/1.1".to_vec()]
}

fn time(anchors: &TrustAnchors) -> Arc<dyn TimeProvider> {
    Arc::new(PassedIn(anchors.clock.clone()))
}

/// The clock that was passed in, as `rustls` wants it.
struct PassedIn(Arc<dyn Clock>);

impl std::fmt::Debug for PassedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PassedIn")
    }
}

impl TimeProvider for PassedIn {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix_time(&*self.0))
    }
}
