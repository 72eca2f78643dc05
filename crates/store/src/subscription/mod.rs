//! Subscriptions: what is kept of each beside its resource, and its events.
//!
//! There is no queue of things to look at: versions are numbered in the order
//! of their commits and written in the transaction of the data, so a
//! subscription only remembers up to which of them it has looked. What it finds
//! gets a number of its own before it is sent anywhere.

mod changes;
mod note;
mod progress;

pub(crate) use changes::changed;
pub(crate) use note::{look_again, note};
pub(crate) use progress::{all, events, find, number, settle};

use jiff::Timestamp;

use crate::StoreError;

/// How a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubscriptionState {
    /// Somebody asked for it.
    Requested,
    /// Its events are sent.
    Active,
    /// It was stopped, or its time is over.
    Off,
    /// It cannot be delivered.
    Error,
}

impl SubscriptionState {
    const ALL: [Self; 4] = [Self::Requested, Self::Active, Self::Off, Self::Error];

    /// The code of FHIR.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Active => "active",
            Self::Off => "off",
            Self::Error => "error",
        }
    }

    fn number(self) -> i64 {
        Self::ALL
            .iter()
            .position(|one| *one == self)
            .unwrap_or_default() as i64
    }

    fn of(number: i64) -> Result<Self, StoreError> {
        usize::try_from(number)
            .ok()
            .and_then(|at| Self::ALL.get(at).copied())
            .ok_or(StoreError::Corrupt {
                what: "a subscription has an unknown state",
            })
    }
}

/// What a write of a Subscription means for its delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubscriptionChange {
    /// A client wants it, in this state. It looks at what is written from now
    /// on; the numbers of its events go on where they were.
    Wanted {
        /// In whose name it is delivered.
        subscriber: String,
        /// Requested, or off.
        state: SubscriptionState,
        /// Whether it is fetched through a websocket.
        by_websocket: bool,
    },
    /// The delivery changed its state.
    Became {
        /// To this.
        state: SubscriptionState,
        /// When something is to be done next, whatever happens.
        wake: Option<Timestamp>,
    },
}

/// How far a subscription has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The id of the Subscription resource.
    pub id: String,
    /// The version of it that this is about.
    pub version: u64,
    /// In whose name it is delivered.
    pub subscriber: String,
    /// How it stands.
    pub state: SubscriptionState,
    /// Whether it is fetched through a websocket.
    pub by_websocket: bool,
    /// The number of the last version that was looked at, as in [`crate::Moment`].
    pub looked: i64,
    /// The number of its last event; 0 for none.
    pub events: u64,
    /// The number of the last event that arrived.
    pub delivered: u64,
    /// How often sending failed since something arrived.
    pub tries: u32,
    /// When something is to be done next, whatever happens.
    pub wake: Option<Timestamp>,
}

/// An event of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionEvent {
    /// Its number: 1 for the first, each one more than the one before.
    pub number: u64,
    /// The type of the resource that it is about.
    pub resource_type: &'static str,
    /// The id of that resource.
    pub id: String,
    /// Whether that was made, rather than changed.
    pub is_new: bool,
    /// When.
    pub happened: Timestamp,
}

/// A resource that was written and has not changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The type.
    pub resource_type: &'static str,
    /// The id.
    pub id: String,
    /// Whether it was made, rather than changed.
    pub is_new: bool,
    /// When.
    pub happened: Timestamp,
}

/// What was written after some version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The resources, in the order of their writing.
    pub changed: Vec<Changed>,
    /// The last version that was looked at.
    pub looked: i64,
    /// Whether there may be more after it.
    pub is_full: bool,
}

/// What a look at the changes found, to be kept in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What becomes events, in this order.
    pub events: Vec<Changed>,
    /// The last version that was looked at.
    pub looked: i64,
}

/// What came of an attempt to send something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The last event that arrived; unchanged when it failed.
    pub delivered: u64,
    /// How often it failed since something arrived.
    pub tries: u32,
    /// When something is to be done next.
    pub wake: Option<Timestamp>,
}
