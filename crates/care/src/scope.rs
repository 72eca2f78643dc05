//! What a question may see of a store.

use crate::{Bsn, Categories};

/// How much of a store a question may see. The policies give it; the store
/// applies it as a condition at every join, so what is outside it answers as
/// if it were not there: no inference through chains, includes or totals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All that the organisation itself keeps: for its own record system and clinicians.
    Organisation,
    /// One patient, and of that patient only resources of which every label is
    /// in the set. Resources that belong to no patient, such as organisations
    /// and practitioners, can be included from these but not searched.
    Patient {
        /// The patient.
        bsn: Bsn,
        /// The kinds of data that may be seen.
        categories: Categories,
    },
    /// Nothing at all: every question answers as if the store were empty.
    Nothing,
}
