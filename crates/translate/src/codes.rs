//! The systems that translations name, and numbers of people and
//! organisations by their OID.

use care::{Bsn, Ura};

pub(crate) const AGB: &str = "http://fhir.nl/fhir/NamingSystem/agb-z";
pub(crate) const BIG: &str = "http://fhir.nl/fhir/NamingSystem/big";
pub(crate) const UZI_PERSON: &str = "http://fhir.nl/fhir/NamingSystem/uzi-nr-pers";
pub(crate) const OBSERVATION_CATEGORY: &str =
    "http://terminology.hl7.org/CodeSystem/observation-category";
pub(crate) const DIAGNOSTIC_SECTION: &str = "http://terminology.hl7.org/CodeSystem/v2-0074";
pub(crate) const ENCOUNTER_CLASS: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
pub(crate) const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
pub(crate) const PROVENANCE_AGENT: &str =
    "http://terminology.hl7.org/CodeSystem/provenance-participant-type";
pub(crate) const ABSENT_REASON: &str = "http://terminology.hl7.org/CodeSystem/data-absent-reason";
/// Under this system Provenance names the message, kept as it came.
pub(crate) const MESSAGE: &str = "urn:schakel:message";
/// The extension that says when the sender made the message that a version
/// came from (MSH-7, UNB), so that an older one does not replace it.
pub(crate) const MESSAGE_TIME: &str = "urn:schakel:message-time";

/// SNOMED CT: laboratory test finding, the category of zib LaboratoryTestResult.
pub(crate) const SNOMED_LABORATORY: &str = "49581000146104";
/// SNOMED CT: laboratory procedure, the category of an order.
pub(crate) const SNOMED_LABORATORY_ORDER: &str = "108252007";

/// The identifier system with this OID: the one that FHIR uses in the
/// Netherlands, else the OID as a URN. `None` when it is no OID.
pub(crate) fn system_of_oid(oid: &str) -> Option<String> {
    let known = match oid {
        Bsn::OID => Bsn::SYSTEM,
        Ura::OID => Ura::SYSTEM,
        "2.16.840.1.113883.2.4.6.1" => AGB,
        "2.16.528.1.1007.5.1" => BIG,
        "2.16.528.1.1007.3.1" => UZI_PERSON,
        "2.16.840.1.113883.2.4.4.30.45" => terminology::system::NHG45,
        "2.16.840.1.113883.6.1" => terminology::system::LOINC,
        "2.16.840.1.113883.6.96" => terminology::system::SNOMED,
        _ if is_oid(oid) => return Some(format!("urn:oid:{oid}")),
        _ => return None,
    };
    Some(known.to_owned())
}

/// Whether a text is an OID: numbers with points between, two at least.
pub(crate) fn is_oid(text: &str) -> bool {
    let arcs: Vec<&str> = text.split('.').collect();
    let is_arc = |arc: &&str| {
        !arc.is_empty()
            && arc.bytes().all(|byte| byte.is_ascii_digit())
            && (*arc == "0" || !arc.starts_with('0'))
    };
    text.len() <= 128
        && arcs.len() >= 2
        && arcs.iter().all(is_arc)
        && matches!(arcs[0], "0" | "1" | "2")
}

/// Whether a text can be an AGB number: eight digits, not all zeroes.
pub(crate) fn is_agb(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) && text != "00000000"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oids_become_systems() {
        assert_eq!(
            system_of_oid("2.16.528.1.1007.3.3").as_deref(),
            Some(Ura::SYSTEM)
        );
        assert_eq!(system_of_oid("1.2.3").as_deref(), Some("urn:oid:1.2.3"));
        for text in ["", "1", "1.", "3.1", "1.02", "1.2.x", "NLMINBIZA"] {
            assert_eq!(system_of_oid(text), None, "{text}");
        }
    }
}
