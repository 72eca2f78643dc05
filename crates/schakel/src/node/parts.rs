//! What a node reads from its files.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use care::{Clock, IdSource, RandomIds, SystemClock};
use store::{Database, Options, Store};
use trust::{
    SystemRandomness,
    audit::{Chain, HeadFile},
    identity::{NodeIdentity, TrustAnchors},
    person::People,
};
use zeroize::Zeroizing;

use super::revocations::RevocationFile;
use crate::config::{MllpTlsConfig, NodeConfig};

/// The keys, people and sources of time and chance of a node.
pub(crate) struct NodeFiles {
    pub(crate) identity: NodeIdentity,
    pub(crate) anchors: TrustAnchors,
    pub(crate) revocations: Option<RevocationFile>,
    pub(crate) people: Arc<People>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) randomness: Arc<SystemRandomness>,
}

impl NodeFiles {
    /// Reads them, and checks that the certificate is that of the organisation.
    pub(crate) fn read(config: &NodeConfig) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let identity = NodeIdentity::load(&config.files.identity)?;
        let certified = identity.organisation();
        let configured = &config.organisation;
        anyhow::ensure!(
            certified.ura == configured.ura
                && certified.organisation_type == config.organisation_type()?,
            "the certificate in `{}` is of {} ({}), but the configuration says {} ({})",
            config.files.identity.display(),
            certified.ura,
            certified.organisation_type.code(),
            configured.ura,
            configured.organisation_type
        );
        let authority = read_text(&config.files.authority)?;
        let anchors = TrustAnchors::from_pem(&authority, Arc::clone(&clock))?;
        let revocations = match &config.files.revoked {
            Some(path) => Some(RevocationFile::open(path, anchors.clone())?),
            None => None,
        };
        let people = People::from_json(read_text(&config.files.people)?.as_bytes())
            .with_context(|| format!("`{}` is not valid", config.files.people.display()))?;
        Ok(Self {
            identity,
            anchors,
            revocations,
            people: Arc::new(people),
            clock,
            ids: Arc::new(RandomIds),
            randomness: Arc::new(SystemRandomness),
        })
    }

    /// The file with the signed head of the audit chain: beside a database that
    /// is a file, and beside the identity when the database is elsewhere.
    pub(crate) fn audit_head(&self, config: &NodeConfig) -> anyhow::Result<HeadFile> {
        let path = match config.files.database.parse()? {
            Database::Sqlite(file) => file.with_extension("head"),
            Database::Postgres(_) => config.files.identity.join("audit.head"),
        };
        Ok(HeadFile::new(&path, &self.identity))
    }

    /// Where exports are kept: beside the database, where that is a file.
    pub(crate) fn exports(config: &NodeConfig) -> anyhow::Result<PathBuf> {
        Ok(match config.files.database.parse()? {
            Database::Sqlite(file) => file.with_extension("exports"),
            Database::Postgres(_) => config.files.identity.join("exports"),
        })
    }
}

/// Opens the organisation's database.
pub(crate) fn open_store(
    config: &NodeConfig,
    files: &NodeFiles,
    base_url: String,
) -> anyhow::Result<Store> {
    let database = config.files.database.parse()?;
    let head = files.audit_head(config)?;
    Store::open(Options {
        database: database.clone(),
        base_url,
        version: fhir::FhirVersion::R4,
        clock: Arc::clone(&files.clock),
        ids: Arc::clone(&files.ids),
        seal: Arc::new(Chain::new(&files.identity, Some(head))),
    })
    .with_context(|| format!("cannot open `{database}`"))
}

/// TLS of the MLLP port, from its files.
pub(crate) fn mllp_tls(config: &MllpTlsConfig) -> anyhow::Result<rustls::ServerConfig> {
    let chain = read_text(&config.certificate)?;
    let key = Zeroizing::new(read_text(&config.key)?);
    let clients = config.clients.as_deref().map(read_text).transpose()?;
    api::mllp::tls(&chain, &key, clients.as_deref()).with_context(|| {
        format!(
            "`doors.mllp_tls` with `{}` cannot be used",
            config.certificate.display()
        )
    })
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}
