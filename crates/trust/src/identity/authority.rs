//! The region's certificate authority.

use std::{path::Path, sync::Arc};

use care::Clock;
use jiff::{Timestamp, ToSpan, Zoned, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, RevokedCertParams, SanType, SerialNumber,
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use zeroize::Zeroizing;

use super::{
    IdentityError, NAME_CHARACTERS_MAX, NodeIdentity, OrganisationRecord, TrustAnchors, names,
};
use crate::secret_file;

/// How long the authority's own certificate holds, in years.
const AUTHORITY_YEARS: i16 = 10;
/// How long a node's certificate holds, in years.
const NODE_YEARS: i16 = 1;
/// The most host names and addresses in one certificate.
pub const HOSTS_MAX: usize = 16;
/// How long a revocation list says that it holds, in days.
const REVOCATION_DAYS: i64 = 30;
const CERTIFICATE_FILE: &str = "region.pem";
const KEY_FILE: &str = "region-key.pem";

/// The authority that admits organisations to the region by giving their node
/// a certificate. Whoever holds its key decides who belongs, so it is kept by
/// the regional organisation and used only when a node joins.
pub struct RegionAuthority {
    region: String,
    certificate_pem: String,
    key: KeyPair,
}

impl RegionAuthority {
    /// Makes a new authority, valid from a day ago for ten years.
    ///
    /// The key comes from the machine's random bytes: a key that a seed could
    /// repeat would be no key.
    pub fn create(region: &str, now: Timestamp) -> Result<Self, IdentityError> {
        check_name("name of the region", region)?;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(refused)?;
        let mut params = authority_params(region);
        set_validity(&mut params, now, AUTHORITY_YEARS)?;
        let certificate_pem = params.self_signed(&key).map_err(refused)?.pem();
        Ok(Self {
            region: region.to_owned(),
            certificate_pem,
            key,
        })
    }

    /// Reads the authority from PEM texts.
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, IdentityError> {
        let der = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|_| {
            IdentityError::Pem {
                what: "certificate",
            }
        })?;
        let region = names::common_name(&der)?;
        let key = KeyPair::from_pem_and_sign_algo(key, &PKCS_ECDSA_P256_SHA256).map_err(|_| {
            IdentityError::Pem {
                what: "private key",
            }
        })?;
        if names::public_key(&der)? != key.public_key_raw() {
            return Err(IdentityError::OtherKey);
        }
        Ok(Self {
            region,
            certificate_pem: certificate.to_owned(),
            key,
        })
    }

    /// Reads the authority from its directory (`region.pem`, `region-key.pem`).
    pub fn load(directory: &Path) -> Result<Self, IdentityError> {
        let certificate = secret_file::read_text(&directory.join(CERTIFICATE_FILE))?;
        let key = secret_file::read_text(&directory.join(KEY_FILE))?;
        Self::from_pem(&certificate, &key)
    }

    /// Keeps the authority in a directory, which must exist; the files can be
    /// read by their owner only.
    pub fn save(&self, directory: &Path) -> Result<(), IdentityError> {
        secret_file::write_named(&directory.join(KEY_FILE), self.key_pem().as_bytes())?;
        secret_file::write_named(
            &directory.join(CERTIFICATE_FILE),
            self.certificate_pem.as_bytes(),
        )
    }

    /// The authority's certificate, in PEM. Public.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The authority's private key, in PEM (PKCS#8). Secret.
    pub fn key_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(self.key.serialize_pem())
    }

    /// Admits an organisation: makes its key and certificate. `hosts` are the
    /// DNS names and IP addresses at which others reach its node door, at most
    /// [`HOSTS_MAX`]. Valid from a day ago for one year.
    pub fn issue(
        &self,
        organisation: &OrganisationRecord,
        hosts: &[String],
        now: Timestamp,
    ) -> Result<NodeIdentity, IdentityError> {
        check_name("name of the organisation", &organisation.name)?;
        if hosts.is_empty() || hosts.len() > HOSTS_MAX {
            return Err(IdentityError::Name {
                what: "list of hosts",
            });
        }
        let mut params = CertificateParams::new(hosts).map_err(|_| IdentityError::Name {
            what: "name of a host",
        })?;
        for uri in names::uris(organisation) {
            let uri = uri
                .try_into()
                .map_err(|_| IdentityError::Name { what: "identifier" })?;
            params.subject_alt_names.push(SanType::URI(uri));
        }
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, organisation.ura.as_str());
        params
            .distinguished_name
            .push(DnType::OrganizationName, organisation.name.as_str());
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::ServerAuth,
        ];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, now, NODE_YEARS)?;

        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(refused)?;
        let issuer_params = authority_params(&self.region);
        let issuer = Issuer::from_params(&issuer_params, &self.key);
        let certificate = params.signed_by(&key, &issuer).map_err(refused)?;
        NodeIdentity::from_pem(&certificate.pem(), &Zeroizing::new(key.serialize_pem()))
    }

    /// Takes certificates back: the region's revocation list, in PEM, which
    /// is to be followed by another within thirty days. `number` goes up with
    /// every list.
    pub fn revocation_list(
        &self,
        serials: &[Vec<u8>],
        number: u64,
        now: Timestamp,
    ) -> Result<String, IdentityError> {
        let out_of_range = |_| IdentityError::Name { what: "date" };
        let today = Zoned::new(now, TimeZone::UTC);
        let next = today
            .checked_add(REVOCATION_DAYS.days())
            .map_err(out_of_range)?;
        let midnight = |day: &Zoned| {
            rcgen::date_time_ymd(i32::from(day.year()), day.month() as u8, day.day() as u8)
        };
        let this_update = midnight(&today);
        let revoked = |serial: &Vec<u8>| RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time: this_update,
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update,
            next_update: midnight(&next),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let issuer_params = authority_params(&self.region);
        let issuer = Issuer::from_params(&issuer_params, &self.key);
        params
            .signed_by(&issuer)
            .and_then(|list| list.pem())
            .map_err(refused)
    }

    /// What a node of the region is known by.
    pub fn anchors(&self, clock: Arc<dyn Clock>) -> Result<TrustAnchors, IdentityError> {
        TrustAnchors::from_pem(&self.certificate_pem, clock)
    }
}

/// All that makes the authority's certificate but its validity. The same from
/// the same name, so that an authority that was read back signs as the same issuer.
fn authority_params(region: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, region);
    // No authority below this one.
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Makes a certificate valid from the day before `now`, for clocks that are
/// behind, for some years.
fn set_validity(
    params: &mut CertificateParams,
    now: Timestamp,
    years: i16,
) -> Result<(), IdentityError> {
    let today = Zoned::new(now, TimeZone::UTC);
    let out_of_range = |_| IdentityError::Name { what: "date" };
    let from = today.checked_sub(1.day()).map_err(out_of_range)?;
    let until = today.checked_add(years.years()).map_err(out_of_range)?;
    let midnight = |day: &Zoned| {
        rcgen::date_time_ymd(i32::from(day.year()), day.month() as u8, day.day() as u8)
    };
    params.not_before = midnight(&from);
    params.not_after = midnight(&until);
    Ok(())
}

fn check_name(what: &'static str, name: &str) -> Result<(), IdentityError> {
    let characters = name.chars().count();
    if (1..=NAME_CHARACTERS_MAX).contains(&characters) && !name.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(IdentityError::Name { what })
    }
}

fn refused(_: rcgen::Error) -> IdentityError {
    IdentityError::Cryptography("cannot make a certificate")
}
