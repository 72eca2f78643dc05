//! The regional question: everything that the region has on one patient,
//! under one exchange.

use std::{collections::HashMap, sync::Arc, time::Duration};

use care::{
    AccessContext, Bsn, Categories, DataCategory, ExchangeCode, OtherPatient, ProviderCategory,
    Purpose, Ura,
};
use fhir::Resource;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use jiff::Timestamp;
use tokio::time::Instant;
use trust::{
    audit::{Happened, Outcome},
    consent::ConsentAnswer,
    identity::OrganisationRecord,
    policy::{Action, Situation},
};

use super::{
    Node,
    accepted::{accepted, says_something},
    audit::Entry,
    peer::PeerPart,
};
use crate::{
    catalogue::Exchange,
    combined::{CombinedRecord, Combining},
    error::ExchangeError,
    record::{RegionalRecord, SourceReport, SourceState, SourcedResource},
    region::{Answer, Participant},
};

/// How many sources are asked at the same moment.
pub const SOURCES_AT_ONCE_MAX: usize = 64;
/// The longest reason for emergency access, in characters.
pub const EMERGENCY_REASON_CHARACTERS_MAX: usize = 500;

/// The answers of a region to one question, as they come.
///
/// Every source answers once: with what it has, or that it has none, may not
/// tell, or gave no answer in time. Dropping it stops asking.
pub struct RegionalAnswers<'a> {
    exchange: ExchangeCode,
    categories: Categories,
    at: Timestamp,
    waiting: Vec<Participant>,
    answers: BoxStream<'a, (SourceReport, Vec<SourcedResource>)>,
}

impl RegionalAnswers<'_> {
    /// Who has not answered yet, this organisation's own records included.
    pub fn waiting(&self) -> &[Participant] {
        &self.waiting
    }

    /// The record that the answers are to be combined into.
    pub fn combining(&self) -> Combining {
        Combining::new(self.exchange.clone(), self.categories, self.at)
    }

    /// The next answer; `None` when every source has answered.
    pub async fn next(&mut self) -> Option<(SourceReport, Vec<SourcedResource>)> {
        let answer = self.answers.next().await?;
        let ura = answer.0.ura;
        self.waiting.retain(|source| source.record.ura != ura);
        Some(answer)
    }
}

/// What is done with one organisation.
enum Plan {
    /// Its data is here.
    Own,
    /// Ask it.
    Ask,
    /// Do not ask; this is known already.
    Known(SourceState, Option<&'static str>),
}

impl Node {
    /// Asks the region what it has on a patient, under an exchange, and waits
    /// until every source has answered or run out of time.
    pub async fn regional_record(
        &self,
        cx: &AccessContext,
        bsn: &Bsn,
        exchange: &ExchangeCode,
    ) -> Result<RegionalRecord, ExchangeError> {
        let mut asked = self.ask_region(cx, bsn, exchange).await?;
        let mut record = RegionalRecord {
            exchange: asked.exchange.clone(),
            categories: asked.categories,
            asked: asked.at,
            sources: Vec::new(),
            resources: Vec::new(),
        };
        while let Some((report, resources)) = asked.next().await {
            record.sources.push(report);
            record.resources.extend(resources);
        }
        record.sources.sort_by_key(|report| report.ura);
        // Within a source the order is its own; between sources, by URA.
        record.resources.sort_by_key(|sourced| sourced.source);
        Ok(record)
    }

    /// The same, combined: what each source says is read while others are
    /// still at it.
    pub async fn combined_record(
        &self,
        cx: &AccessContext,
        bsn: &Bsn,
        exchange: &ExchangeCode,
    ) -> Result<CombinedRecord, ExchangeError> {
        let mut asked = self.ask_region(cx, bsn, exchange).await?;
        let mut combining = asked.combining();
        while let Some((report, resources)) = asked.next().await {
            combining.add(report, resources);
        }
        Ok(combining.finish())
    }

    /// Asks the region what it has on a patient, under an exchange, and gives
    /// the answers as they come.
    ///
    /// The audit line is durable before anybody is asked. A source that does
    /// not answer within the deadline, may not answer, or has nothing is among
    /// the answers as just that; only refusals of the asker's own rules are errors.
    pub async fn ask_region<'a>(
        &'a self,
        cx: &AccessContext,
        bsn: &Bsn,
        exchange: &ExchangeCode,
    ) -> Result<RegionalAnswers<'a>, ExchangeError> {
        let (cx, exchange) = self.asking(cx, bsn, exchange).await?;
        let categories = exchange.categories();
        let at = self.parts.clock.now();
        let own = self
            .decide(&cx, Action::Read)
            .categories()
            .intersection(categories);
        self.audit_question(&cx, bsn, exchange, own).await?;

        let participants = self.sources();
        let (holders, consents) = futures::join!(
            self.parts.region.holders(&cx, bsn),
            self.consents(&cx, bsn, participants.iter().map(|source| &source.record))
        );
        let holders: Option<HashMap<Ura, Categories>> =
            holders.ok().map(|holders| holders.into_iter().collect());
        let queries: Arc<[String]> = exchange
            .questions()
            .iter()
            .map(crate::catalogue::Query::to_url)
            .collect();
        let waiting = participants.clone();
        let cx = Arc::new(cx);
        let answers = stream::iter(participants)
            .map(move |participant| {
                let permitted = if participant.record.ura == self.parts.organisation.ura {
                    own
                } else {
                    self.permitted(&cx, &participant, consents.as_ref())
                        .intersection(categories)
                };
                let held = holders.as_ref().map(|holders| {
                    holders
                        .get(&participant.record.ura)
                        .copied()
                        .unwrap_or_default()
                });
                let plan = self.plan(
                    &participant,
                    permitted,
                    held,
                    categories,
                    consents.is_some(),
                );
                let (cx, queries) = (Arc::clone(&cx), Arc::clone(&queries));
                async move {
                    self.one_source(&cx, participant, permitted, plan, &queries)
                        .await
                }
            })
            .buffer_unordered(SOURCES_AT_ONCE_MAX)
            .boxed();
        Ok(RegionalAnswers {
            exchange: exchange.code.clone(),
            categories,
            at,
            waiting,
            answers,
        })
    }

    /// Who asks, narrowed to this patient and exchange, if they may ask at all.
    async fn asking<'a>(
        &'a self,
        cx: &AccessContext,
        bsn: &Bsn,
        code: &ExchangeCode,
    ) -> Result<(AccessContext, &'a Exchange), ExchangeError> {
        let asked = [code.0.clone()];
        let Some(exchange) = self.parts.catalogue.get(code) else {
            return Err(ExchangeError::UnknownExchange);
        };
        let cx = match self.about_patient(cx, bsn, Some(code)).await? {
            Ok(cx) => cx,
            Err(other) => {
                return self
                    .refuse(cx, Happened::AskedRegion, None, &asked, other.into())
                    .await;
            }
        };
        let reason = cx.emergency_reason().map(str::trim).unwrap_or_default();
        let refusal = if cx.purpose() == Purpose::EmergencyTreatment && reason.is_empty() {
            Some(ExchangeError::ReasonNeeded)
        } else if reason.chars().count() > EMERGENCY_REASON_CHARACTERS_MAX {
            let limit = "EMERGENCY_REASON_CHARACTERS_MAX";
            Some(ExchangeError::LimitExceeded {
                limit,
                max: EMERGENCY_REASON_CHARACTERS_MAX,
            })
        } else if let Err(not_for_you) = exchange.admits(&cx) {
            Some(not_for_you.into())
        } else if !self.decide(&cx, Action::AskRegion).is_allowed() {
            Some(ExchangeError::NotAllowed)
        } else {
            None
        };
        match refusal {
            Some(error) => {
                self.refuse(&cx, Happened::AskedRegion, None, &asked, error)
                    .await
            }
            None => Ok((cx, exchange)),
        }
    }

    /// Somebody as they ask about a patient: with the treatment relation that
    /// the own records show, where they need one.
    pub(super) async fn about_patient(
        &self,
        cx: &AccessContext,
        bsn: &Bsn,
        exchange: Option<&ExchangeCode>,
    ) -> Result<Result<AccessContext, OtherPatient>, ExchangeError> {
        let relation = if cx.purpose() == Purpose::PatientRequest {
            None
        } else {
            self.treatment_relation(cx, bsn).await?
        };
        Ok(cx.about(bsn, exchange.cloned(), relation))
    }

    /// One line that the region is asked, and one that the own data is read.
    async fn audit_question(
        &self,
        cx: &AccessContext,
        bsn: &Bsn,
        exchange: &Exchange,
        own: Categories,
    ) -> Result<(), ExchangeError> {
        let asked: Vec<String> = exchange
            .sections
            .iter()
            .map(|section| section.code.clone())
            .collect();
        let entry = |happened, categories| Entry {
            happened,
            outcome: Outcome::Allowed,
            patient: Some(bsn),
            categories,
            asked: &asked,
            count: None,
        };
        let mut bodies =
            vec![self.audit_body(cx, &entry(Happened::AskedRegion, exchange.categories()))];
        if !own.is_empty() && self.parts.organisation.organisation_type.holds_records() {
            bodies.push(self.audit_body(cx, &entry(Happened::Read, own)));
        }
        self.write_audit(bodies).await
    }

    /// Every organisation that keeps records, this one included.
    fn sources(&self) -> Vec<Participant> {
        let own = self.parts.organisation.ura;
        let mut sources = self.parts.region.organisations();
        if !sources.iter().any(|source| source.record.ura == own) {
            sources.push(Participant {
                record: self.parts.organisation.clone(),
                fhir_base: String::new(),
            });
        }
        sources.retain(|source| source.record.organisation_type.holds_records());
        sources
    }

    /// What the patient consents to, per holder; none when nobody can say.
    pub(super) async fn consents<'s>(
        &self,
        cx: &AccessContext,
        bsn: &Bsn,
        sources: impl IntoIterator<Item = &'s OrganisationRecord>,
    ) -> Option<HashMap<Ura, ConsentAnswer>> {
        if !needs_consent(cx) {
            return Some(HashMap::new());
        }
        let own = self.parts.organisation.ura;
        let holders: Vec<(Ura, ProviderCategory)> = sources
            .into_iter()
            .filter(|source| source.ura != own)
            .map(|source| (source.ura, ProviderCategory::of(source.organisation_type)))
            .collect();
        let consulting = (
            cx.organisation(),
            ProviderCategory::of(cx.organisation_type()),
        );
        let answers = self
            .parts
            .consents
            .open_question(cx, bsn, consulting, &holders)
            .await;
        Some(answers.ok()?.into_iter().collect())
    }

    /// The kinds of data that a source may give, by the rules as far as the
    /// asker knows them. The source decides again for itself.
    fn permitted(
        &self,
        cx: &AccessContext,
        source: &Participant,
        consents: Option<&HashMap<Ura, ConsentAnswer>>,
    ) -> Categories {
        let situation = reading_at(&source.record, consents);
        self.parts.policies.decide(cx, &situation).categories()
    }

    /// Whether to ask a source. «Not allowed» comes before whether it holds
    /// anything, so that it tells nothing about that.
    fn plan(
        &self,
        source: &Participant,
        permitted: Categories,
        held: Option<Categories>,
        asked: Categories,
        consent_known: bool,
    ) -> Plan {
        if source.record.ura == self.parts.organisation.ura {
            return if permitted.is_empty() {
                Plan::Known(SourceState::NotAllowed, None)
            } else {
                Plan::Own
            };
        }
        if !is_worth_asking(permitted) {
            return if consent_known {
                Plan::Known(SourceState::NotAllowed, None)
            } else {
                Plan::Known(
                    SourceState::NoAnswer,
                    Some("the consent service does not answer"),
                )
            };
        }
        match held {
            None => Plan::Known(
                SourceState::NoAnswer,
                Some("the localisation index does not answer"),
            ),
            Some(held) if held.intersection(asked).is_empty() => {
                Plan::Known(SourceState::None, None)
            }
            Some(_) => Plan::Ask,
        }
    }

    async fn one_source(
        &self,
        cx: &AccessContext,
        participant: Participant,
        permitted: Categories,
        plan: Plan,
        queries: &[String],
    ) -> (SourceReport, Vec<SourcedResource>) {
        let Participant { record, fhir_base } = participant;
        let mut report = SourceReport {
            ura: record.ura,
            name: record.name,
            organisation_type: record.organisation_type,
            fhir_base,
            state: SourceState::None,
            reason: None,
            permitted,
            complete: true,
            count: 0,
            took: Duration::ZERO,
        };
        let began = Instant::now();
        let answer = match plan {
            Plan::Known(state, reason) => {
                report.state = state;
                report.reason = reason.map(str::to_owned);
                return (report, Vec::new());
            }
            Plan::Own => self.own_answer(cx, permitted, queries).await,
            Plan::Ask => {
                let deadline = self.parts.source_deadline;
                let asking = self.parts.region.ask(cx, record.ura, queries, deadline);
                // The port keeps the deadline; this holds it even if it does not.
                match tokio::time::timeout(deadline, asking).await {
                    Ok(answer) => answer,
                    Err(_) => Answer::NoAnswer("no answer within the deadline".to_owned()),
                }
            }
        };
        let received = self.parts.clock.now();
        report.took = began.elapsed();
        let resources = match answer {
            Answer::NotAllowed => {
                report.state = SourceState::NotAllowed;
                Vec::new()
            }
            Answer::NoAnswer(why) => {
                report.state = SourceState::NoAnswer;
                report.reason = Some(why);
                Vec::new()
            }
            Answer::Data {
                resources,
                complete,
            } => {
                report.complete = complete;
                if let Some((resources, all)) = accepted(cx, record.ura, resources, received) {
                    report.complete &= all;
                    resources
                } else {
                    report.state = SourceState::NoAnswer;
                    report.reason = Some("the answer was about another patient".to_owned());
                    Vec::new()
                }
            }
        };
        let resources = match report.state {
            SourceState::None if says_something(&resources) => {
                report.state = SourceState::Data;
                resources
            }
            // What was cut off may have held something.
            SourceState::None if !report.complete => {
                report.state = SourceState::NoAnswer;
                Vec::new()
            }
            // That it knows the patient is no data: it says none.
            _ => Vec::new(),
        };
        report.count = resources.len();
        (report, resources)
    }

    async fn own_answer(
        &self,
        cx: &AccessContext,
        permitted: Categories,
        queries: &[String],
    ) -> Answer {
        let scope = Self::patient_scope(cx, permitted);
        let parts = match self.search_all(cx, &scope, queries).await {
            Ok(parts) => parts,
            Err(error) => return Answer::NoAnswer(error.to_string()),
        };
        let mut resources = Vec::new();
        let mut whole = true;
        for part in parts {
            let PeerPart::Found {
                matches,
                included,
                next,
            } = part
            else {
                whole = false;
                continue;
            };
            whole &= next.is_none();
            for (list, is_included) in [(matches, false), (included, true)] {
                for stored in list {
                    match Resource::parse(&stored.body) {
                        Ok(resource) => resources.push((resource, is_included)),
                        Err(_) => whole = false,
                    }
                }
            }
        }
        Answer::Data {
            resources,
            complete: whole,
        }
    }
}

/// Reading what a source has, by what is known of the patient's consents; none
/// known is no consent.
pub(super) fn reading_at(
    source: &OrganisationRecord,
    consents: Option<&HashMap<Ura, ConsentAnswer>>,
) -> Situation {
    Situation {
        holder: source.ura,
        holder_type: source.organisation_type,
        action: Action::Read,
        consent: consents.and_then(|consents| consents.get(&source.ura).cloned()),
    }
}

/// Whether the patient's consent decides at all.
pub(super) fn needs_consent(cx: &AccessContext) -> bool {
    !matches!(
        cx.purpose(),
        Purpose::PatientRequest | Purpose::EmergencyTreatment
    )
}

/// Whether some kinds of data are worth a question. Who the patient is travels
/// with every answer; on its own it is not what an exchange is for.
pub(super) fn is_worth_asking(categories: Categories) -> bool {
    !categories.without(DataCategory::Patient).is_empty()
}
