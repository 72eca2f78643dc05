//! `schakel convert`: a resource in the other form.

use std::{io::Write, path::PathBuf, process::ExitCode};

use anyhow::bail;
use clap::Args;
use fhir::{FhirVersion, outcome::Issue, xml};

use crate::resource_file::{self, Form};

#[derive(Debug, Args)]
pub(crate) struct Convert {
    /// The form to write
    #[arg(long, value_enum)]
    to: Form,
    /// The version of FHIR that the file is in: `r4` or `stu3`
    #[arg(long, value_name = "VERSION", default_value = "r4")]
    fhir: FhirVersion,
    /// A resource in JSON or XML; `-` for the standard input
    file: PathBuf,
}

impl Convert {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let bytes = resource_file::read(&self.file)?;
        let resource = match resource_file::parse(self.fhir, &bytes) {
            Ok(resource) => resource,
            Err(issues) => bail!("{}", lines(&issues)),
        };
        let mut converted = match self.to {
            Form::Json => resource.as_bytes().to_vec(),
            Form::Xml => match xml::from_json_in(self.fhir, resource.document()) {
                Ok(xml) => xml,
                Err(issue) => bail!("{}", lines(&[issue])),
            },
        };
        if !converted.ends_with(b"\n") {
            converted.push(b'\n');
        }
        // Who reads it may stop reading, as `head` does.
        let _ = std::io::stdout().lock().write_all(&converted);
        Ok(ExitCode::SUCCESS)
    }
}

/// What is wrong, a line each.
fn lines(issues: &[Issue]) -> String {
    let lines: Vec<String> = issues
        .iter()
        .map(|issue| match &issue.expression {
            Some(expression) => format!("{expression}: {}", issue.text),
            None => issue.text.clone(),
        })
        .collect();
    lines.join("\n")
}
