//! The whole program as its users meet it: real processes, real sockets, real
//! files, nothing mocked.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod commands;
mod convert;
mod fhirpath;
mod kill;
mod kit;
mod processes;
mod refusals;
mod sandbox;
mod story;
mod subscriptions;
mod terminology;
mod validate;
