//! Subscriptions through a websocket.

use std::time::Duration;

use api::limits::{HttpLimits, SOCKET_MESSAGE_BYTES_MAX, SOCKET_MESSAGES_MAX};
use fhir::FhirVersion;
use futures::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::{
    kit::{self, BSN, BSN_SYSTEM, Member, Settings},
    subscribing::*,
};

/// A token for the websocket of a subscription, and where that is.
async fn token(member: &Member, id: &str) -> (String, String) {
    token_in(FhirVersion::R4, member, id).await
}

async fn token_in(version: FhirVersion, member: &Member, id: &str) -> (String, String) {
    let path = format!("/Subscription/{id}/$get-ws-binding-token");
    let (status, given) = member
        .fhir_in(version, HIS, Method::POST, &path, None)
        .await;
    assert_eq!(status, 200, "{given}");
    assert_eq!(parameter(&given, "subscription")["valueString"], id);
    let text = |name, value| parameter(&given, name)[value].as_str().unwrap().to_owned();
    let url = match version {
        FhirVersion::R4 => "valueUrl",
        FhirVersion::Stu3 => "valueUri",
    };
    (text("token", "valueString"), text("websocket-url", url))
}

async fn bind(url: &str, token: &str) -> WebSocketStream<TcpStream> {
    let mut socket = connect(url).await;
    let bind = Message::Text(format!("bind-with-token {token}").into());
    socket.send(bind).await.unwrap();
    socket
}

async fn connect(url: &str) -> WebSocketStream<TcpStream> {
    let address = url
        .strip_prefix("ws://")
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    client_async(url, stream).await.unwrap().0
}

/// The next text that comes in; none when it is closed.
async fn next(socket: &mut WebSocketStream<TcpStream>) -> Option<String> {
    match socket.next().await {
        Some(Ok(Message::Text(text))) => Some(text.as_str().to_owned()),
        _ => None,
    }
}

fn of_kind(text: &str) -> (String, Value) {
    let bundle: Value = serde_json::from_str(text).unwrap();
    let kind = &parameter(&bundle["entry"][0]["resource"], "type")["valueCode"];
    (kind.as_str().unwrap().to_owned(), bundle)
}

#[tokio::test]
async fn a_websocket_that_is_bound_hears_what_it_missed_and_what_comes() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let patient = hospital.patient(HIS, BSN).await;
    let id = ask(hospital, &by_topic("websocket", "", "id-only", None)).await;
    assert_eq!(read(hospital, &id).await["status"], "active");
    let first = store(hospital, &result(&patient, 1)).await;
    deliver(hospital, now()).await;

    let (given, url) = token(hospital, &id).await;
    let mut socket = bind(&url, &given).await;
    assert_eq!(of_kind(&next(&mut socket).await.unwrap()).0, "handshake");
    deliver(hospital, now()).await;
    let (kind, bundle) = of_kind(&next(&mut socket).await.unwrap());
    assert_eq!(kind, "event-notification");
    assert_eq!(events(&bundle)[0].0, "1");
    assert!(events(&bundle)[0].1.as_ref().unwrap().ends_with(&first));
    store(hospital, &result(&patient, 2)).await;
    deliver(hospital, now()).await;
    let (_, bundle) = of_kind(&next(&mut socket).await.unwrap());
    assert_eq!(events(&bundle)[0].0, "2");
    deliver(hospital, later(70)).await;
    assert_eq!(of_kind(&next(&mut socket).await.unwrap()).0, "heartbeat");

    // A token is used once, and a guess opens nothing.
    for wrong in [given.as_str(), "guess", ""] {
        let mut closed = bind(&url, wrong).await;
        assert_eq!(next(&mut closed).await, None, "{wrong}");
    }
    let path = format!("/Subscription/{id}/$get-ws-binding-token");
    let (status, _) = hospital.fhir("internist", Method::POST, &path, None).await;
    assert_eq!(status, 404, "it is of somebody else");

    // What comes while nobody is there waits.
    socket.close(None).await.unwrap();
    while next(&mut socket).await.is_some() {}
    drop(socket);
    store(hospital, &result(&patient, 3)).await;
    let (given, url) = token(hospital, &id).await;
    let mut socket = bind(&url, &given).await;
    assert_eq!(of_kind(&next(&mut socket).await.unwrap()).0, "handshake");
    deliver(hospital, now()).await;
    let (_, bundle) = of_kind(&next(&mut socket).await.unwrap());
    assert_eq!(events(&bundle)[0].0, "3");
    region.close().await;
}

#[tokio::test]
async fn the_form_without_topics_is_pinged_over_a_websocket() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let patient = hospital.patient(HIS, BSN).await;
    let mut subscription = by_criteria("Observation", "", None);
    subscription["channel"] = json!({ "type": "websocket" });
    let id = ask(hospital, &subscription).await;
    let (given, url) = token(hospital, &id).await;
    let mut socket = bind(&url, &given).await;
    assert_eq!(next(&mut socket).await.unwrap(), format!("bound {id}"));
    store(hospital, &result(&patient, 1)).await;
    deliver(hospital, now()).await;
    assert_eq!(next(&mut socket).await.unwrap(), format!("ping {id}"));
    region.close().await;
}

#[tokio::test]
async fn a_subscription_of_stu3_is_pinged_over_a_websocket_of_its_base() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let subscriptions = hospital.subscriptions_stu3.as_ref().unwrap();
    let make = async |resource: Value| {
        let path = format!("/{}", resource["resourceType"].as_str().unwrap());
        let stu3 = FhirVersion::Stu3;
        let (status, made) = hospital
            .fhir_in(stu3, HIS, Method::POST, &path, Some(&resource))
            .await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().unwrap().to_owned()
    };
    let patient = make(json!({
        "resourceType": "Patient",
        "identifier": [{ "system": BSN_SYSTEM, "value": BSN }]
    }))
    .await;
    let mut subscription = by_criteria("Observation", "", None);
    subscription["channel"] = json!({ "type": "websocket" });
    let id = make(subscription).await;
    subscriptions.deliver_due(now()).await.unwrap();
    let (given, url) = token_in(FhirVersion::Stu3, hospital, &id).await;
    // Nobody else's token, and not one of the other base.
    let other = url.replace("stu3", "r4");
    assert_eq!(next(&mut bind(&other, &given).await).await, None);
    let mut socket = bind(&url, &given).await;
    assert_eq!(next(&mut socket).await.unwrap(), format!("bound {id}"));
    make(result(&patient, 1)).await;
    subscriptions.deliver_due(now()).await.unwrap();
    assert_eq!(next(&mut socket).await.unwrap(), format!("ping {id}"));
    region.close().await;
}

#[tokio::test]
async fn websockets_and_tokens_have_their_limits() {
    use exchange::subscription_limits::{CONNECTIONS_MAX, TOKEN_SUBSCRIPTIONS_MAX, TOKENS_MAX};
    let region = kit::start().await;
    let hospital = &region.hospital;
    let mut open: Vec<_> = (0..CONNECTIONS_MAX)
        .map(|_| hospital.subscriptions.connect().expect("there is a place"))
        .collect();
    assert!(hospital.subscriptions.connect().is_none());
    open.pop();
    assert!(hospital.subscriptions.connect().is_some());

    let id = ask(hospital, &by_topic("websocket", "", "empty", None)).await;
    let cx = hospital.bearer.verify(&hospital.token(HIS)).unwrap();
    let ids = |count: usize| vec![id.clone(); count];
    let most = ids(TOKEN_SUBSCRIPTIONS_MAX);
    assert!(
        hospital
            .subscriptions
            .socket_token(&cx, &most)
            .await
            .is_ok()
    );
    let more = ids(TOKEN_SUBSCRIPTIONS_MAX + 1);
    let refused = hospital.subscriptions.socket_token(&cx, &more).await;
    assert_eq!(refused.unwrap_err().status(), 413);
    for _ in 1..TOKENS_MAX {
        let given = hospital.subscriptions.socket_token(&cx, &ids(1)).await;
        given.expect("there is room for it");
    }
    let refused = hospital.subscriptions.socket_token(&cx, &ids(1)).await;
    assert_eq!(refused.unwrap_err().status(), 413);
    region.close().await;
}

#[tokio::test]
async fn a_websocket_takes_so_many_messages_of_so_many_bytes() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let id = ask(hospital, &by_topic("websocket", "", "empty", None)).await;

    // Spaces around a token do not count, but its bytes do.
    for (bytes, is_read) in [
        (SOCKET_MESSAGE_BYTES_MAX, true),
        (SOCKET_MESSAGE_BYTES_MAX + 1, false),
    ] {
        let (given, url) = token(hospital, &id).await;
        let padding = bytes - "bind-with-token ".len() - given.len();
        let mut socket = bind(&url, &(given + &" ".repeat(padding))).await;
        assert_eq!(next(&mut socket).await.is_some(), is_read, "{bytes}");
    }

    let (given, url) = token(hospital, &id).await;
    let mut socket = bind(&url, &given).await;
    assert!(next(&mut socket).await.is_some());
    let mut lives = async || {
        socket.send(Message::Ping(Vec::new().into())).await.unwrap();
        matches!(socket.next().await, Some(Ok(Message::Pong(_))))
    };
    for at in 1..SOCKET_MESSAGES_MAX {
        assert!(lives().await, "{at}");
    }
    assert!(!lives().await, "the last one closes it");
    region.close().await;
}

#[tokio::test]
async fn a_websocket_that_nobody_binds_is_closed() {
    let region = kit::start_with(Settings {
        http: HttpLimits {
            socket_unbound: Duration::from_millis(50),
            ..HttpLimits::STANDARD
        },
        ..Settings::default()
    })
    .await;
    let hospital = &region.hospital;
    let id = ask(hospital, &by_topic("websocket", "", "empty", None)).await;
    let (_, url) = token(hospital, &id).await;
    let mut socket = connect(&url).await;
    assert_eq!(next(&mut socket).await, None);
    region.close().await;
}
