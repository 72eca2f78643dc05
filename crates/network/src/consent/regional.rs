//! The consent service as the regional organisation runs it: the patients'
//! choices, the questions of the nodes, and changes that hold everywhere
//! before the patient hears so.

use std::sync::Arc;

use care::{AccessContext, Bsn, IdSource, ProviderCategory, Ura};
use serde::de::DeserializeOwned;
use trust::{
    consent::{
        Change, ChangeEvent, ConsentCoverage, ConsentError, ConsentRecord, ConsentService,
        EmbeddedConsents,
    },
    identity::{OrganisationRecord, Peer},
};

use super::{
    ConsentPush,
    wire::{ClosedAnswer, ClosedQuestion, HOLDERS_MAX, HolderAnswer, OpenAnswer, OpenQuestion},
};
use crate::{
    addressing::Directory,
    door::{DoorReply, DoorRequest},
};

/// The consent service of the region.
pub struct RegionalConsents {
    consents: EmbeddedConsents,
    push: ConsentPush,
    registered: Arc<Directory>,
    ids: Box<dyn IdSource>,
}

impl RegionalConsents {
    /// The service over the choices in `consents`, for the organisations that
    /// are `registered`.
    pub fn new(
        consents: EmbeddedConsents,
        push: ConsentPush,
        registered: Arc<Directory>,
        ids: Box<dyn IdSource>,
    ) -> Self {
        Self {
            consents,
            push,
            registered,
            ids,
        }
    }

    /// The patient's choices as they are now.
    pub async fn record(
        &self,
        context: &AccessContext,
        patient: &Bsn,
    ) -> Result<ConsentRecord, ConsentError> {
        self.consents.record(context, patient).await
    }

    /// Changes the choices. When it resolves the change is on disk and holds
    /// at every node: it can take up to the length of a lease when a node does
    /// not acknowledge. It goes on when the caller stops waiting.
    pub async fn change(
        &self,
        context: &AccessContext,
        patient: &Bsn,
        change: &Change,
        expected: Option<u64>,
    ) -> Result<ConsentRecord, ConsentError> {
        let (consents, push) = (self.consents.clone(), self.push.clone());
        let (context, patient, change) = (context.clone(), patient.clone(), change.clone());
        // A task of its own: a change that is on disk must reach the nodes even
        // when the patient closes the page.
        let changing = tokio::spawn(async move {
            let changed = consents.change(&context, &patient, &change, expected).await;
            match &changed {
                Err(
                    ConsentError::NotAllowed
                    | ConsentError::Changed
                    | ConsentError::InvalidChange(_),
                ) => {}
                // After a fault of the database nobody knows whether it is on
                // disk; telling the nodes for nothing does no harm.
                _ => push.changed(&patient).await,
            }
            changed
        });
        changing.await.unwrap_or(Err(ConsentError::Unreachable))
    }

    /// The changes before a version, the latest first.
    pub async fn history(
        &self,
        context: &AccessContext,
        patient: &Bsn,
        before_version: Option<u64>,
    ) -> Result<Vec<ChangeEvent>, ConsentError> {
        self.consents
            .history(context, patient, before_version)
            .await
    }

    /// How many people chose what, as far as that tells of nobody; for the
    /// coordinator of the region.
    pub async fn coverage(&self, context: &AccessContext) -> Result<ConsentCoverage, ConsentError> {
        self.consents.coverage(context).await
    }

    /// Answers a request under `/consent/` of an authenticated node:
    /// `POST closed-question`, `POST open-question`, `POST lease`.
    ///
    /// The holder asks the closed question and the one who consults the open
    /// question, each about itself as its certificate names it; another node
    /// gets 403. What a question says of others must be what they are
    /// registered as: a category that was made up would draw the patient's
    /// answer for somebody else.
    pub async fn answer(&self, peer: &Peer, request: DoorRequest<'_>) -> DoorReply {
        match (request.method, request.path) {
            ("POST", "closed-question") => self.closed(peer, request.body).await,
            ("POST", "open-question") => self.open(peer, request.body).await,
            ("POST", "lease") => match self.push.grant(peer.ura()) {
                Ok(lease) => DoorReply::json(200, &lease),
                Err(_) => DoorReply::refused(429, "throttled", "too many nodes hold a lease"),
            },
            (_, "closed-question" | "open-question" | "lease") => {
                DoorReply::refused(405, "not-supported", "this can only be posted")
            }
            _ => DoorReply::not_found(),
        }
    }

    async fn closed(&self, peer: &Peer, body: &[u8]) -> DoorReply {
        let asked: ClosedQuestion = match read(body) {
            Ok(asked) => asked,
            Err(reply) => return reply,
        };
        let question = asked.question;
        if !is_self(
            &peer.organisation,
            question.holder,
            question.holder_category,
        ) && !is_self(
            &peer.organisation,
            question.consulting,
            question.consulting_category,
        ) {
            return not_about_the_caller();
        }
        let parties = [
            (question.holder, question.holder_category),
            (question.consulting, question.consulting_category),
        ];
        if !self.are_registered(peer, &parties).await {
            return not_as_registered();
        }
        let patient = asked.patient.0;
        let context = peer.own_system(&*self.ids);
        match self
            .consents
            .closed_question(&context, &patient, &question)
            .await
        {
            Ok(answer) => {
                let subject = self.push.subject(peer.ura(), &patient);
                DoorReply::json(200, &ClosedAnswer { subject, answer })
            }
            Err(error) => failed(&error),
        }
    }

    async fn open(&self, peer: &Peer, body: &[u8]) -> DoorReply {
        let asked: OpenQuestion = match read(body) {
            Ok(asked) => asked,
            Err(reply) => return reply,
        };
        let consulting = asked.consulting;
        if !is_self(&peer.organisation, consulting.ura, consulting.category) {
            return not_about_the_caller();
        }
        if asked.holders.len() > HOLDERS_MAX {
            return DoorReply::refused(413, "too-costly", "too many organisations in one question");
        }
        let patient = asked.patient.0;
        let context = peer.own_system(&*self.ids);
        let holders: Vec<_> = asked
            .holders
            .iter()
            .map(|holder| (holder.ura, holder.category))
            .collect();
        if !self.are_registered(peer, &holders).await {
            return not_as_registered();
        }
        let consulting = (consulting.ura, consulting.category);
        match self
            .consents
            .open_question(&context, &patient, consulting, &holders)
            .await
        {
            Ok(answers) => {
                let answers = answers
                    .into_iter()
                    .map(|(holder, answer)| HolderAnswer { holder, answer })
                    .collect();
                let subject = self.push.subject(peer.ura(), &patient);
                DoorReply::json(200, &OpenAnswer { subject, answers })
            }
            Err(error) => failed(&error),
        }
    }

    /// Whether each of these is what it is said to be: the caller by its
    /// certificate, others by their registration, which is read anew when one
    /// is not known yet.
    async fn are_registered(&self, peer: &Peer, parties: &[(Ura, ProviderCategory)]) -> bool {
        let others = || parties.iter().filter(|(ura, _)| *ura != peer.ura());
        if others().any(|(ura, _)| self.registered.find(*ura).is_none())
            && let Err(error) = self.registered.refresh().await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the register cannot be read"
            );
        }
        let is_as_said = |(ura, category): &(Ura, ProviderCategory)| {
            let kind = if *ura == peer.ura() {
                Some(peer.organisation.organisation_type)
            } else {
                let found = self.registered.find(*ura);
                found.map(|organisation| organisation.organisation_type)
            };
            kind.is_some_and(|kind| kind.holds_records() && ProviderCategory::of(kind) == *category)
        };
        parties.iter().all(is_as_said)
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, DoorReply> {
    // The error of the parser may repeat a value: it goes nowhere.
    serde_json::from_slice(body)
        .map_err(|_| DoorReply::refused(400, "structure", "the question cannot be read"))
}

fn is_self(peer: &OrganisationRecord, ura: Ura, category: ProviderCategory) -> bool {
    peer.ura == ura && ProviderCategory::of(peer.organisation_type) == category
}

fn not_about_the_caller() -> DoorReply {
    DoorReply::refused(403, "forbidden", "an organisation asks about itself only")
}

fn not_as_registered() -> DoorReply {
    DoorReply::refused(
        403,
        "forbidden",
        "an organisation in the question is not registered as the question says",
    )
}

fn failed(error: &ConsentError) -> DoorReply {
    if matches!(error, ConsentError::TooMany) {
        return DoorReply::refused(413, "too-costly", "too many organisations in one question");
    }
    tracing::error!(
        error = error as &dyn std::error::Error,
        "the consent service failed"
    );
    DoorReply::refused(500, "exception", "the consent service cannot answer now")
}
