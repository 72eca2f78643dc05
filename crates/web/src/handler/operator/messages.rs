//! The messages that came in: the list, one of them, its content when the
//! operator asks for it, and taking it in again.

use std::sync::Arc;

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use care::AccessContext;
use exchange::ExchangeError;
use jiff::civil::Date;
use serde::Deserialize;
use store::{MessageFilter, MessageId, MessageState};

use crate::{
    fault::Fault,
    handler::html,
    page::{
        Tag, Tone,
        messages::{MessagePage, MessagesPage},
    },
    security::{SafeForm, Visitor},
    site::Site,
    view::messages::{self, Asked},
};

/// How many messages a page lists.
const MESSAGES_SHOWN: usize = 50;

/// The longest value to filter by, in bytes.
const FILTER_BYTES_MAX: usize = 200;

/// Which messages to list. A form sends what is not filled in as empty.
#[derive(Deserialize)]
pub(crate) struct MessagesQuery {
    #[serde(default)]
    state: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    sender: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    before: String,
}

impl MessagesQuery {
    fn asked(&self) -> Result<Asked, Fault> {
        let text = |value: &str| match value.len() {
            0 => Ok(None),
            1..=FILTER_BYTES_MAX => Ok(Some(value.to_owned())),
            _ => Err(Fault::Input),
        };
        let date = |value: &str| match value {
            "" => Ok(None),
            value => value.parse::<Date>().map(Some).map_err(|_| Fault::Input),
        };
        let state = match self.state.as_str() {
            "" => None,
            code => Some(
                MessageState::ALL
                    .into_iter()
                    .find(|state| state.code() == code)
                    .ok_or(Fault::Input)?,
            ),
        };
        Ok(Asked {
            state,
            kind: text(&self.kind)?,
            sender: text(&self.sender)?,
            from: date(&self.from)?,
            to: date(&self.to)?,
        })
    }
}

/// The messages, newest first. A page goes on from the last message of the
/// page before it, so that what comes in meanwhile moves nothing.
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    Query(query): Query<MessagesQuery>,
) -> Result<Response, Fault> {
    let cx = &visitor.operator()?.context;
    let asked = query.asked()?;
    let before = Some(query.before).filter(|id| !id.is_empty());
    let filter = MessageFilter {
        before: before.clone().map(MessageId),
        ..asked.filter(&site.options.time_zone, MESSAGES_SHOWN + 1)
    };
    let overview = site
        .options
        .node
        .message_overview(cx, filter.clone())
        .await?;
    let mut found = site.options.node.messages(cx, filter).await?;
    let is_more = found.len() > MESSAGES_SHOWN;
    found.truncate(MESSAGES_SHOWN);
    let waiting = waiting(&site, cx).await?;
    let reader = visitor.reader(&site, "/messages".to_owned());
    html(&MessagesPage {
        page: visitor.layout(&site),
        sentence: reader.language.count("messages.waiting", waiting),
        filter: asked.form(&reader, &overview),
        found: messages::found(&reader, overview.found),
        newest: before.map(|_| asked.path(None)),
        next: found
            .last()
            .filter(|_| is_more)
            .map(|last| asked.path(Some(&last.id.0))),
        rows: found
            .iter()
            .map(|message| messages::row(&reader, message))
            .collect(),
    })
}

async fn waiting(site: &Site, cx: &AccessContext) -> Result<usize, Fault> {
    match site.options.node.statistics(cx).await {
        Ok(statistics) => Ok(messages::refused(&statistics)),
        Err(ExchangeError::NotAllowed) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// What is known of one message, without its content.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    let cx = &visitor.operator()?.context;
    let page = page(&site, &visitor, cx, &MessageId(id), None).await?;
    html(&page)
}

/// The message with its content; that it was looked at is written down first.
pub(crate) async fn reveal(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    Path(id): Path<String>,
    SafeForm(()): SafeForm<()>,
) -> Result<Response, Fault> {
    let cx = &visitor.operator()?.context;
    let id = MessageId(id);
    let message = site.options.node.message(cx, &id).await?;
    let mut page = page(&site, &visitor, cx, &id, None).await?;
    page.raw = Some(messages::raw(visitor.language, &message.bytes));
    html(&page)
}

/// Takes a message in again that failed before.
pub(crate) async fn replay(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    Path(id): Path<String>,
    SafeForm(()): SafeForm<()>,
) -> Result<Response, Fault> {
    let cx = &visitor.operator()?.context;
    let id = MessageId(id);
    let receipt = site.options.node.replay(cx, &id).await?;
    let text = |key| visitor.language.text(key).to_owned();
    let result = if receipt.accepted {
        Tag::new(Tone::Good, text("message.replayed"))
    } else {
        let reason = receipt
            .reason
            .map(|reason| format!(" {reason}"))
            .unwrap_or_default();
        Tag::new(
            Tone::Warn,
            format!("{}{reason}", text("message.replay-failed")),
        )
    };
    let page = page(&site, &visitor, cx, &id, Some(result)).await?;
    html(&page)
}

async fn page(
    site: &Site,
    visitor: &Visitor,
    cx: &AccessContext,
    id: &MessageId,
    result: Option<Tag>,
) -> Result<MessagePage, Fault> {
    let summary = site.options.node.message_summary(cx, id).await?;
    let reader = visitor.reader(site, "/messages".to_owned());
    let path = format!("/messages/{id}");
    let mut layout = visitor.layout(site);
    layout.here.clone_from(&path);
    Ok(MessagePage {
        page: layout,
        result,
        rows: messages::details(&reader, &summary),
        replay: (summary.state == MessageState::Refused).then(|| format!("{path}/replay")),
        reveal: path,
        raw: None,
    })
}
