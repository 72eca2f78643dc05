//! Subscriptions, from the door to an endpoint that somebody else runs.

use exchange::subscription_limits::{CRITERIA_BYTES_MAX, NOTIFICATION_EVENTS_MAX};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use store::limits::SUBSCRIPTION_EVENTS_KEPT_MAX;

use crate::{
    kit::{self, BSN},
    receiver::Receiver,
    subscribing::*,
};

#[tokio::test]
async fn a_result_reaches_the_endpoint_of_who_subscribed_to_it() {
    let region = kit::start().await;
    let (hospital, receiver) = (&region.hospital, Receiver::start().await);
    let patient = hospital.patient(HIS, BSN).await;
    let criteria = "Observation?code=http://loinc.org|2160-0";
    let bare = ask(hospital, &by_criteria(criteria, &receiver.url, None)).await;
    let json = Some("application/fhir+json");
    ask(hospital, &by_criteria(criteria, &receiver.url, json)).await;
    let xml = Some("application/fhir+xml");
    ask(hospital, &by_criteria(criteria, &receiver.url, xml)).await;
    assert_eq!(read(hospital, &bare).await["status"], "active");
    assert!(receiver.take().is_empty(), "this form knows no handshake");

    let lines = async || {
        let store = hospital.node.store();
        let all = store.audit_lines(0, 10_000).await.unwrap();
        let about = all.iter().filter(|line| {
            let text = String::from_utf8_lossy(&line.body);
            line.patient.as_ref().is_some_and(|bsn| bsn.expose() == BSN)
                && text.contains("Subscription")
        });
        about.count()
    };
    assert_eq!(lines().await, 0);
    let id = store(hospital, &result(&patient, 88)).await;
    let mut other = result(&patient, 4);
    other["code"]["coding"][0]["code"] = json!("718-7");
    store(hospital, &other).await;
    deliver(hospital, now()).await;
    let mut got = receiver.take();
    got.sort_by_key(|one| (one.method.clone(), one.body.clone()));
    let [bare, xml, json] = &got[..] else {
        panic!("{got:?}");
    };
    assert_eq!(
        (&*bare.method, &*bare.path, &*bare.body),
        ("POST", "/hook", "")
    );
    assert_eq!(bare.headers["authorization"], "Bearer of-the-receiver");
    assert!(!bare.headers.contains_key("content-type"));
    for (one, media_type) in [
        (json, "application/fhir+json"),
        (xml, "application/fhir+xml"),
    ] {
        assert_eq!(one.method, "PUT");
        assert_eq!(one.path, format!("/hook/Observation/{id}"));
        assert_eq!(one.headers["content-type"], media_type);
    }
    assert_eq!(json.json()["valueQuantity"]["value"], 88);
    assert!(xml.body.contains("<value value=\"88\"/>"), "{}", xml.body);
    assert_eq!(lines().await, 3, "the patient can see each of them");
    deliver(hospital, now()).await;
    assert!(receiver.take().is_empty(), "once is enough");
    region.close().await;
}

#[tokio::test]
async fn a_topic_is_told_in_bundles_with_numbers() {
    let region = kit::start().await;
    let (hospital, receiver) = (&region.hospital, Receiver::start().await);
    let patient = hospital.patient(HIS, BSN).await;
    let filter = format!("Observation?patient=Patient/{patient}");
    let id = ask(
        hospital,
        &by_topic("rest-hook", &receiver.url, "full-resource", Some(&filter)),
    )
    .await;
    let got = receiver.take();
    assert_eq!(got.len(), 1);
    assert_eq!(kind(&got[0]), "handshake");
    assert_eq!(got[0].method, "POST");
    assert_eq!(read(hospital, &id).await["status"], "active");

    let first = store(hospital, &result(&patient, 1)).await;
    let second = store(hospital, &result(&patient, 2)).await;
    store(
        hospital,
        &json!({ "resourceType": "Basic", "code": { "text": "x" } }),
    )
    .await;
    deliver(hospital, now()).await;
    let got = receiver.take();
    assert_eq!(got.len(), 1, "both in one");
    let bundle = got[0].json();
    assert_eq!(bundle["type"], "history");
    let status = &bundle["entry"][0]["resource"];
    assert_eq!(parameter(status, "topic")["valueCanonical"], LABORATORY);
    assert_eq!(parameter(status, "status")["valueCode"], "active");
    assert_eq!(parameter(status, "type")["valueCode"], "event-notification");
    assert_eq!(
        parameter(status, "events-since-subscription-start")["valueString"],
        "2"
    );
    let place = |id: &str| format!("{}/Observation/{id}", hospital.fhir);
    assert_eq!(
        events(&bundle),
        [
            ("1".to_owned(), Some(place(&first))),
            ("2".to_owned(), Some(place(&second)))
        ]
    );
    assert_eq!(bundle["entry"][1]["resource"]["id"], first);
    assert_eq!(bundle["entry"][1]["request"]["method"], "POST");
    let resource = fhir::Resource::parse(got[0].body.as_bytes()).unwrap();
    assert_eq!(fhir::structure::check(&resource), []);

    // An update is an event as well.
    let mut changed = result(&patient, 3);
    changed["id"] = json!(first);
    let path = format!("/Observation/{first}");
    assert_eq!(
        hospital
            .fhir(HIS, Method::PUT, &path, Some(&changed))
            .await
            .0,
        200
    );
    deliver(hospital, now()).await;
    let got = receiver.take();
    assert_eq!(
        events(&got[0].json()),
        [("3".to_owned(), Some(place(&first)))]
    );
    assert_eq!(got[0].json()["entry"][1]["request"]["method"], "PUT");

    // Silence is told after the period, and not before.
    deliver(hospital, later(50)).await;
    assert!(receiver.take().is_empty());
    deliver(hospital, later(61)).await;
    let got = receiver.take();
    assert_eq!(got.len(), 1);
    assert_eq!(kind(&got[0]), "heartbeat");
    assert!(events(&got[0].json()).is_empty());

    // What was told can be asked again, and how it stands.
    let path = format!("/Subscription/{id}/$events?eventsSinceNumber=2&content=id-only");
    let (status, again) = hospital.fhir(HIS, Method::GET, &path, None).await;
    assert_eq!(status, 200, "{again}");
    let numbers: Vec<String> = events(&again)
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    assert_eq!(numbers, ["2", "3"]);
    assert_eq!(again["entry"][1].get("resource"), None);
    for path in [
        format!("/Subscription/{id}/$status"),
        format!("/Subscription/$status?id={id}"),
        "/Subscription/$status?status=active".to_owned(),
    ] {
        let (status, found) = hospital.fhir(HIS, Method::GET, &path, None).await;
        assert_eq!(
            (status, &found["total"]),
            (200, &json!(1)),
            "{path} {found}"
        );
        let told = &found["entry"][0]["resource"];
        assert_eq!(parameter(told, "type")["valueCode"], "query-status");
        assert_eq!(
            parameter(told, "events-since-subscription-start")["valueString"],
            "3"
        );
    }
    let path = "/Subscription/absent/$status";
    assert_eq!(hospital.fhir(HIS, Method::GET, path, None).await.0, 404);
    region.close().await;
}

#[tokio::test]
async fn what_an_endpoint_does_not_take_comes_again_with_the_same_numbers() {
    let region = kit::start().await;
    let (hospital, receiver) = (&region.hospital, Receiver::start().await);
    let patient = hospital.patient(HIS, BSN).await;
    let id = ask(
        hospital,
        &by_topic("rest-hook", &receiver.url, "id-only", None),
    )
    .await;
    receiver.take();
    // A redirect is no success, and is not followed.
    receiver.answers(307);
    let first = store(hospital, &result(&patient, 1)).await;
    deliver(hospital, now()).await;
    assert_eq!(receiver.take().len(), 1);
    deliver(hospital, now()).await;
    assert!(receiver.take().is_empty(), "it waits before it tries again");
    receiver.answers(200);
    store(hospital, &result(&patient, 2)).await;
    deliver(hospital, later(3)).await;
    let got = receiver.take();
    let told: Vec<_> = got.iter().flat_map(|one| events(&one.json())).collect();
    let numbers: Vec<&str> = told.iter().map(|(number, _)| number.as_str()).collect();
    assert_eq!(numbers, ["1", "2"]);
    assert!(told[0].1.as_ref().unwrap().ends_with(&first));

    // Tries are counted, and there is a last one.
    receiver.answers(500);
    store(hospital, &result(&patient, 3)).await;
    let mut at = now();
    for tries in 1..=exchange::subscription_limits::TRIES_MAX {
        assert_eq!(read(hospital, &id).await["status"], "active", "{tries}");
        deliver(hospital, at).await;
        assert_eq!(receiver.take().len(), 1, "{tries}");
        at += SignedDuration::from_mins(16);
    }
    let failed = read(hospital, &id).await;
    assert_eq!(failed["status"], "error");
    assert_eq!(
        failed["error"],
        "10 attempts in a row failed: the endpoint answered with status 500"
    );
    deliver(hospital, at).await;
    assert!(receiver.take().is_empty());

    // Asked for again, its numbers go on.
    receiver.answers(200);
    let mut again = by_topic("rest-hook", &receiver.url, "id-only", None);
    again["id"] = json!(id);
    let path = format!("/Subscription/{id}");
    assert_eq!(
        hospital.fhir(HIS, Method::PUT, &path, Some(&again)).await.0,
        200
    );
    deliver(hospital, now()).await;
    assert_eq!(kind(&receiver.take()[0]), "handshake");
    store(hospital, &result(&patient, 4)).await;
    deliver(hospital, now()).await;
    assert_eq!(events(&receiver.take()[0].json())[0].0, "4");
    region.close().await;
}

#[tokio::test]
async fn a_subscription_ends_as_it_says_or_when_it_is_stopped() {
    let region = kit::start().await;
    let (hospital, receiver) = (&region.hospital, Receiver::start().await);
    let patient = hospital.patient(HIS, BSN).await;
    let mut ends = by_criteria("Observation", &receiver.url, None);
    ends["end"] = json!(later(60).to_string());
    let ends = ask(hospital, &ends).await;
    let mut stops = by_criteria("Observation", &receiver.url, None);
    let stopped = ask(hospital, &stops).await;
    let gone = ask(hospital, &stops).await;
    store(hospital, &result(&patient, 1)).await;
    deliver(hospital, now()).await;
    assert_eq!(receiver.take().len(), 3);
    stops["status"] = json!("off");
    stops["id"] = json!(stopped);
    let path = format!("/Subscription/{stopped}");
    assert_eq!(
        hospital.fhir(HIS, Method::PUT, &path, Some(&stops)).await.0,
        200
    );
    let path = format!("/Subscription/{gone}");
    assert_eq!(hospital.fhir(HIS, Method::DELETE, &path, None).await.0, 204);
    deliver(hospital, later(61)).await;
    store(hospital, &result(&patient, 2)).await;
    deliver(hospital, later(61)).await;
    assert!(receiver.take().is_empty());
    assert_eq!(read(hospital, &ends).await["status"], "off");
    assert_eq!(read(hospital, &stopped).await["status"], "off");

    receiver.answers(404);
    let refused = by_topic("rest-hook", &receiver.url, "empty", None);
    let refused = ask(hospital, &refused).await;
    let refused = read(hospital, &refused).await;
    assert_eq!(refused["status"], "error");
    assert_eq!(
        refused["error"],
        "the handshake failed: the endpoint answered with status 404"
    );
    region.close().await;
}

#[tokio::test]
async fn what_cannot_be_done_is_named_and_refused() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let hook = "http://127.0.0.1:9/hook";
    let criteria = |text: &str| by_criteria(text, hook, None);
    let with = |path: &[&str], value: Value| {
        let mut subscription = by_topic("rest-hook", hook, "empty", None);
        let mut place = &mut subscription;
        for name in path {
            place = &mut place[*name];
        }
        *place = value;
        subscription
    };
    let headers = |count: usize| json!(vec!["X-A: b"; count]);
    let heartbeat = |seconds: u64| json!([{ "url": format!("{EXTENSION}heartbeat-period"), "valueUnsignedInt": seconds }]);
    let timeout = |seconds: u64| json!([{ "url": format!("{EXTENSION}timeout"), "valueUnsignedInt": seconds }]);
    let filters = |count: usize| {
        let one = json!({
            "url": format!("{EXTENSION}filter-criteria"), "valueString": "Observation?status=final"
        });
        json!({ "extension": vec![one; count] })
    };
    let long = |bytes: usize| {
        let start = "Observation?code=";
        format!("{start}{}", "x".repeat(bytes - start.len()))
    };
    let long_filter = |bytes| by_topic("rest-hook", hook, "empty", Some(&long(bytes)));
    for (subscription, expected) in [
        (criteria("Observation?no-such=1"), "no-such"),
        (criteria("Observation?date=soon"), "date"),
        (
            criteria("Nothing?x=1"),
            "a search begins with a resource type",
        ),
        (
            criteria("Observation?_include=Observation:subject"),
            "_include",
        ),
        (
            by_criteria("Observation", "http://192.0.2.1/hook", None),
            "must be https",
        ),
        (
            by_criteria("Observation", "https://his.example/hook", None),
            "does not allow",
        ),
        (
            by_criteria("Observation", hook, Some("text/plain")),
            "application/fhir+json",
        ),
        (with(&["status"], json!("active")), "for the server to set"),
        (
            with(&["channel", "type"], json!("email")),
            "known are rest-hook",
        ),
        (
            with(&["criteria"], json!("https://other.example/topic")),
            "no such topic",
        ),
        (
            with(&["channel", "_payload"], json!(null)),
            "payload-content",
        ),
        (
            with(&["channel", "header"], json!(["Host: other.example"])),
            "not the subscriber's",
        ),
        (
            with(&["channel", "header"], headers(11)),
            "HOOK_HEADERS_MAX",
        ),
        (
            with(&["channel", "extension"], heartbeat(9)),
            "HEARTBEAT_MIN",
        ),
        (
            with(&["channel", "extension"], heartbeat(86_401)),
            "HEARTBEAT_MAX",
        ),
        (with(&["channel", "extension"], timeout(61)), "TIMEOUT_MAX"),
        (with(&["_criteria"], filters(11)), "FILTERS_MAX"),
        (
            criteria(&long(CRITERIA_BYTES_MAX + 1)),
            "CRITERIA_BYTES_MAX",
        ),
        (long_filter(CRITERIA_BYTES_MAX + 1), "CRITERIA_BYTES_MAX"),
        (
            by_topic("rest-hook", hook, "empty", Some("Patient?gender=female")),
            "not about this resource type",
        ),
    ] {
        let mut subscription = subscription;
        if subscription["channel"]["_payload"].is_null() {
            subscription["channel"]
                .as_object_mut()
                .unwrap()
                .remove("_payload");
        }
        let (status, answer) = hospital
            .fhir(HIS, Method::POST, "/Subscription", Some(&subscription))
            .await;
        assert_eq!(status, 422, "{expected}: {answer}");
        assert!(
            answer.to_string().contains(expected),
            "{expected}: {answer}"
        );
    }
    // At the limits all is well.
    for subscription in [
        with(&["channel", "header"], headers(10)),
        with(&["channel", "extension"], heartbeat(10)),
        with(&["channel", "extension"], heartbeat(86_400)),
        with(&["channel", "extension"], timeout(60)),
        with(&["_criteria"], filters(10)),
        criteria(&long(CRITERIA_BYTES_MAX)),
        long_filter(CRITERIA_BYTES_MAX),
    ] {
        let (status, answer) = hospital
            .fhir(HIS, Method::POST, "/Subscription", Some(&subscription))
            .await;
        assert_eq!(status, 201, "{answer}");
    }
    // Only on its own, and only by who may see what it tells.
    let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": [{
        "resource": criteria("Observation"),
        "request": { "method": "POST", "url": "Subscription" }
    }] });
    let (status, answer) = hospital.fhir(HIS, Method::POST, "", Some(&bundle)).await;
    assert_eq!(status, 422, "{answer}");
    let (status, _) = hospital
        .fhir(
            "operator",
            Method::POST,
            "/Subscription",
            Some(&criteria("Observation")),
        )
        .await;
    assert_eq!(status, 403);
    region.close().await;
}

#[tokio::test]
async fn at_a_base_of_stu3_the_form_is_the_one_by_criteria() {
    let region = kit::start().await;
    let (hospital, receiver) = (&region.hospital, Receiver::start().await);
    let post = async |resource: Value| {
        let path = format!("/fhir/stu3/{}", resource["resourceType"].as_str().unwrap());
        let sent = hospital
            .ask(HIS, Method::POST, &path)
            .header("content-type", "application/fhir+json")
            .body(resource.to_string());
        let answer = sent.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let delivers = hospital.subscriptions_stu3.as_ref().unwrap();
    let xml = Some("application/fhir+xml");
    let (status, answer) = post(by_criteria("DeviceUseStatement", &receiver.url, xml)).await;
    assert_eq!(status, 201, "{answer}");
    delivers.deliver_due(now()).await.unwrap();
    // This name is of STU3 alone.
    let sequence = json!({ "resourceType": "Sequence", "coordinateSystem": 0 });
    let (status, answer) = post(by_criteria("Sequence", &receiver.url, xml)).await;
    assert_eq!(status, 201, "{answer}");
    delivers.deliver_due(now()).await.unwrap();
    assert_eq!(post(sequence).await.0, 201);
    delivers.deliver_due(now()).await.unwrap();
    let got = receiver.take();
    assert_eq!(got.len(), 1);
    assert!(got[0].path.starts_with("/hook/Sequence/"), "{got:?}");
    assert!(got[0].body.contains("<Sequence "), "{got:?}");
    for (subscription, expected) in [
        (
            by_criteria("MolecularSequence", &receiver.url, xml),
            "resource type",
        ),
        (
            by_topic("rest-hook", &receiver.url, "empty", None),
            "topics are for R4",
        ),
        (
            json!({
                "resourceType": "Subscription", "status": "requested", "reason": "x",
                "criteria": "Patient", "channel": { "type": "sms" }
            }),
            "known are rest-hook",
        ),
    ] {
        let (status, answer) = post(subscription).await;
        assert_eq!(status, 422, "{answer}");
        assert!(answer.contains(expected), "{expected}: {answer}");
    }
    region.close().await;
}

#[tokio::test]
async fn events_come_fifty_at_a_time_and_a_thousand_are_shown() {
    let region = kit::start().await;
    let (hospital, receiver) = (&region.hospital, Receiver::start().await);
    let patient = hospital.patient(HIS, BSN).await;
    let mut subscription = by_topic("rest-hook", &receiver.url, "empty", None);
    subscription["channel"]["extension"] = json!([
        { "url": format!("{EXTENSION}max-count"), "valuePositiveInt": SUBSCRIPTION_EVENTS_KEPT_MAX }
    ]);
    let id = ask(hospital, &subscription).await;
    receiver.take();
    let entry = json!({
        "resource": result(&patient, 1),
        "request": { "method": "POST", "url": "Observation" }
    });
    let batch = json!({
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": vec![entry; SUBSCRIPTION_EVENTS_KEPT_MAX + 1]
    });
    let (status, answer) = hospital.fhir(HIS, Method::POST, "", Some(&batch)).await;
    assert_eq!(status, 200, "{answer}");

    let mut told = Vec::new();
    loop {
        deliver(hospital, now()).await;
        let got = receiver.take();
        if got.is_empty() {
            break;
        }
        told.extend(got.iter().map(|one| events(&one.json()).len()));
    }
    assert_eq!(told.iter().sum::<usize>(), SUBSCRIPTION_EVENTS_KEPT_MAX + 1);
    assert_eq!(
        told.iter().max(),
        Some(&NOTIFICATION_EVENTS_MAX),
        "{told:?}"
    );

    // As many as are kept are shown; the oldest is gone.
    for (from, first, count) in [
        (1, "2", SUBSCRIPTION_EVENTS_KEPT_MAX),
        (3, "3", SUBSCRIPTION_EVENTS_KEPT_MAX - 1),
    ] {
        let path = format!("/Subscription/{id}/$events?eventsSinceNumber={from}&content=empty");
        let (status, shown) = hospital.fhir(HIS, Method::GET, &path, None).await;
        assert_eq!(status, 200, "{shown}");
        let shown = events(&shown);
        assert_eq!((&*shown[0].0, shown.len()), (first, count), "from {from}");
    }
    region.close().await;
}
