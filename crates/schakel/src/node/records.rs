//! The records of an organisation: a database for each version of FHIR, with
//! what stands beside it.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use exchange::{Bulk, BulkLimits, Node};
use fhir::FhirVersion;
use store::{Database, Options, Store};
use trust::audit::{Chain, HeadFile};

use super::NodeFiles;
use crate::config::{DatabaseSetting, NodeConfig};

/// Where the records in one version of FHIR are.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    pub(crate) version: FhirVersion,
    database: Database,
    /// The signed head of the audit chain.
    head: PathBuf,
    /// The exports.
    exports: PathBuf,
}

impl Records {
    /// Those that an organisation always has.
    pub(crate) fn r4(config: &NodeConfig) -> anyhow::Result<Self> {
        Self::of(config, FhirVersion::R4, &config.files.database)
    }

    /// Those in STU3, where the organisation has them.
    pub(crate) fn stu3(config: &NodeConfig) -> anyhow::Result<Option<Self>> {
        let named = config.files.database_stu3.as_ref();
        named
            .map(|database| Self::of(config, FhirVersion::Stu3, database))
            .transpose()
    }

    /// All that an organisation has.
    pub(crate) fn all(config: &NodeConfig) -> anyhow::Result<Vec<Self>> {
        let stu3 = Self::stu3(config)?;
        Ok(std::iter::once(Self::r4(config)?).chain(stu3).collect())
    }

    fn of(
        config: &NodeConfig,
        version: FhirVersion,
        database: &DatabaseSetting,
    ) -> anyhow::Result<Self> {
        let database = database.parse()?;
        // Beside a database that is a file, and beside the identity when it is elsewhere.
        let (head, exports) = match (&database, version) {
            (Database::Sqlite(file), _) => {
                (file.with_extension("head"), file.with_extension("exports"))
            }
            (Database::Postgres(_), FhirVersion::R4) => {
                let beside = &config.files.identity;
                (beside.join("audit.head"), beside.join("exports"))
            }
            (Database::Postgres(_), FhirVersion::Stu3) => {
                let beside = &config.files.identity;
                (beside.join("audit-stu3.head"), beside.join("exports-stu3"))
            }
        };
        Ok(Self {
            version,
            database,
            head,
            exports,
        })
    }

    /// The file with the signed head of the audit chain.
    pub(crate) fn head(&self, files: &NodeFiles) -> HeadFile {
        HeadFile::new(&self.head, &files.identity)
    }

    /// Opens the database.
    pub(crate) fn open(&self, files: &NodeFiles, base_url: String) -> anyhow::Result<Store> {
        Store::open(Options {
            database: self.database.clone(),
            base_url,
            version: self.version,
            clock: Arc::clone(&files.clock),
            ids: Arc::clone(&files.ids),
            seal: Arc::new(Chain::new(&files.identity, Some(self.head(files)))),
        })
        .with_context(|| format!("cannot open `{}`", self.database))
    }

    /// Opens the exports of a node with these records.
    pub(crate) fn bulk(&self, node: &Arc<Node>, files: &NodeFiles) -> anyhow::Result<Arc<Bulk>> {
        Bulk::open(
            Arc::clone(node),
            &self.exports,
            Arc::clone(&files.ids),
            BulkLimits::STANDARD,
        )
        .with_context(|| format!("cannot keep exports in `{}`", self.exports.display()))
    }
}
