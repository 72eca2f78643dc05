//! The words of the domain for people, in Dutch (B1) and English.

use care::{
    Categories, ConsentCategory, DataCategory, OrganisationType, ProviderCategory, Purpose, Role,
    TreatmentRelation,
};

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Dutch.
    Dutch,
    /// English.
    English,
}

impl Language {
    /// The one of two texts that is in this language.
    pub const fn pick<'a>(self, dutch: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Dutch => dutch,
            Self::English => english,
        }
    }
}

/// The name of a role.
pub const fn role(role: Role, language: Language) -> &'static str {
    let (dutch, english) = match role {
        Role::GeneralPractitioner => ("huisarts", "GP"),
        Role::Internist => ("internist", "internist"),
        Role::Cardiologist => ("cardioloog", "cardiologist"),
        Role::EmergencyPhysician => ("arts op de spoedeisende hulp", "emergency physician"),
        Role::Psychiatrist => ("psychiater", "psychiatrist"),
        Role::Pharmacist => ("apotheker", "pharmacist"),
        Role::Nurse => ("verpleegkundige", "nurse"),
        Role::Patient => ("patiënt", "patient"),
        Role::Coordinator => ("regiocoördinator", "regional coordinator"),
        Role::Operator => ("beheerder", "operator"),
        Role::RecordSystem => ("systeem", "record system"),
    };
    language.pick(dutch, english)
}

/// The name of a type of organisation.
pub const fn organisation_type(kind: OrganisationType, language: Language) -> &'static str {
    let (dutch, english) = match kind {
        OrganisationType::GeneralPractice => ("huisartsenpraktijk", "GP practice"),
        OrganisationType::OutOfHoursPost => ("huisartsenpost", "GP out-of-hours post"),
        OrganisationType::Laboratory => ("laboratorium", "laboratory"),
        OrganisationType::Hospital => ("ziekenhuis", "hospital"),
        OrganisationType::Pharmacy => ("apotheek", "pharmacy"),
        OrganisationType::HomeCare => ("thuiszorg", "home care"),
        OrganisationType::MentalHealth => ("ggz-instelling", "mental health organisation"),
        OrganisationType::RegionalOrganisation => {
            ("regionale organisatie", "regional organisation")
        }
    };
    language.pick(dutch, english)
}

/// The name of a purpose.
pub const fn purpose(purpose: Purpose, language: Language) -> &'static str {
    let (dutch, english) = match purpose {
        Purpose::Treatment => ("behandeling", "treatment"),
        Purpose::EmergencyTreatment => ("noodgeval", "emergency"),
        Purpose::PatientRequest => ("inzage door de patiënt", "the patient's own request"),
        Purpose::Operations => ("beheer", "operations"),
        Purpose::RecordKeeping => ("dossier bijhouden", "record keeping"),
    };
    language.pick(dutch, english)
}

/// The name of a treatment relation.
pub const fn relation(relation: TreatmentRelation, language: Language) -> &'static str {
    let (dutch, english) = match relation {
        TreatmentRelation::InCare => ("ingeschreven of in zorg", "registered or in care"),
        TreatmentRelation::Contact => ("contact in het afgelopen jaar", "contact in the last year"),
        TreatmentRelation::Request => ("verwezen of aangevraagd", "referred or requested"),
        TreatmentRelation::Dispensing => ("levert medicijnen", "dispenses medicines"),
    };
    language.pick(dutch, english)
}

/// The name of a category of providers.
pub const fn provider_category(category: ProviderCategory, language: Language) -> &'static str {
    let (dutch, english) = match category {
        ProviderCategory::GeneralPractice => (
            "huisartsen en huisartsenposten",
            "GPs and out-of-hours posts",
        ),
        ProviderCategory::Pharmacy => ("apotheken", "pharmacies"),
        ProviderCategory::Hospital => (
            "ziekenhuizen, klinieken en laboratoria",
            "hospitals, clinics and laboratories",
        ),
        ProviderCategory::Nursing => ("verpleging en thuiszorg", "nursing and home care"),
        ProviderCategory::MentalHealth => ("geestelijke gezondheidszorg", "mental health care"),
        ProviderCategory::Other => ("overige zorg", "other care"),
    };
    language.pick(dutch, english)
}

/// The name of a consent category.
pub const fn consent_category(category: ConsentCategory, language: Language) -> &'static str {
    let (dutch, english) = match category {
        ConsentCategory::Treatment => ("alle behandelgegevens", "all treatment data"),
        ConsentCategory::Results => ("uitslagen", "results"),
        ConsentCategory::Medication => ("medicijnen", "medication"),
    };
    language.pick(dutch, english)
}

/// What a patient calls a kind of data.
const fn kind_of_data(category: DataCategory, language: Language) -> &'static str {
    let (dutch, english) = match category {
        DataCategory::AdvanceDirective => ("wilsverklaringen", "advance directives"),
        DataCategory::Alert => ("waarschuwingen", "alerts"),
        DataCategory::AllergyIntolerance => ("allergieën", "allergies"),
        DataCategory::Condition => ("diagnoses en klachten", "problems and diagnoses"),
        DataCategory::Consent => ("behandelwensen", "treatment wishes"),
        DataCategory::Device => ("hulpmiddelen", "medical devices"),
        DataCategory::DiagnosticReport
        | DataCategory::ObservationLaboratory
        | DataCategory::Specimen => ("uitslagen", "test results"),
        DataCategory::Encounter | DataCategory::Episode => ("afspraken en opnames", "visits"),
        DataCategory::Genomics => ("erfelijke gegevens", "genetic data"),
        DataCategory::Imaging | DataCategory::ObservationImaging => ("beelden", "images"),
        DataCategory::Logging => ("inzagelijst", "access log"),
        DataCategory::MedicationRequest | DataCategory::MedicationUse => {
            ("medicijnen", "medicines")
        }
        DataCategory::Nutrition => ("voedingsadviezen", "diets"),
        DataCategory::ObservationExam
        | DataCategory::ObservationProcedure
        | DataCategory::ObservationTherapy => ("bevindingen", "findings"),
        DataCategory::ObservationActivity | DataCategory::ObservationSocialHistory => {
            ("leefsituatie", "living situation")
        }
        DataCategory::ObservationSurvey => ("vragenlijsten", "questionnaires"),
        DataCategory::ObservationVitalSigns => ("metingen", "measurements"),
        DataCategory::Patient => ("persoonsgegevens", "personal details"),
        DataCategory::Procedure => ("verrichtingen", "procedures"),
        DataCategory::Request => ("aanvragen", "requests"),
    };
    language.pick(dutch, english)
}

/// The most kinds of data that a sentence names.
const NAMED_MAX: usize = 4;

/// What a patient calls these kinds of data: «medicijnen en allergieën».
///
/// Who the patient is goes with everything, so it is named only when it is all
/// there is. More than a few kinds are «medische gegevens».
pub fn kinds_of_data(categories: Categories, language: Language) -> String {
    let mut names: Vec<&str> = Vec::new();
    for category in categories.without(DataCategory::Patient).iter() {
        let name = kind_of_data(category, language);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() && categories.contains(DataCategory::Patient) {
        names.push(kind_of_data(DataCategory::Patient, language));
    }
    match names.as_slice() {
        [] => language.pick("gegevens", "data").to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] if names.len() <= NAMED_MAX => {
            format!("{} {} {last}", first.join(", "), language.pick("en", "and"))
        }
        _ => language
            .pick("medische gegevens", "medical data")
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(categories: &[DataCategory], dutch: &str, english: &str) {
        let categories: Categories = categories.iter().copied().collect();
        assert_eq!(kinds_of_data(categories, Language::Dutch), dutch);
        assert_eq!(kinds_of_data(categories, Language::English), english);
    }

    #[test]
    fn a_patient_reads_few_words() {
        use DataCategory::{
            AllergyIntolerance, Condition, MedicationRequest, MedicationUse, Patient,
        };
        check(&[], "gegevens", "data");
        check(&[Patient], "persoonsgegevens", "personal details");
        check(
            &[MedicationRequest, MedicationUse, Patient],
            "medicijnen",
            "medicines",
        );
        check(
            &[MedicationUse, AllergyIntolerance, Condition],
            "allergieën, diagnoses en klachten en medicijnen",
            "allergies, problems and diagnoses and medicines",
        );
        check(&DataCategory::ALL, "medische gegevens", "medical data");
    }
}
