//! Organisations and endpoints as mCSD has them, read and written strictly.
//!
//! An unknown element is refused, not dropped: who publishes it must know that
//! nobody will see it. No I/O.

use care::{OrganisationType, Ura};
use serde::{Deserialize, Serialize};

use super::Organisation;
use crate::peer::is_node_url;

/// The longest name of an organisation, in characters.
pub(super) const NAME_CHARACTERS_MAX: usize = 200;
/// The longest address of a node, in bytes.
pub(super) const ADDRESS_BYTES_MAX: usize = 500;

const CONNECTION_TYPE_SYSTEM: &str =
    "http://terminology.hl7.org/CodeSystem/endpoint-connection-type";
const CONNECTION_TYPE: &str = "hl7-fhir-rest";
const PAYLOAD_TYPE_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/endpoint-payload-type";
const PAYLOAD_TYPE: &str = "any";
const MIME_TYPE: &str = "application/fhir+json; fhirVersion=4.0";
/// The path of the FHIR R4 door under the base of a node.
const FHIR_PATH: &str = "/fhir/r4";

/// A resource that is not an entry of the register as it should be. The text
/// is for the organisation that published it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotMcsd(pub(super) &'static str);

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OrganizationResource {
    pub(super) resource_type: String,
    pub(super) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) meta: Option<Meta>,
    identifier: Vec<Identifier>,
    pub(super) active: bool,
    #[serde(rename = "type")]
    kind: Vec<CodeableConcept>,
    name: String,
    #[serde(default)]
    endpoint: Vec<Reference>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct EndpointResource {
    pub(super) resource_type: String,
    pub(super) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) meta: Option<Meta>,
    pub(super) status: String,
    connection_type: Coding,
    managing_organization: Reference,
    payload_type: Vec<CodeableConcept>,
    payload_mime_type: Vec<String>,
    address: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Meta {
    pub(super) version_id: String,
    pub(super) last_updated: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Identifier {
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    usage: Option<String>,
    system: String,
    value: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CodeableConcept {
    coding: Vec<Coding>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Coding {
    system: String,
    code: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Reference {
    reference: String,
}

/// The id of the one FHIR R4 endpoint of an organisation.
pub(super) fn endpoint_id(ura: Ura) -> String {
    format!("{ura}-fhir-r4")
}

impl OrganizationResource {
    pub(super) fn of(organisation: &Organisation) -> Self {
        Self {
            resource_type: "Organization".to_owned(),
            id: organisation.ura.to_string(),
            meta: None,
            identifier: vec![Identifier {
                usage: Some("official".to_owned()),
                system: Ura::SYSTEM.to_owned(),
                value: organisation.ura.to_string(),
            }],
            active: true,
            kind: vec![CodeableConcept {
                coding: vec![Coding {
                    system: OrganisationType::SYSTEM.to_owned(),
                    code: organisation.organisation_type.code().to_owned(),
                }],
            }],
            name: organisation.name.clone(),
            endpoint: vec![Reference {
                reference: format!("Endpoint/{}", endpoint_id(organisation.ura)),
            }],
        }
    }

    /// The URA, the name and the type, when all are as they should be.
    pub(super) fn judge(&self) -> Result<(Ura, &str, OrganisationType), NotMcsd> {
        if self.resource_type != "Organization" {
            return Err(NotMcsd("this is not an Organization"));
        }
        let ura = self
            .identifier
            .iter()
            .find(|identifier| identifier.system == Ura::SYSTEM)
            .and_then(|identifier| identifier.value.parse::<Ura>().ok())
            .ok_or(NotMcsd("an Organization needs its URA as an identifier"))?;
        if self.id != ura.as_str() {
            return Err(NotMcsd("the id of an Organization is its URA"));
        }
        let organisation_type = self
            .kind
            .iter()
            .flat_map(|concept| &concept.coding)
            .find(|coding| coding.system == OrganisationType::SYSTEM)
            .and_then(|coding| OrganisationType::from_code(&coding.code))
            .ok_or(NotMcsd("an Organization needs a known type"))?;
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX {
            return Err(NotMcsd(
                "an Organization needs a name of 1 to 200 characters",
            ));
        }
        Ok((ura, name, organisation_type))
    }
}

impl EndpointResource {
    pub(super) fn of(organisation: &Organisation) -> Self {
        Self {
            resource_type: "Endpoint".to_owned(),
            id: endpoint_id(organisation.ura),
            meta: None,
            status: "active".to_owned(),
            connection_type: Coding {
                system: CONNECTION_TYPE_SYSTEM.to_owned(),
                code: CONNECTION_TYPE.to_owned(),
            },
            managing_organization: Reference {
                reference: format!("Organization/{}", organisation.ura),
            },
            payload_type: vec![CodeableConcept {
                coding: vec![Coding {
                    system: PAYLOAD_TYPE_SYSTEM.to_owned(),
                    code: PAYLOAD_TYPE.to_owned(),
                }],
            }],
            payload_mime_type: vec![MIME_TYPE.to_owned()],
            address: format!("{}{FHIR_PATH}", organisation.node_url),
        }
    }

    /// The organisation and the base of its node door, when all is as it should be.
    pub(super) fn judge(&self) -> Result<(Ura, &str), NotMcsd> {
        if self.resource_type != "Endpoint" {
            return Err(NotMcsd("this is not an Endpoint"));
        }
        let ura = self
            .managing_organization
            .reference
            .strip_prefix("Organization/")
            .and_then(|id| id.parse::<Ura>().ok())
            .ok_or(NotMcsd(
                "an Endpoint needs the Organization that manages it",
            ))?;
        if self.id != endpoint_id(ura) {
            return Err(NotMcsd("the id of an Endpoint is the URA and -fhir-r4"));
        }
        if !matches!(self.status.as_str(), "active" | "suspended" | "off") {
            return Err(NotMcsd(
                "the status of an Endpoint is active, suspended or off",
            ));
        }
        if self.connection_type.code != CONNECTION_TYPE
            || !self.payload_mime_type.iter().any(|mime| mime == MIME_TYPE)
        {
            return Err(NotMcsd(
                "the region knows endpoints for FHIR R4 over REST only",
            ));
        }
        let base = self
            .address
            .strip_suffix(FHIR_PATH)
            .filter(|base| self.address.len() <= ADDRESS_BYTES_MAX && is_node_url(base))
            .ok_or(NotMcsd(
                "the address of an Endpoint is https and ends with /fhir/r4",
            ))?;
        Ok((ura, base))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organisation() -> Organisation {
        Organisation {
            ura: "90000101".parse().unwrap(),
            name: "Huisartsenpraktijk De Linde".to_owned(),
            organisation_type: OrganisationType::GeneralPractice,
            node_url: "https://127.0.0.1:9443".to_owned(),
        }
    }

    #[test]
    fn an_organisation_reads_back_as_it_was_written() {
        let text = serde_json::to_string(&OrganizationResource::of(&organisation())).unwrap();
        let read: OrganizationResource = serde_json::from_str(&text).unwrap();
        assert_eq!(
            read.judge().unwrap(),
            (
                organisation().ura,
                "Huisartsenpraktijk De Linde",
                OrganisationType::GeneralPractice
            )
        );
        let text = serde_json::to_string(&EndpointResource::of(&organisation())).unwrap();
        let read: EndpointResource = serde_json::from_str(&text).unwrap();
        assert_eq!(
            read.judge().unwrap(),
            (organisation().ura, "https://127.0.0.1:9443")
        );
    }

    #[test]
    fn what_is_not_as_it_should_be_is_refused() {
        let check = |change: fn(&mut Organisation), expected: &str| {
            let mut changed = organisation();
            change(&mut changed);
            let refused = OrganizationResource::of(&changed)
                .judge()
                .err()
                .or_else(|| EndpointResource::of(&changed).judge().err());
            assert_eq!(refused.map(|refused| refused.0), Some(expected));
        };
        check(
            |organisation| organisation.name = " ".to_owned(),
            "an Organization needs a name of 1 to 200 characters",
        );
        check(
            |organisation| organisation.name = "é".repeat(NAME_CHARACTERS_MAX + 1),
            "an Organization needs a name of 1 to 200 characters",
        );
        check(
            |organisation| organisation.node_url = "http://127.0.0.1:1".to_owned(),
            "the address of an Endpoint is https and ends with /fhir/r4",
        );
        check(
            |organisation| organisation.node_url = format!("https://{}", "a".repeat(500)),
            "the address of an Endpoint is https and ends with /fhir/r4",
        );
    }

    #[test]
    fn a_name_of_the_longest_length_is_taken() {
        let mut longest = organisation();
        longest.name = "é".repeat(NAME_CHARACTERS_MAX);
        assert!(OrganizationResource::of(&longest).judge().is_ok());
    }

    #[test]
    fn an_unknown_element_is_refused() {
        let mut value = serde_json::to_value(OrganizationResource::of(&organisation())).unwrap();
        value["partOf"] = serde_json::json!({"reference": "Organization/1"});
        assert!(serde_json::from_value::<OrganizationResource>(value).is_err());
    }
}
