//! The shapes of the combined record.

use care::{Categories, DataCategory, ExchangeCode, Ura};
use jiff::Timestamp;

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
    /// They are about the one patient.
    SamePatient,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 8] = [
        Self::SameIdentifier,
        Self::SameCode,
        Self::SameSubstance,
        Self::SameTreatment,
        Self::SameText,
        Self::SameCodeAndDate,
        Self::SameMeasurement,
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
            Self::SamePatient => "same-patient",
        }
    }
}

/// One resource, in the words of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its position in [`CombinedRecord::resources`].
    pub resource: usize,
    /// Who gave it.
    pub source: Ura,
    /// The name of who gave it.
    pub source_name: String,
    /// The FHIR type.
    pub resource_type: &'static str,
    /// The id at the source; empty when it has none.
    pub id: String,
    /// The version at the source.
    pub version: Option<String>,
    /// When the source last changed it, as the source wrote it.
    pub last_updated: Option<String>,
    /// When it arrived here.
    pub received: Timestamp,
    /// What it says, as the source wrote it: the text, else the display, else
    /// the code, else the type.
    pub title: String,
    /// The codes that it carries.
    pub codings: Vec<Coding>,
    /// The time that matters most for this kind of fact.
    pub date: Option<Moment>,
    /// The status at the source.
    pub status: Option<String>,
    /// Whether it is current, by its own status and dates.
    pub current: bool,
    /// The building block, for medication.
    pub block: Option<Block>,
    /// The measured value, for observations.
    pub measured: Option<Measured>,
    /// The business identifiers: system and value.
    pub identifiers: Vec<(String, String)>,
    /// Everything else worth a line.
    pub fields: Vec<Field>,
}

impl Fact {
    /// The first field with a name.
    pub fn field(&self, name: FieldName) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Whether it carries any code at all.
    pub fn is_coded(&self) -> bool {
        !self.codings.is_empty()
    }
}

/// A code as received.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Coding {
    /// The code system.
    pub system: String,
    /// The code.
    pub code: String,
    /// The text beside it.
    pub display: Option<String>,
}

/// A moment as a source wrote it, which may be a day, a month or a year.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Moment {
    /// As written.
    pub text: String,
    /// The first millisecond it can mean (Unix time).
    pub low_ms: i64,
    /// The last millisecond it can mean (Unix time).
    pub high_ms: i64,
}

impl Moment {
    /// Reads a FHIR date or dateTime.
    pub fn parse(text: &str) -> Option<Self> {
        let (low_ms, high_ms) = fhir::search::date_range(text)?;
        Some(Self {
            text: text.to_owned(),
            low_ms,
            high_ms,
        })
    }

    /// Whether the two can be the same moment.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.low_ms <= other.high_ms && other.low_ms <= self.high_ms
    }
}

/// The building blocks of the medication process (Medicatieproces 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Block {
    /// What prescriber and patient agreed (medicatieafspraak).
    Agreement,
    /// A dosing schedule that varies (wisselend doseerschema).
    VariableDosing,
    /// A request to dispense (verstrekkingsverzoek).
    DispenseRequest,
    /// How the pharmacy carries an agreement out (toedieningsafspraak).
    AdministrationAgreement,
    /// What was handed over (medicatieverstrekking).
    Dispense,
    /// What the patient says to use (medicatiegebruik).
    Use,
    /// What was administered (medicatietoediening).
    Administration,
}

impl Block {
    /// The word for it in scripts and pages.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Agreement => "agreement",
            Self::VariableDosing => "variable-dosing",
            Self::DispenseRequest => "dispense-request",
            Self::AdministrationAgreement => "administration-agreement",
            Self::Dispense => "dispense",
            Self::Use => "use",
            Self::Administration => "administration",
        }
    }
}

/// A detail of a fact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Field {
    /// What it is.
    pub name: FieldName,
    /// In the words of the source.
    pub value: String,
    /// A form of it that can be compared, where it has one.
    pub comparable: Option<String>,
}

/// What a detail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each name says what it is")]
pub enum FieldName {
    Status,
    Verification,
    Severity,
    Criticality,
    Category,
    Dose,
    AsNeeded,
    Route,
    Start,
    End,
    Date,
    Value,
    StopType,
    Reason,
    Reaction,
    BodySite,
    Method,
    Quantity,
    Lot,
    Author,
    Performer,
    Organisation,
    Place,
    Conclusion,
    Description,
    Note,
    BirthDate,
    Gender,
    Address,
    Telecom,
    Deceased,
    Bsn,
    Relationship,
}

impl FieldName {
    /// Whether a difference in it between sources matters to a carer.
    pub const fn is_compared(self) -> bool {
        matches!(
            self,
            Self::Status
                | Self::Verification
                | Self::Severity
                | Self::Criticality
                | Self::Dose
                | Self::AsNeeded
                | Self::Route
                | Self::Start
                | Self::End
                | Self::Date
                | Self::BirthDate
                | Self::Gender
                | Self::Deceased
                | Self::Address
        )
    }
}

/// A measured value, with its digits as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// The value.
    pub value: Value,
    /// The parts, such as systolic and diastolic.
    pub components: Vec<Component>,
    /// What the source says of it.
    pub flag: Option<Flag>,
    /// The reference range that came with it; a missing limit is missing.
    pub range: Option<Range>,
    /// Why there is no value, in the words of the source.
    pub absent_reason: Option<String>,
}

/// One part of a measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// What part, as the source wrote it.
    pub title: String,
    /// Its codes.
    pub codings: Vec<Coding>,
    /// Its value.
    pub value: Value,
    /// What the source says of it.
    pub flag: Option<Flag>,
    /// Its reference range.
    pub range: Option<Range>,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number with its unit.
    Quantity(Quantity),
    /// A word or a code, such as «positief».
    Text(String),
    /// No value.
    Missing,
}

/// A number with its unit, as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// The digits as received.
    pub digits: String,
    /// `<`, `<=`, `>=` or `>`.
    pub comparator: Option<String>,
    /// The unit as people read it.
    pub unit: Option<String>,
    /// The UCUM code, when it carries one.
    pub ucum: Option<String>,
}

impl Quantity {
    /// The number, for drawing; show [`Quantity::digits`].
    pub fn number(&self) -> Option<f64> {
        self.digits
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
    }
}

/// What a source says of a value (zib ResultaatFlags, HL7 v3 ObservationInterpretation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flag {
    /// Within the range.
    Normal,
    /// Below the range.
    Low,
    /// Far below the range.
    CriticallyLow,
    /// Above the range.
    High,
    /// Far above the range.
    CriticallyHigh,
    /// Not normal, without a direction.
    Abnormal,
}

/// A reference range, with its digits as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The lower limit.
    pub low: Option<Quantity>,
    /// The upper limit.
    pub high: Option<Quantity>,
    /// The range in words.
    pub text: Option<String>,
}

/// A difference between the facts of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// In what.
    pub field: FieldName,
    /// What each says: position in [`Group::facts`] (or [`Point::facts`]), value.
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

/// The values of one test in one unit by one method, in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// A name that stays the same from one question to the next.
    pub id: String,
    /// What was measured, as a source wrote it.
    pub title: String,
    /// The code: LOINC where there is one; `None` for a result without a code.
    pub code: Option<Coding>,
    /// The unit as people read it.
    pub unit: Option<String>,
    /// The UCUM code of the unit.
    pub ucum: Option<String>,
    /// The method, where the source names one.
    pub method: Option<String>,
    /// The measurements, the earliest first; those without a time at the start.
    pub points: Vec<Point>,
    /// Values of the same test in another unit, converted by a UCUM rule into
    /// this series' unit: shown as converted, beside the original.
    pub converted: Vec<ConvertedPoint>,
    /// The change from the last but one number to the last.
    pub change: Option<Change>,
}

impl Series {
    /// The latest measurement.
    pub fn latest(&self) -> Option<&Point> {
        self.points.last()
    }
}

/// One measurement, as one or more sources give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// When it was taken, as far as it is known.
    pub when: Option<Moment>,
    /// The fact to show: position in [`Point::facts`], the latest correction.
    pub shown: usize,
    /// Every source's own fact, the latest version first.
    pub facts: Vec<Fact>,
    /// Why these facts stand together.
    pub rules: Vec<Rule>,
    /// In what they differ.
    pub differences: Vec<Difference>,
    /// Whether the same test was done elsewhere shortly before.
    pub repeats: Option<Repeat>,
}

impl Point {
    /// The fact to show.
    pub fn fact(&self) -> &Fact {
        &self.facts[self.shown]
    }
}

/// The same test, done shortly before by somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// How many whole days before.
    pub days: u16,
    /// Who did it.
    pub organisation: String,
    /// When.
    pub when: Moment,
}

/// A value of another series, converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvertedPoint {
    /// Which series it comes from.
    pub series: String,
    /// Which point of that series.
    pub point: usize,
    /// When it was taken.
    pub when: Option<Moment>,
    /// The converted number, in this series' unit.
    pub digits: String,
    /// The value as received, with its unit.
    pub original: Quantity,
}

/// A change between two numbers, in the unit of the series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// The last but one number.
    pub from: f64,
    /// The last number.
    pub to: f64,
}

impl Eq for Change {}
