//! A node's own certificate and key.

use std::{path::Path, sync::Arc};

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use care::{AccessContext, Actor, IdSource, Purpose, Role, Ura};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject};
use zeroize::Zeroizing;

use super::{IdentityError, OrganisationRecord, names};
use crate::{context, jwt, secret_file};

const CERTIFICATE_FILE: &str = "certificate.pem";
const KEY_FILE: &str = "key.pem";

/// A node's certificate and private key. Cheap to clone.
#[derive(Clone)]
pub struct NodeIdentity(Arc<Inner>);

struct Inner {
    organisation: OrganisationRecord,
    certificate_pem: String,
    certificate: CertificateDer<'static>,
    key_pem: Zeroizing<String>,
    pkcs8: Zeroizing<Vec<u8>>,
    signing: EcdsaKeyPair,
    thumbprint: [u8; 32],
    key_id: String,
}

impl NodeIdentity {
    /// Reads an identity from PEM texts: the node's certificate and its key
    /// (PKCS#8). Whether the region issued it shows at the first connection.
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, IdentityError> {
        let der = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|_| {
            IdentityError::Pem {
                what: "certificate",
            }
        })?;
        let pkcs8 =
            PrivatePkcs8KeyDer::from_pem_slice(key.as_bytes()).map_err(|_| IdentityError::Pem {
                what: "private key",
            })?;
        let signing =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.secret_pkcs8_der())
                .map_err(|_| IdentityError::Pem {
                    what: "private key",
                })?;
        if names::public_key(&der)? != signing.public_key().as_ref() {
            return Err(IdentityError::OtherKey);
        }
        Ok(Self(Arc::new(Inner {
            organisation: names::organisation(&der)?,
            certificate_pem: certificate.to_owned(),
            key_pem: Zeroizing::new(key.to_owned()),
            pkcs8: Zeroizing::new(pkcs8.secret_pkcs8_der().to_vec()),
            thumbprint: thumbprint(&der),
            key_id: jwt::key_id(signing.public_key().as_ref()),
            certificate: der.into_owned(),
            signing,
        })))
    }

    /// Reads an identity from its directory (`certificate.pem`, `key.pem`).
    pub fn load(directory: &Path) -> Result<Self, IdentityError> {
        let certificate = secret_file::read_text(&directory.join(CERTIFICATE_FILE))?;
        let key = secret_file::read_text(&directory.join(KEY_FILE))?;
        Self::from_pem(&certificate, &key)
    }

    /// Keeps the identity in a directory, which must exist; the files can be
    /// read by their owner only.
    pub fn save(&self, directory: &Path) -> Result<(), IdentityError> {
        secret_file::write_named(&directory.join(KEY_FILE), self.0.key_pem.as_bytes())?;
        let certificate = self.0.certificate_pem.as_bytes();
        secret_file::write_named(&directory.join(CERTIFICATE_FILE), certificate)
    }

    /// The certificate, in PEM. Public.
    pub fn certificate_pem(&self) -> &str {
        &self.0.certificate_pem
    }

    /// The serial number of the certificate, by which it can be taken back.
    pub fn serial(&self) -> Result<Vec<u8>, IdentityError> {
        names::serial(&self.0.certificate)
    }

    /// The private key, in PEM (PKCS#8). Secret.
    pub fn key_pem(&self) -> &str {
        &self.0.key_pem
    }

    /// The certificate, in DER.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.0.certificate
    }

    /// The organisation's number.
    pub fn ura(&self) -> Ura {
        self.0.organisation.ura
    }

    /// The organisation as the certificate names it.
    pub fn organisation(&self) -> &OrganisationRecord {
        &self.0.organisation
    }

    /// SHA-256 over the certificate in DER.
    pub fn thumbprint(&self) -> [u8; 32] {
        self.0.thumbprint
    }

    /// The public key: an uncompressed P-256 point, 65 bytes.
    pub fn public_key(&self) -> &[u8] {
        self.0.signing.public_key().as_ref()
    }

    /// The context in which the organisation's record system or the node itself
    /// acts where no token is at hand: a message at the MLLP port, a replay,
    /// background work. The caller vouches for who can reach that port.
    pub fn own_system(&self, ids: &dyn IdSource) -> AccessContext {
        own_system(&self.0.organisation, ids)
    }

    /// Signs bytes with the node's key: ES256, 64 bytes.
    pub(crate) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.0
            .signing
            .sign(&SystemRandom::new(), bytes)
            .expect("signing fails only without memory")
            .as_ref()
            .to_vec()
    }

    /// The identifier of the key in the header of tokens.
    pub(crate) fn key_id(&self) -> &str {
        &self.0.key_id
    }

    pub(crate) fn pkcs8(&self) -> &[u8] {
        &self.0.pkcs8
    }

    pub(super) fn tls_key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.0.pkcs8.to_vec()).into()
    }
}

/// Shows whose it is, never the key.
impl std::fmt::Debug for NodeIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NodeIdentity({})", self.ura())
    }
}

pub(super) fn own_system(organisation: &OrganisationRecord, ids: &dyn IdSource) -> AccessContext {
    let actor = Actor {
        id: "system".to_owned(),
        name: format!("Systeem van {}", organisation.name),
        role: Role::RecordSystem,
    };
    let claims = context::Claims::default();
    context::context(
        actor,
        organisation,
        Purpose::RecordKeeping,
        claims,
        ids.next(),
    )
}

pub(super) fn thumbprint(der: &[u8]) -> [u8; 32] {
    digest(&SHA256, der)
        .as_ref()
        .try_into()
        .expect("SHA-256 gives 32 bytes")
}
