//! What a message says, in the words that all formats share: the readers of
//! `hl7v2` and `edifact` fill it, `record` writes FHIR from it.

use care::Bsn;

/// A number of a person, organisation or thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identifier {
    pub(crate) system: String,
    pub(crate) value: String,
}

/// One code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Coding {
    pub(crate) system: String,
    pub(crate) code: String,
    pub(crate) display: Option<String>,
}

/// A meaning: its codes, and the sender's own words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Concept {
    pub(crate) codings: Vec<Coding>,
    pub(crate) text: Option<String>,
}

impl Concept {
    /// The first name that a person can read.
    pub(crate) fn label(&self) -> Option<&str> {
        self.text
            .as_deref()
            .or_else(|| {
                self.codings
                    .iter()
                    .find_map(|coding| coding.display.as_deref())
            })
            .or_else(|| self.codings.first().map(|coding| coding.code.as_str()))
    }

    /// The LOINC code, when there is one.
    pub(crate) fn loinc(&self) -> Option<&str> {
        let loinc = |coding: &&Coding| coding.system == terminology::system::LOINC;
        self.codings
            .iter()
            .find(loinc)
            .map(|coding| coding.code.as_str())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.codings.is_empty() && self.text.is_none()
    }
}

/// A person or an organisation that had a part in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) is_person: bool,
    pub(crate) identifier: Option<Identifier>,
    pub(crate) name: String,
    pub(crate) family: Option<String>,
    pub(crate) given: Vec<String>,
}

/// The patient.
#[derive(Debug, Clone, Default)]
pub(crate) struct Subject {
    pub(crate) bsn: Option<Bsn>,
    /// The sender's own numbers.
    pub(crate) identifiers: Vec<Identifier>,
    pub(crate) name: Option<PersonName>,
    /// As FHIR writes a date, with what precision was given.
    pub(crate) birth_date: Option<String>,
    pub(crate) gender: Option<&'static str>,
    pub(crate) addresses: Vec<Address>,
    pub(crate) phones: Vec<String>,
    pub(crate) emails: Vec<String>,
    pub(crate) deceased: Option<Death>,
}

/// That somebody died, and when as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Death {
    At(String),
    AtUnknownTime,
}

/// A name in its Dutch parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PersonName {
    /// The surname in use, prefixes included.
    pub(crate) family: Option<String>,
    pub(crate) own_prefix: Option<String>,
    pub(crate) own_name: Option<String>,
    pub(crate) partner_prefix: Option<String>,
    pub(crate) partner_name: Option<String>,
    /// Given names in full.
    pub(crate) given: Vec<String>,
    /// Initials, `P.` each.
    pub(crate) initials: Vec<String>,
}

/// An address in its Dutch parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Address {
    /// The line as people read it.
    pub(crate) line: Option<String>,
    pub(crate) street: Option<String>,
    pub(crate) number: Option<String>,
    /// Letter or addition to the house number.
    pub(crate) suffix: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) postcode: Option<String>,
    pub(crate) country: Option<String>,
    /// FHIR address use.
    pub(crate) usage: Option<&'static str>,
}

/// One order and what came of it: one report.
#[derive(Debug, Clone, Default)]
pub(crate) struct Order {
    /// What stays the same when the report is sent again.
    pub(crate) key: String,
    pub(crate) placer: Option<String>,
    pub(crate) filler: Option<String>,
    pub(crate) concept: Concept,
    /// FHIR diagnostic report status.
    pub(crate) status: &'static str,
    /// The section of the service, HL7 table 0074.
    pub(crate) section: Option<String>,
    pub(crate) requested: Option<String>,
    /// When the sample was taken.
    pub(crate) effective: Option<String>,
    /// When the report was made, an instant.
    pub(crate) issued: Option<String>,
    pub(crate) requester: Option<Party>,
    pub(crate) performers: Vec<Party>,
    pub(crate) interpreters: Vec<Party>,
    pub(crate) specimens: Vec<Sample>,
    /// Remarks on the report as a whole.
    pub(crate) remarks: Vec<String>,
    /// Remarks on the order or the patient.
    pub(crate) request_remarks: Vec<String>,
    pub(crate) findings: Vec<Finding>,
    /// Tests that are still to come.
    pub(crate) pending: Vec<String>,
    /// Headings with the findings below them, by index.
    pub(crate) headings: Vec<(String, Vec<usize>)>,
    pub(crate) attachments: Vec<Attachment>,
}

/// A sample.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    pub(crate) key: String,
    pub(crate) number: Option<String>,
    pub(crate) concept: Concept,
    pub(crate) collected: Option<String>,
    pub(crate) received: Option<String>,
}

/// One result.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    pub(crate) key: String,
    pub(crate) concept: Concept,
    /// FHIR observation status.
    pub(crate) status: &'static str,
    /// More than one for a repeated value.
    pub(crate) values: Vec<Measured>,
    pub(crate) flags: Vec<Concept>,
    pub(crate) range: Option<Range>,
    pub(crate) remarks: Vec<String>,
    pub(crate) method: Option<Concept>,
    pub(crate) effective: Option<String>,
    pub(crate) issued: Option<String>,
    pub(crate) performers: Vec<Party>,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Measured {
    Quantity {
        comparator: Option<&'static str>,
        value: String,
        unit: Option<Unit>,
    },
    Between {
        low: Option<String>,
        high: Option<String>,
        unit: Option<Unit>,
    },
    Ratio {
        numerator: String,
        denominator: String,
    },
    Concept(Concept),
    Text(String),
    DateTime(String),
    Time(String),
}

/// A unit as received, with its UCUM code when known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) text: String,
    pub(crate) ucum: Option<String>,
}

/// What is normal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) text: Option<String>,
    pub(crate) low: Option<String>,
    pub(crate) high: Option<String>,
    pub(crate) unit: Option<Unit>,
}

/// A document that came with a result.
#[derive(Debug, Clone)]
pub(crate) struct Attachment {
    pub(crate) title: Option<String>,
    pub(crate) content_type: Option<String>,
    /// Base64, or a place elsewhere.
    pub(crate) data: AttachmentData,
}

/// Where the content of an attachment is.
#[derive(Debug, Clone)]
pub(crate) enum AttachmentData {
    Base64(String),
    Url(String),
}

/// A contact with care.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) identifier: Identifier,
    pub(crate) class: Coding,
    /// FHIR encounter status.
    pub(crate) status: &'static str,
    pub(crate) start: Option<String>,
    pub(crate) end: Option<String>,
    /// With their participation type.
    pub(crate) participants: Vec<(&'static str, Party)>,
    pub(crate) location: Option<(Identifier, String)>,
    pub(crate) reason: Option<Concept>,
    pub(crate) provider: Option<Party>,
}
