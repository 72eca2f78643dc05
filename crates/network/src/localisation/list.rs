//! The localisation record as a FHIR List (profile `nl-gf-localization-list`),
//! read and written strictly. No I/O.

use care::{DataCategory, Ura};
use serde::{Deserialize, Serialize};
use trust::pseudonym::SealedPseudonym;

const GUIDE: &str = "http://minvws.github.io/generiekefuncties-docs";
/// The system of the identifier by which the index knows a patient.
pub(super) const SUBJECT_SYSTEM: &str =
    "http://minvws.github.io/generiekefuncties-docs/NamingSystem/nvi-identifier";
const CATEGORY_SYSTEM: &str =
    "http://minvws.github.io/generiekefuncties-docs/CodeSystem/nl-gf-data-categories-cs";
const CUSTODIAN_URL: &str = "http://minvws.github.io/generiekefuncties-docs/StructureDefinition/nl-gf-localization-custodian";
const SOURCE_SYSTEM: &str =
    "http://minvws.github.io/generiekefuncties-docs/NamingSystem/oauth-client-id";
const EMPTY_REASON_SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/list-empty-reason";

/// Why a List is not a localisation record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotARecord(pub(super) &'static str);

/// A List, as the guide has it: no entries, no meta from the sender, nothing
/// that is not named here.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct List {
    resource_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    extension: Vec<Extension>,
    status: String,
    mode: String,
    code: CodeableConcept,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<Reference>,
    source: Reference,
    empty_reason: CodeableConcept,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Extension {
    url: String,
    value_reference: Reference,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reference {
    identifier: Identifier,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Identifier {
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    usage: Option<String>,
    system: String,
    value: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeableConcept {
    coding: Vec<Coding>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Coding {
    system: String,
    code: String,
}

fn reference(usage: Option<&str>, system: &str, value: &str) -> Reference {
    Reference {
        identifier: Identifier {
            usage: usage.map(str::to_owned),
            system: system.to_owned(),
            value: value.to_owned(),
        },
    }
}

fn concept(system: &str, code: &str) -> CodeableConcept {
    CodeableConcept {
        coding: vec![Coding {
            system: system.to_owned(),
            code: code.to_owned(),
        }],
    }
}

impl List {
    fn new(custodian: Ura, category: DataCategory) -> Self {
        debug_assert!(CATEGORY_SYSTEM.starts_with(GUIDE));
        Self {
            resource_type: "List".to_owned(),
            id: None,
            extension: vec![Extension {
                url: CUSTODIAN_URL.to_owned(),
                value_reference: reference(None, Ura::SYSTEM, custodian.as_str()),
            }],
            status: "current".to_owned(),
            mode: "working".to_owned(),
            code: concept(CATEGORY_SYSTEM, category.code()),
            subject: None,
            source: reference(None, SOURCE_SYSTEM, custodian.as_str()),
            empty_reason: concept(EMPTY_REASON_SYSTEM, "withheld"),
        }
    }

    /// What a custodian sends.
    pub(super) fn to_register(
        custodian: Ura,
        category: DataCategory,
        subject: &SealedPseudonym,
    ) -> Self {
        let mut list = Self::new(custodian, category);
        list.subject = Some(reference(Some("temp"), SUBJECT_SYSTEM, &subject.0));
        list
    }

    /// What the index answers: without the subject, which only the asker knows.
    pub(super) fn as_found(id: String, custodian: Ura, category: DataCategory) -> Self {
        let mut list = Self::new(custodian, category);
        list.id = Some(id);
        list
    }

    /// The custodian and the category, when all is as the guide has it.
    pub(super) fn judge(&self) -> Result<(Ura, DataCategory), NotARecord> {
        if self.resource_type != "List" {
            return Err(NotARecord("this is not a List"));
        }
        if self.status != "current" || self.mode != "working" {
            return Err(NotARecord("a localisation record is current and working"));
        }
        let withheld = self
            .empty_reason
            .coding
            .iter()
            .any(|coding| coding.system == EMPTY_REASON_SYSTEM && coding.code == "withheld");
        if !withheld {
            return Err(NotARecord(
                "the empty reason of a localisation record is withheld",
            ));
        }
        let [
            Extension {
                url,
                value_reference: custodian,
            },
        ] = self.extension.as_slice()
        else {
            return Err(NotARecord(
                "a localisation record has one extension, the custodian",
            ));
        };
        let custodian = Some(&custodian.identifier)
            .filter(|identifier| url == CUSTODIAN_URL && identifier.system == Ura::SYSTEM)
            .and_then(|identifier| identifier.value.parse().ok())
            .ok_or(NotARecord("the custodian is named by its URA"))?;
        let [coding] = self.code.coding.as_slice() else {
            return Err(NotARecord("a localisation record has one data category"));
        };
        let category = Some(coding)
            .filter(|coding| coding.system == CATEGORY_SYSTEM)
            .and_then(|coding| DataCategory::from_code(&coding.code))
            .ok_or(NotARecord("the data category is not one of the guide"))?;
        Ok((custodian, category))
    }

    /// The sealed pseudonym of the patient.
    pub(super) fn subject(&self) -> Result<&str, NotARecord> {
        self.subject
            .as_ref()
            .filter(|subject| subject.identifier.system == SUBJECT_SYSTEM)
            .map(|subject| subject.identifier.value.as_str())
            .ok_or(NotARecord("the subject is named by a sealed pseudonym"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custodian() -> Ura {
        "90000103".parse().unwrap()
    }

    #[test]
    fn a_record_has_the_shape_of_the_guide() {
        let sealed = SealedPseudonym("c2VhbGVk".to_owned());
        let list = List::to_register(custodian(), DataCategory::MedicationUse, &sealed);
        insta::assert_snapshot!(serde_json::to_string_pretty(&list).unwrap(), @r#"
        {
          "resourceType": "List",
          "extension": [
            {
              "url": "http://minvws.github.io/generiekefuncties-docs/StructureDefinition/nl-gf-localization-custodian",
              "valueReference": {
                "identifier": {
                  "system": "http://fhir.nl/fhir/NamingSystem/ura",
                  "value": "90000103"
                }
              }
            }
          ],
          "status": "current",
          "mode": "working",
          "code": {
            "coding": [
              {
                "system": "http://minvws.github.io/generiekefuncties-docs/CodeSystem/nl-gf-data-categories-cs",
                "code": "MedicationUse"
              }
            ]
          },
          "subject": {
            "identifier": {
              "use": "temp",
              "system": "http://minvws.github.io/generiekefuncties-docs/NamingSystem/nvi-identifier",
              "value": "c2VhbGVk"
            }
          },
          "source": {
            "identifier": {
              "system": "http://minvws.github.io/generiekefuncties-docs/NamingSystem/oauth-client-id",
              "value": "90000103"
            }
          },
          "emptyReason": {
            "coding": [
              {
                "system": "http://terminology.hl7.org/CodeSystem/list-empty-reason",
                "code": "withheld"
              }
            ]
          }
        }
        "#);
        let read: List = serde_json::from_value(serde_json::to_value(&list).unwrap()).unwrap();
        assert_eq!(read.judge(), Ok((custodian(), DataCategory::MedicationUse)));
        assert_eq!(read.subject(), Ok("c2VhbGVk"));
    }

    #[test]
    fn what_is_found_names_no_subject() {
        let list = List::as_found("7".to_owned(), custodian(), DataCategory::Alert);
        assert_eq!(
            list.subject(),
            Err(NotARecord("the subject is named by a sealed pseudonym"))
        );
        assert!(!serde_json::to_string(&list).unwrap().contains("subject"));
    }

    #[test]
    fn another_shape_is_refused() {
        let sealed = SealedPseudonym("c2VhbGVk".to_owned());
        let good =
            serde_json::to_value(List::to_register(custodian(), DataCategory::Alert, &sealed))
                .unwrap();
        let check = |pointer: &str, value: serde_json::Value| {
            let mut changed = good.clone();
            *changed.pointer_mut(pointer).unwrap() = value;
            let judged = serde_json::from_value::<List>(changed).map(|list| list.judge().is_ok());
            assert!(!matches!(judged, Ok(true)), "{pointer}");
        };
        check("/resourceType", "Bundle".into());
        check("/status", "retired".into());
        check("/mode", "snapshot".into());
        check("/code/coding/0/code", "Everything".into());
        check("/code/coding/0/system", "urn:other".into());
        check("/extension/0/url", "urn:other".into());
        check("/extension/0/valueReference/identifier/value", "x".into());
        check("/extension", serde_json::json!([]));
        check("/emptyReason/coding/0/code", "unavailable".into());
        let mut entries = good.clone();
        entries["entry"] = serde_json::json!([{"item": {"reference": "Patient/1"}}]);
        assert!(serde_json::from_value::<List>(entries).is_err());
    }
}
