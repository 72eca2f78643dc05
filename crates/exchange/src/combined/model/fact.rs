//! One resource, in the words of its source.

use care::Ura;
use jiff::Timestamp;

use super::Measured;

/// One resource, in the words of its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its position in [`super::CombinedRecord::resources`].
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
