//! `schakel demo`: a region of eight organisations on this machine.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use care::{RandomIds, Role, SystemClock};
use clap::{Args, Subcommand};
use trust::{bearer::Bearer, identity::NodeIdentity, person::People};

use crate::region::{self, DemoSettings};

/// How long a demo token is valid.
const TOKEN_LIFETIME: Duration = Duration::from_hours(8);

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Demo {
    #[command(subcommand)]
    command: Option<DemoCommand>,
    #[command(flatten)]
    start: Start,
}

#[derive(Debug, Subcommand)]
enum DemoCommand {
    /// Print a bearer token for one of the people of the demo region
    Token(Token),
}

#[derive(Debug, Args)]
struct Start {
    /// Where the region keeps its files
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// The port of the start page; 0 takes any that is free
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The seed that the patients are made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many patients
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=demo::PATIENTS_MAX as u64))]
    patients: u64,
    /// Let every organisation be reached: one is switched off otherwise, as in life
    #[arg(long)]
    every_source: bool,
    /// Throw away what an earlier demo left in the directory
    #[arg(long)]
    fresh: bool,
}

#[derive(Debug, Args)]
struct Token {
    /// Who, such as `internist-akkerhof` or `patient-001`
    person: String,
    /// The directory of the demo region
    #[arg(long, default_value = "data")]
    data: PathBuf,
}

impl Demo {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Some(DemoCommand::Token(token)) => {
                let text = token_for(&token.data, &token.person)?;
                super::print(&text);
                Ok(ExitCode::SUCCESS)
            }
            None => {
                region::run(DemoSettings {
                    data: self.start.data,
                    port: self.start.port,
                    seed: self.start.seed,
                    patients: usize::try_from(self.start.patients)?,
                    every_source: self.start.every_source,
                    fresh: self.start.fresh,
                })
                .await?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// The people of a demo region.
pub(crate) fn people(data: &Path) -> anyhow::Result<People> {
    let path = data.join("people.json");
    let bytes = std::fs::read(&path).with_context(|| {
        format!(
            "there is no demo region in `{}`; start one with `schakel demo`",
            data.display()
        )
    })?;
    People::from_json(&bytes).with_context(|| format!("`{}` is not valid", path.display()))
}

/// A token for one of the people.
pub(crate) fn token_for(data: &Path, slug: &str) -> anyhow::Result<String> {
    let people = people(data)?;
    let person = people.find(slug).cloned().with_context(|| {
        format!("there is no `{slug}` in the demo; `demo.json` lists the people")
    })?;
    let organisation = demo::Organisation::ALL
        .into_iter()
        .map(demo::Organisation::describe)
        .find(|one| one.ura == person.organisation)
        .context("the organisation of this person is not in the demo")?;
    let identity = NodeIdentity::load(&data.join(organisation.slug).join("identity"))?;
    let bearer = Bearer::new(
        &identity,
        Arc::new(people),
        Arc::new(SystemClock::default()),
        Arc::new(RandomIds),
    );
    Ok(bearer.issue(&person, TOKEN_LIFETIME)?)
}

/// A token for the record system of an organisation.
pub(crate) fn record_system_token(data: &Path, organisation: &str) -> anyhow::Result<String> {
    let ura = demo::Organisation::ALL
        .into_iter()
        .map(demo::Organisation::describe)
        .find(|one| one.slug == organisation)
        .with_context(|| format!("there is no organisation `{organisation}`"))?
        .ura;
    let people = people(data)?;
    let system = people
        .of(ura)
        .find(|person| person.role == Role::RecordSystem)
        .with_context(|| format!("`{organisation}` has no record system"))?;
    token_for(data, &system.slug)
}
