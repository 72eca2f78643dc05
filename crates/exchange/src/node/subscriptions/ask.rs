//! Asking a subscription how it stands, and what it told before.

use care::{AccessContext, Scope};
use fhir::json::Value;
use store::{
    Found, StoreError, Stored, Subscription, SubscriptionState,
    limits::SUBSCRIPTION_EVENTS_KEPT_MAX,
};

use super::{
    Subscriptions, TYPE,
    notification::{Kind, Told},
    wanted::{Content, Form, Wanted},
};
use crate::error::ExchangeError;

/// Which events of a subscription are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventsQuestion {
    /// The first, itself included.
    pub since: u64,
    /// The last, itself included.
    pub until: u64,
    /// What of the resources goes along, when not as the subscription has it.
    pub content: Option<Content>,
}

impl Subscriptions {
    /// How subscriptions stand: those with these ids, or all; of these those
    /// in one of some states, or in any. A Bundle of type `searchset`.
    pub async fn status(
        &self,
        cx: &AccessContext,
        ids: &[String],
        states: &[String],
    ) -> Result<Value, ExchangeError> {
        let node = &self.parts.node;
        let asked = [TYPE.to_owned()];
        let scope = node.reading_scope(cx, &asked).await?;
        let ids: Vec<String> = if ids.is_empty() {
            let all = node.store().all_subscriptions().await?;
            all.into_iter().map(|of| of.id).collect()
        } else {
            ids.to_vec()
        };
        let mut entries = Vec::with_capacity(ids.len());
        let mut shown = Vec::with_capacity(ids.len());
        for id in ids {
            let found = self.one(cx, &scope, &id).await;
            let (of, stored) = match found {
                Ok(found) => found,
                Err(ExchangeError::NotFound | ExchangeError::Gone) => continue,
                Err(error) => return Err(error),
            };
            let is_wanted =
                states.is_empty() || states.iter().any(|state| state == of.state.code());
            if !is_wanted {
                continue;
            }
            let form = self.form(&stored);
            let topic = form.as_ref().and_then(|(topic, _)| topic.as_deref());
            let telling = self.telling(&of, topic, Kind::QueryStatus, Content::Empty, &[]);
            entries.push(fhir::value!({
                "fullUrl": (format!("urn:uuid:{}", node.parts.ids.next())),
                "resource": (telling.status()),
                "search": { "mode": "match" }
            }));
            shown.push(stored);
        }
        let shown: Vec<&Stored> = shown.iter().collect();
        node.audit_shown(cx, &asked, &shown).await?;
        Ok(fhir::value!({
            "resourceType": "Bundle",
            "type": "searchset",
            "total": (entries.len() as u64),
            "entry": (entries)
        }))
    }

    /// The events of a subscription that have numbers, with what whoever asks
    /// may see of them now: a Bundle of type `history`.
    pub async fn events(
        &self,
        cx: &AccessContext,
        id: &str,
        question: EventsQuestion,
    ) -> Result<Value, ExchangeError> {
        let node = &self.parts.node;
        let scope = node.reading_scope(cx, &[TYPE.to_owned()]).await?;
        let (of, stored) = self.one(cx, &scope, id).await?;
        let numbers = (question.since, question.until);
        let events = node
            .store()
            .subscription_events(cx, id, numbers, SUBSCRIPTION_EVENTS_KEPT_MAX)
            .await?;
        let mut told = Vec::with_capacity(events.len());
        for event in events {
            let found = node
                .store()
                .read(cx, &scope, event.resource_type, &event.id)
                .await?;
            let stored = found.here();
            told.push(Told { event, stored });
        }
        let mut shown: Vec<&Stored> = told.iter().filter_map(|one| one.stored.as_ref()).collect();
        shown.push(&stored);
        node.audit_shown(cx, &[TYPE.to_owned(), "$events".to_owned()], &shown)
            .await?;
        let (topic, usual) = self.form(&stored).unwrap_or((None, Content::Empty));
        let content = question.content.unwrap_or(usual);
        let telling = self.telling(&of, topic.as_deref(), Kind::QueryEvent, content, &told);
        Ok(telling.bundle(&node.parts.ids.next(), self.clock().now()))
    }

    /// A subscription with its resource, where that may be seen.
    async fn one(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        id: &str,
    ) -> Result<(Subscription, Stored), ExchangeError> {
        let store = self.parts.node.store();
        match store.read(cx, scope, TYPE, id).await? {
            Found::Here(stored) => {
                let of = store.subscription(id).await?;
                // One that was stored before there was delivery stands still.
                let of = of.unwrap_or_else(|| Subscription {
                    id: id.to_owned(),
                    version: stored.version,
                    subscriber: String::new(),
                    state: SubscriptionState::Off,
                    by_websocket: false,
                    looked: 0,
                    events: 0,
                    delivered: 0,
                    tries: 0,
                    wake: None,
                });
                Ok((of, stored))
            }
            Found::Deleted { .. } => Err(ExchangeError::Gone),
            Found::Absent => Err(ExchangeError::NotFound),
        }
    }

    /// The topic of a subscription, and what of the resources goes along.
    fn form(&self, stored: &Stored) -> Option<(Option<String>, Content)> {
        let resource = self.parts.node.resource(&stored.body).ok()?;
        let wanted = Wanted::read(&resource, &self.parts.allowed).ok()?;
        Some(match wanted.form {
            Form::Topic { topic, content, .. } => (Some(topic), content),
            Form::Criteria { payload: Some(_) } => (None, Content::FullResource),
            Form::Criteria { payload: None } => (None, Content::Empty),
        })
    }
}

impl EventsQuestion {
    /// Reads the numbers as texts; without them all.
    ///
    /// # Errors
    /// For what is no number, or no kind of content.
    pub fn read(
        since: Option<&str>,
        until: Option<&str>,
        content: Option<&str>,
    ) -> Result<Self, ExchangeError> {
        let invalid = |name: &'static str, reason: &'static str| {
            ExchangeError::Store(StoreError::InvalidValue {
                name: name.to_owned(),
                reason,
            })
        };
        let number = |name, text: Option<&str>, default| match text {
            None => Ok(default),
            Some(text) => text
                .parse::<u64>()
                .map_err(|_| invalid(name, "not a number of an event")),
        };
        Ok(Self {
            since: number("eventsSinceNumber", since, 0)?,
            until: number("eventsUntilNumber", until, u64::MAX)?,
            content: match content {
                None => None,
                Some(code) => Some(
                    Content::of(code)
                        .ok_or_else(|| invalid("content", "is empty, id-only or full-resource"))?,
                ),
            },
        })
    }
}
