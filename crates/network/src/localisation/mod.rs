//! Which organisations hold what kind of data on a patient (generieke functie
//! lokalisatie, NVI).
//!
//! Each organisation registers, per patient and kind of data, that it holds
//! something ([`Registrar`]); whoever treats the patient asks where to look
//! ([`Localisation`]). The [`LocalisationIndex`] of the regional organisation
//! knows patients by pseudonym only: it never gets a BSN, and its pseudonyms
//! mean nothing to any other service. It says that there is something, never
//! what.

mod admission;
mod client;
mod index;
mod list;
mod port;
mod pseudonyms;
mod registrar;
mod table;
#[cfg(test)]
mod tests;

pub use admission::{
    NODES_COUNTED_MAX, PSEUDONYMS_BURST, PSEUDONYMS_PER_SECOND, REGISTRATIONS_BURST,
    REGISTRATIONS_PER_SECOND, SEARCHES_BURST, SEARCHES_PER_SECOND,
};
pub use client::RegionalLocalisation;
pub use index::{LISTS_PER_REQUEST_MAX, LocalisationIndex};
pub use port::{Localisation, LocalisationError};
pub use pseudonyms::{EVALUATE_PATH, PseudonymDoor, RegionalPseudonyms};
pub use registrar::{Registrar, RegistrarSettings, Round};

/// The path of the index at the node door of the regional organisation.
pub const INDEX_PATH: &str = "/localisation/fhir";
