//! Where addresses come from: the port, the adapter to the register of the
//! region, and the adapter to a list in the configuration.

use std::sync::Arc;

use async_trait::async_trait;
use care::{OrganisationType, Ura};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Organisation,
    mcsd::{EndpointResource, Meta, OrganizationResource},
};
use crate::{
    door::FHIR_JSON,
    peer::{Call, PeerAddress, PeerClient, PeerError},
};

/// Pages that one refresh reads of one kind of resource.
pub(super) const PAGES_MAX: usize = 200;
/// The path of the register at the node door of the regional organisation.
const REGISTER_PATH: &str = "/addressing/fhir/";

/// A source of addresses, and the place to publish the own one.
#[async_trait]
pub trait AddressFeed: Send + Sync + 'static {
    /// Publishes the own organisation; doing it again changes nothing.
    async fn publish(&self, own: &Organisation) -> Result<(), AddressError>;
    /// Everything (ITI-90).
    async fn all(&self) -> Result<Changes, AddressError>;
    /// What changed since the stamp of an earlier answer (ITI-91); it may
    /// repeat what was known.
    async fn since(&self, stamp: Timestamp) -> Result<Changes, AddressError>;
}

/// What a feed gave.
#[derive(Debug, Clone)]
pub struct Changes {
    /// The entries, in any order.
    pub entries: Vec<AddressEntry>,
    /// From when to ask next; none when the feed cannot give changes.
    pub stamp: Option<Timestamp>,
}

/// One version of an organisation or of its endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressEntry {
    /// Who it is.
    Organisation {
        /// Its number.
        ura: Ura,
        /// Its name.
        name: String,
        /// What kind of organisation it is.
        organisation_type: OrganisationType,
        /// Whether it still takes part.
        active: bool,
        /// When this version was made.
        updated: Timestamp,
    },
    /// Where its node is.
    Endpoint {
        /// The number of the organisation.
        ura: Ura,
        /// The base of its node door.
        node_url: String,
        /// Whether it can be asked.
        active: bool,
        /// When this version was made.
        updated: Timestamp,
    },
}

/// Why addresses cannot be read or published.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// The register does not answer.
    #[error("the address register does not answer")]
    Peer(#[from] PeerError),
    /// The register refused; its text is in its own log.
    #[error("the address register refused with status {0}")]
    Refused(u16),
    /// The answer is not what a register gives.
    #[error("the address register gave an answer that is not mCSD")]
    Malformed,
    /// The register has more than this node reads.
    #[error("the address register has more than {PAGES_MAX} pages")]
    TooMany,
}

/// The register that the regional organisation runs.
pub struct RegionalAddresses {
    peers: Arc<PeerClient>,
    regional: PeerAddress,
}

#[derive(Deserialize)]
struct Bundle {
    meta: BundleMeta,
    #[serde(default)]
    link: Vec<Link>,
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BundleMeta {
    last_updated: String,
}

#[derive(Deserialize)]
struct Link {
    relation: String,
    url: String,
}

#[derive(Deserialize)]
struct Entry {
    resource: Option<serde_json::Value>,
}

impl RegionalAddresses {
    /// The register at the node door of the regional organisation.
    pub fn new(peers: Arc<PeerClient>, regional: PeerAddress) -> Self {
        Self { peers, regional }
    }

    async fn put<T: serde::Serialize + Sync>(
        &self,
        kind: &str,
        id: &str,
        resource: &T,
    ) -> Result<(), AddressError> {
        let path = format!("{REGISTER_PATH}{kind}/{id}");
        let body = serde_json::to_vec(resource).map_err(|_| AddressError::Malformed)?;
        let reply = self
            .peers
            .call(&self.regional, Call::put(&path, FHIR_JSON, body))
            .await?;
        match reply.status {
            200 | 201 => Ok(()),
            status => Err(AddressError::Refused(status)),
        }
    }

    /// Reads all pages of one kind; the stamp is that of the first page, as
    /// what changes while the others are read must come again.
    async fn pages(
        &self,
        kind: &str,
        first: String,
        entries: &mut Vec<AddressEntry>,
    ) -> Result<Timestamp, AddressError> {
        let mut stamp = None;
        let mut next = Some(first);
        for _ in 0..PAGES_MAX {
            let Some(path) = next.take() else { break };
            let path = format!("{REGISTER_PATH}{path}");
            let reply = self.peers.call(&self.regional, Call::get(&path)).await?;
            if reply.status != 200 {
                return Err(AddressError::Refused(reply.status));
            }
            let bundle: Bundle =
                serde_json::from_slice(&reply.body).map_err(|_| AddressError::Malformed)?;
            let updated: Timestamp = bundle
                .meta
                .last_updated
                .parse()
                .map_err(|_| AddressError::Malformed)?;
            stamp.get_or_insert(updated);
            // What does not read as an entry is another region's business or
            // newer than this node: the rest of the directory must still come.
            entries.extend(
                bundle
                    .entry
                    .into_iter()
                    .filter_map(|entry| entry_of(kind, entry.resource?)),
            );
            next = bundle
                .link
                .into_iter()
                .find(|link| link.relation == "next")
                .map(|link| link.url)
                .filter(|url| url.starts_with(kind));
        }
        match (next, stamp) {
            (Some(_), _) => Err(AddressError::TooMany),
            (None, Some(stamp)) => Ok(stamp),
            (None, None) => Err(AddressError::Malformed),
        }
    }
}

#[async_trait]
impl AddressFeed for RegionalAddresses {
    async fn publish(&self, own: &Organisation) -> Result<(), AddressError> {
        let organization = OrganizationResource::of(own);
        self.put("Organization", &organization.id, &organization)
            .await?;
        let endpoint = EndpointResource::of(own);
        self.put("Endpoint", &endpoint.id, &endpoint).await
    }

    async fn all(&self) -> Result<Changes, AddressError> {
        let mut entries = Vec::new();
        let first = self
            .pages("Organization", "Organization".to_owned(), &mut entries)
            .await?;
        let second = self
            .pages("Endpoint", "Endpoint".to_owned(), &mut entries)
            .await?;
        Ok(Changes {
            entries,
            stamp: Some(first.min(second)),
        })
    }

    async fn since(&self, stamp: Timestamp) -> Result<Changes, AddressError> {
        let mut entries = Vec::new();
        let mut stamps = Vec::new();
        for kind in ["Organization", "Endpoint"] {
            let path = format!("{kind}/_history?_since={stamp:.3}");
            stamps.push(self.pages(kind, path, &mut entries).await?);
        }
        Ok(Changes {
            entries,
            stamp: stamps.into_iter().min(),
        })
    }
}

fn entry_of(kind: &str, resource: serde_json::Value) -> Option<AddressEntry> {
    let updated = |meta: Option<&Meta>| meta?.last_updated.parse::<Timestamp>().ok();
    if kind == "Organization" {
        let resource: OrganizationResource = serde_json::from_value(resource).ok()?;
        let updated = updated(resource.meta.as_ref())?;
        let (ura, name, organisation_type) = resource.judge().ok()?;
        let name = name.to_owned();
        let active = resource.active;
        Some(AddressEntry::Organisation {
            ura,
            name,
            organisation_type,
            active,
            updated,
        })
    } else {
        let resource: EndpointResource = serde_json::from_value(resource).ok()?;
        let updated = updated(resource.meta.as_ref())?;
        let (ura, base) = resource.judge().ok()?;
        let active = resource.status == "active";
        Some(AddressEntry::Endpoint {
            ura,
            node_url: base.to_owned(),
            active,
            updated,
        })
    }
}

/// Addresses that the configuration names, for a region without a register.
pub struct ConfiguredAddresses(pub Vec<Organisation>);

#[async_trait]
impl AddressFeed for ConfiguredAddresses {
    /// There is nowhere to publish: the configuration of the others names us.
    async fn publish(&self, _own: &Organisation) -> Result<(), AddressError> {
        Ok(())
    }

    async fn all(&self) -> Result<Changes, AddressError> {
        let updated = Timestamp::UNIX_EPOCH;
        let entries = self.0.iter().flat_map(|organisation| {
            let Organisation {
                ura,
                name,
                organisation_type,
                node_url,
            } = organisation.clone();
            [
                AddressEntry::Organisation {
                    ura,
                    name,
                    organisation_type,
                    active: true,
                    updated,
                },
                AddressEntry::Endpoint {
                    ura,
                    node_url,
                    active: true,
                    updated,
                },
            ]
        });
        Ok(Changes {
            entries: entries.collect(),
            stamp: None,
        })
    }

    async fn since(&self, _stamp: Timestamp) -> Result<Changes, AddressError> {
        self.all().await
    }
}
