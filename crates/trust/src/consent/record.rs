//! A patient's choices, and changes to them.

use care::{ConsentCategory, ProviderCategory, Ura};
use serde::{Deserialize, Serialize};

use super::code;

/// The most choices that one patient can have: the whole matrix (6 × 3 × 6 at
/// most) and some two hundred exceptions.
pub const CHOICES_MAX: usize = 300;

/// Whom a choice is about: a category of providers, or one organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// All providers of a category.
    Category(#[serde(with = "code::provider_category")] ProviderCategory),
    /// One organisation, with the category that it belongs to.
    Organisation {
        /// Its number.
        ura: Ura,
        /// Its category.
        #[serde(with = "code::provider_category")]
        category: ProviderCategory,
    },
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The data may be seen.
    Permit,
    /// It may not (bezwaar).
    Deny,
}

/// What a choice is about: at most one choice per key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChoiceKey {
    /// Whose data.
    pub holder: Party,
    /// Which data.
    #[serde(with = "code::consent_category")]
    pub category: ConsentCategory,
    /// Who may see it.
    pub consulting: Party,
}

/// One choice of the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Choice {
    /// What it is about.
    #[serde(flatten)]
    pub key: ChoiceKey,
    /// Yes or no.
    pub verdict: Verdict,
}

/// All choices of one patient, at one version. It does not carry the BSN.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConsentRecord {
    /// Goes up by one with each change; zero for who never chose.
    pub version: u64,
    /// The choices, in the order of their keys, each key once.
    pub choices: Vec<Choice>,
}

/// A change to a record, applied in the order of its fields.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Change {
    /// Start from this instead of from the record: exceptions go as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,
    /// Choices to take back: what they were about is as if never chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdraw: Vec<ChoiceKey>,
    /// Choices to make; each replaces the one with the same key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<Choice>,
}

/// A choice for everything at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Every category of providers may see all that every category holds.
    Everyone,
    /// Nobody may see anything.
    Nobody,
}

/// A change that cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidChange {
    /// The record would have more than [`CHOICES_MAX`] choices.
    #[error("more than {CHOICES_MAX} choices")]
    TooMany,
    /// The holder's category does not hold this kind of data.
    #[error("this kind of provider does not hold this kind of data")]
    NotHeld,
    /// The change is empty, or names one key twice.
    #[error("the change is empty or contradicts itself")]
    Contradiction,
}

impl Change {
    /// A change that makes one choice.
    pub fn one(key: ChoiceKey, verdict: Verdict) -> Self {
        Self { set: vec![Choice { key, verdict }], ..Self::default() }
    }

    /// A change to a preset.
    pub fn preset(preset: Preset) -> Self {
        Self { preset: Some(preset), ..Self::default() }
    }
}

impl ConsentRecord {
    /// The record after a change, one version further. The record itself stays.
    pub fn after(&self, _change: &Change) -> Result<Self, InvalidChange> {
        unimplemented!()
    }
}
