//! The words of the domain: who people and organisations are, why they ask,
//! what kinds of data there are.
//!
//! This room does no I/O and knows no FHIR. It is the vocabulary that every
//! other room speaks, so a rule about access reads the same in the store, in
//! the policies and on a page. Start with [`AccessContext`]: it is the first
//! argument of everything that touches patient data.

mod bsn;
mod ura;

mod category;
mod consent_category;
mod organisation_type;
mod purpose;
mod role;

mod access;
mod scope;

mod clock;
mod ids;

pub use access::{
    AccessContext, Actor, Authenticated, ExchangeCode, OtherPatient, RequestId, TreatmentRelation,
};
pub use bsn::{Bsn, InvalidBsn};
pub use category::{Categories, DataCategory};
pub use clock::{Clock, ManualClock, SystemClock};
pub use consent_category::{ConsentCategory, ProviderCategory};
pub use ids::{IdSource, RandomIds, SequentialIds};
pub use organisation_type::OrganisationType;
pub use purpose::Purpose;
pub use role::Role;
pub use scope::Scope;
pub use ura::{InvalidUra, Ura};
