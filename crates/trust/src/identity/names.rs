//! What a certificate says about whose it is.

use care::{OrganisationType, Ura};
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, prelude::FromDer, public_key::PublicKey,
};

use super::{IdentityError, NAME_CHARACTERS_MAX, OrganisationRecord};

/// Before the URA in a certificate: its OID.
const URA_URN: &str = "urn:oid:2.16.528.1.1007.3.3.";
/// Before the RoleCodeNL type in a certificate.
const TYPE_URN: &str = "urn:schakel:organisation-type:";
/// A P-256 point, uncompressed.
const POINT_BYTES: usize = 65;

/// The URN by which tokens and certificates name an organisation.
pub(crate) fn urn(ura: Ura) -> String {
    format!("{URA_URN}{ura}")
}

/// The subject alternative names that say whose a certificate is.
pub(super) fn uris(organisation: &OrganisationRecord) -> [String; 2] {
    [
        urn(organisation.ura),
        format!("{TYPE_URN}{}", organisation.organisation_type.code()),
    ]
}

/// The organisation of a certificate: exactly one URA, one type and one name.
/// The certificate itself must have been verified.
pub(super) fn organisation(der: &[u8]) -> Result<OrganisationRecord, IdentityError> {
    let certificate = parse(der)?;
    let names = certificate
        .subject_alternative_name()
        .map_err(|_| IdentityError::Certificate)?
        .ok_or(IdentityError::Certificate)?;
    let uris = names
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            GeneralName::URI(uri) => Some(*uri),
            _ => None,
        });
    let ura = one(uris.clone().filter_map(|uri| uri.strip_prefix(URA_URN)))?;
    let kind = one(uris.filter_map(|uri| uri.strip_prefix(TYPE_URN)))?;
    let name = one(certificate.subject().iter_organization())?;
    let name = name.as_str().map_err(|_| IdentityError::Certificate)?;
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX {
        return Err(IdentityError::Certificate);
    }
    Ok(OrganisationRecord {
        // All eight digits: a shorter number would be a second way to write it.
        ura: Some(ura)
            .filter(|digits| digits.len() == 8)
            .and_then(|digits| digits.parse().ok())
            .ok_or(IdentityError::Certificate)?,
        name: name.to_owned(),
        organisation_type: OrganisationType::from_code(kind).ok_or(IdentityError::Certificate)?,
    })
}

/// The public key of a certificate: an uncompressed P-256 point.
pub(super) fn public_key(der: &[u8]) -> Result<Vec<u8>, IdentityError> {
    match parse(der)?.public_key().parsed() {
        Ok(PublicKey::EC(point)) if point.data().len() == POINT_BYTES => Ok(point.data().to_vec()),
        _ => Err(IdentityError::Certificate),
    }
}

/// The serial number of a certificate, without leading zeroes.
pub(super) fn serial(der: &[u8]) -> Result<Vec<u8>, IdentityError> {
    Ok(bare(parse(der)?.raw_serial()))
}

/// A number without leading zeroes, so that it can be written in one way only.
pub(super) fn bare(number: &[u8]) -> Vec<u8> {
    let zeroes = number.iter().take_while(|byte| **byte == 0).count();
    number[zeroes..].to_vec()
}

/// The subject of a certificate, as it stands there.
pub(super) fn subject(der: &[u8]) -> Result<Vec<u8>, IdentityError> {
    Ok(parse(der)?.subject().as_raw().to_vec())
}

/// The common name of a certificate's subject.
pub(super) fn common_name(der: &[u8]) -> Result<String, IdentityError> {
    let certificate = parse(der)?;
    let name = one(certificate.subject().iter_common_name())?;
    Ok(name
        .as_str()
        .map_err(|_| IdentityError::Certificate)?
        .to_owned())
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, IdentityError> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(IdentityError::Certificate),
    }
}

fn one<T>(mut items: impl Iterator<Item = T>) -> Result<T, IdentityError> {
    match (items.next(), items.next()) {
        (Some(item), None) => Ok(item),
        _ => Err(IdentityError::Certificate),
    }
}
