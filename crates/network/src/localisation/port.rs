//! The port of localisation: the embedded index of the region, or NVI.

use async_trait::async_trait;
use care::{AccessContext, Bsn, Categories, Ura};
use trust::pseudonym::PseudonymError;

use crate::peer::PeerError;

/// Who holds what on whom, as a node asks it and keeps it up to date.
///
/// Patients are named by BSN on this side only: an adapter makes a pseudonym
/// of it before anything leaves the node.
#[async_trait]
pub trait Localisation: Send + Sync {
    /// Registers that this organisation holds these kinds of data on a
    /// patient. Doing it again changes nothing.
    async fn register(
        &self,
        context: &AccessContext,
        patient: &Bsn,
        categories: Categories,
    ) -> Result<(), LocalisationError>;

    /// Which organisations hold what on a patient, in the order of their URA.
    async fn find(
        &self,
        context: &AccessContext,
        patient: &Bsn,
    ) -> Result<Vec<(Ura, Categories)>, LocalisationError>;

    /// Withdraws that this organisation holds these kinds of data on a patient.
    async fn withdraw(
        &self,
        context: &AccessContext,
        patient: &Bsn,
        categories: Categories,
    ) -> Result<(), LocalisationError>;
}

/// Why the index gave no answer. It tells nothing of whom it is about.
#[derive(Debug, thiserror::Error)]
pub enum LocalisationError {
    /// No pseudonym could be made.
    #[error("no pseudonym could be made")]
    Pseudonym(#[from] PseudonymError),
    /// The index does not answer.
    #[error("the localisation index does not answer")]
    Peer(#[from] PeerError),
    /// The index refused.
    #[error("the localisation index refused with status {0}")]
    Refused(u16),
    /// The answer is not what an index gives.
    #[error("the localisation index gave an answer that cannot be read")]
    Malformed,
}
