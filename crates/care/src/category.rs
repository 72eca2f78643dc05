//! The data categories (zorgcontextcodes) that label every resource.

use std::fmt;

macro_rules! data_categories {
    ($($variant:ident $doc:literal)*) => {
        /// A kind of data, as the national guide for localisation names it
        /// (28 codes; generieke functie lokalisatie, `nl-gf-data-categories-cs`).
        ///
        /// One label serves three uses: what is registered at the localisation
        /// index, what consent is asked for, and what a [`crate::Scope`] lets through.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum DataCategory { $(#[doc = $doc] $variant),* }

        impl DataCategory {
            /// All 28, in the order of the guide.
            pub const ALL: [Self; 28] = [$(Self::$variant),*];

            /// The code, as in the national code system.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),* }
            }
        }
    };
}

data_categories! {
    AdvanceDirective "Living wills and treatment limits of the patient (wilsverklaring)."
    Alert "Warnings that every carer must see (waarschuwing)."
    AllergyIntolerance "Allergies and intolerances (overgevoeligheid)."
    Condition "Problems and diagnoses (probleem)."
    Consent "Treatment directives and permissions (behandelaanwijzing)."
    Device "Medical devices (medisch hulpmiddel)."
    DiagnosticReport "Reports of tests as a whole (uitslagverslag)."
    Encounter "Contacts with care (contact)."
    Episode "Episodes of care (zorgepisode)."
    Genomics "Genetic findings (genetica)."
    Imaging "Images and imaging studies (beeld)."
    Logging "Who looked at what (logging)."
    MedicationRequest "Medication agreements and prescriptions (medicatieafspraak)."
    MedicationUse "Dispensed, administered and used medicines (verstrekking, gebruik)."
    Nutrition "Diets and nutrition advice (voedingsadvies)."
    ObservationActivity "Activities of daily living (zelfredzaamheid)."
    ObservationExam "Findings of physical examination (lichamelijk onderzoek)."
    ObservationImaging "Findings on images (beeldvormende bevinding)."
    ObservationLaboratory "Laboratory results (laboratoriumuitslag)."
    ObservationProcedure "Findings during a procedure (bevinding bij verrichting)."
    ObservationSocialHistory "Living situation, tobacco, alcohol (sociale anamnese)."
    ObservationSurvey "Questionnaires and scores (vragenlijst)."
    ObservationTherapy "Findings of therapy (bevinding bij therapie)."
    ObservationVitalSigns "Blood pressure, weight, pulse (vitale functies)."
    Patient "Who the patient is (patiëntgegevens)."
    Procedure "Procedures that were done (verrichting)."
    Request "What is planned or asked for (aanvraag)."
    Specimen "Samples (monster)."
}

impl DataCategory {
    /// Finds a category by its code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|category| category.code() == code)
    }

    const fn bit(self) -> u32 {
        1 << self as u8
    }
}

impl fmt::Display for DataCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A set of data categories. Its bits are stable: the store keeps them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Categories(u32);

impl Categories {
    /// No category.
    pub const NONE: Self = Self(0);
    /// All 28 categories.
    pub const ALL: Self = Self((1 << DataCategory::ALL.len()) - 1);

    /// The set as bits, bit `n` for the `n`th of [`DataCategory::ALL`].
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The set with these bits; unknown bits are dropped.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// This set and one category more.
    pub const fn with(self, category: DataCategory) -> Self {
        Self(self.0 | category.bit())
    }

    /// This set without one category.
    pub const fn without(self, category: DataCategory) -> Self {
        Self(self.0 & !category.bit())
    }

    /// What is in either set.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both sets.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the category is in the set.
    pub const fn contains(self, category: DataCategory) -> bool {
        self.0 & category.bit() != 0
    }

    /// Whether all of `other` is in this set.
    pub const fn contains_all(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The categories in the set, in the order of the guide.
    pub fn iter(self) -> impl Iterator<Item = DataCategory> {
        DataCategory::ALL
            .into_iter()
            .filter(move |category| self.contains(*category))
    }
}

impl FromIterator<DataCategory> for Categories {
    fn from_iter<I: IntoIterator<Item = DataCategory>>(categories: I) -> Self {
        categories.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for Categories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_name_their_category() {
        for category in DataCategory::ALL {
            assert_eq!(DataCategory::from_code(category.code()), Some(category));
        }
        assert_eq!(DataCategory::from_code("Everything"), None);
    }

    #[test]
    fn sets_behave_as_sets() {
        let set: Categories = [DataCategory::Alert, DataCategory::Specimen]
            .into_iter()
            .collect();
        assert_eq!(format!("{set:?}"), "{Alert, Specimen}");
        assert!(Categories::ALL.contains_all(set) && !set.contains_all(Categories::ALL));
        assert_eq!(Categories::from_bits(u32::MAX), Categories::ALL);
        assert_eq!(set.without(DataCategory::Alert).iter().count(), 1);
        assert_eq!(Categories::from_bits(set.bits()), set);
    }
}
