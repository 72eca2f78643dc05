//! The doors of real nodes, over real sockets: nothing is mocked.

mod bad_input;
mod endpoints;
mod kit;
mod limits;
mod messages;
mod quiet;
mod region;
mod rest;
