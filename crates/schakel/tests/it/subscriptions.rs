//! What was found for a subscriber reaches them, whenever the plug is pulled.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Bytes};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc, time::timeout};

use crate::sandbox::Sandbox;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
const EXTENSION: &str =
    "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-";

/// What a notification is, and the numbers of its events.
fn read(body: &Bytes) -> (String, Vec<String>) {
    let bundle: Value = serde_json::from_slice(body).unwrap();
    let parameters = bundle["entry"][0]["resource"]["parameter"]
        .as_array()
        .unwrap();
    let named = |name: &'static str| parameters.iter().filter(move |one| one["name"] == name);
    let kind = named("type").next().unwrap()["valueCode"].as_str().unwrap();
    let number = |event: &Value| event["part"][0]["valueString"].as_str().unwrap().to_owned();
    (
        kind.to_owned(),
        named("notification-event").map(number).collect(),
    )
}

async fn post(base: &str, resource: &Value) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{base}/{}", resource["resourceType"].as_str().unwrap());
    let sent = http
        .post(url)
        .header("content-type", "application/fhir+json")
        .body(resource.to_string());
    let made = sent.send().await.unwrap();
    assert_eq!(made.status(), 201, "{}", made.text().await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_was_on_its_way_when_the_plug_was_pulled_comes_again() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/hook", listener.local_addr().unwrap());
    let answers = Arc::new(AtomicBool::new(true));
    let (sender, mut got) = mpsc::unbounded_channel();
    let answering = Arc::clone(&answers);
    let router = Router::new().fallback(async move |body: Bytes| {
        let is_answered = answering.load(Ordering::Acquire);
        sender.send(read(&body)).unwrap();
        if !is_answered {
            std::future::pending::<()>().await;
        }
    });
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let mut next = async || timeout(PATIENCE, got.recv()).await.unwrap().unwrap();

    let sandbox = Sandbox::start(Some(&data));
    post(
        &sandbox.base,
        &json!({
            "resourceType": "Subscription",
            "status": "requested",
            "reason": "to know",
            "criteria": "https://schakel.example/fhir/SubscriptionTopic/warning",
            "channel": {
                "type": "rest-hook",
                "endpoint": endpoint,
                "payload": "application/fhir+json",
                "_payload": { "extension": [
                    { "url": format!("{EXTENSION}payload-content"), "valueCode": "id-only" }
                ] }
            }
        }),
    )
    .await;
    assert_eq!(next().await, ("handshake".to_owned(), vec![]));
    answers.store(false, Ordering::Release);
    let warning = json!({
        "resourceType": "Flag",
        "status": "active",
        "code": { "text": "let op" },
        "subject": { "reference": "Patient/p" }
    });
    let event = |number: &str| ("event-notification".to_owned(), vec![number.to_owned()]);
    post(&sandbox.base, &warning).await;
    assert_eq!(next().await, event("1"));
    // It is on its way: nothing has been answered, and nothing will be.
    drop(sandbox);
    answers.store(true, Ordering::Release);

    let sandbox = Sandbox::start(Some(&data));
    assert_eq!(next().await, event("1"), "under the same number");
    post(&sandbox.base, &warning).await;
    assert_eq!(next().await, event("2"));
}
