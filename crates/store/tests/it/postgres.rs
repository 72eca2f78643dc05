//! The suite on PostgreSQL, and what only a database for several processes
//! must do.

use std::process::Command;

use crate::place;
use crate::server::Server;

/// Runs this same binary again, with another database.
#[test]
fn the_whole_suite_passes_on_postgresql() {
    let Some(server) = Server::start() else {
        return;
    };
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--skip", "postgres::"])
        .env(place::SERVER, server.url())
        .status()
        .unwrap();
    assert!(status.success(), "the suite fails on PostgreSQL");
}
