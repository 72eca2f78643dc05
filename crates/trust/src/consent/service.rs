//! The port of the consent service: the embedded one, or Mitz.

use async_trait::async_trait;
use care::{AccessContext, Bsn, ProviderCategory, Role, Ura};
use jiff::Timestamp;

use super::{Change, ConsentAnswer, ConsentQuestion, ConsentRecord, InvalidChange};

/// Answers whether a patient consents.
#[async_trait]
pub trait ConsentService: Send + Sync {
    /// May this organisation see what that one holds on the patient (gesloten vraag)?
    async fn closed_question(
        &self,
        context: &AccessContext,
        patient: &Bsn,
        question: &ConsentQuestion,
    ) -> Result<ConsentAnswer, ConsentError>;

    /// Which of these holders may this organisation consult (open vraag)?
    /// One answer per holder, in their order.
    async fn open_question(
        &self,
        context: &AccessContext,
        patient: &Bsn,
        consulting: (Ura, ProviderCategory),
        holders: &[(Ura, ProviderCategory)],
    ) -> Result<Vec<(Ura, ConsentAnswer)>, ConsentError>;
}

/// Why there is no answer. Whoever gets none must treat it as no.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    /// Only the patient may do this.
    #[error("not allowed")]
    NotAllowed,
    /// The record changed since it was shown; show it again.
    #[error("the choices changed in the meantime")]
    Changed,
    /// The change itself is wrong.
    #[error(transparent)]
    InvalidChange(#[from] InvalidChange),
    /// More holders than can be asked about at once.
    #[error("too many organisations in one question")]
    TooMany,
    /// The service cannot be reached.
    #[error("the consent service does not answer")]
    Unreachable,
    /// The database of the embedded service failed.
    #[error("the consent database failed")]
    Database(#[source] rusqlite::Error),
    /// The database holds something that this service did not write.
    #[error("the consent database is damaged")]
    Damaged,
}

/// One change in the history of a patient's choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeEvent {
    /// The version that it made.
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// Who: identifier at the organisation.
    pub actor_id: String,
    /// Who: name.
    pub actor_name: String,
    /// In what role.
    pub role: Role,
    /// At which organisation they signed in.
    pub organisation: Ura,
    /// The question that all audit lines of this change share.
    pub request: String,
    /// What they changed.
    pub change: Change,
    /// The choices as they were from then on.
    pub record: ConsentRecord,
}
