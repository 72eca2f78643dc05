//! Who looked: every organisation of the region asked for its audit lines
//! about one patient, for that patient.

use std::{collections::BTreeMap, time::Duration};

use care::{AccessContext, Bsn, Categories, Ura};
use futures::{StreamExt as _, stream};
use jiff::{Timestamp, tz::TimeZone};
use store::AuditPage;
use tokio::time::Instant;
use trust::{
    audit::{AuditRecord, Happened, Language, Outcome, wording},
    policy::Action,
};

use super::{Node, audit::Entry, regional::SOURCES_AT_ONCE_MAX};
use crate::{
    error::ExchangeError,
    json::Text,
    record::SourceState,
    region::{LogAnswer, Participant},
};

/// The most lines that one organisation gives, the latest first.
pub const LOG_LINES_MAX: usize = 5_000;

/// Who looked at one patient's data, everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLog {
    /// How each organisation fared, in the order of their URA.
    pub sources: Vec<AccessLogSource>,
    /// What happened: one visit per question, the latest first; what was
    /// refused and emergencies before that.
    pub visits: Vec<AccessVisit>,
}

/// How one organisation fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLogSource {
    /// Who.
    pub ura: Ura,
    /// Their name.
    pub name: String,
    /// Which of the four: lines, none, no answer, not allowed.
    pub state: SourceState,
    /// How many lines.
    pub count: usize,
    /// How long it took.
    pub took: Duration,
}

/// One question or change, with all lines that it left at every organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessVisit {
    /// The question that all lines share.
    pub request: String,
    /// When it began.
    pub at: Timestamp,
    /// Who.
    pub actor_name: String,
    /// In what role, where it is known.
    pub role: Option<care::Role>,
    /// For which organisation.
    pub organisation_name: String,
    /// Why.
    pub purpose: Option<care::Purpose>,
    /// Why the glass was broken.
    pub emergency_reason: Option<String>,
    /// Whether any of it was refused.
    pub refused: bool,
    /// All kinds of data that were seen or changed.
    pub categories: Categories,
    /// The lines, the earliest first.
    pub lines: Vec<AccessLogLine>,
}

/// One line, in plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLogLine {
    /// The organisation that wrote it down.
    pub source: Ura,
    /// What it says.
    pub record: AuditRecord,
    /// In Dutch.
    pub text_nl: String,
    /// In English.
    pub text_en: String,
}

impl Node {
    /// Who looked at a patient's data, at every organisation of the region.
    /// For the patient.
    pub async fn access_log(
        &self,
        cx: &AccessContext,
        bsn: &Bsn,
    ) -> Result<AccessLog, ExchangeError> {
        let cx = match cx.about(bsn, None, None) {
            Ok(cx) => cx,
            Err(other) => {
                return self
                    .refuse(cx, Happened::AccessLogRead, None, &[], other.into())
                    .await;
            }
        };
        self.may_read_log(&cx, bsn).await?;
        let own = self.parts.organisation.ura;
        let mut participants = self.parts.region.organisations();
        if !participants
            .iter()
            .any(|participant| participant.record.ura == own)
        {
            let record = self.parts.organisation.clone();
            participants.push(Participant {
                record,
                fhir_base: String::new(),
            });
        }
        let asking = stream::iter(participants).map(|participant| {
            let cx = &cx;
            async move {
                let began = Instant::now();
                let ura = participant.record.ura;
                let answer = if ura == own {
                    self.own_lines(cx, bsn).await.map_or_else(
                        |error| LogAnswer::NoAnswer(error.to_string()),
                        LogAnswer::Lines,
                    )
                } else {
                    let deadline = self.parts.source_deadline;
                    let asking = self.parts.region.access_log(cx, ura, deadline);
                    tokio::time::timeout(deadline, asking)
                        .await
                        .unwrap_or_else(|_| {
                            LogAnswer::NoAnswer("no answer within the deadline".to_owned())
                        })
                };
                (participant, answer, began.elapsed())
            }
        });
        let answers = asking.buffered(SOURCES_AT_ONCE_MAX).collect().await;
        Ok(self.combined_log(answers))
    }

    /// What this organisation wrote down about the patient of a token, for
    /// that patient: a searchset of AuditEvents as JSON, the latest first.
    pub async fn answer_access_log(&self, cx: &AccessContext) -> Result<Vec<u8>, ExchangeError> {
        let Some(bsn) = cx.patient() else {
            let error = ExchangeError::NotAllowed;
            return self
                .refuse(cx, Happened::AccessLogRead, None, &[], error)
                .await;
        };
        self.may_read_log(cx, bsn).await?;
        let lines = self.own_lines(cx, bsn).await?;
        let mut text = Text::default();
        text.raw(r#"{"resourceType":"Bundle","type":"searchset""#);
        for (index, line) in lines.iter().enumerate() {
            text.raw(if index == 0 { r#","entry":["# } else { "," });
            text.raw(r#"{"resource":"#).resource(line).raw("}");
        }
        text.raw(if lines.is_empty() { "}" } else { "]}" });
        Ok(text.into_bytes())
    }

    async fn may_read_log(&self, cx: &AccessContext, bsn: &Bsn) -> Result<(), ExchangeError> {
        let asked = ["AuditEvent".to_owned()];
        if !self.decide(cx, Action::ManageConsent).is_allowed() {
            let error = ExchangeError::NotAllowed;
            return self
                .refuse(cx, Happened::AccessLogRead, Some(bsn), &asked, error)
                .await;
        }
        let entry = Entry {
            happened: Happened::AccessLogRead,
            outcome: Outcome::Allowed,
            patient: Some(bsn),
            categories: Categories::NONE,
            asked: &asked,
            count: None,
        };
        self.write_audit(vec![self.audit_body(cx, &entry)]).await
    }

    async fn own_lines(
        &self,
        cx: &AccessContext,
        bsn: &Bsn,
    ) -> Result<Vec<Vec<u8>>, ExchangeError> {
        let page = AuditPage {
            before: None,
            limit: LOG_LINES_MAX,
        };
        let mut lines = self.parts.store.audit_about(cx, bsn, page).await?;
        for store in &self.parts.beside {
            lines.extend(store.audit_about(cx, bsn, page).await?);
        }
        lines.sort_by_key(|line| std::cmp::Reverse(line.recorded));
        lines.truncate(LOG_LINES_MAX);
        Ok(lines.into_iter().map(|line| line.body).collect())
    }

    fn combined_log(&self, answers: Vec<(Participant, LogAnswer, Duration)>) -> AccessLog {
        let mut sources = Vec::with_capacity(answers.len());
        let mut by_request: BTreeMap<String, Vec<AccessLogLine>> = BTreeMap::new();
        for (participant, answer, took) in answers {
            let ura = participant.record.ura;
            let (state, bodies) = match answer {
                LogAnswer::Lines(bodies) if bodies.is_empty() => (SourceState::None, bodies),
                LogAnswer::Lines(bodies) => (SourceState::Data, bodies),
                LogAnswer::NotAllowed => (SourceState::NotAllowed, Vec::new()),
                LogAnswer::NoAnswer(_) => (SourceState::NoAnswer, Vec::new()),
            };
            let mut count = 0;
            for record in bodies
                .iter()
                .filter_map(|body| AuditRecord::from_json(body).ok())
            {
                count += 1;
                let line = self.log_line(ura, record);
                by_request
                    .entry(line.record.request.clone())
                    .or_default()
                    .push(line);
            }
            let name = participant.record.name;
            sources.push(AccessLogSource {
                ura,
                name,
                state,
                count,
                took,
            });
        }
        sources.sort_by_key(|source| source.ura);
        let mut visits: Vec<AccessVisit> = by_request.into_iter().filter_map(visit).collect();
        visits.sort_by_key(|visit| {
            let urgent = visit.refused || visit.emergency_reason.is_some();
            (!urgent, std::cmp::Reverse(visit.at), visit.request.clone())
        });
        AccessLog { sources, visits }
    }

    fn log_line(&self, source: Ura, record: AuditRecord) -> AccessLogLine {
        let zone: &TimeZone = &self.parts.time_zone;
        let text_nl = wording(&record, Language::Dutch, zone);
        let text_en = wording(&record, Language::English, zone);
        AccessLogLine {
            source,
            record,
            text_nl,
            text_en,
        }
    }
}

fn visit((request, mut lines): (String, Vec<AccessLogLine>)) -> Option<AccessVisit> {
    lines.sort_by_key(|line| (line.record.recorded, line.source));
    let first = &lines.first()?.record;
    Some(AccessVisit {
        request,
        at: first.recorded,
        actor_name: first.actor_name.clone(),
        role: first.role,
        organisation_name: first.organisation_name.clone(),
        purpose: first.purpose,
        emergency_reason: lines
            .iter()
            .find_map(|line| line.record.emergency_reason.clone()),
        refused: lines
            .iter()
            .any(|line| line.record.outcome == Outcome::Refused),
        categories: lines.iter().fold(Categories::NONE, |all, line| {
            all.union(line.record.categories)
        }),
        lines,
    })
}
