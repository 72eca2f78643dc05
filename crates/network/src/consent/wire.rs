//! What passes between a node and the consent service, in JSON.
//!
//! A BSN is in a request body to the service, over mutual TLS, and nowhere
//! else: not in an answer, and not in what the service pushes.

use std::fmt;

use care::{Bsn, ProviderCategory, Ura};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use trust::consent::{ConsentAnswer, ConsentQuestion};

/// Where the closed question is asked, at the regional organisation.
pub const CLOSED_QUESTION_PATH: &str = "/consent/closed-question";
/// Where the open question is asked, at the regional organisation.
pub const OPEN_QUESTION_PATH: &str = "/consent/open-question";
/// Where a lease is asked, at the regional organisation.
pub const LEASE_PATH: &str = "/consent/lease";
/// Where a node hears of a change.
pub const INVALIDATED_PATH: &str = "/consent/invalidated";
pub use trust::consent::HOLDERS_MAX;
/// The longest subject or instance, in bytes.
pub(super) const NAME_BYTES_MAX: usize = 64;

/// A patient, in a request body.
#[derive(Clone, PartialEq, Eq)]
pub struct Patient(pub Bsn);

impl Serialize for Patient {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for Patient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Bsn::parse(&text).map(Self).map_err(D::Error::custom)
    }
}

impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// May this organisation see what that one holds?
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClosedQuestion {
    /// Whose choices.
    pub patient: Patient,
    /// The question.
    pub question: ConsentQuestion,
}

/// The answer to a closed question.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClosedAnswer {
    /// By what name the asking node will hear of changes by this patient.
    pub subject: Subject,
    /// The answer.
    pub answer: ConsentAnswer,
}

/// An organisation and its category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Party {
    /// Its number.
    pub ura: Ura,
    /// Its category, by its Mitz code.
    #[serde(with = "category")]
    pub category: ProviderCategory,
}

mod category {
    use care::ProviderCategory;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    pub(super) fn serialize<S: Serializer>(
        category: &ProviderCategory,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(category.code())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<ProviderCategory, D::Error> {
        let code = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        ProviderCategory::from_code(&code).ok_or_else(|| D::Error::custom("unknown category"))
    }
}

/// Which of these holders may this organisation consult?
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenQuestion {
    /// Whose choices.
    pub patient: Patient,
    /// Who wants to see.
    pub consulting: Party,
    /// Whose data; at most [`HOLDERS_MAX`].
    pub holders: Vec<Party>,
}

/// The answer to an open question: one per holder, in their order.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenAnswer {
    /// By what name the asking node will hear of changes by this patient.
    pub subject: Subject,
    /// The answers.
    pub answers: Vec<HolderAnswer>,
}

/// The answer about one holder.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HolderAnswer {
    /// The holder.
    pub holder: Ura,
    /// The answer.
    pub answer: ConsentAnswer,
}

/// A patient, by the name that only one node and the service share.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subject(pub String);

/// One run of the consent service; its sequence starts anew with each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instance(pub String);

/// A lease that the service granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    /// The run of the service.
    pub instance: Instance,
    /// The changes that it counted so far.
    pub sequence: u64,
    /// How long the lease holds, from before the request was sent.
    pub lease_ms: u64,
}

/// A change that a node must know of before the patient is told that it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Invalidation {
    /// The run of the service.
    pub instance: Instance,
    /// The number of the change in that run, from one.
    pub sequence: u64,
    /// Whose choices changed.
    pub subject: Subject,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_prints_no_bsn_but_sends_it() {
        let question = OpenQuestion {
            patient: Patient(Bsn::parse("999911119").unwrap()),
            consulting: Party {
                ura: "90000102".parse().unwrap(),
                category: ProviderCategory::Hospital,
            },
            holders: Vec::new(),
        };
        assert!(!format!("{question:?}").contains("9999"));
        insta::assert_snapshot!(
            serde_json::to_string(&question).unwrap(),
            @r#"{"patient":"999911119","consulting":{"ura":"90000102","category":"RPZAC104"},"holders":[]}"#
        );
    }

    #[test]
    fn a_wrong_patient_or_category_is_refused_without_being_repeated() {
        for body in [
            r#"{"patient":"999911118","consulting":{"ura":"1","category":"RPZAC104"},"holders":[]}"#,
            r#"{"patient":"999911119","consulting":{"ura":"1","category":"X"},"holders":[]}"#,
            r#"{"patient":"999911119","consulting":{"ura":"1","category":"RPZAC104"},"holders":[],"a":1}"#,
        ] {
            let error = serde_json::from_str::<OpenQuestion>(body)
                .unwrap_err()
                .to_string();
            assert!(!error.contains("99991"), "{error}");
        }
    }
}
