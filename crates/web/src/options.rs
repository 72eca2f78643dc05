//! What the pages need from the binary that runs them.

use std::sync::Arc;

use async_trait::async_trait;
use care::{AccessContext, Clock};
use exchange::Node;
use jiff::{Timestamp, tz::TimeZone};
use network::consent::RegionalConsents;
use store::Statistics;
use trust::{
    Randomness,
    identity::OrganisationRecord,
    person::{Identification, People},
    session::Sessions,
};

use crate::findings::NodeChecks;

/// What the pages of one node need.
pub struct WebOptions {
    /// The node whose pages these are.
    pub node: Arc<Node>,
    /// The sessions of its people.
    pub sessions: Arc<Sessions>,
    /// Who says who presents a credential at sign-in.
    pub issuer: Arc<dyn Identification>,
    /// The people that the sign-in page lists; those of this organisation and
    /// no others can sign in here.
    pub people: Arc<People>,
    /// The address under which browsers reach these pages, such as
    /// `http://localhost:8081`; forms from another origin are refused. With
    /// `https` the cookies are `Secure`.
    pub public_address: String,
    /// The sign-in pages of the other organisations, for the start page of a
    /// demo region.
    pub elsewhere: Vec<Elsewhere>,
    /// What only the regional organisation has.
    pub region: Option<RegionRoom>,
    /// Looks at the node for its operator.
    pub checks: Arc<dyn NodeChecks>,
    /// Whether everybody is made up, which the pages then say.
    pub demo: bool,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes for handles and form tokens.
    pub randomness: Arc<dyn Randomness>,
    /// The zone in which times are shown.
    pub time_zone: TimeZone,
}

/// The sign-in page of another organisation.
#[derive(Debug, Clone)]
pub struct Elsewhere {
    /// The organisation.
    pub name: String,
    /// The address of its pages.
    pub address: String,
    /// The slugs of its people in [`WebOptions::people`], in the order to show.
    pub people: Vec<String>,
}

/// What the pages of the regional organisation need besides.
pub struct RegionRoom {
    /// The patients' choices.
    pub consents: Arc<RegionalConsents>,
    /// How the organisations do.
    pub status: Arc<dyn RegionStatus>,
}

/// Tells how the organisations of the region do. The adapter asks each of them.
#[async_trait]
pub trait RegionStatus: Send + Sync {
    /// One entry per organisation, in the order to show them.
    async fn organisations(&self, cx: &AccessContext) -> Vec<OrganisationStatus>;
}

/// How one organisation does.
#[derive(Debug, Clone)]
pub struct OrganisationStatus {
    /// Who.
    pub organisation: OrganisationRecord,
    /// Whether its node answers now.
    pub up: bool,
    /// When it last answered.
    pub last_contact: Option<Timestamp>,
    /// Its counts; `None` when they are not known.
    pub statistics: Option<Statistics>,
}
