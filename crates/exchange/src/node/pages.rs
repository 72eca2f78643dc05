//! What a person does on the pages beside asking and reading: signing in and
//! out, looking at and changing their own choices. The pages tell it here
//! before they do it, so that it is in the audit log first.

use care::{AccessContext, Categories};
use store::{MessageId, MessageSummary};
use trust::{
    audit::{Happened, Outcome},
    policy::Action,
};

use super::{Node, audit::Entry};
use crate::error::ExchangeError;

impl Node {
    /// Writes down that somebody is about to sign in or out; durable when it
    /// resolves.
    pub async fn note_session(
        &self,
        cx: &AccessContext,
        signed_in: bool,
    ) -> Result<(), ExchangeError> {
        let happened = if signed_in {
            Happened::SignedIn
        } else {
            Happened::SignedOut
        };
        self.note(cx, happened).await
    }

    /// Whether a patient may see (or change) their own choices; written down,
    /// durable when it resolves. The context must be that of the patient.
    pub async fn note_consent(
        &self,
        cx: &AccessContext,
        changes: bool,
    ) -> Result<(), ExchangeError> {
        let happened = if changes {
            Happened::ConsentChanged
        } else {
            Happened::ConsentRead
        };
        if cx.patient().is_none() || !self.decide(cx, Action::ManageConsent).is_allowed() {
            return self
                .refuse(cx, happened, None, &[], ExchangeError::NotAllowed)
                .await;
        }
        self.note(cx, happened).await
    }

    /// Whether somebody may hear how many people chose what; written down,
    /// durable when it resolves. A count tells of nobody, but what is counted
    /// are people's choices.
    pub async fn note_consents_counted(&self, cx: &AccessContext) -> Result<(), ExchangeError> {
        let happened = Happened::ConsentsCounted;
        if !self.decide(cx, Action::ReadStatistics).is_allowed() {
            return self
                .refuse(cx, happened, None, &[], ExchangeError::NotAllowed)
                .await;
        }
        self.note(cx, happened).await
    }

    /// What is known of a message without its content, for an operator.
    pub async fn message_summary(
        &self,
        cx: &AccessContext,
        id: &MessageId,
    ) -> Result<MessageSummary, ExchangeError> {
        if !self.decide(cx, Action::HandleMessages).is_allowed() {
            return Err(ExchangeError::NotAllowed);
        }
        let message = self
            .parts
            .store
            .message(cx, id)
            .await?
            .ok_or(ExchangeError::NotFound)?;
        Ok(message.summary)
    }

    async fn note(&self, cx: &AccessContext, happened: Happened) -> Result<(), ExchangeError> {
        let entry = Entry {
            happened,
            outcome: Outcome::Allowed,
            patient: cx.patient(),
            categories: Categories::NONE,
            asked: &[],
            count: None,
        };
        self.write_audit(vec![self.audit_body(cx, &entry)]).await
    }
}
