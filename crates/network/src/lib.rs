//! Finding and asking other organisations: where their nodes are, which of
//! them hold something on a patient, whether the patient consents, and the
//! question itself.
//!
//! This room moves questions and answers between nodes; it keeps no patient
//! data and takes no decision on access. Everything goes over [`PeerClient`]:
//! mutual TLS, with the certain knowledge of which organisation is at the
//! other end. The servers of the regional services ([`AddressRegister`],
//! [`LocalisationIndex`], [`RegionalConsents`], [`PseudonymDoor`]) answer
//! whole requests ([`door`]), so that the `api` room only authenticates and
//! forwards.
//!
//! Where to start: [`ask`] for the question itself, [`consent`] for how a
//! withdrawal comes to hold everywhere.
//!
//! [`AddressRegister`]: addressing::AddressRegister
//! [`LocalisationIndex`]: localisation::LocalisationIndex
//! [`PseudonymDoor`]: localisation::PseudonymDoor
//! [`RegionalConsents`]: consent::RegionalConsents

pub mod addressing;
pub mod ask;
pub mod consent;
pub mod door;
pub mod hook;
pub mod localisation;
pub mod rate;
pub mod status;

mod peer;
mod sqlite;

pub use peer::{
    CALL_TIMEOUT, CONNECT_TIMEOUT, PeerAddress, PeerClient, PeerError, REGIONAL_RESPONSE_BYTES_MAX,
    REQUEST_ID_HEADER,
};
pub use sqlite::DatabaseError;

#[cfg(test)]
mod kit;
