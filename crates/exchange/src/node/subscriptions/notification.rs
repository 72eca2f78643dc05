//! Notifications as Bundles (Subscriptions R5 Backport 1.1, for R4): type
//! `history`, and first what the subscription has to tell of itself.

use fhir::json::Value;
use store::{Stored, Subscription, SubscriptionEvent};

use super::wanted::Content;

const PROFILE: &str = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4";
const BUNDLE_PROFILE: &str = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-notification-r4";

/// What a notification is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Handshake,
    Heartbeat,
    Event,
    QueryStatus,
    QueryEvent,
}

impl Kind {
    const fn code(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Heartbeat => "heartbeat",
            Self::Event => "event-notification",
            Self::QueryStatus => "query-status",
            Self::QueryEvent => "query-event",
        }
    }
}

/// An event with the resource that it is about, as whoever is told may see it.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) event: SubscriptionEvent,
    /// None when it may not be seen, or is gone.
    pub(super) stored: Option<Stored>,
}

/// What is told of a subscription.
pub(super) struct Telling<'a> {
    /// The FHIR base of this node.
    pub(super) base: &'a str,
    pub(super) subscription: &'a Subscription,
    /// The canonical URL of its topic, where it has one.
    pub(super) topic: Option<&'a str>,
    pub(super) kind: Kind,
    pub(super) content: Content,
    pub(super) told: &'a [Told],
}

impl Telling<'_> {
    /// The Parameters that stand first.
    pub(super) fn status(&self) -> Value {
        let Subscription { id, state, .. } = self.subscription;
        let mut parameters = vec![fhir::value!({
            "name": "subscription",
            "valueReference": { "reference": (format!("{}/Subscription/{id}", self.base)) }
        })];
        if let Some(topic) = self.topic {
            parameters.push(fhir::value!({ "name": "topic", "valueCanonical": (topic) }));
        }
        parameters.extend([
            fhir::value!({ "name": "status", "valueCode": (state.code()) }),
            fhir::value!({ "name": "type", "valueCode": (self.kind.code()) }),
            fhir::value!({
                "name": "events-since-subscription-start",
                "valueString": (self.subscription.events.to_string())
            }),
        ]);
        for told in self.told {
            let mut parts = vec![
                fhir::value!({
                    "name": "event-number",
                    "valueString": (told.event.number.to_string())
                }),
                fhir::value!({
                    "name": "timestamp",
                    "valueInstant": (told.event.happened.to_string())
                }),
            ];
            if let (Some(stored), true) = (&told.stored, self.content != Content::Empty) {
                parts.push(fhir::value!({
                    "name": "focus",
                    "valueReference": { "reference": (self.place(stored)) }
                }));
            }
            parameters.push(fhir::value!({ "name": "notification-event", "part": (parts) }));
        }
        if let Some(error) = self.error() {
            parameters.push(error);
        }
        fhir::value!({
            "resourceType": "Parameters",
            "meta": { "profile": [(PROFILE)] },
            "parameter": (parameters)
        })
    }

    /// The Bundle. `id` names its first entry.
    pub(super) fn bundle(&self, id: &str, now: jiff::Timestamp) -> Value {
        let mut status = self.status();
        status.set("id", id);
        let of = &self.subscription.id;
        let mut entries = vec![fhir::value!({
            "fullUrl": (format!("urn:uuid:{id}")),
            "resource": (status),
            "request": {
                "method": "GET",
                "url": (format!("{}/Subscription/{of}/$status", self.base))
            },
            "response": { "status": "200" }
        })];
        // Several events can be about one resource; it stands there once.
        let mut there: Vec<(&str, &str)> = Vec::new();
        for told in self.told {
            let Some(stored) = told
                .stored
                .as_ref()
                .filter(|_| self.content != Content::Empty)
            else {
                continue;
            };
            let place = (stored.resource_type, stored.id.as_str());
            if there.contains(&place) {
                continue;
            }
            there.push(place);
            let relative = format!("{}/{}", stored.resource_type, stored.id);
            let (method, url, status) = if told.event.is_new {
                ("POST", stored.resource_type.to_owned(), "201")
            } else {
                ("PUT", relative, "200")
            };
            let mut entry = fhir::value!({ "fullUrl": (self.place(stored)) });
            if self.content == Content::FullResource
                && let Ok(document) = fhir::json::Document::parse(&stored.body)
            {
                entry.set("resource", Value::from(document.root()));
            }
            entry.set(
                "request",
                fhir::value!({ "method": (method), "url": (url) }),
            );
            entry.set("response", fhir::value!({ "status": (status) }));
            entries.push(entry);
        }
        fhir::value!({
            "resourceType": "Bundle",
            "meta": { "profile": [(BUNDLE_PROFILE)] },
            "type": "history",
            "timestamp": (now.to_string()),
            "entry": (entries)
        })
    }

    fn place(&self, stored: &Stored) -> String {
        format!("{}/{}/{}", self.base, stored.resource_type, stored.id)
    }

    /// How often it failed, for who asks how it stands.
    fn error(&self) -> Option<Value> {
        (self.kind == Kind::QueryStatus && self.subscription.tries > 0).then(|| {
            let text = format!("{} attempts in a row failed", self.subscription.tries);
            fhir::value!({ "name": "error", "valueCodeableConcept": { "text": (text) } })
        })
    }
}
