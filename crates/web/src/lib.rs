//! The pages of a node, for clinicians, patients, coordinators and operators:
//! HTML made on the server, which works without JavaScript.
//!
//! This room shows and asks; it decides nothing about access. Every page about
//! a patient goes through `exchange`, which writes the audit line and asks the
//! policies first. Start with [`router`].

pub mod chart;
pub mod dates;
pub mod findings;
pub mod page;
pub mod words;

mod assets;
mod fault;
mod handler;
mod options;
mod rooms;
mod security;
mod site;
mod view;

pub use options::{Elsewhere, OrganisationStatus, RegionRoom, RegionStatus, WebOptions};
pub use rooms::{APART_MAX, OPEN_PATIENTS_MAX, PENDING_CHANGES_MAX, ROOM_IDLE_S, ROOMS_MAX};
pub use site::{FORM_BYTES_MAX, ROUTES, router};

/// The file name of the stylesheet, for pages that are written to files.
pub fn stylesheet_file() -> &'static str {
    assets::stylesheet_path().trim_start_matches("/static/")
}
