//! Messages of record systems: taken in whole, or kept whole until somebody
//! looks at them.
//!
//! An acknowledgement is given only once the message is on disk: a positive one
//! when its content is in the store, a negative one when the message is kept
//! for the operator. When neither could be done there is no acknowledgement at
//! all, so the sender keeps the message and sends it again.

use store::MessageId;

/// The door that a message came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// HL7 v2 over MLLP.
    Mllp,
    /// HL7 v2 over HTTP.
    Hl7v2,
    /// EDIFACT over HTTP, or from a file.
    Edifact,
}

impl Channel {
    /// All channels.
    pub const ALL: [Self; 3] = [Self::Mllp, Self::Hl7v2, Self::Edifact];

    /// The word for it in the inbox.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Mllp => "mllp",
            Self::Hl7v2 => "hl7v2",
            Self::Edifact => "edifact",
        }
    }

    /// Finds a channel by its word.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.code() == code)
    }
}

/// What became of a message. When it is there, the message is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What to answer the sender: MSA or CONTRL.
    pub acknowledgement: Vec<u8>,
    /// Whether its content is in the store.
    pub accepted: bool,
    /// Whether the same message was here before, so that nothing changed.
    pub duplicate: bool,
    /// Its id in the inbox.
    pub message: MessageId,
    /// Why it was refused, for the operator; without patient data.
    pub reason: Option<String>,
}
