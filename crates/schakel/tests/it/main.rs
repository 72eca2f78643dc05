//! The whole program as its users meet it: real processes, real sockets, real
//! files, nothing mocked.

mod commands;
mod kill;
mod kit;
mod processes;
mod refusals;
mod story;
