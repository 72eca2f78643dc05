//! The consent service as a node sees it: remote, remembered while the lease holds.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use aws_lc_rs::hmac;
use care::{AccessContext, Bsn, ProviderCategory, Ura};
use trust::{
    Randomness,
    consent::{
        ConsentAnswer, ConsentError, ConsentQuestion, ConsentService, HeldLease, LEASE_RENEWAL,
    },
    identity::OrganisationRecord,
};

use super::{
    answers::{ANSWERS_MAX, Answers, Began, QuestionKey},
    link::{NoLink, ServiceDoor, ToService},
    monotonic::TokioMonotonic,
    wire::{
        ClosedQuestion, HOLDERS_MAX, Invalidation, NAME_BYTES_MAX, OpenQuestion, Party, Patient,
        Subject,
    },
};
use crate::{
    door::{DoorReply, DoorRequest},
    peer::{PeerAddress, PeerClient},
};

/// How often a question is asked again when the patient's choices changed
/// while it was under way.
const ATTEMPTS_MAX: usize = 4;

/// The consent service of the region, with the memory of this node.
///
/// Every answer it gives was true at some moment after the question was asked,
/// or is remembered under a lease that holds. Without a lease there is no
/// answer, and whoever gets no answer must treat it as no.
pub struct CachedConsents {
    service: Arc<dyn ToService>,
    regional: Ura,
    key: hmac::Key,
    lease: HeldLease,
    /// One renewal at a time, so that leases come in the order of the requests.
    renewing: tokio::sync::Mutex<()>,
    answers: Mutex<Answers<Remembered>>,
}

#[derive(Clone)]
enum Remembered {
    Closed(ConsentAnswer),
    Open(Arc<Vec<(Ura, ConsentAnswer)>>),
}

impl CachedConsents {
    /// The consent service at the node door of the regional organisation.
    pub fn new(peers: Arc<PeerClient>, regional: PeerAddress, randomness: &dyn Randomness) -> Self {
        let ura = regional.ura;
        Self::over(Arc::new(ServiceDoor { peers, regional }), ura, randomness)
    }

    pub(super) fn over(
        service: Arc<dyn ToService>,
        regional: Ura,
        randomness: &dyn Randomness,
    ) -> Self {
        let mut key = [0; 32];
        randomness.fill(&mut key);
        Self {
            service,
            regional,
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            lease: HeldLease::new(Arc::new(TokioMonotonic::default())),
            renewing: tokio::sync::Mutex::new(()),
            answers: Mutex::new(Answers::new(ANSWERS_MAX)),
        }
    }

    /// Renews the lease for ever; drop the future to stop. Without it a lease
    /// is only asked when a question needs one.
    pub async fn keep_lease(&self) {
        loop {
            // A failure was logged; the next second is soon enough.
            let _ = self.renew(true).await;
            tokio::time::sleep(LEASE_RENEWAL).await;
        }
    }

    /// Answers `POST /consent/invalidated` of an authenticated node. Only the
    /// organisation that runs the consent service may send it.
    pub fn answer(&self, peer: &OrganisationRecord, request: DoorRequest<'_>) -> DoorReply {
        if peer.ura != self.regional {
            return DoorReply::refused(403, "forbidden", "only the consent service may say this");
        }
        let Ok(invalidation) = serde_json::from_slice::<Invalidation>(request.body) else {
            return DoorReply::refused(400, "structure", "this is not an invalidation");
        };
        if invalidation.subject.0.len() > NAME_BYTES_MAX
            || invalidation.instance.0.len() > NAME_BYTES_MAX
        {
            return DoorReply::refused(400, "value", "a name is too long");
        }
        self.invalidated(&invalidation);
        DoorReply::json(200, &serde_json::json!({}))
    }

    /// Forgets what a change made untrue. When this returns, no answer from
    /// before the change is given any more.
    pub(super) fn invalidated(&self, invalidation: &Invalidation) {
        if !self.answers().invalidated(invalidation) {
            self.lease.lost();
        }
    }

    #[cfg(test)]
    pub(super) async fn renew_now(&self) {
        self.renew(true).await.unwrap();
    }

    async fn renew(&self, even_if_held: bool) -> Result<(), NoLink> {
        let _one_at_a_time = self.renewing.lock().await;
        if self.lease.holds() && !even_if_held {
            return Ok(());
        }
        let asked = self.lease.before_request();
        let lease = self.service.lease().await?;
        // Forget first, then hold: never hold a lease over answers that a
        // missed change made untrue.
        self.answers().leased(&lease);
        self.lease
            .renewed(asked, Duration::from_millis(lease.lease_ms));
        Ok(())
    }

    /// Finds an answer in memory or fetches it, under a lease either way.
    async fn find_or_fetch<F, Fetch>(
        &self,
        question: QuestionKey,
        fetch: F,
    ) -> Result<Remembered, ConsentError>
    where
        F: Fn() -> Fetch + Send + Sync,
        Fetch: Future<Output = Result<(Subject, Remembered), NoLink>> + Send,
    {
        for _ in 0..ATTEMPTS_MAX {
            self.renew(false)
                .await
                .map_err(|NoLink| ConsentError::Unreachable)?;
            let began = match self.find(&question) {
                Ok(answer) if self.lease.holds() => return Ok(answer),
                Ok(_) => continue,
                Err(began) => began,
            };
            let (subject, answer) = fetch().await.map_err(|NoLink| ConsentError::Unreachable)?;
            if subject.0.len() > NAME_BYTES_MAX {
                return Err(ConsentError::Unreachable);
            }
            let mut answers = self.answers();
            // With a lease, the service cannot have told the patient of a
            // change that this node did not hear of; and it heard of none.
            if self.lease.holds() && answers.is_good(began, &subject) {
                answers.remember(question, subject, answer.clone());
                return Ok(answer);
            }
        }
        Err(ConsentError::Unreachable)
    }

    fn find(&self, question: &QuestionKey) -> Result<Remembered, Began> {
        let answers = self.answers();
        answers.find(question).ok_or_else(|| answers.begin())
    }

    fn answers(&self) -> MutexGuard<'_, Answers<Remembered>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key_of(&self, patient: &Bsn, parts: &[&str]) -> QuestionKey {
        let mut hash = hmac::Context::with_key(&self.key);
        hash.update(patient.expose().as_bytes());
        for part in parts {
            // No code or number holds a zero byte, so no two lists hash alike.
            hash.update(&[0]);
            hash.update(part.as_bytes());
        }
        let mut key = [0; 32];
        key.copy_from_slice(hash.sign().as_ref());
        key
    }
}

#[async_trait]
impl ConsentService for CachedConsents {
    async fn closed_question(
        &self,
        _context: &AccessContext,
        patient: &Bsn,
        question: &ConsentQuestion,
    ) -> Result<ConsentAnswer, ConsentError> {
        let key = self.key_of(
            patient,
            &[
                "closed",
                question.holder.as_str(),
                question.holder_category.code(),
                question.consulting.as_str(),
                question.consulting_category.code(),
            ],
        );
        let fetch = || async {
            let asked = ClosedQuestion {
                patient: Patient(patient.clone()),
                question: *question,
            };
            let answer = self.service.closed(asked).await?;
            Ok((answer.subject, Remembered::Closed(answer.answer)))
        };
        match self.find_or_fetch(key, fetch).await? {
            Remembered::Closed(answer) => Ok(answer),
            Remembered::Open(_) => Err(ConsentError::Unreachable),
        }
    }

    async fn open_question(
        &self,
        _context: &AccessContext,
        patient: &Bsn,
        consulting: (Ura, ProviderCategory),
        holders: &[(Ura, ProviderCategory)],
    ) -> Result<Vec<(Ura, ConsentAnswer)>, ConsentError> {
        if holders.len() > HOLDERS_MAX {
            return Err(ConsentError::TooMany);
        }
        let mut parts = vec!["open", consulting.0.as_str(), consulting.1.code()];
        for (holder, category) in holders {
            parts.extend([holder.as_str(), category.code()]);
        }
        let key = self.key_of(patient, &parts);
        let fetch = || async {
            let party = |(ura, category): &(Ura, ProviderCategory)| Party {
                ura: *ura,
                category: *category,
            };
            let asked = OpenQuestion {
                patient: Patient(patient.clone()),
                consulting: party(&consulting),
                holders: holders.iter().map(party).collect(),
            };
            let answer = self.service.open(asked).await?;
            let same_holders = answer.answers.len() == holders.len()
                && answer
                    .answers
                    .iter()
                    .zip(holders)
                    .all(|(one, (ura, _))| one.holder == *ura);
            if !same_holders {
                return Err(NoLink);
            }
            let answers = answer
                .answers
                .into_iter()
                .map(|one| (one.holder, one.answer))
                .collect();
            Ok((answer.subject, Remembered::Open(Arc::new(answers))))
        };
        match self.find_or_fetch(key, fetch).await? {
            Remembered::Open(answers) => Ok(answers.to_vec()),
            Remembered::Closed(_) => Err(ConsentError::Unreachable),
        }
    }
}
