//! `schakel sandbox`: a FHIR base to try things out on.

use std::{path::PathBuf, process::ExitCode};

use anyhow::bail;
use clap::Args;
use store::Database;

use crate::{
    sandbox::{Sandbox, SandboxSettings},
    shutdown,
    validation::Mode,
};

#[derive(Debug, Args)]
pub(crate) struct SandboxCommand {
    /// Where the sandbox keeps its files; without it they go when it stops
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The port on loopback; 0 takes any that is free
    #[arg(long, default_value_t = 8090)]
    port: u16,
    /// The database in R4: `sqlite` for a file of its own, or a `postgres://` URL
    #[arg(long, value_name = "STORE", default_value = "sqlite")]
    store: String,
    /// The database in STU3, likewise
    #[arg(long, value_name = "STORE", default_value = "sqlite")]
    store_stu3: String,
    /// A directory with packages of profiles, made by `schakel package add`
    #[arg(long, value_name = "DIR")]
    packages: Option<PathBuf>,
    /// What happens to a write with errors
    #[arg(long, value_enum, default_value = "off")]
    validation: Mode,
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
            database: database("--store", &self.store)?,
            database_stu3: database("--store-stu3", &self.store_stu3)?,
            packages: self.packages,
            validation: self.validation,
        })
        .await?;
        eprintln!(
            "WARNING: no sign-in here. Everybody on this machine reads and changes everything.\n\
             Only for made-up people: never put a real person's data in a sandbox.\n\
             It listens on loopback only. {kept}"
        );
        super::print(&sandbox.bases.join("\n"));
        shutdown::signal().await;
        sandbox.stop().await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The database that a setting names; none for a file of the sandbox's own.
fn database(setting: &str, value: &str) -> anyhow::Result<Option<Database>> {
    match Database::parse(value)? {
        Database::Sqlite(path) if path.as_os_str() == "sqlite" => Ok(None),
        Database::Sqlite(_) => bail!("{setting} is `sqlite` or a postgres:// URL"),
        database @ Database::Postgres(_) => Ok(Some(database)),
    }
}
