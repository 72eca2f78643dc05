//! The patient's own record, all results, the course of one, and where a datum
//! comes from.

use std::sync::Arc;

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use care::ExchangeCode;
use exchange::combined::{CombinedRecord, SectionKind};
use serde::Deserialize;
use trust::session::Session;

use crate::{
    fault::Fault,
    handler::{csv_file, html, period},
    page::{
        my_record::ResultsPage,
        trend::{DatumPage, TrendPage},
    },
    security::Visitor,
    site::Site,
    view::{self, Reader, consent, datum, log, measured, my_record, sources, trend::Test},
};

/// The exchange that shows a patient everything.
const EXCHANGE: &str = "bgz";
const BASE: &str = "/my";

/// The record.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let session = visitor.patient()?;
    let (record, looked, choices) = futures::join!(
        ask(&site, session),
        who_looked(&site, session),
        choices(&site, session)
    );
    let reader = visitor.reader(&site, BASE.to_owned());
    let beside = my_record::Beside {
        name: session.person.name.clone(),
        consent_sentence: choices?
            .map(|record| consent::now(reader.language, &record))
            .unwrap_or_default(),
        log_sentence: looked
            .map(|log| log::sentence(&reader, &log))
            .unwrap_or_default(),
    };
    html(&my_record::page(
        &reader,
        visitor.layout(&site),
        &record?,
        beside,
    ))
}

/// All results and measurements.
pub(crate) async fn results(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let record = ask(&site, visitor.patient()?).await?;
    let reader = visitor.reader(&site, BASE.to_owned());
    let sections = [SectionKind::Results, SectionKind::Vitals]
        .into_iter()
        .filter_map(|kind| record.section(kind))
        .map(|section| measured::section(&reader, &record, section, Some(usize::MAX)))
        .collect();
    let sources = sources::sources(&reader, &record);
    html(&ResultsPage {
        page: visitor.layout(&site),
        sections,
        sources,
    })
}

/// How far back to look.
#[derive(Deserialize)]
pub(crate) struct TrendQuery {
    period: Option<String>,
}

/// The course of one result.
pub(crate) async fn trend(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    Path(series): Path<String>,
    Query(query): Query<TrendQuery>,
) -> Result<Response, Fault> {
    let period = period(query.period.as_deref())?;
    let (reader, record) = asked(&site, &visitor).await?;
    let test = Test::find(&reader, &record, &series).ok_or(Fault::NotFound)?;
    html(&TrendPage {
        page: visitor.layout(&site),
        patient: None,
        back: "/my/record".to_owned(),
        name: test.name().to_owned(),
        explain: Some(reader.text("my.results-explain").to_owned()),
        periods: test.periods(&reader, period),
        csv: test.csv_path(&reader, period),
        panels: test.panels(&reader, period),
    })
}

/// The course of one result as a file.
pub(crate) async fn trend_csv(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    Path(series): Path<String>,
    Query(query): Query<TrendQuery>,
) -> Result<Response, Fault> {
    let period = period(query.period.as_deref())?;
    let (reader, record) = asked(&site, &visitor).await?;
    let test = Test::find(&reader, &record, &series).ok_or(Fault::NotFound)?;
    Ok(csv_file(view::trend::csv(&reader, &test, period)))
}

/// Where one datum comes from.
pub(crate) async fn datum(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, Fault> {
    let (reader, record) = asked(&site, &visitor).await?;
    let fact = datum::find(&reader, &record, &token).ok_or(Fault::NotFound)?;
    html(&DatumPage {
        page: visitor.layout(&site),
        patient: None,
        back: "/my/record".to_owned(),
        name: datum::name(&reader, fact),
        rows: datum::rows(&reader, &record, fact),
        codes: datum::codes(fact),
        original: datum::original(&record, fact),
    })
}

pub(super) async fn asked(
    site: &Site,
    visitor: &Visitor,
) -> Result<(Reader, CombinedRecord), Fault> {
    let record = ask(site, visitor.patient()?).await?;
    Ok((visitor.reader(site, BASE.to_owned()), record))
}

async fn ask(site: &Site, session: &Session) -> Result<CombinedRecord, Fault> {
    let bsn = session.context.patient().ok_or(Fault::Forbidden)?;
    let exchange = ExchangeCode(EXCHANGE.to_owned());
    let asked = site
        .options
        .node
        .combined_record(&session.context, bsn, &exchange);
    Ok(asked.await?)
}

/// Who looked, for one sentence; the record is shown without it as well.
async fn who_looked(site: &Site, session: &Session) -> Option<exchange::AccessLog> {
    let bsn = session.context.patient()?;
    site.options
        .node
        .access_log(&session.context, bsn)
        .await
        .ok()
}

/// The choices, for one sentence; only the regional organisation has them.
async fn choices(
    site: &Site,
    session: &Session,
) -> Result<Option<trust::consent::ConsentRecord>, Fault> {
    let (Some(region), Some(bsn)) = (&site.options.region, session.context.patient()) else {
        return Ok(None);
    };
    Ok(region.consents.record(&session.context, bsn).await.ok())
}
