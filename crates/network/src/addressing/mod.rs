//! Who takes part in the region, and where their node is (generieke functie
//! adressering, IHE mCSD).
//!
//! The regional organisation keeps the [`AddressRegister`]; each node publishes
//! its own entry there and keeps a [`Directory`]: a replica that it reads
//! without asking anybody. [`AddressFeed`] is the port; [`RegionalAddresses`]
//! is the adapter to the register of the region. An adapter to the national
//! registers (LRZa, ZORG-AB) stands beside it and changes nothing here.

mod directory;
mod feed;
mod mcsd;
mod register;
#[cfg(test)]
mod tests;

use care::{OrganisationType, Ura};

pub use directory::{Directory, REFRESH_INTERVAL};
pub use feed::{
    AddressEntry, AddressError, AddressFeed, Changes, ConfiguredAddresses, RegionalAddresses,
};
pub use mcsd::NotMcsd;
pub use register::{AddressRegister, ORGANISATIONS_MAX, PAGE_ENTRIES_MAX};

use crate::peer::PeerAddress;

/// An organisation that takes part, as the directory knows it. All public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// Its number in the UZI register.
    pub ura: Ura,
    /// Its name, as a patient will read it.
    pub name: String,
    /// What kind of organisation it is.
    pub organisation_type: OrganisationType,
    /// The base of its node door, `https://host:port`.
    pub node_url: String,
}

impl Organisation {
    /// Where its node is, and whose certificate must be there.
    pub fn address(&self) -> PeerAddress {
        PeerAddress {
            ura: self.ura,
            url: self.node_url.clone(),
        }
    }
}
