//! `schakel sandbox`: a FHIR base to try things out on.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use crate::{
    sandbox::{Sandbox, SandboxSettings},
    shutdown,
};

#[derive(Debug, Args)]
pub(crate) struct SandboxCommand {
    /// Where the sandbox keeps its files; without it they go when it stops
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The port on loopback; 0 takes any that is free
    #[arg(long, default_value_t = 8090)]
    port: u16,
}

impl SandboxCommand {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let kept = match &self.data {
            Some(directory) => format!("Its files are in {}.", directory.display()),
            None => "Everything in it goes when it stops; `--data DIR` keeps it.".to_owned(),
        };
        let sandbox = Sandbox::open(SandboxSettings {
            data: self.data,
            port: self.port,
        })
        .await?;
        eprintln!(
            "WARNING: no sign-in here. Everybody on this machine reads and changes everything.\n\
             Only for made-up people: never put a real person's data in a sandbox.\n\
             It listens on loopback only. {kept}"
        );
        super::print(&format!("{}/fhir/r4", sandbox.url));
        shutdown::signal().await;
        sandbox.stop().await?;
        Ok(ExitCode::SUCCESS)
    }
}
