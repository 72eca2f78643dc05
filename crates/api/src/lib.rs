//! The doors of a node: FHIR over HTTP for the organisation's own systems,
//! HTTPS with mutual TLS for other nodes, MLLP for HL7 v2.
//!
//! No business rules here: `exchange` decides, logs and answers; a door
//! parses, limits, routes and renders.

pub mod limits;
pub mod mllp;
pub mod rate;
