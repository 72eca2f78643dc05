//! The codes of an audit line.

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Happened {
    /// Somebody asked the region about a patient (written at the asker).
    AskedRegion,
    /// Somebody read or searched data (written where the data is).
    Read,
    /// Somebody stored or changed data.
    Stored,
    /// Somebody removed data.
    Removed,
    /// A message came in.
    MessageReceived,
    /// An operator looked at a message.
    MessageViewed,
    /// A message was processed again.
    MessageReplayed,
    /// Somebody looked who looked.
    AccessLogRead,
    /// A patient looked at their choices.
    ConsentRead,
    /// A patient changed their choices.
    ConsentChanged,
    /// The coordinator of the region saw how many people chose what.
    ConsentsCounted,
    /// Somebody signed in.
    SignedIn,
    /// Somebody signed out.
    SignedOut,
}

/// How it ended, as far as it is known when the line is written: before the
/// data leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was allowed.
    Allowed,
    /// It was refused.
    Refused,
    /// It failed.
    Failed,
}

impl Happened {
    /// All that can happen.
    pub const ALL: [Self; 13] = [
        Self::AskedRegion,
        Self::Read,
        Self::Stored,
        Self::Removed,
        Self::MessageReceived,
        Self::MessageViewed,
        Self::MessageReplayed,
        Self::AccessLogRead,
        Self::ConsentRead,
        Self::ConsentChanged,
        Self::ConsentsCounted,
        Self::SignedIn,
        Self::SignedOut,
    ];

    /// The code system of the codes.
    pub const SYSTEM: &'static str = "urn:schakel:audit-event";

    /// The code in the AuditEvent.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AskedRegion => "asked-region",
            Self::Read => "read",
            Self::Stored => "stored",
            Self::Removed => "removed",
            Self::MessageReceived => "message-received",
            Self::MessageViewed => "message-viewed",
            Self::MessageReplayed => "message-replayed",
            Self::AccessLogRead => "access-log-read",
            Self::ConsentRead => "consent-read",
            Self::ConsentChanged => "consent-changed",
            Self::ConsentsCounted => "consents-counted",
            Self::SignedIn => "signed-in",
            Self::SignedOut => "signed-out",
        }
    }

    /// Finds what happened by its code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|happened| happened.code() == code)
    }

    /// `AuditEvent.action`: create, read, update, delete or execute.
    pub(super) const fn action(self) -> &'static str {
        match self {
            Self::MessageReceived => "C",
            Self::Stored | Self::ConsentChanged => "U",
            Self::Removed => "D",
            Self::Read
            | Self::MessageViewed
            | Self::AccessLogRead
            | Self::ConsentRead
            | Self::ConsentsCounted => "R",
            Self::AskedRegion | Self::MessageReplayed | Self::SignedIn | Self::SignedOut => "E",
        }
    }

    /// `AuditEvent.type`: system, code and display.
    pub(super) const fn kind(self) -> (&'static str, &'static str, &'static str) {
        const DICOM: &str = "http://dicom.nema.org/resources/ontology/DCM";
        match self {
            Self::SignedIn | Self::SignedOut => (DICOM, "110114", "User Authentication"),
            _ => (
                "http://terminology.hl7.org/CodeSystem/audit-event-type",
                "rest",
                "RESTful",
            ),
        }
    }
}

impl Outcome {
    /// `AuditEvent.outcome`.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Allowed => "0",
            Self::Refused => "4",
            Self::Failed => "8",
        }
    }

    pub(super) fn from_code(code: &str) -> Option<Self> {
        [Self::Allowed, Self::Refused, Self::Failed]
            .into_iter()
            .find(|outcome| outcome.code() == code)
    }

    /// `AuditEvent.outcomeDesc`.
    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}
