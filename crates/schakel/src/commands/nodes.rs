//! Which nodes a command is about: those of a demo region, or a configured one.

use std::path::PathBuf;

use anyhow::bail;

use crate::config::NodeConfig;

/// What the user named.
pub(crate) struct NodeSelection {
    pub(crate) data: PathBuf,
    pub(crate) organisation: Option<String>,
    pub(crate) config: Option<PathBuf>,
}

/// A node with its configuration.
pub(crate) struct SelectedNode {
    pub(crate) config: NodeConfig,
}

impl NodeSelection {
    /// The nodes, in the order in which the demo shows them.
    pub(crate) fn nodes(&self) -> anyhow::Result<Vec<SelectedNode>> {
        if let Some(path) = &self.config {
            return Ok(vec![SelectedNode {
                config: NodeConfig::read(path)?,
            }]);
        }
        let known = demo::Organisation::ALL.map(|one| one.describe().slug);
        let chosen: Vec<&str> = match self.organisation.as_deref() {
            Some(slug) if known.contains(&slug) => vec![slug],
            Some(slug) => bail!("there is no `{slug}`; known are {}", known.join(", ")),
            None => known.to_vec(),
        };
        if !self.data.join("region.json").exists() {
            bail!(
                "there is no demo region in `{}`; start one with `schakel demo`",
                self.data.display()
            );
        }
        chosen
            .into_iter()
            .map(|slug| {
                let path = self.data.join(slug).join("node.toml");
                Ok(SelectedNode {
                    config: NodeConfig::read(&path)?,
                })
            })
            .collect()
    }
}
