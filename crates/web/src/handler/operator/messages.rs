//! The messages that came in: the list, one of them, its content when the
//! operator asks for it, and taking it in again.

use std::sync::Arc;

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use care::AccessContext;
use exchange::ExchangeError;
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
    view::messages,
};

/// How many messages a page lists.
const MESSAGES_SHOWN: usize = 50;

/// Which messages to list.
#[derive(Deserialize)]
pub(crate) struct MessagesQuery {
    state: Option<String>,
    before: Option<String>,
}

/// The messages, newest first.
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    visitor: Visitor,
    Query(query): Query<MessagesQuery>,
) -> Result<Response, Fault> {
    let session = visitor.operator()?;
    let state = match query.state.as_deref() {
        None | Some("") => None,
        Some(code) => Some(
            MessageState::ALL
                .into_iter()
                .find(|state| state.code() == code)
                .ok_or(Fault::Input)?,
        ),
    };
    let filter = MessageFilter {
        state,
        before: query.before.map(MessageId),
        limit: MESSAGES_SHOWN + 1,
    };
    let mut found = site.options.node.messages(&session.context, filter).await?;
    let is_more = found.len() > MESSAGES_SHOWN;
    found.truncate(MESSAGES_SHOWN);
    let waiting = waiting(&site, &session.context).await?;
    let reader = visitor.reader(&site, "/messages".to_owned());
    html(&MessagesPage {
        page: visitor.layout(&site),
        sentence: reader.language.count("messages.waiting", waiting),
        filters: messages::filters(&reader, state),
        next: found.last().filter(|_| is_more).map(|last| {
            let state = state.map_or("", MessageState::code);
            format!("/messages?state={state}&before={}", last.id)
        }),
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
