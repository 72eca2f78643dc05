//! `schakel doctor`: what is wrong, what it means, and what to do.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use web::words::Language;

use super::nodes::NodeSelection;
use crate::checks;

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The directory of the demo region
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// The configuration of one node, instead of a demo region
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    config: Option<PathBuf>,
}

impl Doctor {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let selection = NodeSelection {
            data: self.data,
            organisation: None,
            config: self.config,
        };
        let mut is_well = true;
        for node in selection.nodes()? {
            super::print(&format!("{}:", node.config.organisation.slug));
            for finding in checks::examine(&node.config, None).await {
                let told = finding.told(Language::English);
                let state = if finding.is_well() {
                    "ok    "
                } else {
                    "WRONG "
                };
                super::print(&format!("  {state} {}: {}", told.what, told.found));
                if let Some(hint) = told.hint {
                    super::print(&format!("         hint: {hint}"));
                }
                is_well &= finding.is_well();
            }
        }
        Ok(if is_well {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}
