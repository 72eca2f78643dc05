//! Messages of record systems: taken in whole, or kept whole until somebody
//! looks at them.
//!
//! An acknowledgement is given only once the message is on disk: a positive one
//! when its content is in the store, a negative one when the message is kept
//! for the operator. When neither could be done there is no acknowledgement at
//! all, so the sender keeps the message and sends it again.

use bytes::Bytes;
use care::{AccessContext, Categories};
use fhir::{Resource, outcome::Issue};
use store::{
    Alongside, Message, MessageFilter, MessageId, MessageOverview, MessageState, MessageSummary,
    NewMessage, StoreError,
};
use translate::{Context, Refusal, RefusalKind, Translation, hl7v2::AcknowledgementCode};
use trust::{
    audit::{Happened, Outcome},
    policy::Action,
};

use super::{Node, audit::Entry, batch};
use crate::error::{ExchangeError, store_status};

/// The door that a message came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// HL7 v2 over MLLP.
    Mllp,
    /// HL7 v2 over HTTP.
    Hl7v2,
    /// EDIFACT over HTTP, or from a file.
    Edifact,
}

impl Channel {
    /// All channels.
    pub const ALL: [Self; 3] = [Self::Mllp, Self::Hl7v2, Self::Edifact];

    /// The word for it in the inbox.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Mllp => "mllp",
            Self::Hl7v2 => "hl7v2",
            Self::Edifact => "edifact",
        }
    }

    /// Finds a channel by its word.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.code() == code)
    }
}

/// What became of a message. When it is there, the message is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What to answer the sender: MSA or CONTRL.
    pub acknowledgement: Vec<u8>,
    /// Whether its content is in the store.
    pub accepted: bool,
    /// Whether the same message was here before, so that nothing changed.
    pub duplicate: bool,
    /// Its id in the inbox.
    pub message: MessageId,
    /// Why it was refused, for the operator; without patient data.
    pub reason: Option<String>,
}

impl Node {
    /// Takes in one message (HL7 v2) or interchange (EDIFACT) of the
    /// organisation's own record systems.
    ///
    /// An error means that nothing is on disk and nothing may be acknowledged.
    pub async fn receive(
        &self,
        cx: &AccessContext,
        channel: Channel,
        bytes: Bytes,
    ) -> Result<Receipt, ExchangeError> {
        let scope = self.message_scope(cx).await?;
        let id = MessageId(self.parts.ids.next());
        match self.translated(channel, &bytes, &id) {
            Err(refusal) => self.keep(cx, channel, id, bytes, *refusal).await,
            Ok(translation) => {
                let mut changes = match changes_of(&translation) {
                    Ok(changes) => changes,
                    Err(issues) => {
                        let refusal = self.refusal(channel, &bytes, &translation, words(&issues));
                        return self.keep(cx, channel, id, bytes, refusal).await;
                    }
                };
                self.count_errors(&changes);
                let audit = self
                    .audit_changes_as(cx, Happened::MessageReceived, &mut changes)
                    .await?;
                let message = NewMessage {
                    id: id.clone(),
                    channel: channel.code().to_owned(),
                    sender: non_empty(&translation.sender),
                    control_id: non_empty(&translation.control_id),
                    kind: non_empty(&translation.kind),
                    bytes: bytes.clone(),
                };
                let with = Alongside {
                    message: Some(message),
                    audit,
                    replays: None,
                    precedence: Some(precedence),
                    subscription: None,
                };
                match self.parts.store.write(cx, &scope, changes, with).await {
                    Ok(written) => Ok(Receipt {
                        acknowledgement: translation.acknowledgement,
                        accepted: true,
                        duplicate: written.duplicate_of.is_some(),
                        message: written.duplicate_of.unwrap_or(id),
                        reason: None,
                    }),
                    Err(error) if is_the_messages(&error) => {
                        let refusal =
                            self.refusal(channel, &bytes, &translation, error.to_string());
                        self.keep(cx, channel, id, bytes, refusal).await
                    }
                    Err(error) => Err(error.into()),
                }
            }
        }
    }

    /// Tries again to take in a message that was refused.
    pub async fn replay(
        &self,
        cx: &AccessContext,
        id: &MessageId,
    ) -> Result<Receipt, ExchangeError> {
        let message = self.handled(cx, id, Happened::MessageReplayed).await?;
        let channel = Channel::from_code(&message.summary.channel);
        let channel = channel.ok_or(StoreError::Corrupt {
            what: "a message of no channel",
        })?;
        if message.summary.state != MessageState::Refused {
            return Err(ExchangeError::Store(StoreError::Conflict { at: 0 }));
        }
        let refused = |reason: String, acknowledgement| Receipt {
            acknowledgement,
            accepted: false,
            duplicate: false,
            message: id.clone(),
            reason: Some(reason),
        };
        let translation = match self.translated(channel, &message.bytes, id) {
            Ok(translation) => translation,
            Err(refusal) => return Ok(refused(reason_of(&refusal), refusal.acknowledgement)),
        };
        let mut changes = match changes_of(&translation) {
            Ok(changes) => changes,
            Err(issues) => {
                let refusal = self.refusal(channel, &message.bytes, &translation, words(&issues));
                return Ok(refused(reason_of(&refusal), refusal.acknowledgement));
            }
        };
        let audit = self
            .audit_changes_as(cx, Happened::MessageReplayed, &mut changes)
            .await?;
        let with = Alongside {
            message: None,
            audit,
            replays: Some(id.clone()),
            precedence: Some(precedence),
            subscription: None,
        };
        match self
            .parts
            .store
            .write(cx, &care::Scope::Organisation, changes, with)
            .await
        {
            Ok(written) => Ok(Receipt {
                acknowledgement: translation.acknowledgement,
                accepted: true,
                duplicate: written.duplicate_of.is_some(),
                message: id.clone(),
                reason: None,
            }),
            Err(error) if is_the_messages(&error) => {
                let refusal =
                    self.refusal(channel, &message.bytes, &translation, error.to_string());
                Ok(refused(reason_of(&refusal), refusal.acknowledgement))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What came in, newest first; without content, so without patient data.
    pub async fn messages(
        &self,
        cx: &AccessContext,
        filter: MessageFilter,
    ) -> Result<Vec<MessageSummary>, ExchangeError> {
        if !self.decide(cx, Action::HandleMessages).is_allowed() {
            return Err(ExchangeError::NotAllowed);
        }
        Ok(self.parts.store.messages(cx, filter).await?)
    }

    /// How many messages a filter leaves, and what there is to filter by.
    pub async fn message_overview(
        &self,
        cx: &AccessContext,
        filter: MessageFilter,
    ) -> Result<MessageOverview, ExchangeError> {
        if !self.decide(cx, Action::HandleMessages).is_allowed() {
            return Err(ExchangeError::NotAllowed);
        }
        Ok(self.parts.store.message_overview(cx, filter).await?)
    }

    /// One message as it came, for the operator. Written down before it is shown.
    pub async fn message(
        &self,
        cx: &AccessContext,
        id: &MessageId,
    ) -> Result<Message, ExchangeError> {
        self.handled(cx, id, Happened::MessageViewed).await
    }

    async fn handled(
        &self,
        cx: &AccessContext,
        id: &MessageId,
        happened: Happened,
    ) -> Result<Message, ExchangeError> {
        if !self.decide(cx, Action::HandleMessages).is_allowed() {
            return self
                .refuse(cx, happened, None, &[], ExchangeError::NotAllowed)
                .await;
        }
        let message = self
            .parts
            .store
            .message(cx, id)
            .await?
            .ok_or(ExchangeError::NotFound)?;
        let entry = Entry {
            happened,
            outcome: Outcome::Allowed,
            patient: None,
            categories: Categories::NONE,
            asked: std::slice::from_ref(&message.summary.channel),
            count: None,
        };
        self.write_audit(vec![self.audit_body(cx, &entry)]).await?;
        Ok(message)
    }

    async fn message_scope(&self, cx: &AccessContext) -> Result<care::Scope, ExchangeError> {
        let decision = self.decide(cx, Action::Write);
        if decision.is_allowed() {
            return Ok(decision.scope());
        }
        self.refuse(
            cx,
            Happened::MessageReceived,
            None,
            &[],
            ExchangeError::NotAllowed,
        )
        .await
    }

    fn translated(
        &self,
        channel: Channel,
        bytes: &[u8],
        id: &MessageId,
    ) -> Result<Translation, Box<Refusal>> {
        let context = self.translation_context(&id.0);
        match channel {
            Channel::Mllp | Channel::Hl7v2 => {
                translate::hl7v2::translate(bytes, &context).map_err(Box::new)
            }
            Channel::Edifact => translate::edifact::translate(bytes, &context).map_err(Box::new),
        }
    }

    fn translation_context<'a>(&'a self, message_id: &'a str) -> Context<'a> {
        Context {
            organisation: self.parts.organisation.ura,
            organisation_name: &self.parts.organisation.name,
            now: self.parts.clock.now(),
            message_id,
            ids: self.parts.ids.as_ref(),
            time_zone: self.parts.time_zone.clone(),
        }
    }

    /// The refusal of a message that was translated but cannot be stored.
    fn refusal(
        &self,
        channel: Channel,
        bytes: &[u8],
        translation: &Translation,
        text: String,
    ) -> Refusal {
        const TO_SENDER: &str = "the content of the message is not acceptable";
        let context = self.translation_context("");
        let acknowledgement = match channel {
            Channel::Mllp | Channel::Hl7v2 => {
                let code = AcknowledgementCode::Error;
                translate::hl7v2::acknowledge(bytes, code, TO_SENDER, &context)
            }
            Channel::Edifact => translate::edifact::acknowledge(bytes, false, &context),
        };
        Refusal {
            kind: RefusalKind::Error,
            text,
            segment: None,
            acknowledgement,
            control_id: non_empty(&translation.control_id),
            sender: non_empty(&translation.sender),
            message_kind: non_empty(&translation.kind),
        }
    }

    /// Keeps a message that was refused, whole, and answers so.
    async fn keep(
        &self,
        cx: &AccessContext,
        channel: Channel,
        id: MessageId,
        bytes: Bytes,
        refusal: Refusal,
    ) -> Result<Receipt, ExchangeError> {
        let reason = reason_of(&refusal);
        let message = NewMessage {
            id,
            channel: channel.code().to_owned(),
            sender: refusal.sender,
            control_id: refusal.control_id,
            kind: refusal.message_kind,
            bytes,
        };
        let message = self.parts.store.keep_refused(cx, message, &reason).await?;
        Ok(Receipt {
            acknowledgement: refusal.acknowledgement,
            accepted: false,
            duplicate: false,
            message,
            reason: Some(reason),
        })
    }
}

/// The changes of a translated message, all checked as any other write is.
fn changes_of(translation: &Translation) -> Result<Vec<store::Change>, Vec<Issue>> {
    let bundle = Resource::from_value(&translation.bundle)?;
    let entries: Vec<_> = bundle.root().each("entry").collect();
    batch::changes(bundle.version(), &entries).map_err(|error| error.issues())
}

/// Which of two versions that came in messages counts.
fn precedence(stored: &Resource, new: &Resource) -> store::Precedence {
    match translate::precedence(stored, new) {
        translate::Precedence::GivesWay => store::Precedence::GivesWay,
        translate::Precedence::SaysTheSame => store::Precedence::SaysTheSame,
        translate::Precedence::Stands => store::Precedence::Stands,
    }
}

/// Whether a fault lies in the message, so that sending it again would not help.
fn is_the_messages(error: &StoreError) -> bool {
    store_status(error) < 500
}

fn reason_of(refusal: &Refusal) -> String {
    match &refusal.segment {
        Some(segment) => format!("{segment}: {}", refusal.text),
        None => refusal.text.clone(),
    }
}

fn words(issues: &[Issue]) -> String {
    issues
        .iter()
        .map(|issue| match &issue.expression {
            Some(place) => format!("{place}: {}", issue.text),
            None => issue.text.clone(),
        })
        .collect::<Vec<_>>()
        .join("; ")
}

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
