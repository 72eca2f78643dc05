//! The rules that weigh a patient's choices.

use care::{Categories, ConsentCategory, ProviderCategory, Ura};
use serde::{Deserialize, Serialize};

use super::{ChoiceKey, ConsentRecord, Verdict, code};

/// The closed question: may this organisation see what that one holds?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConsentQuestion {
    /// Whose data.
    pub holder: Ura,
    /// The category of the holder.
    #[serde(with = "code::provider_category")]
    pub holder_category: ProviderCategory,
    /// Who wants to see it.
    pub consulting: Ura,
    /// The category of who wants to see it.
    #[serde(with = "code::provider_category")]
    pub consulting_category: ProviderCategory,
}

/// The answer for one kind of data, with the choice that decided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ruling {
    /// Which data.
    #[serde(with = "code::consent_category")]
    pub category: ConsentCategory,
    /// Yes or no.
    pub verdict: Verdict,
    /// The choice that decided; none where the patient made no choice (which is no).
    pub because: Option<ChoiceKey>,
}

/// The answer to a closed question.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConsentAnswer {
    /// The category of the holder that was asked about.
    #[serde(with = "code::provider_category")]
    pub holder_category: ProviderCategory,
    /// One per consent category, in the order of [`ConsentCategory::ALL`].
    pub rulings: [Ruling; 3],
    /// The version of the record that answered.
    pub version: u64,
}

impl ConsentAnswer {
    /// The consent categories that are permitted.
    pub fn permitted(&self) -> impl Iterator<Item = ConsentCategory> {
        self.rulings
            .iter()
            .filter(|ruling| ruling.verdict == Verdict::Permit)
            .map(|ruling| ruling.category)
    }

    /// Whether anything at all is permitted.
    pub fn permits_anything(&self) -> bool {
        self.permitted().next().is_some()
    }

    /// The kinds of data that the answer opens.
    pub fn opens(&self) -> Categories {
        unimplemented!()
    }
}

impl ConsentRecord {
    /// Answers a closed question by this record.
    pub fn answer(&self, _question: &ConsentQuestion) -> ConsentAnswer {
        unimplemented!()
    }
}
