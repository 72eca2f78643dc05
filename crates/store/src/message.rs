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
    /// Only of this kind, such as `ORU^R01`.
    pub kind: Option<String>,
    /// Only of this sender, as its messages name it.
    pub sender: Option<String>,
    /// Only those received at this moment or later.
    pub from: Option<Timestamp>,
    /// Only those received before this moment.
    pub until: Option<Timestamp>,
    /// Only those that came before this one.
    pub before: Option<MessageId>,
    /// How many at most: 1 to [`crate::limits::LIST_MAX`].
    pub limit: usize,
}

impl MessageFilter {
    /// All messages, `limit` at a time.
    pub const fn all(limit: usize) -> Self {
        Self {
            state: None,
            kind: None,
            sender: None,
            from: None,
            until: None,
            before: None,
            limit,
        }
    }
}

/// What there is to filter by, and how much a filter leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageOverview {
    /// How many messages the filter leaves, whatever page is asked for; at most
    /// [`crate::limits::MESSAGES_COUNTED_MAX`], which means «that many or more».
    pub found: usize,
    /// The kinds of the latest [`crate::limits::LIST_MAX`] messages, sorted.
    pub kinds: Vec<String>,
    /// Their senders, sorted.
    pub senders: Vec<String>,
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
    /// Why it was refused, when it was; or how much of an accepted one was
    /// outdated when it came.
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
