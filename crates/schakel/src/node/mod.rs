//! Wiring: makes one organisation's node of its configuration, opens its doors
//! and keeps its background work going.
//!
//! It decides nothing; it says which adapter stands at which port.

mod background;
mod parts;
mod records;
mod revocations;
mod services;
mod start;
mod status;

pub(crate) use parts::NodeFiles;
pub(crate) use records::Records;
use services::Services;
pub(crate) use start::{RunningNode, Sockets, Surroundings};
