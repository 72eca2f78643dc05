//! The regional question: everything that the region has on one patient,
//! under one exchange.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use care::{
    AccessContext, Bsn, Categories, DataCategory, ExchangeCode, ProviderCategory, Purpose, Ura,
};
use fhir::Resource;
use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use tokio::time::Instant;
use trust::{
    audit::{Happened, Outcome},
    consent::ConsentAnswer,
    policy::{Action, Situation},
};

use super::{Node, audit::Entry, own_door::bsn_of, peer::PeerPart};
use crate::{
    catalogue::Exchange,
    error::ExchangeError,
    record::{RegionalRecord, SourceReport, SourceState, SourcedResource},
    region::{Answer, Participant},
};

/// How many sources are asked at the same moment.
pub const SOURCES_AT_ONCE_MAX: usize = 64;
/// The most resources that are taken from one source.
pub const RESOURCES_PER_SOURCE_MAX: usize = 20_000;
/// The longest reason for emergency access, in characters.
pub const EMERGENCY_REASON_CHARACTERS_MAX: usize = 500;

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
    /// Asks the region what it has on a patient, under an exchange.
    ///
    /// The audit line is durable before anybody is asked. A source that does
    /// not answer within the deadline, may not answer, or has nothing is in the
    /// record as just that; only refusals of the asker's own rules are errors.
    pub async fn regional_record(
        &self,
        cx: &AccessContext,
        bsn: &Bsn,
        exchange: &ExchangeCode,
    ) -> Result<RegionalRecord, ExchangeError> {
        let (cx, exchange) = self.asking(cx, bsn, exchange).await?;
        let categories = exchange.categories();
        let asked_at = self.parts.clock.now();
        let own = self
            .decide(&cx, Action::Read)
            .categories()
            .intersection(categories);
        self.audit_question(&cx, bsn, exchange, own).await?;

        let participants = self.sources();
        let (holders, consents) = futures::join!(
            self.parts.region.holders(&cx, bsn),
            self.consents(&cx, bsn, &participants)
        );
        let holders: Option<HashMap<Ura, Categories>> =
            holders.ok().map(|holders| holders.into_iter().collect());
        let queries: Arc<[String]> = exchange
            .questions()
            .iter()
            .map(crate::catalogue::Query::to_url)
            .collect();

        let mut answers = stream::iter(participants)
            .map(|participant| {
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
                let (cx, queries) = (&cx, Arc::clone(&queries));
                async move {
                    self.one_source(cx, participant, permitted, plan, &queries)
                        .await
                }
            })
            .buffer_unordered(SOURCES_AT_ONCE_MAX);
        let mut record = RegionalRecord {
            exchange: exchange.code.clone(),
            categories,
            asked: asked_at,
            sources: Vec::new(),
            resources: Vec::new(),
        };
        while let Some((report, resources)) = answers.next().await {
            record.sources.push(report);
            record.resources.extend(resources);
        }
        drop(answers);
        record.sources.sort_by_key(|report| report.ura);
        // Within a source the order is its own; between sources, by URA.
        record.resources.sort_by_key(|sourced| sourced.source);
        Ok(record)
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
        let relation = if cx.purpose() == Purpose::PatientRequest {
            None
        } else {
            self.treatment_relation(cx, bsn).await?
        };
        let cx = match cx.about(bsn, Some(code.clone()), relation) {
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
    async fn consents(
        &self,
        cx: &AccessContext,
        bsn: &Bsn,
        sources: &[Participant],
    ) -> Option<HashMap<Ura, ConsentAnswer>> {
        if !needs_consent(cx) {
            return Some(HashMap::new());
        }
        let own = self.parts.organisation.ura;
        let holders: Vec<(Ura, ProviderCategory)> = sources
            .iter()
            .filter(|source| source.record.ura != own)
            .map(|source| {
                (
                    source.record.ura,
                    ProviderCategory::of(source.record.organisation_type),
                )
            })
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
        let situation = Situation {
            holder: source.record.ura,
            holder_type: source.record.organisation_type,
            action: Action::Read,
            consent: consents.and_then(|consents| consents.get(&source.record.ura).cloned()),
        };
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

/// Whether there is anything but who the patient is, and what comes with that.
fn says_something(resources: &[SourcedResource]) -> bool {
    resources
        .iter()
        .any(|sourced| !sourced.included && sourced.resource.resource_type() != "Patient")
}

/// The resources of one source, each once, up to the limit; none of them when
/// the source answered about somebody else. The flag says whether all fitted.
fn accepted(
    cx: &AccessContext,
    source: Ura,
    resources: Vec<(Resource, bool)>,
    received: Timestamp,
) -> Option<(Vec<SourcedResource>, bool)> {
    let mut seen: HashSet<(&'static str, String)> = HashSet::new();
    let mut places: HashMap<(&'static str, String), usize> = HashMap::new();
    let mut kept: Vec<SourcedResource> = Vec::new();
    for (resource, included) in resources {
        let resource_type = resource.resource_type();
        if resource_type == "Patient"
            && bsn_of(&resource).is_some_and(|bsn| cx.patient() != Some(&bsn))
        {
            return None;
        }
        let id = resource.id().unwrap_or_default().into_owned();
        let key = (resource_type, id);
        if !key.1.is_empty() && !seen.insert(key.clone()) {
            // What one search includes may be what another one asks for.
            if let (false, Some(place)) = (included, places.get(&key)) {
                kept[*place].included = false;
            }
            continue;
        }
        if kept.len() >= RESOURCES_PER_SOURCE_MAX {
            return Some((kept, false));
        }
        places.insert(key, kept.len());
        kept.push(SourcedResource {
            source,
            resource,
            included,
            received,
        });
    }
    Some((kept, true))
}

#[cfg(test)]
mod tests {
    use care::{Actor, Authenticated, OrganisationType, RequestId, Role};

    use super::*;

    #[expect(
        clippy::disallowed_methods,
        reason = "a test stands in for authentication"
    )]
    fn about(bsn: &str) -> AccessContext {
        AccessContext::from_authentication(Authenticated {
            actor: Actor {
                id: "x".into(),
                name: "X".into(),
                role: Role::Internist,
            },
            organisation: "3".parse().unwrap(),
            organisation_name: "Ziekenhuis Zuid".into(),
            organisation_type: OrganisationType::Hospital,
            purpose: Purpose::Treatment,
            patient: Some(Bsn::parse(bsn).unwrap()),
            exchange: None,
            treatment_relation: None,
            emergency_reason: None,
            request: RequestId("r".into()),
        })
    }

    fn flag(id: &str, included: bool) -> (Resource, bool) {
        let flag = fhir::value!({ "resourceType": "Flag", "id": id });
        (Resource::from_value(&flag).unwrap(), included)
    }

    fn taken(resources: Vec<(Resource, bool)>) -> Option<(Vec<SourcedResource>, bool)> {
        accepted(
            &about("999911119"),
            "1".parse().unwrap(),
            resources,
            Timestamp::UNIX_EPOCH,
        )
    }

    #[test]
    fn a_source_gives_a_limited_number_of_resources() {
        let flags = |count: usize| (0..count).map(|n| flag(&n.to_string(), false)).collect();
        let (kept, all) = taken(flags(RESOURCES_PER_SOURCE_MAX)).unwrap();
        assert!(kept.len() == RESOURCES_PER_SOURCE_MAX && all);
        let (kept, all) = taken(flags(RESOURCES_PER_SOURCE_MAX + 1)).unwrap();
        assert!(kept.len() == RESOURCES_PER_SOURCE_MAX && !all);
    }

    #[test]
    fn what_two_searches_find_is_there_once_and_as_a_match() {
        let (kept, _) = taken(vec![flag("a", true), flag("a", false), flag("a", true)]).unwrap();
        assert_eq!(
            kept.iter().map(|it| it.included).collect::<Vec<_>>(),
            [false]
        );
        // Without an id nobody can tell whether they are the same.
        let nameless = || {
            let flag = fhir::value!({ "resourceType": "Flag" });
            (Resource::from_value(&flag).unwrap(), false)
        };
        assert_eq!(taken(vec![nameless(), nameless()]).unwrap().0.len(), 2);
    }

    #[test]
    fn an_answer_about_another_patient_is_no_answer() {
        let patient = |bsn: &str| {
            let identifier = fhir::value!({ "system": (Bsn::SYSTEM), "value": bsn });
            let patient =
                fhir::value!({ "resourceType": "Patient", "id": "p", "identifier": [identifier] });
            (Resource::from_value(&patient).unwrap(), false)
        };
        assert!(taken(vec![flag("a", false), patient("999911119")]).is_some());
        assert!(taken(vec![flag("a", false), patient("999906276")]).is_none());
    }
}
