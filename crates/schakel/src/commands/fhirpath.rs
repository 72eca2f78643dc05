//! `schakel fhirpath`: what an expression finds in a resource.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use care::{Clock, SystemClock};
use clap::Args;
use fhir::FhirVersion;
use fhir::fhirpath::ErrorKind;
use fhir::fhirpath::script::{self, Moment, Request, ScriptError};
use fhir::json::{Document, Value};

/// How many resources of a batch are kept, so that one that many lines name is
/// read once.
const KEPT_MAX: usize = 100;

/// How long a file with a resource may be, in bytes.
const FILE_BYTES_MAX: u64 = fhir::json::DOCUMENT_BYTES_MAX as u64;

#[derive(Debug, Args)]
pub(crate) struct Fhirpath {
    /// The version of FHIR that the resource is in: `r4` or `stu3`
    #[arg(long, value_name = "VERSION", default_value = "r4")]
    fhir: FhirVersion,
    /// Evaluate the lines of a file, each `{"id", "expression", "resource", "variables"?}`
    /// with `resource` a path from the working directory
    #[arg(long, value_name = "FILE.jsonl", conflicts_with_all = ["expression", "file"])]
    batch: Option<PathBuf>,
    /// The expression
    #[arg(required_unless_present = "batch")]
    expression: Option<String>,
    /// The resource, JSON or XML
    #[arg(required_unless_present = "batch")]
    file: Option<PathBuf>,
}

impl Fhirpath {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let now = SystemClock::default().now();
        let now = Moment {
            milliseconds: now.as_millisecond(),
            offset_minutes: 0,
        };
        if let Some(batch) = &self.batch {
            return run_batch(self.fhir, batch, now);
        }
        let (Some(expression), Some(file)) = (&self.expression, &self.file) else {
            anyhow::bail!("an expression and a file are needed");
        };
        let result = read(self.fhir, file).and_then(|resource| {
            script::run(self.fhir, expression, &resource, &Value::object(), now)
        });
        match result {
            Ok(found) => {
                super::print(&found.to_pretty());
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => anyhow::bail!("{error}"),
        }
    }
}

fn read(version: FhirVersion, file: &Path) -> Result<Document, ScriptError> {
    let fault = |text: String| ScriptError {
        kind: ErrorKind::Execution,
        message: format!("`{}` cannot be read: {text}", file.display()),
    };
    let length = std::fs::metadata(file)
        .map_err(|error| fault(error.to_string()))?
        .len();
    if length > FILE_BYTES_MAX {
        return Err(fault(format!("longer than {FILE_BYTES_MAX} bytes")));
    }
    let bytes = std::fs::read(file).map_err(|error| fault(error.to_string()))?;
    script::read(version, &bytes)
}

/// Answers line by line. A line that fails is answered too, and does not make
/// the batch fail.
fn run_batch(version: FhirVersion, batch: &Path, now: Moment) -> anyhow::Result<ExitCode> {
    let file =
        std::fs::File::open(batch).with_context(|| format!("cannot read `{}`", batch.display()))?;
    let mut kept: HashMap<String, Document> = HashMap::new();
    for line in BufReader::new(file).lines() {
        let line = line.with_context(|| format!("cannot read `{}`", batch.display()))?;
        if line.trim().is_empty() {
            continue;
        }
        let answer = match Request::parse(&line) {
            Err(error) => script::answer(&Value::Null, Err(error)),
            Ok(request) => {
                if !kept.contains_key(&request.resource) && kept.len() >= KEPT_MAX {
                    kept.clear();
                }
                let resource = match kept.get(&request.resource) {
                    Some(resource) => Ok(resource.clone()),
                    None => read(version, Path::new(&request.resource)),
                };
                let result = resource.and_then(|resource| {
                    kept.insert(request.resource.clone(), resource.clone());
                    script::run(
                        version,
                        &request.expression,
                        &resource,
                        &request.variables,
                        now,
                    )
                });
                request.answer(result)
            }
        };
        super::print(&String::from_utf8_lossy(&answer.to_bytes()));
    }
    Ok(ExitCode::SUCCESS)
}
