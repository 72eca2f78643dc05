//! Which resource or patient a reference is about.

use crate::database::OptionalExtension;
use care::Bsn;
use fhir::FhirVersion;

use crate::StoreError;
use crate::database::kinds::IDENTITY;
use crate::database::writer::Session;

/// The longest logical id, in bytes (FHIR R4, datatype id).
const ID_BYTES_MAX: usize = 64;

/// How a reference by identifier starts, as `fhir::compartment` gives it.
const LOGICAL: &str = "Patient?identifier=";

/// State of a row: there is a resource.
pub(crate) const LIVE: i64 = 0;
/// State of a row: the resource was deleted.
pub(crate) const DELETED: i64 = 1;
/// State of a row: others refer to it, it is not there itself.
pub(crate) const REFERRED_TO: i64 = 2;
/// `patient` of what belongs to several patients.
pub(crate) const SEVERAL: i64 = -1;

/// Whether FHIR allows this as a logical id.
pub(crate) fn is_id(id: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

/// The resource of this store that a reference names, as type and id: a
/// relative reference, or an absolute one under this store's own base.
pub(crate) fn local<'a>(
    version: FhirVersion,
    base_url: &str,
    relative: Option<(&'a str, &'a str)>,
    url: Option<&'a str>,
) -> Option<(&'static str, &'a str)> {
    let (resource_type, id) = match url {
        None => relative?,
        Some(url) => split(url.strip_prefix(base_url)?.strip_prefix('/')?)?,
    };
    Some((version.resource_type(resource_type)?, id)).filter(|(_, id)| is_id(id))
}

/// The type and id in `Type/id` or `Type/id/_history/version`.
pub(crate) fn split(reference: &str) -> Option<(&str, &str)> {
    let mut parts = reference.split('/');
    let (resource_type, id) = (parts.next()?, parts.next()?);
    match (parts.next(), parts.next(), parts.next()) {
        (None, ..) | (Some("_history"), Some(_), None) => Some((resource_type, id)),
        _ => None,
    }
}

/// The number of a resource, which gets its row when nobody referred to it before.
pub(crate) fn row_of(
    session: &mut Session<'_>,
    resource_type: &str,
    id: &str,
) -> Result<i64, StoreError> {
    let kind = session.state.kinds.number(resource_type)?;
    row_of_kind(session, kind, id)
}

fn row_of_kind(session: &mut Session<'_>, kind: i64, id: &str) -> Result<i64, StoreError> {
    if let Some(rid) = session.state.rows.get(kind, id) {
        return Ok(rid);
    }
    let found: Option<i64> = session
        .connection
        .prepare_cached("SELECT rid FROM resource WHERE id = ?1 AND kind = ?2")?
        .query_row((id, kind), |row| row.get(0))
        .optional()?;
    if let Some(rid) = found {
        session.knows(kind, id, rid);
        return Ok(rid);
    }
    if let Some((writing, own, rid)) = &session.writing
        && (*writing, own.as_str()) == (kind, id)
    {
        return Ok(*rid);
    }
    let rid = session.new_rid(kind)?;
    session
        .connection
        .prepare_cached(
            "INSERT INTO resource
             (rid, kind, id, state, version, vid, updated, labels, patient, entries)
             VALUES (?1, ?2, ?3, ?4, 0, 0, 0, 0, 0, x'')",
        )?
        .send((rid, kind, id, REFERRED_TO))?;
    session.knows(kind, id, rid);
    Ok(rid)
}

/// The numbers of the patients that a resource names, each once.
///
/// A patient named by identifier or by an address elsewhere is somebody too:
/// they get a row of their own kind, so that a resource about them is not
/// taken for one about nobody. When the identifier is a BSN, that row has it.
pub(crate) fn patients(
    session: &mut Session<'_>,
    references: &[String],
) -> Result<Vec<i64>, StoreError> {
    let mut rids = Vec::with_capacity(references.len());
    for reference in references {
        let url = reference.contains(':').then_some(reference.as_str());
        let base_url = session.state.options.base_url.clone();
        let rid = match local(
            session.state.kinds.version(),
            &base_url,
            split(reference),
            url,
        ) {
            Some((resource_type, id)) => row_of(session, resource_type, id)?,
            None => somebody(session, reference)?,
        };
        if !rids.contains(&rid) {
            rids.push(rid);
        }
    }
    Ok(rids)
}

fn somebody(session: &mut Session<'_>, name: &str) -> Result<i64, StoreError> {
    let name = name.strip_prefix(LOGICAL).unwrap_or(name);
    let rid = row_of_kind(session, IDENTITY, name)?;
    if let Some(bsn) = name
        .split_once('|')
        .and_then(|(system, value)| bsn_of(system, value))
    {
        session
            .connection
            .prepare_cached(
                "INSERT INTO patient (rid, bsn) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            )?
            .send((rid, bsn.expose()))?;
    }
    Ok(rid)
}

/// The BSN in an identifier, when it is one.
pub(crate) fn bsn_of(system: &str, value: &str) -> Option<Bsn> {
    let is_bsn = system == Bsn::SYSTEM || system.strip_prefix("urn:oid:") == Some(Bsn::OID);
    is_bsn.then(|| Bsn::parse(value).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_local_by_its_form() {
        let base = "https://a.example/fhir/r4";
        let check = |relative: Option<&'static str>, url: Option<&'static str>| {
            local(FhirVersion::R4, base, relative.and_then(split), url)
        };
        assert_eq!(check(Some("Patient/1"), None), Some(("Patient", "1")));
        assert_eq!(
            check(Some("Patient/1/_history/2"), None),
            Some(("Patient", "1"))
        );
        assert_eq!(
            check(None, Some("https://a.example/fhir/r4/Patient/1")),
            Some(("Patient", "1"))
        );
        for (relative, url) in [
            (Some("Robot/1"), None),
            (Some("Patient/a b"), None),
            (Some("Patient/1/2"), None),
            (None, Some("https://b.example/fhir/r4/Patient/1")),
            (None, Some("https://a.example/fhir/r4Patient/1")),
            (None, Some("urn:uuid:1")),
        ] {
            assert_eq!(check(relative, url), None, "{relative:?} {url:?}");
        }
    }

    #[test]
    fn ids_have_64_characters_at_most() {
        assert!(is_id(&"a".repeat(64)) && !is_id(&"a".repeat(65)) && !is_id(""));
        assert!(is_id("a-B.9") && !is_id("a_b") && !is_id("é"));
    }

    #[test]
    fn a_bsn_is_known_by_its_system() {
        assert!(bsn_of(Bsn::SYSTEM, "999911119").is_some());
        assert!(bsn_of("urn:oid:2.16.840.1.113883.2.4.6.3", "999911119").is_some());
        assert!(bsn_of(Bsn::SYSTEM, "999911118").is_none());
        assert!(bsn_of("urn:other", "999911119").is_none());
    }
}
