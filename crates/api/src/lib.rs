//! The doors of a node: FHIR over HTTP for the organisation's own systems,
//! HTTPS with mutual TLS for other nodes, MLLP for HL7 v2.
//!
//! No business rules here: `exchange` decides, logs and answers; a door
//! parses, limits, routes and renders. Start with [`own::router`] and
//! [`node::router`], which build a door from a table of endpoints, and with
//! [`open_http`], [`open_https`] and [`open_mllp`], which serve it on a socket.

pub mod base;
pub mod limits;
pub mod mllp;
pub mod node;
pub mod own;

mod at_once;
mod bodies;
mod body;
mod bundle_text;
mod credentials;
mod envelope;
mod extract;
mod guard;
mod incoming;
mod parameters;
mod problem;
mod query;
mod refusal;
mod representation;
mod resource;
mod route;
mod serve;

pub use bodies::Bodies;
pub use route::{Credential, Endpoint};
pub use serve::{Open, open_http, open_https, open_mllp};
