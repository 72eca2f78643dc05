//! Writing: changes are prepared outside the writer (parsed, references
//! resolved, values extracted) and applied inside it.

mod ahead;
mod apply;
mod compare;
mod definition;
mod draft;
mod holdings;
pub(crate) mod identity;
mod inbox;
mod patch;
mod plan;
mod provenance;
mod purge;
mod references;
mod splice;
mod subject;

pub(crate) use apply::{LABORATORY_CODED, LABORATORY_UNCODED, apply};
pub(crate) use inbox::{digest, keep_refused};
pub(crate) use plan::prepare;
pub(crate) use purge::{deleted_of, purge};

pub(crate) mod audit;
