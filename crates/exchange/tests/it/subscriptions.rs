//! Who is told what, when it is judged, and who waits for whom.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, atomic::Ordering},
};

use async_trait::async_trait;
use care::{AccessContext, Role};
use exchange::{ExchangeError, Subscriptions, SubscriptionsParts};
use fhir::{Resource, json::Value};
use jiff::{SignedDuration, Timestamp};
use network::hook::{AllowedEndpoints, HookCall, HookError, Hooks};
use store::Change;
use tokio::sync::mpsc;
use trust::SeededRandomness;

use crate::kit::*;

const EXTENSION: &str =
    "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-";

/// Endpoints by path: what came in goes out of a channel; `hang` never answers
/// and `fail` is never there.
struct Endpoints(mpsc::UnboundedSender<HookCall>);

#[async_trait]
impl Hooks for Endpoints {
    async fn call(&self, call: HookCall) -> Result<(), HookError> {
        let path = call.endpoint.path().to_owned();
        self.0.send(call).unwrap();
        match path.as_str() {
            "/hang" => std::future::pending().await,
            "/fail" => Err(HookError::NoConnection),
            _ => Ok(()),
        }
    }
}

struct Told {
    region: TestRegion,
    subscriptions: Arc<Subscriptions>,
    subscriber: Arc<Mutex<Option<AccessContext>>>,
    calls: mpsc::UnboundedReceiver<HookCall>,
}

fn start() -> Told {
    let region = TestRegion::new();
    let system = region.person(GP, Role::RecordSystem);
    let subscriber = Arc::new(Mutex::new(Some(system.clone())));
    let (sender, calls) = mpsc::unbounded_channel();
    let known = Arc::clone(&subscriber);
    let subscriptions = Arc::new(Subscriptions::new(SubscriptionsParts {
        node: Arc::clone(region.node(GP)),
        fhir_base: "https://gp.example/fhir/r4".to_owned(),
        hooks: Arc::new(Endpoints(sender)),
        allowed: AllowedEndpoints::this_machine(),
        subscribers: Box::new(move |_| known.lock().unwrap().clone()),
        own_system: Box::new(move || system.clone()),
        randomness: Arc::new(SeededRandomness::from_seed(1)),
    }));
    Told {
        region,
        subscriptions,
        subscriber,
        calls,
    }
}

impl Told {
    async fn subscribe(&self, path: &str) -> String {
        let cx = self.region.person(GP, Role::RecordSystem);
        self.subscribe_as(&cx, path).await.unwrap()
    }

    async fn subscribe_as(&self, cx: &AccessContext, path: &str) -> Result<String, ExchangeError> {
        let (name, content) = (format!("{EXTENSION}payload-content"), "full-resource");
        let subscription = fhir::value!({
            "resourceType": "Subscription",
            "status": "requested",
            "reason": "to know",
            "criteria": "https://schakel.example/fhir/SubscriptionTopic/warning",
            "channel": {
                "type": "rest-hook",
                "endpoint": (format!("http://localhost/{path}")),
                "payload": "application/fhir+json",
                "_payload": { "extension": [{ "url": name, "valueCode": content }] }
            }
        });
        let change = Change::Create {
            full_url: None,
            resource: Resource::from_value(&subscription).unwrap(),
            if_none_exist: None,
        };
        let made = self.subscriptions.write(cx, change).await?;
        Ok(made.id)
    }

    /// Stores an allergy of somebody.
    async fn allergy(&self, number: &str, text: &str) {
        let allergy = about(
            number,
            "AllergyIntolerance",
            fhir::value!({
                "clinicalStatus": { "coding": [{
                    "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical",
                    "code": "active"
                }] },
                "code": { "text": text }
            }),
        );
        self.region.store(GP, vec![patient(number), allergy]).await;
    }

    async fn deliver(&self, at: Timestamp) {
        self.subscriptions.deliver_due(at).await.unwrap();
    }

    /// The events that were told since this was last asked: number and text.
    fn told(&mut self) -> Vec<(String, Option<String>)> {
        let mut told = Vec::new();
        while let Ok(call) = self.calls.try_recv() {
            told.extend(events(&call));
        }
        told
    }

    fn is(&self, somebody: Option<AccessContext>) {
        *self.subscriber.lock().unwrap() = somebody;
    }

    /// The record system, about one patient only.
    fn about(&self, number: &str) -> AccessContext {
        let system = self.region.person(GP, Role::RecordSystem);
        system.about(&bsn(number), None, None).unwrap()
    }

    async fn status(&self, id: &str) -> (String, Option<String>) {
        let cx = self.region.person(GP, Role::RecordSystem);
        let read = self.region.node(GP).read(&cx, "Subscription", id).await;
        let resource = Resource::parse(&read.unwrap().body).unwrap();
        let text = |name| resource.root().text(name).map(std::borrow::Cow::into_owned);
        (text("status").unwrap(), text("error"))
    }
}

fn at(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    start + SignedDuration::from_secs(seconds)
}

/// Numbers of events, with the text of the allergy that stands beside it.
fn events(call: &HookCall) -> Vec<(String, Option<String>)> {
    let bundle = fhir::json::Document::parse(&call.body).unwrap();
    let bundle = Value::from(bundle.root());
    let entries = bundle.get("entry").unwrap().items();
    let texts: HashMap<&str, &str> = entries[1..]
        .iter()
        .map(|entry| {
            let text = entry.get("resource").unwrap().get("code").unwrap();
            (entry.text("fullUrl").unwrap(), text.text("text").unwrap())
        })
        .collect();
    let status = entries[0]
        .get("resource")
        .unwrap()
        .get("parameter")
        .unwrap();
    let events = status.items().iter();
    events
        .filter(|one| one.text("name") == Some("notification-event"))
        .map(|event| {
            let part = |name| {
                let parts = event.get("part").unwrap().items().iter();
                parts.clone().find(|one| one.text("name") == Some(name))
            };
            let number = part("event-number").unwrap().text("valueString").unwrap();
            let focus = part("focus")
                .and_then(|focus| focus.get("valueReference")?.text("reference"))
                .map(|place| texts[place].to_owned());
            (number.to_owned(), focus)
        })
        .collect()
}

fn event(number: u32, text: &str) -> (String, Option<String>) {
    (number.to_string(), Some(text.to_owned()))
}

#[tokio::test]
async fn what_the_subscriber_may_not_see_makes_no_event_and_no_gap() {
    let mut told = start();
    told.subscribe("hook").await;
    told.deliver(at(0)).await;
    told.is(Some(told.about(ANNA)));
    for (number, text) in [(BERT, "noten"), (ANNA, "melk"), (BERT, "vis"), (ANNA, "ei")] {
        told.allergy(number, text).await;
        told.deliver(at(0)).await;
    }
    assert_eq!(told.told(), [event(1, "melk"), event(2, "ei")]);
    // What was judged stays so: it was looked at by who they were then.
    told.is(Some(told.about(BERT)));
    told.allergy(BERT, "pinda").await;
    told.deliver(at(0)).await;
    assert_eq!(told.told(), [event(3, "pinda")]);
}

#[tokio::test]
async fn what_may_no_longer_be_seen_is_not_sent_again() {
    let mut told = start();
    told.subscribe("hook").await;
    let failing = told.subscribe("fail").await;
    told.deliver(at(0)).await;
    assert_eq!(told.status(&failing).await.0, "error", "the handshake");
    drop(told.told());

    // One that fails later.
    let mut told = start();
    let id = told.subscribe("hook").await;
    told.deliver(at(0)).await;
    told.allergy(BERT, "noten").await;
    // The audit line cannot be written, so nothing leaves.
    told.region.broken.store(true, Ordering::Release);
    assert!(told.subscriptions.deliver_due(at(0)).await.is_err());
    told.region.broken.store(false, Ordering::Release);
    assert_eq!(told.told(), []);
    told.is(Some(told.about(ANNA)));
    told.allergy(ANNA, "melk").await;
    told.deliver(at(0)).await;
    assert_eq!(told.told(), [("1".to_owned(), None), event(2, "melk")]);

    told.is(None);
    told.allergy(ANNA, "ei").await;
    told.deliver(at(0)).await;
    assert_eq!(told.told(), []);
    let (status, error) = told.status(&id).await;
    assert_eq!(status, "error");
    assert_eq!(
        error.as_deref(),
        Some("whoever subscribed may no longer come in")
    );
}

#[tokio::test]
async fn only_the_record_system_subscribes() {
    let mut told = start();
    let gp = told.region.person(GP, Role::GeneralPractitioner);
    let refused = told.subscribe_as(&gp, "hook").await;
    assert!(matches!(refused, Err(ExchangeError::NotAllowed)));

    // One that was made when more could.
    let id = told.subscribe("hook").await;
    told.deliver(at(0)).await;
    told.is(Some(gp));
    told.allergy(ANNA, "melk").await;
    told.deliver(at(0)).await;
    assert_eq!(told.told(), []);
    let (status, error) = told.status(&id).await;
    assert_eq!(status, "error");
    assert_eq!(
        error.as_deref(),
        Some("whoever subscribed may no longer subscribe")
    );
}

#[tokio::test]
async fn a_dead_endpoint_keeps_nobody_waiting() {
    let mut told = start();
    told.subscribe("hang").await;
    told.subscribe("hook").await;
    let all = Arc::clone(&told.subscriptions);
    let delivering = tokio::spawn(async move { all.keep_delivering().await });
    // Two handshakes, of which one is never answered.
    for _ in 0..2 {
        told.calls.recv().await.unwrap();
    }
    for (number, text) in [(1, "melk"), (2, "ei"), (3, "vis")] {
        told.allergy(ANNA, text).await;
        let call = told.calls.recv().await.unwrap();
        assert_eq!(call.endpoint.path(), "/hook");
        assert_eq!(events(&call), [event(number, text)]);
    }
    delivering.abort();
}
