//! The doors of real nodes, over real sockets: nothing is mocked.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod bad_input;
mod bulk;
mod claims;
mod endpoints;
mod extent;
mod hostile;
mod kit;
mod limits;
mod messages;
mod operations;
mod own_paths;
mod patch;
mod quiet;
mod receiver;
mod region;
mod rest;
mod revoked;
mod search_parameters;
mod sockets;
mod stu3;
mod subscribing;
mod subscriptions;
mod terminology;
mod tls;
mod traces;
