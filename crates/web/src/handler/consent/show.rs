//! The choices as they are, the boxes for one group, a new exception, and the
//! history.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::Response,
};
use care::{ConsentCategory, ProviderCategory};
use trust::consent::ConsentRecord;

use super::Chooser;
use crate::{
    dates,
    fault::Fault,
    handler::html,
    page::{
        Choice,
        consent::{ChangeRow, ConsentPage, ExceptionPage, HistoryPage, HolderPage},
    },
    security::Visitor,
    site::Site,
    view::{
        consent::{
            self, change,
            told::{self, Names},
        },
        text,
    },
};

/// The choices as they are now.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let chooser = Chooser::of(&site, &visitor).await?;
    html(&page(&site, &visitor, &chooser, None))
}

/// The page of the choices, with what to mind.
pub(super) fn page(
    site: &Site,
    visitor: &Visitor,
    chooser: &Chooser<'_>,
    notice: Option<String>,
) -> ConsentPage {
    let (language, record) = (visitor.language, &chooser.record);
    let names = Names(&chooser.organisations);
    let mut layout = visitor.layout(site);
    "/my/consent".clone_into(&mut layout.here);
    ConsentPage {
        page: layout,
        notice,
        sentence: consent::now(language, record),
        everyone: record.reach() == trust::consent::Reach::Everyone,
        holders: consent::holders(language, record),
        exceptions: told::exception_rows(told::exception_list(language, record, &names)),
    }
}

/// The boxes for one group of holders.
pub(crate) async fn holder(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    Path(code): Path<String>,
) -> Result<Response, Fault> {
    let holder = ProviderCategory::from_code(&code).ok_or(Fault::NotFound)?;
    let chooser = Chooser::of(&site, &visitor).await?;
    let name = text::providers(visitor.language, holder);
    html(&HolderPage {
        page: visitor.layout(&site),
        title: visitor
            .language
            .fill("consent.holder-title", &[("holder", name)]),
        holder: code,
        groups: change::checks(visitor.language, &chooser.record, holder),
    })
}

/// The form for a new exception.
pub(crate) async fn exception(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let chooser = Chooser::of(&site, &visitor).await?;
    html(&exception_page(&site, &visitor, &chooser, false))
}

/// The page for a new exception.
pub(super) fn exception_page(
    site: &Site,
    visitor: &Visitor,
    chooser: &Chooser<'_>,
    failed: bool,
) -> ExceptionPage {
    let mut layout = visitor.layout(site);
    "/my/consent/exception".clone_into(&mut layout.here);
    ExceptionPage {
        page: layout,
        fault: failed.then(|| visitor.language.text("exception.fault").to_owned()),
        organisations: chooser
            .organisations
            .iter()
            .map(|record| Choice {
                value: record.ura.to_string(),
                label: record.name.clone(),
                chosen: false,
            })
            .collect(),
        categories: ConsentCategory::ALL
            .into_iter()
            .map(|category| Choice {
                value: category.code().to_owned(),
                label: text::category(visitor.language, category)[0].to_owned(),
                chosen: false,
            })
            .collect(),
    }
}

/// What was changed before, newest first.
pub(crate) async fn history(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
) -> Result<Response, Fault> {
    let chooser = Chooser::of(&site, &visitor).await?;
    let events = chooser
        .room
        .consents
        .history(&chooser.session.context, chooser.bsn, None)
        .await?;
    let names = Names(&chooser.organisations);
    let first = ConsentRecord::default();
    let language = visitor.language;
    let rows = events
        .iter()
        .enumerate()
        .map(|(index, event)| {
            let before = events.get(index + 1).map_or(&first, |event| &event.record);
            let by_patient = event.actor_id == chooser.session.context.actor().id;
            ChangeRow {
                at: dates::long_moment(language, event.at, &site.options.time_zone),
                by: if by_patient {
                    language.text("history.by-you").to_owned()
                } else {
                    language.fill("history.by-other", &[("name", &event.actor_name)])
                },
                lines: told::change_lines(language, before, &event.record, &names),
            }
        })
        .collect();
    html(&HistoryPage {
        page: visitor.layout(&site),
        rows,
    })
}
