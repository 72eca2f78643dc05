//! `schakel audit`: are the audit logs as they were written?

use std::{path::PathBuf, process::ExitCode, sync::mpsc};

use anyhow::Context;
use clap::{Args, Subcommand};
use fhir::FhirVersion;
use trust::audit::{ChainFault, FaultKind, Line, Verified, verify};

use super::nodes::NodeSelection;
use crate::node::{NodeFiles, Records};

/// How many lines are read at a time.
const LINES_PER_READ: usize = 500;

#[derive(Debug, Args)]
pub(crate) struct Audit {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Find lines that were altered, removed or inserted
    Verify(Verify),
}

#[derive(Debug, Args)]
struct Verify {
    /// The directory of the demo region
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Only this organisation
    #[arg(long, value_name = "SLUG")]
    organisation: Option<String>,
    /// The configuration of one node, instead of a demo region
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "organisation"])]
    config: Option<PathBuf>,
}

impl Audit {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let AuditCommand::Verify(verify) = self.command;
        let selection = NodeSelection {
            data: verify.data,
            organisation: verify.organisation,
            config: verify.config,
        };
        let mut holds = true;
        for node in selection.nodes()? {
            let slug = &node.config.organisation.slug;
            let files = NodeFiles::read(&node.config).with_context(|| format!("at `{slug}`"))?;
            for records in Records::all(&node.config)? {
                let log = match records.version {
                    FhirVersion::R4 => slug.clone(),
                    FhirVersion::Stu3 => format!("{slug} (STU3)"),
                };
                let line = match verify_log(&records, &files)
                    .await
                    .with_context(|| format!("at `{log}`"))?
                {
                    Ok(verified) => format!("{log}: {} lines, the chain holds", verified.lines),
                    Err(fault) => {
                        holds = false;
                        format!("{log}: line {} {}", fault.seq, what(fault.kind))
                    }
                };
                super::print(&line);
            }
        }
        Ok(if holds {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

async fn verify_log(
    records: &Records,
    files: &NodeFiles,
) -> anyhow::Result<Result<Verified, ChainFault>> {
    let head = records.head(files).read()?;
    let key = files.identity.public_key().to_vec();
    let store = records.open(files, String::new())?;
    let (send, receive) = mpsc::sync_channel::<Line>(LINES_PER_READ);
    let verifying = tokio::task::spawn_blocking(move || verify(receive, head.as_ref(), &key));
    let mut after = 0;
    loop {
        let lines = store.audit_lines(after, LINES_PER_READ).await?;
        let Some(last) = lines.last() else { break };
        after = last.seq;
        let sent =
            tokio::task::block_in_place(|| lines.into_iter().all(|line| send.send(line).is_ok()));
        // Who verifies stops at the first fault, and reads no further.
        if !sent {
            break;
        }
    }
    drop(send);
    Ok(verifying.await?)
}

/// What is wrong with a line, in words.
fn what(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Altered => "was altered after it was written",
        FaultKind::Removed => "follows a line that was removed",
        FaultKind::Inserted => "was inserted, it does not belong in the chain",
        FaultKind::Signature => "is not signed by this organisation",
        FaultKind::CutOff => "is missing: the end of the log was cut off",
    }
}
