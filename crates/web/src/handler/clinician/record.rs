//! The combined record, the course of one test, and where a datum comes from.
//!
//! Each page asks the region anew: a withdrawn consent holds at the next page.

use std::sync::Arc;

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use care::{AccessContext, ExchangeCode, Purpose};
use exchange::{ExchangeError, catalogue::Exchange, combined::CombinedRecord};
use serde::Deserialize;
use trust::session::Session;

use crate::{
    fault::Fault,
    handler::{csv_file, html, period},
    page::{
        messages::FilterLink,
        patients::NoRelationPage,
        trend::{DatumPage, TrendPage},
    },
    rooms::OpenPatient,
    security::Visitor,
    site::Site,
    view::{self, Reader, datum, record, trend::Test},
    words::Language,
};

/// The exchanges in the order in which a clinician wants them; others follow.
const PREFERRED: [&str; 3] = ["bgz", "medication", "laboratory"];

/// Which exchange to ask under.
#[derive(Deserialize)]
pub(crate) struct ExchangeQuery {
    exchange: Option<String>,
}

/// The combined record of an open patient.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    Path(handle): Path<String>,
    Query(query): Query<ExchangeQuery>,
) -> Result<Response, Fault> {
    let asked = match Asked::of(&site, &visitor, &handle, query.exchange.as_deref()).await {
        Ok(asked) => asked,
        Err(NotAsked::Relation(emergency)) => {
            return html(&NoRelationPage {
                page: visitor.layout(&site),
                emergency,
            });
        }
        Err(NotAsked::Fault(fault)) => return Err(fault),
    };
    let page = record::page(
        &asked.reader,
        visitor.layout(&site),
        &asked.record,
        asked.standing(&visitor),
    );
    let shown = (page.patient.name.clone(), page.patient.born.clone());
    let now = site.options.clock.now();
    site.rooms
        .note(&asked.session.csrf_token, now, &handle, |patient| {
            patient.shown = Some(shown);
        });
    html(&page)
}

/// How far back to look, and under which exchange.
#[derive(Deserialize)]
pub(crate) struct TrendQuery {
    exchange: Option<String>,
    period: Option<String>,
}

/// The course of one test.
pub(crate) async fn trend(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    Path((handle, series)): Path<(String, String)>,
    Query(query): Query<TrendQuery>,
) -> Result<Response, Fault> {
    let period = period(query.period.as_deref())?;
    let asked = Asked::of(&site, &visitor, &handle, query.exchange.as_deref()).await?;
    let test = Test::find(&asked.reader, &asked.record, &series).ok_or(Fault::NotFound)?;
    html(&TrendPage {
        page: visitor.layout(&site),
        patient: Some(record::banner(
            &asked.reader,
            &asked.record,
            &asked.standing(&visitor),
        )),
        back: asked.reader.record_path(),
        name: test.name().to_owned(),
        explain: None,
        periods: test.periods(&asked.reader, period),
        csv: test.csv_path(&asked.reader, period),
        panels: test.panels(&asked.reader, period),
    })
}

/// The course of one test as a file.
pub(crate) async fn trend_csv(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    Path((handle, series)): Path<(String, String)>,
    Query(query): Query<TrendQuery>,
) -> Result<Response, Fault> {
    let period = period(query.period.as_deref())?;
    let asked = Asked::of(&site, &visitor, &handle, query.exchange.as_deref()).await?;
    let test = Test::find(&asked.reader, &asked.record, &series).ok_or(Fault::NotFound)?;
    Ok(csv_file(view::trend::csv(&asked.reader, &test, period)))
}

/// Where one datum comes from.
pub(crate) async fn datum(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    Path((handle, token)): Path<(String, String)>,
    Query(query): Query<ExchangeQuery>,
) -> Result<Response, Fault> {
    let asked = Asked::of(&site, &visitor, &handle, query.exchange.as_deref()).await?;
    let fact = datum::find(&asked.reader, &asked.record, &token).ok_or(Fault::NotFound)?;
    html(&DatumPage {
        page: visitor.layout(&site),
        patient: Some(record::banner(
            &asked.reader,
            &asked.record,
            &asked.standing(&visitor),
        )),
        back: asked.reader.record_path(),
        name: datum::name(&asked.reader, fact),
        rows: datum::rows(&asked.reader, &asked.record, fact),
        codes: datum::codes(fact),
        original: datum::original(&asked.record, fact),
    })
}

/// A question to the region that was answered.
struct Asked<'a> {
    session: &'a Session,
    patient: OpenPatient,
    reader: Reader,
    record: CombinedRecord,
    exchanges: Vec<FilterLink>,
}

enum NotAsked {
    /// Nothing ties the organisation to the patient; the emergency page, for
    /// who may break the glass.
    Relation(Option<String>),
    Fault(Fault),
}

impl From<Fault> for NotAsked {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<NotAsked> for Fault {
    fn from(not_asked: NotAsked) -> Self {
        match not_asked {
            NotAsked::Relation(_) => Self::Forbidden,
            NotAsked::Fault(fault) => fault,
        }
    }
}

impl<'a> Asked<'a> {
    async fn of(
        site: &Site,
        visitor: &'a Visitor,
        handle: &str,
        wanted: Option<&str>,
    ) -> Result<Self, NotAsked> {
        let session = visitor.clinician()?;
        let patient = site
            .rooms
            .patient(&session.csrf_token, site.options.clock.now(), handle)
            .ok_or(Fault::NotFound)?;
        let cx = match &patient.emergency_reason {
            Some(reason) => session
                .context
                .for_purpose(Purpose::EmergencyTreatment, Some(reason.clone())),
            None => session.context.clone(),
        };
        let admitted = admitted(site, &cx);
        let exchange = match wanted {
            Some(code) => admitted.iter().find(|exchange| exchange.code.0 == code),
            None => admitted.first(),
        };
        let code = &exchange.ok_or(Fault::Forbidden)?.code;
        let base = format!("/patient/{handle}");
        let found = site
            .options
            .node
            .combined_record(&cx, &patient.bsn, code)
            .await;
        let record = match found {
            Ok(record) => record,
            Err(ExchangeError::NotAllowed) if patient.emergency_reason.is_none() => {
                let physician = session.person.role.is_physician();
                let emergency = physician.then(|| format!("{base}/emergency"));
                return Err(NotAsked::Relation(emergency));
            }
            Err(error) => return Err(Fault::from(error).into()),
        };
        let exchanges = links(visitor.language, &base, &admitted, code);
        let mut reader = visitor.reader(site, base);
        reader.exchange = wanted.map(|_| code.0.clone());
        Ok(Self {
            session,
            patient,
            reader,
            record,
            exchanges,
        })
    }

    fn standing(&self, visitor: &Visitor) -> record::Standing {
        let role = visitor.session.as_ref().map(|session| session.person.role);
        record::Standing {
            bsn: self.patient.bsn.clone(),
            emergency_reason: self.patient.emergency_reason.clone(),
            may_break_glass: role.is_some_and(care::Role::is_physician),
            exchanges: self.exchanges.clone(),
        }
    }
}

/// The exchanges under which somebody may ask, the widest first.
fn admitted<'a>(site: &'a Site, cx: &AccessContext) -> Vec<&'a Exchange> {
    let mut admitted: Vec<&Exchange> = site
        .options
        .node
        .catalogue()
        .iter()
        .filter(|exchange| exchange.admits(cx).is_ok())
        .collect();
    admitted.sort_by_key(|exchange| {
        PREFERRED
            .iter()
            .position(|code| *code == exchange.code.0)
            .unwrap_or(PREFERRED.len())
    });
    admitted
}

/// A link per exchange, where there is something to choose.
fn links(
    language: Language,
    base: &str,
    admitted: &[&Exchange],
    current: &ExchangeCode,
) -> Vec<FilterLink> {
    if admitted.len() < 2 {
        return Vec::new();
    }
    admitted
        .iter()
        .map(|exchange| FilterLink {
            path: format!("{base}?exchange={}", exchange.code),
            text: match language {
                Language::Dutch => exchange.title.nl.clone(),
                Language::English => exchange.title.en.clone(),
            },
            current: exchange.code == *current,
        })
        .collect()
}
