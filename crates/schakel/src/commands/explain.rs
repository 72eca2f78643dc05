//! `schakel explain access`: why somebody may or may not see something.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use super::demo;
use crate::{
    demo_file::DemoFile,
    door_client::{http, post},
};

#[derive(Debug, Args)]
pub(crate) struct Explain {
    #[command(subcommand)]
    command: ExplainCommand,
}

#[derive(Debug, Subcommand)]
enum ExplainCommand {
    /// Print, rule by rule, why a person may or may not see what a source has
    Access(Access),
}

#[derive(Debug, Args)]
struct Access {
    /// Who wants to see it, such as `internist-akkerhof`
    #[arg(long)]
    person: String,
    /// About whom, such as `patient-001`; a BSN does not belong on a command line
    #[arg(long)]
    patient: String,
    /// The organisation that has the data
    #[arg(long, value_name = "SLUG")]
    source: String,
    /// The exchange under which is asked
    #[arg(long, default_value = "bgz")]
    exchange: String,
    /// As if it were an emergency, with this reason
    #[arg(long, value_name = "REASON")]
    emergency: Option<String>,
    /// The directory of the demo region
    #[arg(long, default_value = "data")]
    data: PathBuf,
}

impl Explain {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let ExplainCommand::Access(access) = self.command;
        access.run().await
    }
}

impl Access {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let region = DemoFile::read(&self.data)?;
        let patient = region
            .patients
            .iter()
            .find(|one| one.slug == self.patient)
            .with_context(|| {
                format!(
                    "there is no `{}`; `demo.json` lists the patients",
                    self.patient
                )
            })?;
        let person = region
            .people
            .iter()
            .find(|one| one.slug == self.person)
            .with_context(|| {
                format!(
                    "there is no `{}`; `demo.json` lists the people",
                    self.person
                )
            })?;
        let source = region.organisation(&self.source)?;
        let own = region.organisation(&person.organisation)?;
        let token = demo::token_for(&self.data, &person.slug)?;
        let mut parameters = vec![
            json!({"name": "identifier", "valueIdentifier": {
                "system": care::Bsn::SYSTEM, "value": patient.bsn}}),
            json!({"name": "exchange", "valueCode": self.exchange}),
            json!({"name": "source", "valueString": source.ura}),
        ];
        if let Some(reason) = &self.emergency {
            parameters.push(json!({"name": "purpose", "valueCode": "ETREAT"}));
            parameters.push(json!({"name": "reason", "valueString": reason}));
        }
        let question = json!({"resourceType": "Parameters", "parameter": parameters});
        let answer = post(
            &http()?,
            &format!("{}/$explain-access", own.fhir),
            "application/fhir+json",
            &token,
            question.to_string().into_bytes(),
        )
        .await?;
        let body: serde_json::Value = serde_json::from_slice(&answer.body)
            .context("the node gave an answer that cannot be read")?;
        if !answer.accepted {
            let text = body["issue"][0]["diagnostics"]
                .as_str()
                .unwrap_or("no reason given");
            bail!("the node refused with {}: {text}", answer.status);
        }
        super::print(&format!(
            "May {} ({}, {}) see what {} has on {}?\n",
            person.name, person.role, own.name, source.name, self.patient
        ));
        for line in body["parameter"].as_array().into_iter().flatten() {
            super::print(&read(line));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A line of the explanation.
fn read(line: &serde_json::Value) -> String {
    let part = |name: &str| {
        line["part"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|part| part["name"] == name)
    };
    let text = |name: &str| part(name).and_then(|part| part["valueString"].as_str());
    let applies = part("applies").is_some_and(|part| part["valueBoolean"] == true);
    format!(
        "{}  {:<28} {}",
        if applies { "yes" } else { "no " },
        text("rule").unwrap_or_default(),
        text("text").unwrap_or_default()
    )
}
