//! What somebody wants to do.

/// What somebody wants to do. The first two are about data and judged per
/// category; the others are allowed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// See data of a patient.
    Read,
    /// Store or change data of a patient.
    Write,
    /// Ask the organisations of the region what they have on a patient.
    AskRegion,
    /// See and replay the messages that came in at the own organisation.
    HandleMessages,
    /// See counts: no patient data.
    ReadStatistics,
    /// See which nodes and services are up.
    ReadNodeState,
    /// See and change a patient's consent, and who looked.
    ManageConsent,
    /// Remove all that there is of a patient for good.
    Purge,
    /// Add, change or remove what resources can be searched by.
    DefineSearch,
    /// Take out all that there is, in bulk.
    Export,
    /// Have what is made or changed sent on, for as long as nobody stops it.
    Subscribe,
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 11] = [
        Self::Read,
        Self::Write,
        Self::AskRegion,
        Self::HandleMessages,
        Self::ReadStatistics,
        Self::ReadNodeState,
        Self::ManageConsent,
        Self::Purge,
        Self::DefineSearch,
        Self::Export,
        Self::Subscribe,
    ];

    /// The word that the policies use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::AskRegion => "ask-region",
            Self::HandleMessages => "handle-messages",
            Self::ReadStatistics => "read-statistics",
            Self::ReadNodeState => "read-node-state",
            Self::ManageConsent => "manage-consent",
            Self::Purge => "purge",
            Self::DefineSearch => "define-search",
            Self::Export => "export",
            Self::Subscribe => "subscribe",
        }
    }

    /// Finds an action by its word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// Whether it is judged per category of data.
    pub const fn is_about_data(self) -> bool {
        matches!(self, Self::Read | Self::Write)
    }
}
