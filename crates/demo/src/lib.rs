//! The people of the demo region and what happened to them.
//!
//! From a seed, a count and a date this room makes eight organisations, the
//! people who work there, and patients with a history that hangs together
//! across the organisations: what one prescribes another dispenses, what one
//! orders another measures. It ends in the messages that the record systems of
//! such organisations would send: HL7 v2, EDIFACT and FHIR.
//!
//! It does no I/O and knows nothing of the node that will receive the
//! messages: they enter through the real doors. All names, addresses and
//! numbers are made up; the BSNs come from the range kept for tests.
//! Start with [`region`].

mod consent;
mod history;
mod names;
mod organisations;
mod patient;
mod people;
mod region;
mod vocabulary;

mod conditions;
mod messages;

pub use consent::DemoConsent;
pub use messages::Delivery;
pub use organisations::{DemoOrganisation, Organisation};
pub use patient::DemoPatient;
pub use people::DemoPerson;
pub use region::{DemoRegion, PATIENTS_MAX, Setup, region};
