//! Delivering what one subscription has to tell, a step at a time.

use bytes::Bytes;
use care::{AccessContext, Scope};
use fhir::{FhirVersion, json::Document};
use jiff::{SignedDuration, Timestamp};
use network::hook::{HookCall, HookError};
use store::{Attempt, Stored, Subscription, SubscriptionState};
use trust::policy::Action;

use super::{
    Subscriptions, TYPE,
    limits::{TRIES_MAX, backoff},
    notification::{Kind, Telling, Told},
    wanted::{Channel, Content, Form, Format, Wanted},
};
use crate::error::ExchangeError;

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// There may be more to do at once.
    Again,
    /// Nothing until something is written or it is time.
    Rest,
}

/// A subscription in the middle of its delivery.
struct Delivery<'a> {
    of: &'a Subscription,
    stored: &'a Stored,
    wanted: &'a Wanted,
    now: Timestamp,
}

/// What is sent.
struct Message {
    put_at: Option<(&'static str, String)>,
    format: Option<Format>,
    body: Bytes,
}

impl Subscriptions {
    /// Does the next thing that there is to do for a subscription.
    pub(super) async fn step(&self, id: &str, now: Timestamp) -> Result<Step, ExchangeError> {
        let parts = &self.parts;
        let store = &parts.node.parts.store;
        let Some(of) = store.subscription(id).await? else {
            return Ok(Step::Rest);
        };
        let of = &of;
        let is_over = matches!(of.state, SubscriptionState::Off | SubscriptionState::Error);
        let is_waiting = of.tries > 0 && of.wake.is_some_and(|wake| wake > now);
        if is_over || is_waiting {
            return Ok(Step::Rest);
        }
        let found = store
            .read(&(parts.own_system)(), &Scope::Organisation, TYPE, id)
            .await?;
        let Some(stored) = found.here().filter(|stored| stored.version == of.version) else {
            return Ok(Step::Rest);
        };
        let fails = async |why: &str| {
            let state = SubscriptionState::Error;
            self.becomes(of, &stored, state, Some(why), None).await?;
            Ok(Step::Rest)
        };
        let read = parts
            .node
            .resource(&stored.body)
            .and_then(|resource| Wanted::read(&resource, &parts.allowed));
        let wanted = match read {
            Ok(wanted) => wanted,
            Err(issues) => {
                let why = issues.first().map_or("it cannot be read", |one| &one.text);
                return fails(why).await;
            }
        };
        if wanted.end.is_some_and(|end| end <= now) {
            self.becomes(of, &stored, SubscriptionState::Off, None, None)
                .await?;
            return Ok(Step::Rest);
        }
        let Some(cx) = (parts.subscribers)(&of.subscriber) else {
            return fails("whoever subscribed may no longer come in").await;
        };
        if !parts.node.decide(&cx, Action::Subscribe).is_allowed() {
            return fails("whoever subscribed may no longer subscribe").await;
        }
        let delivery = Delivery {
            of,
            stored: &stored,
            wanted: &wanted,
            now,
        };
        if of.state == SubscriptionState::Requested {
            return self.begin(&delivery).await;
        }
        if wanted.by_websocket() && !self.sockets.is_bound(id) {
            if of.wake.is_some_and(|wake| wake <= now) {
                // Nobody is there to hear that it is; only its end is left to do.
                let attempt = Attempt {
                    delivered: of.delivered,
                    tries: 0,
                    wake: wanted.end,
                };
                store.settle_subscription(of, attempt).await?;
            }
            return Ok(Step::Rest);
        }
        let scope = parts.node.decide(&cx, Action::Read).scope();
        if of.delivered < of.events {
            return self.tell(&delivery, &cx, &scope).await;
        }
        if self.look(of, &wanted, &cx, &scope).await? {
            return Ok(Step::Again);
        }
        self.beat(&delivery).await
    }

    /// Says that the subscription is there; it is active when that arrives.
    async fn begin(&self, delivery: &Delivery<'_>) -> Result<Step, ExchangeError> {
        let is_told =
            matches!(delivery.wanted.form, Form::Topic { .. }) && !delivery.wanted.by_websocket();
        if is_told
            && let Some(message) = self.notification(delivery, Kind::Handshake, &[])?
            && let Err(error) = self.send(delivery, message).await
        {
            let why = format!("the handshake failed: {error}");
            let state = SubscriptionState::Error;
            self.becomes(delivery.of, delivery.stored, state, Some(&why), None)
                .await?;
            return Ok(Step::Rest);
        }
        let state = SubscriptionState::Active;
        self.becomes(
            delivery.of,
            delivery.stored,
            state,
            None,
            delivery.wanted.wake_after(delivery.now),
        )
        .await?;
        Ok(Step::Again)
    }

    /// Sends the next events, judged and written down first.
    async fn tell(
        &self,
        delivery: &Delivery<'_>,
        cx: &AccessContext,
        scope: &Scope,
    ) -> Result<Step, ExchangeError> {
        let node = &self.parts.node;
        let of = delivery.of;
        let first = of.delivered + 1;
        let events = node
            .parts
            .store
            .subscription_events(cx, &of.id, (first, of.events), delivery.wanted.events_max())
            .await?;
        let Some(last) = events.last().map(|event| event.number) else {
            let what = "a subscription lacks events that it has numbers of";
            return Err(store::StoreError::Corrupt { what }.into());
        };
        let mut told = Vec::with_capacity(events.len());
        for event in events {
            let found = node
                .parts
                .store
                .read(cx, scope, event.resource_type, &event.id)
                .await?;
            let stored = found.here();
            told.push(Told { event, stored });
        }
        let shown: Vec<&Stored> = told.iter().filter_map(|one| one.stored.as_ref()).collect();
        if !shown.is_empty() {
            let asked = [TYPE.to_owned()];
            let lines = node.lines_shown(cx, &asked, &shown).await?;
            node.write_audit(lines).await?;
        }
        let message = match delivery.wanted.form {
            Form::Criteria { payload } => bare(node.version(), payload, &told)?,
            Form::Topic { .. } => self.notification(delivery, Kind::Event, &told)?,
        };
        let sent = match message {
            Some(message) => self.send(delivery, message).await,
            // There is nothing left to tell.
            None => Ok(()),
        };
        match sent {
            Ok(()) => {
                self.arrived(delivery, last).await?;
                Ok(Step::Again)
            }
            Err(error) => self.failed(delivery, &error).await,
        }
    }

    /// Tells that it is still there, when it was silent for long.
    async fn beat(&self, delivery: &Delivery<'_>) -> Result<Step, ExchangeError> {
        let is_time = delivery.of.wake.is_some_and(|wake| wake <= delivery.now);
        if !is_time || delivery.wanted.heartbeat().is_none() {
            return Ok(Step::Rest);
        }
        let Some(message) = self.notification(delivery, Kind::Heartbeat, &[])? else {
            return Ok(Step::Rest);
        };
        match self.send(delivery, message).await {
            Ok(()) => self.arrived(delivery, delivery.of.delivered).await?,
            Err(error) => return self.failed(delivery, &error).await,
        }
        Ok(Step::Rest)
    }

    async fn arrived(&self, delivery: &Delivery<'_>, last: u64) -> Result<(), ExchangeError> {
        let attempt = Attempt {
            delivered: last,
            tries: 0,
            wake: delivery.wanted.wake_after(delivery.now),
        };
        let store = &self.parts.node.parts.store;
        Ok(store.settle_subscription(delivery.of, attempt).await?)
    }

    async fn failed(
        &self,
        delivery: &Delivery<'_>,
        error: &HookError,
    ) -> Result<Step, ExchangeError> {
        let of = delivery.of;
        if delivery.wanted.by_websocket() {
            // Whoever binds next gets it.
            return Ok(Step::Rest);
        }
        let tries = of.tries + 1;
        if tries >= TRIES_MAX {
            let why = format!("{tries} attempts in a row failed: {error}");
            let state = SubscriptionState::Error;
            self.becomes(of, delivery.stored, state, Some(&why), None)
                .await?;
            return Ok(Step::Rest);
        }
        let wait = SignedDuration::try_from(backoff(tries)).unwrap_or(SignedDuration::MAX);
        let attempt = Attempt {
            delivered: of.delivered,
            tries,
            wake: delivery.now.checked_add(wait).ok(),
        };
        let store = &self.parts.node.parts.store;
        store.settle_subscription(of, attempt).await?;
        Ok(Step::Rest)
    }

    /// A notification of the backport; nothing for the form without topics,
    /// which knows none but of events.
    fn notification(
        &self,
        delivery: &Delivery<'_>,
        kind: Kind,
        told: &[Told],
    ) -> Result<Option<Message>, ExchangeError> {
        let Form::Topic {
            topic,
            format,
            content,
            ..
        } = &delivery.wanted.form
        else {
            return Ok(None);
        };
        let telling = self.telling(delivery.of, Some(topic), kind, *content, told);
        let id = self.parts.node.parts.ids.next();
        let bundle = telling.bundle(&id, delivery.now).to_bytes();
        Ok(Some(Message {
            put_at: None,
            format: Some(*format),
            body: in_format(FhirVersion::R4, bundle.into(), *format)?,
        }))
    }

    async fn send(&self, delivery: &Delivery<'_>, message: Message) -> Result<(), HookError> {
        let wanted = delivery.wanted;
        match &wanted.channel {
            Channel::RestHook { endpoint, headers } => {
                let call = HookCall {
                    endpoint: endpoint.clone(),
                    put_at: message.put_at,
                    headers: headers.clone(),
                    content_type: message.format.map(Format::media_type),
                    body: message.body,
                    timeout: wanted.timeout,
                };
                self.parts.hooks.call(call).await
            }
            Channel::WebSocket => {
                let text = match wanted.form {
                    Form::Criteria { .. } => format!("ping {}", delivery.of.id),
                    Form::Topic { .. } => String::from_utf8_lossy(&message.body).into_owned(),
                };
                self.sockets
                    .send(&delivery.of.id, &text, wanted.timeout)
                    .await
            }
        }
    }

    /// What is told of a subscription, wherever that goes.
    pub(super) fn telling<'a>(
        &'a self,
        of: &'a Subscription,
        topic: Option<&'a str>,
        kind: Kind,
        content: Content,
        told: &'a [Told],
    ) -> Telling<'a> {
        Telling {
            base: &self.parts.fhir_base,
            subscription: of,
            topic,
            kind,
            content,
            told,
        }
    }
}

/// What the form without topics sends of an event: the resource, or that there
/// is one. What is gone or may not be seen makes no sound.
fn bare(
    version: FhirVersion,
    payload: Option<Format>,
    told: &[Told],
) -> Result<Option<Message>, ExchangeError> {
    let Some(stored) = told.first().and_then(|one| one.stored.as_ref()) else {
        return Ok(None);
    };
    Ok(Some(match payload {
        None => Message {
            put_at: None,
            format: None,
            body: Bytes::new(),
        },
        Some(format) => Message {
            put_at: Some((stored.resource_type, stored.id.clone())),
            format: Some(format),
            body: in_format(version, stored.body.clone(), format)?,
        },
    }))
}

fn in_format(version: FhirVersion, json: Bytes, format: Format) -> Result<Bytes, ExchangeError> {
    if format == Format::Json {
        return Ok(json);
    }
    let unreadable = || store::StoreError::Corrupt {
        what: "a stored resource does not parse",
    };
    let document = Document::parse(&json).map_err(|_| unreadable())?;
    let xml = fhir::xml::from_json_in(version, &document).map_err(|_| unreadable())?;
    Ok(xml.into())
}
