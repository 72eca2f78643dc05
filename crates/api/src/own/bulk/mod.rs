//! Bulk data at the own door: `$export` with its state and files, `$import`.

mod export;
mod file;
mod import;
mod narrow;
mod question;
mod state;

pub(super) use export::{of_group, of_patients, of_system};
pub(super) use file::file;
pub(super) use import::import;
pub(super) use state::{remove, state};

use exchange::BulkError;

use crate::{envelope::BUSY_WAIT, problem::Problem};

/// Lines of resources.
const NDJSON: &str = "application/fhir+ndjson";

impl From<BulkError> for Problem {
    fn from(error: BulkError) -> Self {
        match error {
            BulkError::Exchange(error) => error.into(),
            BulkError::Busy { .. } => Self::too_many_requests(BUSY_WAIT),
            error => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "bulk data failed");
                Self::unexpected()
            }
        }
    }
}
