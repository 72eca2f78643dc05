//! How far a patient's choices reach: everyone, some, nobody.

use care::{ConsentCategory, ProviderCategory};

use super::{ChoiceKey, ConsentRecord, Party, Verdict, matrix};

/// How far a patient's choices reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// The patient chose nothing, or took everything back.
    NotChosen,
    /// Every category of providers may see all that every category holds.
    Everyone,
    /// Somebody may see something.
    Some,
    /// Nobody may see anything.
    NoOne,
}

impl ConsentRecord {
    /// How far the choices per category of providers reach. An exception that
    /// permits makes «nobody» into «some».
    pub fn reach(&self) -> Reach {
        if self.choices().is_empty() {
            return Reach::NotChosen;
        }
        let mut permitted = matrix().map(|key| self.permits(key));
        let first = permitted.next().unwrap_or(false);
        let mixed = permitted.any(|permit| permit != first);
        let names = |party: Party| matches!(party, Party::Organisation { .. });
        let exception_permits = self.choices().iter().any(|choice| {
            (names(choice.key.holder) || names(choice.key.consulting))
                && choice.verdict == Verdict::Permit
        });
        match (mixed, first) {
            (true, _) => Reach::Some,
            (false, true) => Reach::Everyone,
            (false, false) if exception_permits => Reach::Some,
            (false, false) => Reach::NoOne,
        }
    }

    /// The categories of providers that may see one kind of data of a category
    /// of holders, in the order in which a patient sees them.
    pub fn permitted(
        &self,
        holder: ProviderCategory,
        category: ConsentCategory,
    ) -> impl Iterator<Item = ProviderCategory> + '_ {
        ProviderCategory::ALL.into_iter().filter(move |consulting| {
            self.permits(ChoiceKey {
                holder: Party::Category(holder),
                category,
                consulting: Party::Category(*consulting),
            })
        })
    }

    fn permits(&self, key: ChoiceKey) -> bool {
        self.rule(key.holder, key.category, key.consulting).verdict == Verdict::Permit
    }
}
