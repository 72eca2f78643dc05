//! Messages as they came in (the inbox).

use bytes::Bytes;
use jiff::Timestamp;

/// The id of a message in the inbox. The caller gives it, so that the
/// resources made of the message can name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageId(pub String);

impl std::fmt::Display for MessageId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A message to keep.
#[derive(Clone)]
pub struct NewMessage {
    /// Its id, new.
    pub id: MessageId,
    /// The door that it came through, such as `mllp` or `edifact`.
    pub channel: String,
    /// Who sent it, as far as it says so.
    pub sender: Option<String>,
    /// The sender's own id of it (MSH-10, UNB control reference).
    pub control_id: Option<String>,
    /// What it is, such as `ORU^R01` or `MEDLAB:1`.
    pub kind: Option<String>,
    /// The bytes as they came.
    pub bytes: Bytes,
}

/// Shows size only: messages hold patient data.
impl std::fmt::Debug for NewMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewMessage({}, {} bytes)", self.id, self.bytes.len())
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageState {
    /// Its content is in the store.
    Accepted,
    /// It could not be taken in; it is kept whole and can be replayed.
    Refused,
    /// It was refused at first and taken in later.
    Replayed,
}

impl MessageState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Refused, Self::Replayed];

    /// The word for it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Replayed => "replayed",
        }
    }
}

/// Which messages to list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageFilter {
    /// Only in this state.
    pub state: Option<MessageState>,
    /// Only those that came before this one.
    pub before: Option<MessageId>,
    /// How many at most: 1 to [`crate::limits::LIST_MAX`].
    pub limit: usize,
}

/// What is known of a message without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageSummary {
    /// Its id.
    pub id: MessageId,
    /// The door that it came through.
    pub channel: String,
    /// Who sent it, as far as it says so.
    pub sender: Option<String>,
    /// The sender's own id of it.
    pub control_id: Option<String>,
    /// What it is.
    pub kind: Option<String>,
    /// When it came.
    pub received: Timestamp,
    /// What became of it.
    pub state: MessageState,
    /// Why it was refused, when it was.
    pub error: Option<String>,
    /// Its size in bytes.
    pub size: u64,
}

/// A message with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What is known of it.
    pub summary: MessageSummary,
    /// The bytes as they came.
    pub bytes: Bytes,
}
