//! `demo.json`: what a script needs to know of a running demo region.

use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// The whole file. Its form is a contract with scripts: fields are added, never changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DemoFile {
    /// The start page.
    pub(crate) url: String,
    /// The seed that the region was made from.
    pub(crate) seed: u64,
    pub(crate) organisations: Vec<OrganisationEntry>,
    pub(crate) people: Vec<PersonEntry>,
    pub(crate) patients: Vec<PatientEntry>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OrganisationEntry {
    pub(crate) slug: String,
    pub(crate) name: String,
    /// The RoleCodeNL code.
    #[serde(rename = "type")]
    pub(crate) organisation_type: String,
    pub(crate) ura: String,
    /// The FHIR R4 base address.
    pub(crate) fhir: String,
    /// Host and port for MLLP.
    pub(crate) mllp: String,
    /// Where EDIFACT interchanges are posted.
    pub(crate) edifact: String,
    /// The pages of this organisation.
    pub(crate) web: String,
    /// Whether other organisations can reach it.
    pub(crate) reachable: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PersonEntry {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) role: String,
    /// The slug of the organisation.
    pub(crate) organisation: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PatientEntry {
    /// The name in commands.
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) bsn: String,
    pub(crate) birth_date: String,
    /// The slugs of the organisations that hold data.
    pub(crate) sources: Vec<String>,
}

/// The name of the file in the data directory.
pub(crate) const FILE_NAME: &str = "demo.json";

impl DemoFile {
    /// Reads the file of a demo region.
    pub(crate) fn read(data: &Path) -> anyhow::Result<Self> {
        let path = data.join(FILE_NAME);
        let bytes = std::fs::read(&path).with_context(|| {
            format!(
                "there is no demo region in `{}`; start one with `schakel demo`",
                data.display()
            )
        })?;
        serde_json::from_slice(&bytes).with_context(|| format!("`{}` is not valid", path.display()))
    }

    /// Writes the file whole or not at all: a script may be waiting for it.
    pub(crate) fn write(&self, data: &Path) -> anyhow::Result<()> {
        let unfinished = data.join(".demo.json");
        std::fs::write(&unfinished, serde_json::to_vec_pretty(self)?)?;
        std::fs::rename(&unfinished, data.join(FILE_NAME))
            .with_context(|| format!("cannot write `{FILE_NAME}` in `{}`", data.display()))
    }

    /// Finds an organisation by slug.
    pub(crate) fn organisation(&self, slug: &str) -> anyhow::Result<&OrganisationEntry> {
        self.organisations
            .iter()
            .find(|one| one.slug == slug)
            .with_context(|| {
                let known: Vec<&str> = self
                    .organisations
                    .iter()
                    .map(|one| one.slug.as_str())
                    .collect();
                format!(
                    "there is no organisation `{slug}`; known are {}",
                    known.join(", ")
                )
            })
    }
}
