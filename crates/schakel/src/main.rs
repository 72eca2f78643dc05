//! Schakel: an open node for exchanging care data.
//!
//! The binary holds the commands, the configuration and the wiring; what
//! happens is in the other rooms. `ARCHITECTURE.md` is the map.

mod checks;
mod commands;
mod config;
mod demo_file;
mod door_client;
mod node;
mod packages;
mod private_files;
mod region;
mod releases;
mod resource_file;
mod sandbox;
mod shutdown;
mod validation;

use std::process::ExitCode;

use clap::Parser;
use commands::Command;

/// Many small parts of messages and resources are made and dropped on several
/// threads; the system's allocator took a sixth of the time of taking in.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An open node for exchanging care data
#[derive(Debug, Parser)]
#[command(version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("SCHAKEL_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn")),
        )
        .init();
    match Cli::parse().command.run().await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
