//! The pages of a node, for clinicians, patients, coordinators and operators:
//! HTML made on the server, which works without JavaScript.
//!
//! This room shows and asks; it decides nothing about access. Every page about
//! a patient goes through `exchange`, which writes the audit line and asks the
//! policies first.

pub mod chart;
pub mod dates;
pub mod page;
pub mod words;

mod assets;

/// The file name of the stylesheet, for pages that are written to files.
pub fn stylesheet_file() -> &'static str {
    assets::stylesheet_path().trim_start_matches("/static/")
}
