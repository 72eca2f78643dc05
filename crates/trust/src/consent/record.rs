//! A patient's choices, and changes to them.

use std::{
    cmp::Ordering,
    collections::BTreeMap,
    hash::{Hash, Hasher},
};

use care::{ConsentCategory, OrganisationType, ProviderCategory, Ura};
use serde::{Deserialize, Serialize};

use super::code;

/// The most choices that one patient can have: the whole matrix (6 × 3 × 6 at
/// most) and some two hundred exceptions.
pub const CHOICES_MAX: usize = 300;

/// Whom a choice is about: a category of providers, or one organisation.
///
/// Two organisations are the same when their numbers are, whatever category
/// each was thought to be in: a choice must not lose its hold when a directory
/// puts an organisation elsewhere.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
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

impl Party {
    /// The party that an organisation is.
    pub fn organisation(ura: Ura, organisation_type: OrganisationType) -> Self {
        Self::Organisation {
            ura,
            category: ProviderCategory::of(organisation_type),
        }
    }

    /// The category of providers that the party is, or belongs to.
    pub const fn category(self) -> ProviderCategory {
        match self {
            Self::Category(category) | Self::Organisation { category, .. } => category,
        }
    }

    fn identity(self) -> Result<Ura, ProviderCategory> {
        match self {
            Self::Category(category) => Err(category),
            Self::Organisation { ura, .. } => Ok(ura),
        }
    }
}

impl PartialEq for Party {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Party {}

impl PartialOrd for Party {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Party {
    /// Categories first, in the order in which a patient sees them.
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.identity(), other.identity()) {
            (Err(left), Err(right)) => left.cmp(&right),
            (Ok(left), Ok(right)) => left.cmp(&right),
            (Err(_), Ok(_)) => Ordering::Less,
            (Ok(_), Err(_)) => Ordering::Greater,
        }
    }
}

impl Hash for Party {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
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
#[serde(from = "AsReceived")]
pub struct ConsentRecord {
    version: u64,
    /// In the order of their keys, each key once: they are found by halving.
    choices: Vec<Choice>,
}

/// A record from outside: its choices may be in any order.
#[derive(Deserialize)]
struct AsReceived {
    version: u64,
    choices: Vec<Choice>,
}

impl From<AsReceived> for ConsentRecord {
    fn from(received: AsReceived) -> Self {
        Self::new(received.version, received.choices)
    }
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
        Self {
            set: vec![Choice { key, verdict }],
            ..Self::default()
        }
    }

    /// A change to a preset.
    pub fn preset(preset: Preset) -> Self {
        Self {
            preset: Some(preset),
            ..Self::default()
        }
    }
}

impl ConsentRecord {
    /// A record of these choices. Where two are about the same, no beats yes.
    pub fn new(version: u64, mut choices: Vec<Choice>) -> Self {
        choices.sort_by(|left, right| {
            left.key
                .cmp(&right.key)
                .then(right.verdict.cmp(&left.verdict))
        });
        choices.dedup_by_key(|choice| choice.key);
        Self { version, choices }
    }

    /// Goes up by one with each change; zero for who never chose.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The choices, in the order of their keys, each key once.
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// The choice about exactly this, if the patient made one.
    pub fn choice(&self, key: &ChoiceKey) -> Option<Verdict> {
        self.choices
            .binary_search_by(|choice| choice.key.cmp(key))
            .ok()
            .map(|at| self.choices[at].verdict)
    }

    /// The record after a change, one version further. The record itself stays.
    pub fn after(&self, change: &Change) -> Result<Self, InvalidChange> {
        if change.preset.is_none() && change.withdraw.is_empty() && change.set.is_empty() {
            return Err(InvalidChange::Contradiction);
        }
        if change.set.len().max(change.withdraw.len()) > CHOICES_MAX {
            return Err(InvalidChange::TooMany);
        }
        let mut choices: BTreeMap<ChoiceKey, Verdict> = match change.preset {
            Some(preset) => preset.choices().collect(),
            None => self
                .choices
                .iter()
                .map(|choice| (choice.key, choice.verdict))
                .collect(),
        };
        for key in &change.withdraw {
            choices.remove(key);
        }
        let mut made = BTreeMap::new();
        for Choice { key, verdict } in &change.set {
            if !key.holder.category().holds().contains(&key.category) {
                return Err(InvalidChange::NotHeld);
            }
            if made.insert(*key, *verdict).is_some() {
                return Err(InvalidChange::Contradiction);
            }
        }
        choices.extend(made);
        if choices.len() > CHOICES_MAX {
            return Err(InvalidChange::TooMany);
        }
        Ok(Self {
            version: self.version + 1,
            choices: choices
                .into_iter()
                .map(|(key, verdict)| Choice { key, verdict })
                .collect(),
        })
    }
}

impl Preset {
    fn choices(self) -> impl Iterator<Item = (ChoiceKey, Verdict)> {
        let verdict = match self {
            Self::Everyone => Verdict::Permit,
            Self::Nobody => Verdict::Deny,
        };
        matrix().map(move |key| (key, verdict))
    }
}

/// The whole matrix, as a patient sees it: every category of holders × what it
/// holds × every category of consulting providers.
pub fn matrix() -> impl Iterator<Item = ChoiceKey> {
    ProviderCategory::ALL.into_iter().flat_map(|holder| {
        holder.holds().iter().flat_map(move |category| {
            ProviderCategory::ALL
                .into_iter()
                .map(move |consulting| ChoiceKey {
                    holder: Party::Category(holder),
                    category: *category,
                    consulting: Party::Category(consulting),
                })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(holder: ProviderCategory, category: ConsentCategory) -> ChoiceKey {
        ChoiceKey {
            holder: Party::Category(holder),
            category,
            consulting: Party::Category(ProviderCategory::Hospital),
        }
    }

    fn exceptions(count: u32) -> Vec<Choice> {
        (0..count)
            .map(|number| Choice {
                key: ChoiceKey {
                    consulting: Party::Organisation {
                        ura: number.to_string().parse().unwrap(),
                        category: ProviderCategory::Hospital,
                    },
                    ..key(
                        ProviderCategory::GeneralPractice,
                        ConsentCategory::Treatment,
                    )
                },
                verdict: Verdict::Deny,
            })
            .collect()
    }

    #[test]
    fn changes_apply_in_order_and_count_versions() {
        let treatment = key(
            ProviderCategory::GeneralPractice,
            ConsentCategory::Treatment,
        );
        let record = ConsentRecord::default();
        let one = record
            .after(&Change::one(treatment, Verdict::Permit))
            .unwrap();
        assert_eq!(
            (one.version, one.choice(&treatment)),
            (1, Some(Verdict::Permit))
        );
        let two = one
            .after(&Change {
                withdraw: vec![treatment],
                ..Change::default()
            })
            .unwrap();
        assert_eq!((two.version, two.choices.len()), (2, 0));
        let everyone = two.after(&Change::preset(Preset::Everyone)).unwrap();
        assert_eq!(everyone.choices.len(), (5 * 3 + 1) * 6);
        let but = Change {
            set: vec![Choice {
                key: treatment,
                verdict: Verdict::Deny,
            }],
            ..Change::preset(Preset::Everyone)
        };
        let record = two.after(&but).unwrap();
        assert_eq!(record.choice(&treatment), Some(Verdict::Deny));
    }

    #[test]
    fn what_cannot_be_chosen_is_refused() {
        let check = |change: Change, expected| {
            assert_eq!(
                ConsentRecord::default().after(&change).unwrap_err(),
                expected
            );
        };
        check(Change::default(), InvalidChange::Contradiction);
        let not_held = key(ProviderCategory::Pharmacy, ConsentCategory::Results);
        check(
            Change::one(not_held, Verdict::Permit),
            InvalidChange::NotHeld,
        );
        let held = key(ProviderCategory::Pharmacy, ConsentCategory::Medication);
        let both = [Verdict::Permit, Verdict::Deny].map(|verdict| Choice { key: held, verdict });
        check(
            Change {
                set: both.to_vec(),
                ..Change::default()
            },
            InvalidChange::Contradiction,
        );
        let max = CHOICES_MAX as u32;
        check(
            Change {
                set: exceptions(max + 1),
                ..Change::default()
            },
            InvalidChange::TooMany,
        );
        let fits = Change {
            set: exceptions(max),
            ..Change::default()
        };
        let full = ConsentRecord::default().after(&fits).unwrap();
        assert_eq!(
            full.after(&Change::one(held, Verdict::Permit)).unwrap_err(),
            InvalidChange::TooMany
        );
    }

    #[test]
    fn an_organisation_is_its_number() {
        let ura = "12".parse().unwrap();
        let [left, right] = [OrganisationType::Hospital, OrganisationType::Pharmacy]
            .map(|kind| Party::organisation(ura, kind));
        assert_eq!(left, right);
        assert_ne!(left, Party::Category(ProviderCategory::Hospital));
    }

    #[test]
    fn a_record_reads_back_from_json() {
        let mut change = Change::preset(Preset::Nobody);
        change.set = exceptions(3);
        let record = ConsentRecord::default().after(&change).unwrap();
        let json = serde_json::to_string(&record).unwrap();
        assert_eq!(
            serde_json::from_str::<ConsentRecord>(&json).unwrap(),
            record
        );
        let json = serde_json::to_string(&change).unwrap();
        assert_eq!(serde_json::from_str::<Change>(&json).unwrap(), change);
    }

    #[test]
    fn choices_from_outside_are_put_in_order() {
        let one = exceptions(3);
        let mut shuffled = vec![one[2], one[0], one[1]];
        shuffled.push(Choice {
            verdict: Verdict::Permit,
            ..one[1]
        });
        let record = ConsentRecord::new(4, shuffled.clone());
        assert_eq!(record.choices(), one);
        let json = serde_json::json!({ "version": 4, "choices": shuffled });
        assert_eq!(
            serde_json::from_value::<ConsentRecord>(json).unwrap(),
            record
        );
    }
}
