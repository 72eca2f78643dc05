//! Resources as the store gives them back.

use bytes::Bytes;
use care::{Bsn, Categories};
use jiff::Timestamp;

/// One version of a resource.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    /// The resource type, such as `Patient`.
    pub resource_type: &'static str,
    /// The logical id.
    pub id: String,
    /// The version, from 1.
    pub version: u64,
    /// When this version was written.
    pub last_updated: Timestamp,
    /// The JSON as it came, with `id`, `meta.versionId` and
    /// `meta.lastUpdated` put in.
    pub body: Bytes,
    /// Under what it was filed.
    pub filed: Filed,
}

/// Under what a version was filed when it was written, so that whoever shows
/// it need not read it again to say what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// Its data categories.
    pub categories: Categories,
    /// Whose data it is.
    pub whose: Whose,
}

/// Whose data a version is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// That of nobody who is known by a BSN.
    Nobody,
    /// That of one patient.
    One(Bsn),
    /// Only the version itself tells: it is about several patients, or is an
    /// earlier version of a Patient, who may have had another BSN.
    InBody,
}

/// Shows type and size only: bodies and ids can be patient data.
impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Stored({} v{}, {} bytes)",
            self.resource_type,
            self.version,
            self.body.len()
        )
    }
}

/// What is at an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// This resource.
    Here(Stored),
    /// A resource that was deleted.
    Deleted {
        /// The version that says so.
        version: u64,
        /// When it was deleted.
        last_updated: Timestamp,
    },
    /// Nothing, or nothing that the scope lets through.
    Absent,
}

impl Found {
    /// The resource, when it is there.
    pub fn here(self) -> Option<Stored> {
        match self {
            Self::Here(stored) => Some(stored),
            Self::Deleted { .. } | Self::Absent => None,
        }
    }
}

/// Of what the history is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryOf {
    /// Of one resource.
    Instance {
        /// Its type.
        resource_type: String,
        /// Its id.
        id: String,
    },
    /// Of all resources of a type.
    Type {
        /// The type.
        resource_type: String,
    },
    /// Of everything.
    System,
}

/// Which part of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// How many versions at most: 1 to [`crate::limits::PAGE_MAX`].
    pub count: usize,
    /// Where to go on: [`HistoryPage::next`] of the page before.
    pub cursor: Option<String>,
    /// Only versions written at or after this moment.
    pub since: Option<Timestamp>,
    /// Only versions that were current at some moment of this period, in
    /// milliseconds since 1970, both ends included.
    pub at_ms: Option<(i64, i64)>,
}

impl Page {
    /// The first page, of this many versions.
    pub const fn first(count: usize) -> Self {
        Self {
            count,
            cursor: None,
            since: None,
            at_ms: None,
        }
    }
}

/// Which part of what there is of a patient.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Whole {
    /// Resources of these types only; all types when empty.
    pub types: Vec<&'static str>,
    /// Only resources written at or after this moment.
    pub since: Option<Timestamp>,
    /// Only resources that have to do with this period by a date that they are
    /// found by, in milliseconds since 1970, both ends included; and those that
    /// have no such date.
    pub period_ms: Option<(i64, i64)>,
    /// How many resources at most: 1 to [`crate::limits::WHOLE_PAGE_MAX`].
    pub count: usize,
    /// Where to go on: [`WholePage::next`] of the page before.
    pub cursor: Option<String>,
}

/// A page of what there is of a patient. Resources that are written while
/// somebody turns pages come on a later page or not at all; none comes twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholePage {
    /// Resources of the patient's compartment.
    pub resources: Vec<Stored>,
    /// What those refer to that is of no patient: practitioners, organisations
    /// and the like.
    pub referred: Vec<Stored>,
    /// The data categories of all.
    pub categories: Categories,
    /// The patient's BSN, when it is known.
    pub bsn: Option<Bsn>,
    /// Where the next page starts, when there is one.
    pub next: Option<String>,
}

/// A page of a history, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryPage {
    /// The versions.
    pub entries: Vec<HistoryEntry>,
    /// Where the next page starts, when there is one.
    pub next: Option<String>,
}

/// One version in a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The version. Of a deletion the body is empty.
    pub stored: Stored,
    /// How it came about.
    pub interaction: Interaction,
}

/// How a version came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interaction {
    /// The first version, or the first after a deletion.
    Create,
    /// A later version.
    Update,
    /// A deletion.
    Delete,
}

/// A page of search results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPage {
    /// How many match in all; only with `_total=accurate` (or `estimate`) or
    /// `_summary=count`.
    pub total: Option<u64>,
    /// The matches of this page.
    pub matches: Vec<Stored>,
    /// What the matches of this page bring along by `_include` and `_revinclude`.
    pub included: Vec<Stored>,
    /// Where the next page starts: goes into the parameter `_cursor`, alone.
    /// It is sealed: nothing of the question can be read from it.
    pub next: Option<String>,
}

/// A query, split in what a search applies and what it does not know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Understood {
    /// Names and values that a search applies, or answers with a reason why
    /// their value is wrong.
    pub applied: Vec<(String, String)>,
    /// Names and values of unknown parameters and modifiers.
    pub ignored: Vec<(String, String)>,
}

/// One moment of a store: up to which version it had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The number of that version; zero before the first.
    pub number: i64,
    /// When that version was written, in milliseconds. What is written after
    /// the moment never has an earlier time, but may have the same.
    pub time: Timestamp,
}

/// Which part of a walk over the resources of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// As of which moment.
    pub moment: Moment,
    /// The type.
    pub resource_type: String,
    /// Only resources whose version of that moment was written at or after this.
    pub since: Option<Timestamp>,
    /// Where to go on: [`WalkPage::next`] of the page before.
    pub after: Option<i64>,
    /// How many resources at most: 1 to [`crate::limits::PAGE_MAX`].
    pub count: usize,
}

/// A page of a walk. It ends early past [`crate::limits::WALK_BYTES_MAX`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkPage {
    /// For each resource its newest version of that moment, also when that is
    /// its deletion.
    pub entries: Vec<HistoryEntry>,
    /// Where the next page starts, when there may be one.
    pub next: Option<i64>,
}
