//! The demo region: made once, started as often as you like.

mod consents;
mod fill;
mod progress;
mod run;
mod setup;

use fill::{Doors, fill};
use progress::Progress;
pub(crate) use run::run;
pub(crate) use setup::DemoSettings;
use setup::{Prepared, PreparedNode, prepare};
