//! The categories in which a patient gives consent, as Mitz has them.

use crate::{Categories, DataCategory, OrganisationType};

/// A kind of data that consent is given for (gegevenscategorie).
///
/// [`ConsentCategory::Treatment`] stands above the other two: who may see the
/// treatment data may see results and medication as well, not the other way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ConsentCategory {
    /// Treatment data (behandelgegevens).
    Treatment,
    /// Results (uitslagen).
    Results,
    /// Medication data (medicatiegegevens).
    Medication,
}

impl ConsentCategory {
    /// All three, the widest first.
    pub const ALL: [Self; 3] = [Self::Treatment, Self::Results, Self::Medication];

    /// The code that Mitz uses.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Treatment => "GGC002",
            Self::Results => "GGC012",
            Self::Medication => "GGC013",
        }
    }

    /// Finds a consent category by its Mitz code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|category| category.code() == code)
    }

    /// The narrowest consent category that covers a kind of data.
    pub const fn covering(category: DataCategory) -> Self {
        match category {
            DataCategory::ObservationLaboratory
            | DataCategory::DiagnosticReport
            | DataCategory::Specimen => Self::Results,
            DataCategory::MedicationRequest | DataCategory::MedicationUse => Self::Medication,
            _ => Self::Treatment,
        }
    }

    /// The kinds of data that a permit on this category opens, with those of
    /// the categories below it.
    ///
    /// Who the patient is travels with each: a result without a name on it is
    /// a danger.
    pub fn opens(self) -> Categories {
        DataCategory::ALL
            .into_iter()
            .filter(|category| self == Self::Treatment || Self::covering(*category) == self)
            .collect::<Categories>()
            .with(DataCategory::Patient)
    }
}

/// A group of care providers in the patient's choices (zorgaanbiedercategorie).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProviderCategory {
    /// GPs and out-of-hours posts (huisartsen en huisartsenposten).
    GeneralPractice,
    /// Pharmacies (apotheken).
    Pharmacy,
    /// Hospitals, clinics, laboratories (ziekenhuizen, klinieken, laboratoria).
    Hospital,
    /// Nursing and home care (verpleging en verzorging).
    Nursing,
    /// Mental health care (geestelijke gezondheidszorg).
    MentalHealth,
    /// Other care (overige zorg).
    Other,
}

impl ProviderCategory {
    /// All six, in the order in which a patient sees them.
    pub const ALL: [Self; 6] = [
        Self::GeneralPractice,
        Self::Pharmacy,
        Self::Hospital,
        Self::Nursing,
        Self::MentalHealth,
        Self::Other,
    ];

    /// The code that Mitz uses (raadplegende zorgaanbiedercategorie).
    pub const fn code(self) -> &'static str {
        match self {
            Self::GeneralPractice => "RPZAC001",
            Self::MentalHealth => "RPZAC003",
            Self::Nursing => "RPZAC004",
            Self::Pharmacy => "RPZAC005",
            Self::Other => "RPZAC103",
            Self::Hospital => "RPZAC104",
        }
    }

    /// Finds a provider category by its Mitz code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|category| category.code() == code)
    }

    /// The group that a type of organisation belongs to.
    pub const fn of(organisation: OrganisationType) -> Self {
        match organisation {
            OrganisationType::GeneralPractice | OrganisationType::OutOfHoursPost => {
                Self::GeneralPractice
            }
            OrganisationType::Pharmacy => Self::Pharmacy,
            OrganisationType::Hospital | OrganisationType::Laboratory => Self::Hospital,
            OrganisationType::HomeCare => Self::Nursing,
            OrganisationType::MentalHealth => Self::MentalHealth,
            OrganisationType::RegionalOrganisation => Self::Other,
        }
    }

    /// The consent categories that this group can hold (the rows of the Mitz matrix).
    pub const fn holds(self) -> &'static [ConsentCategory] {
        match self {
            Self::Pharmacy => &[ConsentCategory::Medication],
            _ => &ConsentCategory::ALL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn treatment_data_opens_everything_and_the_others_only_their_own() {
        assert_eq!(ConsentCategory::Treatment.opens(), Categories::ALL);
        let medication = ConsentCategory::Medication.opens();
        assert!(medication.contains(DataCategory::MedicationUse));
        assert!(medication.contains(DataCategory::Patient));
        assert!(!medication.contains(DataCategory::ObservationLaboratory));
        assert!(
            !ConsentCategory::Results
                .opens()
                .contains(DataCategory::Condition)
        );
    }

    #[test]
    fn codes_find_their_category() {
        for category in ConsentCategory::ALL {
            assert_eq!(ConsentCategory::from_code(category.code()), Some(category));
        }
        for category in ProviderCategory::ALL {
            assert_eq!(ProviderCategory::from_code(category.code()), Some(category));
        }
    }
}
