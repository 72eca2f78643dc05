//! Who a node is: the region's certificate authority, a node's certificate
//! and key, mutual TLS between nodes, and who is at the other end.
//!
//! Keys are P-256 (FIPS 186-5). A node's certificate names its organisation
//! twice in the subject alternative name: by URA
//! (`urn:oid:2.16.528.1.1007.3.3.<URA>`) and by type
//! (`urn:schakel:organisation-type:<RoleCodeNL>`), so that no node can claim to
//! be another kind of organisation than the region admitted. The embedded
//! authority stands where UZI server certificates (PKIoverheid) stand in
//! production; nothing else changes then, for the URA is in both.

mod authority;
mod names;
mod node;
mod peer;
mod revocation;
mod tls;

use std::path::PathBuf;

use care::{OrganisationType, Ura};

pub use authority::{HOSTS_MAX, RegionAuthority};
pub(crate) use names::urn;
pub use node::NodeIdentity;
pub use peer::{Peer, TrustAnchors, peer};
pub use revocation::{REVOKED_MAX, RevocationList};
pub use tls::{client_tls, client_tls_to, server_tls};

/// An organisation as the region admitted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganisationRecord {
    /// Its number in the UZI register.
    pub ura: Ura,
    /// Its name, as a patient will read it; 1 to [`NAME_CHARACTERS_MAX`] characters.
    pub name: String,
    /// What kind of organisation it is.
    pub organisation_type: OrganisationType,
}

/// The longest name of an organisation in a certificate (X.520 `ub-organization-name`).
pub const NAME_CHARACTERS_MAX: usize = 64;

/// What goes wrong with keys and certificates. It carries no key material.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file cannot be read or written.
    #[error("cannot use the file {}", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A PEM text does not hold the one key or certificate that is expected.
    #[error("no usable {what} in the PEM text")]
    Pem {
        /// `certificate` or `private key`.
        what: &'static str,
    },
    /// A certificate is not one of this region: unknown issuer, outside its
    /// validity, made for another use, or without the names of an organisation.
    #[error("the certificate is not valid in this region")]
    Certificate,
    /// The key and the certificate do not belong together.
    #[error("the private key is not that of the certificate")]
    OtherKey,
    /// It is no whole revocation list of the region's authority.
    #[error("this is no revocation list of this region")]
    Revocations,
    /// A name is empty or too long, or a host name is not one.
    #[error("the {what} cannot be put in a certificate")]
    Name {
        /// Which name.
        what: &'static str,
    },
    /// The cryptographic library refused.
    #[error("the cryptographic library refused: {0}")]
    Cryptography(&'static str),
}

#[cfg(test)]
mod tests;
