//! The pages of real nodes, asked for as a browser does.

mod clinician;
mod doors;
mod kit;
mod operator;
mod patient;
