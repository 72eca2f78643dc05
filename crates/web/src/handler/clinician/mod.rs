//! The pages of clinicians.

pub(crate) mod emergency;
pub(crate) mod find;
pub(crate) mod record;
