//! The pages of the patient.

pub(crate) mod log;
pub(crate) mod print;
pub(crate) mod record;
