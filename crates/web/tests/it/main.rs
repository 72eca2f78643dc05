//! The pages of real nodes, asked for as a browser does.

#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

mod apart;
mod clinician;
mod doors;
mod kit;
mod operator;
mod patient;
mod trend;
