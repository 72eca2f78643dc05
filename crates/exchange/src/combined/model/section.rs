//! The record, its sections, and groups of facts.

use care::{Categories, DataCategory, ExchangeCode, Ura};
use jiff::Timestamp;

use super::{Fact, FieldName, Moment, Series};
use crate::record::{SourceReport, SourceState, SourcedResource};

/// What all sources together say about a patient, by section.
///
/// Every resource of the [`crate::RegionalRecord`] stands in it exactly once:
/// in a group, in a point of a series, or in [`SectionKind::Other`].
#[derive(Debug, Clone)]
pub struct CombinedRecord {
    /// The exchange under which was asked.
    pub exchange: ExchangeCode,
    /// When the question was asked.
    pub asked: Timestamp,
    /// How each source fared as a whole, in the order of their URA.
    pub sources: Vec<SourceReport>,
    /// The resources, in an order that does not depend on which source
    /// answered first; facts point at them by position.
    pub resources: Vec<SourcedResource>,
    /// The sections that were asked for or have something in them.
    pub sections: Vec<Section>,
}

/// One section of the combined record, after a zib or a few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SectionKind {
    /// Who the patient is, and who stands beside them (Patient, Contactpersoon, Betaler).
    Patient,
    /// Warnings (Alert).
    Alerts,
    /// Allergies and intolerances (AllergieIntolerantie).
    Allergies,
    /// Treatment directives and living wills (BehandelAanwijzing, Wilsverklaring).
    Directives,
    /// Problems and diagnoses (Probleem).
    Problems,
    /// Medication agreements, dispenses, use (Medicatieproces).
    Medication,
    /// Laboratory and other results (LaboratoriumUitslag, TekstUitslag).
    Results,
    /// Vital signs and measurements (Bloeddruk, Lichaamsgewicht, …).
    Vitals,
    /// Functioning and living situation (FunctioneleOfMentaleStatus, Woonsituatie, …).
    Function,
    /// Vaccinations (Vaccinatie).
    Vaccinations,
    /// Procedures (Verrichting).
    Procedures,
    /// Contacts and episodes (Contact, Zorgepisode).
    Contacts,
    /// Medical devices (MedischHulpmiddel).
    Devices,
    /// Care plans and what is planned (ZorgAfspraak, BehandelDoel).
    Plans,
    /// What came along: organisations, practitioners, products, and what no
    /// section knows.
    Other,
}

impl SectionKind {
    /// All sections, in the order in which they are shown.
    pub const ALL: [Self; 15] = [
        Self::Patient,
        Self::Alerts,
        Self::Allergies,
        Self::Directives,
        Self::Problems,
        Self::Medication,
        Self::Results,
        Self::Vitals,
        Self::Function,
        Self::Vaccinations,
        Self::Procedures,
        Self::Contacts,
        Self::Devices,
        Self::Plans,
        Self::Other,
    ];

    /// The word for it in URLs and exchange files.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Alerts => "alerts",
            Self::Allergies => "allergies",
            Self::Directives => "directives",
            Self::Problems => "problems",
            Self::Medication => "medication",
            Self::Results => "results",
            Self::Vitals => "vitals",
            Self::Function => "function",
            Self::Vaccinations => "vaccinations",
            Self::Procedures => "procedures",
            Self::Contacts => "contacts",
            Self::Devices => "devices",
            Self::Plans => "plans",
            Self::Other => "other",
        }
    }

    /// Finds a section by its word.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The kinds of data of which any makes the section worth asking for.
    pub fn categories(self) -> Categories {
        use DataCategory as D;
        let categories: &[D] = match self {
            Self::Patient => &[D::Patient],
            Self::Alerts => &[D::Alert],
            Self::Allergies => &[D::AllergyIntolerance],
            Self::Directives => &[D::AdvanceDirective, D::Consent],
            Self::Problems => &[D::Condition],
            Self::Medication => &[D::MedicationRequest, D::MedicationUse],
            Self::Results => &[
                D::ObservationLaboratory,
                D::DiagnosticReport,
                D::ObservationImaging,
                D::ObservationProcedure,
                D::Genomics,
            ],
            Self::Vitals => &[D::ObservationVitalSigns, D::ObservationExam],
            Self::Function => &[
                D::ObservationActivity,
                D::ObservationSocialHistory,
                D::ObservationSurvey,
                D::ObservationTherapy,
                D::Nutrition,
            ],
            Self::Vaccinations => &[D::MedicationUse],
            Self::Procedures => &[D::Procedure],
            Self::Contacts => &[D::Encounter, D::Episode],
            Self::Devices => &[D::Device],
            Self::Plans => &[D::Request, D::Episode],
            Self::Other => &[],
        };
        categories.iter().copied().collect()
    }
}

/// One section with what is in it, and what every source said to it.
#[derive(Debug, Clone)]
pub struct Section {
    /// Which.
    pub kind: SectionKind,
    /// The state of the section as a whole: data when there is any; else no
    /// answer, when a source that holds such data gave none; else not allowed;
    /// none only when every such source said so.
    pub state: SourceState,
    /// What each source said to this section, in the order of their URA.
    pub sources: Vec<SectionSource>,
    /// Facts, those that say the same thing together.
    pub groups: Vec<Group>,
    /// Values in time.
    pub series: Vec<Series>,
}

/// What one source said to one section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionSource {
    /// Who.
    pub ura: Ura,
    /// Which of the four.
    pub state: SourceState,
    /// How many resources of this section it gave.
    pub count: usize,
    /// Whether an organisation of its kind holds such data at all. What it may
    /// not give of what it does not hold says nothing.
    pub holds: bool,
}

/// Facts that say the same thing, side by side: never merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// A name for the group that stays the same from one question to the next
    /// as long as its first fact does: source, type and id of that fact.
    pub id: String,
    /// What it is about, as the source of the first fact wrote it.
    pub title: String,
    /// Whether anything in it is current.
    pub current: bool,
    /// Why these facts stand together; empty for a fact that stands alone.
    pub rules: Vec<Rule>,
    /// The facts, the latest first.
    pub facts: Vec<Fact>,
    /// In what the sources differ.
    pub differences: Vec<Difference>,
    /// What a carer should notice.
    pub notices: Vec<Notice>,
}

/// Why facts stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// They carry the same business identifier.
    SameIdentifier,
    /// They carry a code in common.
    SameCode,
    /// Their codes stand for the same substance, by the terminology tables.
    SameSubstance,
    /// They belong to the same pharmaceutical treatment (MBH).
    SameTreatment,
    /// They carry no code, and the same text.
    SameText,
    /// They carry a code in common and their dates overlap.
    SameCodeAndDate,
    /// They are the same measurement: same code, unit, value and time.
    SameMeasurement,
    /// They report the same measurements.
    SameResults,
    /// They are about the one patient.
    SamePatient,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 9] = [
        Self::SameIdentifier,
        Self::SameCode,
        Self::SameSubstance,
        Self::SameTreatment,
        Self::SameText,
        Self::SameCodeAndDate,
        Self::SameMeasurement,
        Self::SameResults,
        Self::SamePatient,
    ];

    /// The name of the rule, for pages and scripts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SameIdentifier => "same-identifier",
            Self::SameCode => "same-code",
            Self::SameSubstance => "same-substance",
            Self::SameTreatment => "same-treatment",
            Self::SameText => "same-text",
            Self::SameCodeAndDate => "same-code-and-date",
            Self::SameMeasurement => "same-measurement",
            Self::SameResults => "same-results",
            Self::SamePatient => "same-patient",
        }
    }
}

/// A difference between the facts of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// In what.
    pub field: FieldName,
    /// What each says: position in [`Group::facts`] (or [`super::Point::facts`]), value.
    pub values: Vec<(usize, String)>,
}

/// What a carer should notice in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// One source stopped the medicine, another still dispenses it.
    StoppedButDispensed {
        /// The fact that says that it stopped: position in [`Group::facts`].
        stopped: usize,
        /// When, as far as it is known.
        stopped_at: Option<Moment>,
        /// The fact that says that it is dispensed: position in [`Group::facts`].
        dispensed: usize,
        /// When, as far as it is known.
        dispensed_at: Option<Moment>,
    },
}
