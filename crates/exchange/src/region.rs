//! The rest of the region, as a node sees it: the port behind which addresses,
//! localisation and the asking of other nodes stand.
//!
//! [`crate::NetworkRegion`] is the adapter over `network`.

use std::time::Duration;

use async_trait::async_trait;
use care::{AccessContext, Bsn, Categories, Ura};
use fhir::Resource;
use trust::identity::OrganisationRecord;

/// The organisations of the region and how to reach them.
#[async_trait]
pub trait Region: Send + Sync {
    /// The organisations that the addressing register knows, this one included.
    fn organisations(&self) -> Vec<Participant>;

    /// Which organisations hold which kinds of data on a patient, by the
    /// localisation index.
    async fn holders(
        &self,
        cx: &AccessContext,
        bsn: &Bsn,
    ) -> Result<Vec<(Ura, Categories)>, Unreachable>;

    /// Asks one organisation for the context's patient: relative searches
    /// without the patient.
    async fn ask(
        &self,
        cx: &AccessContext,
        source: Ura,
        queries: &[String],
        deadline: Duration,
    ) -> Answer;

    /// Asks one organisation who looked at the context's patient: AuditEvents
    /// as JSON.
    async fn access_log(&self, cx: &AccessContext, source: Ura, deadline: Duration) -> LogAnswer;
}

/// An organisation that takes part in the region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// Who.
    pub record: OrganisationRecord,
    /// The FHIR base of its node, without a slash at the end.
    pub fhir_base: String,
}

/// A service of the region gives no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the service does not answer")]
pub struct Unreachable;

/// What one organisation answered.
#[derive(Debug, Clone)]
pub enum Answer {
    /// It answered; with nothing, when it has none.
    Data {
        /// The resources, and whether each only came along with another.
        resources: Vec<(Resource, bool)>,
        /// Whether this is all that it has.
        complete: bool,
    },
    /// It does not allow it.
    NotAllowed,
    /// It gave no usable answer; why, without patient data.
    NoAnswer(String),
}

/// What one organisation answered to who looked.
#[derive(Debug, Clone)]
pub enum LogAnswer {
    /// Its lines, each an AuditEvent as JSON bytes.
    Lines(Vec<Vec<u8>>),
    /// It does not allow it.
    NotAllowed,
    /// It gave no usable answer; why, without patient data.
    NoAnswer(String),
}
