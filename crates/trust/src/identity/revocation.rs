//! Certificates that the region took back: a certificate revocation list
//! (RFC 5280, 5) of its authority.
//!
//! The list is a file of the node, so that it holds when the network does
//! not. One that is past its next update still counts: what it takes back
//! stays taken back, and care does not stop because somebody forgot a file.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, pem::PemObject};
use x509_parser::{prelude::FromDer, revocation_list::CertificateRevocationList};

use super::{IdentityError, names};

/// Certificates in one list.
pub const REVOKED_MAX: usize = 10_000;

/// ecdsa-with-SHA256.
const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";

/// What is taken back now. Cheap to clone; all clones see the same list.
#[derive(Clone, Default)]
pub(super) struct Revocations(Arc<RwLock<Arc<Revoked>>>);

#[derive(Default)]
struct Revoked {
    serials: HashSet<Vec<u8>>,
    /// How many lists came before this one.
    revision: u64,
}

impl Revocations {
    /// Takes a list in the place of the one before it.
    pub(super) fn replace(
        &self,
        pem: &str,
        authority: &CertificateDer<'_>,
    ) -> Result<RevocationList, IdentityError> {
        let (serials, list) = read(pem, authority)?;
        let mut now = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let revision = now.revision + 1;
        *now = Arc::new(Revoked { serials, revision });
        Ok(list)
    }

    /// Whether a certificate of the region is taken back. One that cannot be
    /// read is.
    pub(super) fn contains(&self, certificate: &[u8]) -> bool {
        let revoked = self.now();
        !revoked.serials.is_empty()
            && names::serial(certificate).map_or(true, |serial| revoked.serials.contains(&serial))
    }

    pub(super) fn revision(&self) -> u64 {
        self.now().revision
    }

    fn now(&self) -> Arc<Revoked> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a list says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevocationList {
    /// How many certificates it takes back.
    pub count: usize,
    /// When the next list is to be there, when it says so.
    pub next_update: Option<Timestamp>,
}

fn read(
    pem: &str,
    authority: &CertificateDer<'_>,
) -> Result<(HashSet<Vec<u8>>, RevocationList), IdentityError> {
    let wrong = || IdentityError::Revocations;
    let der = CertificateRevocationListDer::from_pem_slice(pem.as_bytes()).map_err(|_| wrong())?;
    let Ok(([], list)) = CertificateRevocationList::from_der(&der) else {
        return Err(wrong());
    };
    // A list that says that it is only a part (critical extensions) is none.
    let is_whole = !list.extensions().iter().any(|extension| extension.critical);
    let is_ours = names::subject(authority)? == list.issuer().as_raw()
        && list.signature_algorithm.algorithm.to_id_string() == ECDSA_SHA256;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, names::public_key(authority)?)
        .verify(list.tbs_cert_list.as_ref(), &list.signature_value.data)
        .map_err(|_| wrong())?;
    let serials: HashSet<Vec<u8>> = list
        .iter_revoked_certificates()
        .take(REVOKED_MAX + 1)
        .map(|revoked| names::bare(revoked.raw_serial()))
        .collect();
    if !is_whole || !is_ours || serials.len() > REVOKED_MAX {
        return Err(wrong());
    }
    let next_update = list
        .next_update()
        .and_then(|time| Timestamp::from_second(time.timestamp()).ok());
    let count = serials.len();
    Ok((serials, RevocationList { count, next_update }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        identity::{RegionAuthority, peer},
        testing::{anchors, authority, clock, node, start},
    };
    use care::OrganisationType::{Hospital, Pharmacy};

    fn serials(count: usize) -> Vec<Vec<u8>> {
        (1..=count as u64)
            .map(|number| number.to_be_bytes().to_vec())
            .collect()
    }

    #[test]
    fn who_is_taken_back_is_nobody_any_more() {
        let (hospital, pharmacy) = (node(Hospital), node(Pharmacy));
        let anchors = anchors(&clock());
        let others = anchors.clone();
        let is_peer = |of: &crate::identity::NodeIdentity| peer(of.certificate(), &others).is_ok();
        assert!(is_peer(&hospital) && is_peer(&pharmacy));
        let list = authority()
            .revocation_list(&[hospital.serial().unwrap()], 1, start())
            .unwrap();
        let read = anchors.take_revocations(&list).unwrap();
        assert_eq!(read.count, 1);
        assert!(read.next_update.is_some_and(|next| next > start()));
        assert!(!is_peer(&hospital) && is_peer(&pharmacy));
        assert!(anchors.is_revoked(hospital.certificate()));
        // A later list can give it back.
        let empty = authority().revocation_list(&[], 2, start()).unwrap();
        anchors.take_revocations(&empty).unwrap();
        assert!(is_peer(&hospital));
        assert_eq!(others.revision(), 2);
    }

    #[test]
    fn a_list_of_somebody_else_or_a_broken_one_changes_nothing() {
        let hospital = node(Hospital);
        let anchors = anchors(&clock());
        let ours = authority()
            .revocation_list(&[hospital.serial().unwrap()], 1, start())
            .unwrap();
        anchors.take_revocations(&ours).unwrap();
        let namesake = RegionAuthority::create("Testregio", start()).unwrap();
        let theirs = namesake.revocation_list(&[], 2, start()).unwrap();
        let certificate = authority().certificate_pem().to_owned();
        // One character of the content is another.
        let at = "-----BEGIN X509 CRL-----\n".len() + 100;
        let mut altered = ours.clone();
        let other = if altered.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        altered.replace_range(at..=at, other);
        for text in ["", "x", &theirs, &certificate, &altered] {
            assert!(anchors.take_revocations(text).is_err(), "{text}");
        }
        assert!(anchors.is_revoked(hospital.certificate()));
        assert_eq!(anchors.revision(), 1);
    }

    #[test]
    fn a_list_is_bounded() {
        let anchors = anchors(&clock());
        let list = |count: usize| {
            authority()
                .revocation_list(&serials(count), 1, start())
                .unwrap()
        };
        let taken = anchors.take_revocations(&list(REVOKED_MAX)).unwrap();
        assert_eq!(taken.count, REVOKED_MAX);
        assert!(anchors.take_revocations(&list(REVOKED_MAX + 1)).is_err());
    }
}
