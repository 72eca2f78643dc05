//! `schakel validate`: whether resources obey FHIR and the profiles that they claim.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use clap::Args;
use fhir::{
    FhirVersion,
    json::Value,
    outcome::operation_outcome,
    validation::{self, Given, Validator},
};

use terminology::session::Loaded;

use crate::{packages, releases, resource_file};

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// The version of FHIR that the files are in: `r4` or `stu3`
    #[arg(long, value_name = "VERSION", default_value = "r4")]
    fhir: FhirVersion,
    /// A package of profiles, value sets and code systems: a directory or a .tgz
    #[arg(long, value_name = "DIR|TGZ")]
    package: Vec<PathBuf>,
    /// A directory with loaded releases, so that their codes are judged too
    #[arg(long, value_name = "DIR")]
    terminology: Option<PathBuf>,
    /// A profile that every file must fit, besides those that it claims itself
    #[arg(long, value_name = "URL")]
    profile: Vec<String>,
    /// Resources that references and canonical URLs may lead to, besides what a
    /// package holds
    #[arg(long, value_name = "FILE")]
    given: Vec<PathBuf>,
    /// Resources in JSON or XML
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Validate {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let mut packages = Vec::new();
        for path in &self.package {
            packages.push(packages::read(self.fhir, path)?);
        }
        let mut validator = Validator::new(self.fhir, packages);
        if let Some(directory) = &self.terminology {
            let loaded = Loaded(releases::open(Some(directory))?);
            validator = validator.with_terminology(Arc::new(loaded));
        }
        let profiles: Vec<&str> = self.profile.iter().map(String::as_str).collect();
        let mut given = Vec::new();
        for file in &self.given {
            let bytes = resource_file::read(file)?;
            let resource = resource_file::parse(self.fhir, &bytes);
            given.push(resource.map_err(|issues| {
                let why = issues.first().map_or("", |issue| &issue.text);
                anyhow::anyhow!("`{}`: {why}", file.display())
            })?);
        }
        let given = Given::new(given);
        let mut is_right = true;
        for file in &self.files {
            let bytes = resource_file::read(file)?;
            let outcome = match resource_file::parse(self.fhir, &bytes) {
                Ok(resource) => {
                    let findings = validator.validate_among(&resource, &profiles, &given);
                    is_right &= !findings.iter().any(validation::Finding::is_error);
                    validation::outcome(&findings)
                }
                Err(issues) => {
                    is_right = false;
                    operation_outcome(&issues)
                }
            };
            let mut line = Value::object();
            line.set("file", file.display().to_string());
            line.set("outcome", outcome);
            super::print(&String::from_utf8_lossy(&line.to_bytes()));
        }
        Ok(if is_right {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}
