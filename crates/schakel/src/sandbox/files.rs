//! What a sandbox keeps: a key for its audit logs, and its databases.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use care::{Clock, IdSource, OrganisationType, Ura};
use fhir::FhirVersion;
use store::{Database, Options, Store};
use tempfile::TempDir;
use trust::{
    audit::{Chain, HeadFile},
    identity::{NodeIdentity, OrganisationRecord, RegionAuthority},
};

const IDENTITY: &str = "identity";

/// The URA of the made-up organisation.
const URA: &str = "90000900";

/// The files of a sandbox.
pub(super) struct SandboxFiles {
    directory: PathBuf,
    identity: NodeIdentity,
    /// Removed with everything in it when the sandbox stops.
    _until_then: Option<TempDir>,
}

impl SandboxFiles {
    /// Finds the files of an earlier run, or makes them; without a directory,
    /// for this run only.
    pub(super) fn find_or_make(data: Option<PathBuf>, clock: &dyn Clock) -> anyhow::Result<Self> {
        let (directory, until_then) = if let Some(directory) = data {
            (directory, None)
        } else {
            let made = TempDir::with_prefix("schakel-sandbox-")?;
            (made.path().to_owned(), Some(made))
        };
        let identity = if directory.join(IDENTITY).is_dir() {
            NodeIdentity::load(&directory.join(IDENTITY))?
        } else {
            make(&directory, clock)?
        };
        Ok(Self {
            directory,
            identity,
            _until_then: until_then,
        })
    }

    /// Whose sandbox it is.
    pub(super) const fn identity(&self) -> &NodeIdentity {
        &self.identity
    }

    /// Where exports are kept.
    pub(super) fn exports(&self, version: FhirVersion) -> PathBuf {
        self.directory.join(match version {
            FhirVersion::R4 => "exports",
            FhirVersion::Stu3 => "exports-stu3",
        })
    }

    /// Opens the database of a version: the one that is named, or else a file of
    /// its own.
    pub(super) fn open_store(
        &self,
        version: FhirVersion,
        named: Option<Database>,
        base_url: String,
        clock: &Arc<dyn Clock>,
        ids: &Arc<dyn IdSource>,
    ) -> anyhow::Result<Store> {
        let path = self.directory.join(match version {
            FhirVersion::R4 => "sandbox.sqlite",
            FhirVersion::Stu3 => "sandbox-stu3.sqlite",
        });
        let head = HeadFile::new(&path.with_extension("head"), &self.identity);
        let database = named.unwrap_or(Database::Sqlite(path));
        let shown = database.to_string();
        Store::open(Options {
            database,
            version,
            base_url,
            clock: Arc::clone(clock),
            ids: Arc::clone(ids),
            seal: Arc::new(Chain::new(&self.identity, Some(head))),
        })
        .with_context(|| format!("cannot open `{shown}`"))
    }
}

fn make(directory: &Path, clock: &dyn Clock) -> anyhow::Result<NodeIdentity> {
    let is_taken = fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some());
    if is_taken {
        bail!(
            "`{}` holds something else than a sandbox; it is left alone",
            directory.display()
        );
    }
    let kept = directory.join(IDENTITY);
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make `{}`", directory.display()))?;
    let authority = RegionAuthority::create("Schakel sandbox", clock.now())?;
    let record = OrganisationRecord {
        ura: URA.parse::<Ura>()?,
        name: "Sandbox".to_owned(),
        organisation_type: OrganisationType::Hospital,
    };
    let identity = authority.issue(&record, &["localhost".to_owned()], clock.now())?;
    fs::create_dir_all(&kept)?;
    identity.save(&kept)?;
    Ok(identity)
}
