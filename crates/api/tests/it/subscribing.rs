//! Subscribing, in short words: Subscriptions of both forms, and what comes of
//! them.

use std::sync::Arc;

use care::{Clock, IdSource, SystemClock};
use exchange::{Node, Subscriptions, SubscriptionsParts};
use jiff::{SignedDuration, Timestamp};
use network::hook::{AllowedEndpoints, HttpHooks};
use reqwest::Method;
use serde_json::{Value, json};
use trust::{Randomness, bearer::Bearer, identity::NodeIdentity};

use crate::{kit::Member, receiver::Got};

/// The subscriptions of a node, which may call endpoints on this machine.
pub(crate) fn to(
    node: &Arc<Node>,
    url: &str,
    (identity, bearer): (&NodeIdentity, &Arc<Bearer>),
    (ids, randomness): (&Arc<dyn IdSource>, &Arc<dyn Randomness>),
) -> Arc<Subscriptions> {
    let (system, its_ids) = (identity.clone(), Arc::clone(ids));
    let known = Arc::clone(bearer);
    Arc::new(Subscriptions::new(SubscriptionsParts {
        node: Arc::clone(node),
        fhir_base: url.to_owned(),
        hooks: Arc::new(HttpHooks::new().unwrap()),
        allowed: AllowedEndpoints::this_machine(),
        subscribers: Box::new(move |id| known.somebody(id)),
        own_system: Box::new(move || system.own_system(&*its_ids)),
        randomness: Arc::clone(randomness),
    }))
}

pub(crate) const HIS: &str = "his-hospital";
pub(crate) const EXTENSION: &str =
    "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-";
pub(crate) const LABORATORY: &str =
    "https://schakel.example/fhir/SubscriptionTopic/laboratory-result";

pub(crate) fn now() -> Timestamp {
    SystemClock::default().now()
}

pub(crate) fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

/// The form without topics.
pub(crate) fn by_criteria(criteria: &str, endpoint: &str, payload: Option<&str>) -> Value {
    let mut subscription = json!({
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "to know",
        "criteria": criteria,
        "channel": {
            "type": "rest-hook",
            "endpoint": endpoint,
            "header": ["Authorization: Bearer of-the-receiver"]
        }
    });
    if let Some(payload) = payload {
        subscription["channel"]["payload"] = json!(payload);
    }
    subscription
}

/// The form with topics.
pub(crate) fn by_topic(
    channel: &str,
    endpoint: &str,
    content: &str,
    filter: Option<&str>,
) -> Value {
    let mut subscription = json!({
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "to know",
        "criteria": LABORATORY,
        "channel": {
            "extension": [
                { "url": format!("{EXTENSION}heartbeat-period"), "valueUnsignedInt": 60 },
                { "url": format!("{EXTENSION}timeout"), "valueUnsignedInt": 5 },
                { "url": format!("{EXTENSION}max-count"), "valuePositiveInt": 20 }
            ],
            "type": channel,
            "payload": "application/fhir+json",
            "_payload": { "extension": [
                { "url": format!("{EXTENSION}payload-content"), "valueCode": content }
            ] }
        }
    });
    if !endpoint.is_empty() {
        subscription["channel"]["endpoint"] = json!(endpoint);
    }
    if let Some(filter) = filter {
        subscription["_criteria"] = json!({ "extension": [
            { "url": format!("{EXTENSION}filter-criteria"), "valueString": filter }
        ] });
    }
    subscription
}

pub(crate) fn result(patient: &str, value: u32) -> Value {
    json!({
        "resourceType": "Observation",
        "status": "final",
        "category": [{ "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
            "code": "laboratory"
        }] }],
        "code": { "coding": [{ "system": "http://loinc.org", "code": "2160-0" }] },
        "subject": { "reference": format!("Patient/{patient}") },
        "valueQuantity": { "value": value }
    })
}

pub(crate) async fn ask(member: &Member, subscription: &Value) -> String {
    let (status, made) = member
        .fhir(HIS, Method::POST, "/Subscription", Some(subscription))
        .await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["status"], "requested");
    let id = made["id"].as_str().unwrap().to_owned();
    deliver(member, now()).await;
    id
}

pub(crate) async fn deliver(member: &Member, at: Timestamp) {
    member.subscriptions.deliver_due(at).await.unwrap();
}

pub(crate) async fn store(member: &Member, resource: &Value) -> String {
    let path = format!("/{}", resource["resourceType"].as_str().unwrap());
    let (status, made) = member.fhir(HIS, Method::POST, &path, Some(resource)).await;
    assert_eq!(status, 201, "{made}");
    made["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn read(member: &Member, id: &str) -> Value {
    let path = format!("/Subscription/{id}");
    let (status, found) = member.fhir(HIS, Method::GET, &path, None).await;
    assert_eq!(status, 200, "{found}");
    found
}

/// A parameter of the status in a notification.
pub(crate) fn parameter<'a>(status: &'a Value, name: &str) -> &'a Value {
    let all = status["parameter"].as_array().unwrap();
    all.iter()
        .find(|one| one["name"] == name)
        .unwrap_or(&Value::Null)
}

/// Numbers and references of the events in a notification.
pub(crate) fn events(bundle: &Value) -> Vec<(String, Option<String>)> {
    let status = &bundle["entry"][0]["resource"];
    let all = status["parameter"].as_array().unwrap().iter();
    all.filter(|one| one["name"] == "notification-event")
        .map(|event| {
            let part = |name| {
                event["part"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .find(|one| one["name"] == name)
            };
            let focus = part("focus").map(|part| part["valueReference"]["reference"].to_string());
            let number = part("event-number").unwrap()["valueString"]
                .as_str()
                .unwrap();
            (
                number.to_owned(),
                focus.map(|text| text.trim_matches('"').to_owned()),
            )
        })
        .collect()
}

pub(crate) fn kind(got: &Got) -> String {
    let bundle = got.json();
    parameter(&bundle["entry"][0]["resource"], "type")["valueCode"]
        .as_str()
        .unwrap()
        .to_owned()
}
