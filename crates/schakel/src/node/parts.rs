//! What a node reads from its files.

use std::{path::Path, sync::Arc};

use anyhow::Context;
use care::{Clock, IdSource, RandomIds, SystemClock};
use trust::{
    SystemRandomness,
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
