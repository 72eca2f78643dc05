//! `schakel doctor`: what is wrong, what it means, and what to do.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use exchange::catalogue::Catalogue;
use network::{PeerAddress, PeerClient, addressing::RegionalAddresses};
use trust::policy::Policies;

use super::nodes::{NodeSelection, SelectedNode};
use crate::{
    config::NodeConfig,
    node::{NodeFiles, open_store},
};

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The directory of the demo region
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// The configuration of one node, instead of a demo region
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    config: Option<PathBuf>,
}

/// Something that was looked at.
struct Finding {
    what: &'static str,
    /// What is well, or what is wrong and what to do about it.
    outcome: Result<String, Trouble>,
}

struct Trouble {
    wrong: String,
    hint: &'static str,
}

impl Doctor {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let selection = NodeSelection {
            data: self.data,
            organisation: None,
            config: self.config,
        };
        let mut troubles = 0;
        for node in selection.nodes()? {
            super::print(&format!("{}:", node.config.organisation.slug));
            for finding in examine(&node).await {
                match finding.outcome {
                    Ok(well) => super::print(&format!("  ok     {}: {well}", finding.what)),
                    Err(trouble) => {
                        troubles += 1;
                        super::print(&format!("  WRONG  {}: {}", finding.what, trouble.wrong));
                        super::print(&format!("         hint: {}", trouble.hint));
                    }
                }
            }
        }
        Ok(if troubles == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

async fn examine(node: &SelectedNode) -> Vec<Finding> {
    let config = &node.config;
    let mut findings = vec![exchanges(config), policies()];
    match NodeFiles::read(config) {
        Err(error) => findings.push(Finding {
            what: "keys and people",
            outcome: Err(Trouble {
                wrong: format!("{error:#}"),
                hint: "put back the files that the configuration names under `files`",
            }),
        }),
        Ok(files) => {
            findings.push(Finding {
                what: "keys and people",
                outcome: Ok(format!(
                    "certificate of {}, {} people",
                    files.identity.organisation().name,
                    files.people.iter().count()
                )),
            });
            findings.extend(database(config, &files).await);
            findings.push(region(config, &files).await);
        }
    }
    findings
}

fn exchanges(config: &NodeConfig) -> Finding {
    let catalogue = Catalogue::embedded().and_then(|catalogue| match &config.files.exchanges {
        Some(directory) => catalogue.and_directory(directory),
        None => Ok(catalogue),
    });
    Finding {
        what: "exchanges",
        outcome: match catalogue {
            Ok(catalogue) => {
                let codes: Vec<String> = catalogue
                    .iter()
                    .map(|exchange| exchange.code.to_string())
                    .collect();
                Ok(codes.join(", "))
            }
            Err(error) => Err(Trouble {
                wrong: error.to_string(),
                hint: "correct the file, or take it out of the directory `files.exchanges`",
            }),
        },
    }
}

fn policies() -> Finding {
    Finding {
        what: "policies",
        outcome: match Policies::embedded() {
            Ok(_) => Ok("all valid".to_owned()),
            Err(error) => Err(Trouble {
                wrong: error.to_string(),
                hint: "this binary was built with policies that are not valid; build it again",
            }),
        },
    }
}

async fn database(config: &NodeConfig, files: &NodeFiles) -> Vec<Finding> {
    let what = "database";
    let trouble = |wrong: String| Finding {
        what,
        outcome: Err(Trouble {
            wrong,
            hint: "stop the node and put back the last backup; docs/configuration.md says how \
                   to make one",
        }),
    };
    let store = match open_store(config, files, String::new()) {
        Ok(store) => store,
        Err(error) => return vec![trouble(format!("{error:#}"))],
    };
    let (integrity, statistics) = match (store.check_integrity().await, store.statistics().await) {
        (Ok(integrity), Ok(statistics)) => (integrity, statistics),
        (Err(error), _) | (_, Err(error)) => return vec![trouble(error.to_string())],
    };
    if !integrity.is_sound() {
        return vec![trouble(integrity.problems.join("; "))];
    }
    let refused = statistics
        .messages
        .iter()
        .filter(|(state, _)| *state == store::MessageState::Refused)
        .map(|(_, count)| count)
        .sum::<u64>();
    vec![
        Finding {
            what,
            outcome: Ok(format!(
                "sound, {} resources, {} audit lines, {} KB",
                statistics
                    .resources
                    .iter()
                    .map(|(_, count)| count)
                    .sum::<u64>(),
                statistics.audit_lines,
                integrity.database_bytes / 1024
            )),
        },
        Finding {
            what: "messages",
            outcome: if refused == 0 {
                Ok("none wait".to_owned())
            } else {
                Err(Trouble {
                    wrong: format!("{refused} were refused and wait"),
                    hint: "sign in as the operator, read why, and replay them",
                })
            },
        },
        Finding {
            what: "registrations",
            outcome: Ok(format!(
                "{} wait for the localisation index",
                statistics.outbox_waiting
            )),
        },
    ]
}

async fn region(config: &NodeConfig, files: &NodeFiles) -> Finding {
    let peers = PeerClient::new(files.identity.clone(), files.anchors.clone());
    let regional = PeerAddress {
        ura: config.region.services_ura,
        url: config.region.services_url.clone(),
    };
    let directory = network::addressing::Directory::new(std::sync::Arc::new(
        RegionalAddresses::new(std::sync::Arc::new(peers), regional),
    ));
    Finding {
        what: "regional services",
        outcome: match directory.refresh().await {
            Ok(()) => Ok(format!(
                "{} organisations take part",
                directory.organisations().len()
            )),
            Err(error) => Err(Trouble {
                wrong: error.to_string(),
                hint: "is the regional organisation's node running, and is \
                       `region.services_url` right?",
            }),
        },
    }
}
