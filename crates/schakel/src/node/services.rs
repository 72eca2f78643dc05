//! The regional services, for the organisation that runs them.

use std::{fs, path::Path, sync::Arc};

use anyhow::Context;
use care::RandomIds;
use network::{
    PeerClient,
    addressing::{AddressRegister, Directory},
    consent::{ConsentPush, RegionalConsents},
    localisation::{LocalisationIndex, PseudonymDoor},
};
use trust::{
    consent::EmbeddedConsents,
    pseudonym::{Audience, EmbeddedPseudonyms, Recipient},
};

use super::NodeFiles;

/// Addressing, localisation, pseudonyms and consent, each with files of its own.
pub(crate) struct Services {
    pub(crate) addressing: AddressRegister,
    pub(crate) localisation: LocalisationIndex,
    pub(crate) pseudonyms: PseudonymDoor,
    pub(crate) consents: Arc<RegionalConsents>,
}

impl Services {
    /// Opens the services in their directory, or makes them.
    pub(crate) fn open(
        directory: &Path,
        files: &NodeFiles,
        peers: Arc<PeerClient>,
        addresses: Arc<Directory>,
    ) -> anyhow::Result<Self> {
        fs::create_dir_all(directory)
            .with_context(|| format!("cannot make `{}`", directory.display()))?;
        let audience = Audience::localisation(files.identity.ura());
        let recipient = Recipient::open_key(
            &directory.join("localisation.key"),
            audience,
            Arc::clone(&files.clock),
        )?;
        let pseudonyms = EmbeddedPseudonyms::open(
            &directory.join("pseudonyms.key"),
            vec![recipient.record()],
            Arc::clone(&files.clock),
            files.randomness.clone(),
        )?;
        let consents =
            EmbeddedConsents::open(&directory.join("consent.db"), Arc::clone(&files.clock))?;
        let push = ConsentPush::new(
            peers,
            Arc::clone(&addresses),
            &*files.ids,
            &*files.randomness,
        );
        Ok(Self {
            addressing: AddressRegister::open(
                &directory.join("addressing.db"),
                Arc::clone(&files.clock),
            )?,
            localisation: LocalisationIndex::open(
                &directory.join("localisation.db"),
                recipient,
                Arc::clone(&files.clock),
            )?,
            pseudonyms: PseudonymDoor::new(Arc::new(pseudonyms), Arc::clone(&files.clock)),
            consents: Arc::new(RegionalConsents::new(
                consents,
                push,
                addresses,
                Box::new(RandomIds),
            )),
        })
    }
}
