//! What comes out of a translation.

use fhir::json::Value;

/// A format that this room reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// HL7 version 2, in its usual (ER7) encoding.
    Hl7v2,
    /// UN/EDIFACT, the Dutch MEDLAB messages.
    Edifact,
}

impl Format {
    /// The format that the first bytes look like; `None` when like neither.
    pub fn detect(bytes: &[u8]) -> Option<Self> {
        let start = bytes
            .strip_prefix(b"\xEF\xBB\xBF")
            .unwrap_or(bytes)
            .trim_ascii_start();
        match start.get(..3)? {
            b"MSH" | b"FHS" | b"BHS" => Some(Self::Hl7v2),
            b"UNA" | b"UNB" => Some(Self::Edifact),
            _ => None,
        }
    }
}

/// A message that was understood.
#[derive(Debug, Clone)]
pub struct Translation {
    /// What it is: `ORU^R01`, `MEDLAB:1`.
    pub kind: String,
    /// Who sent it, as the message says; empty when it does not say.
    pub sender: String,
    /// The sender's number of the message or interchange.
    pub control_id: String,
    /// A FHIR transaction Bundle: conditional updates and creates by
    /// identifier, references by `urn:uuid`, and a Provenance whose entity is
    /// the message (`urn:schakel:message|<message id>`).
    pub bundle: Value,
    /// The positive acknowledgement, to be sent once the message is on disk.
    pub acknowledgement: Vec<u8>,
    /// Segments whose content is in the kept message only, by name, once each.
    pub kept_only: Vec<String>,
}

/// Whether a message is not for us or not acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// Unreadable, or of a kind that we do not take (HL7 v2 `AR`).
    Rejected,
    /// Understood, but its content is not acceptable (HL7 v2 `AE`).
    Error,
}

/// A message that was not translated: nothing of it may be stored as data. It
/// is kept whole for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Not for us, or not acceptable.
    pub kind: RefusalKind,
    /// Why, for the operator, in English; it holds no patient data.
    pub text: String,
    /// Where, such as `PID-3` or `OBX[4]-5`, `BEP:1:1:3`; `None` for the whole.
    pub segment: Option<String>,
    /// The negative acknowledgement, to be sent once the message is kept.
    pub acknowledgement: Vec<u8>,
    /// The sender's number of the message, when it could be read.
    pub control_id: Option<String>,
    /// Who sent it, when it could be read.
    pub sender: Option<String>,
    /// What it is, when it could be read.
    pub message_kind: Option<String>,
}

/// What can be said of a message without translating it, for the operator's
/// list. It never holds patient data, and works on broken messages: what
/// cannot be read is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// What it is: `ORU^R01`, `MEDLAB:1`.
    pub kind: Option<String>,
    /// Who sent it, as the message says.
    pub sender: Option<String>,
    /// The sender's number of the message or interchange.
    pub control_id: Option<String>,
}

/// Why a message is refused, before the acknowledgement is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: RefusalKind,
    pub(crate) text: String,
    pub(crate) place: Option<Place>,
    pub(crate) code: FaultCode,
}

/// Where in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The segment with its indices, as the operator reads it.
    pub(crate) segment: String,
    /// Which of the segments of that name, from one.
    pub(crate) number: usize,
    /// The field, from one.
    pub(crate) field: Option<usize>,
    /// Which segment of the message, from one (EDIFACT counts so).
    pub(crate) position: usize,
}

/// What is wrong, in the words that both formats have a number for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultCode {
    Sequence,
    Missing,
    DataType,
    UnknownValue,
    UnsupportedMessage,
    UnsupportedEvent,
    UnsupportedVersion,
    UnknownKey,
    Count,
    References,
    Characters,
    Limit,
}

impl Fault {
    pub(crate) fn error(code: FaultCode, text: impl Into<String>) -> Self {
        Self {
            kind: RefusalKind::Error,
            text: text.into(),
            place: None,
            code,
        }
    }

    pub(crate) fn rejected(code: FaultCode, text: impl Into<String>) -> Self {
        Self {
            kind: RefusalKind::Rejected,
            text: text.into(),
            place: None,
            code,
        }
    }

    pub(crate) fn at(mut self, place: Place) -> Self {
        self.place.get_or_insert(place);
        self
    }

    pub(crate) fn refusal(self, summary: Summary, acknowledgement: Vec<u8>) -> Refusal {
        Refusal {
            kind: self.kind,
            text: self.text,
            segment: self.place.as_ref().map(Place::readable),
            acknowledgement,
            control_id: summary.control_id,
            sender: summary.sender,
            message_kind: summary.kind,
        }
    }
}

impl Place {
    /// `PID-3` or `OBX[4]-5`; the number is left out when there is only one way.
    pub(crate) fn readable(&self) -> String {
        let number = match self.number {
            0 | 1 => String::new(),
            number => format!("[{number}]"),
        };
        let field = self
            .field
            .map(|field| format!("-{field}"))
            .unwrap_or_default();
        format!("{}{number}{field}", self.segment)
    }
}
