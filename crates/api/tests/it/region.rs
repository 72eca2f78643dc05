//! Questions between nodes: tokens, the regional record, and that a peer
//! speaks for itself only.

use care::{Bsn, ExchangeCode, Purpose, RequestId, TreatmentRelation};
use reqwest::Method;
use serde_json::{Value, json};
use trust::consent::Preset;

use crate::kit::{self, BSN, BSN_SYSTEM, Member, OTHER_BSN, Region};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// What the story needs: the practice knows the patient and a problem, the
/// hospital has a contact, and the index knows of both.
pub(crate) async fn tell_story(region: &Region) {
    let practice = &region.practice;
    let id = practice.patient("his-practice", BSN).await;
    let condition = json!({
        "resourceType": "Condition",
        "clinicalStatus": { "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
            "code": "active"
        }] },
        "code": { "coding": [{ "system": "http://snomed.info/sct", "code": "44054006" }] },
        "subject": { "reference": format!("Patient/{id}") }
    });
    let (status, stored) = practice
        .fhir("his-practice", Method::POST, "/Condition", Some(&condition))
        .await;
    assert_eq!(status, 201, "{stored}");
    let hospital = &region.hospital;
    let id = hospital.patient("his-hospital", BSN).await;
    let encounter = json!({
        "resourceType": "Encounter",
        "status": "in-progress",
        "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB" },
        "subject": { "reference": format!("Patient/{id}") }
    });
    let (status, stored) = hospital
        .fhir("his-hospital", Method::POST, "/Encounter", Some(&encounter))
        .await;
    assert_eq!(status, 201, "{stored}");
    region.register().await;
}

pub(crate) fn question(bsn: &str) -> Value {
    json!({
        "resourceType": "Parameters",
        "parameter": [
            { "name": "identifier", "valueIdentifier": { "system": BSN_SYSTEM, "value": bsn } },
            { "name": "exchange", "valueCode": "bgz" }
        ]
    })
}

/// The state of every source in an answer.
fn states(answer: &Value) -> Vec<(String, String)> {
    let outcome = answer["entry"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["search"]["mode"] == "outcome")
        .unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    outcome["resource"]["issue"]
        .as_array()
        .unwrap()
        .iter()
        .map(|issue| {
            (
                text(&issue["diagnostics"]),
                text(&issue["details"]["coding"][0]["code"]),
            )
        })
        .collect()
}

fn state(of: &Member, answer: &Value) -> String {
    let ura = of.identity.ura().to_string();
    states(answer)
        .into_iter()
        .find(|(source, _)| *source == ura)
        .unwrap()
        .1
}

#[tokio::test]
async fn the_regional_record_says_what_each_source_did() {
    let region = kit::start().await;
    tell_story(&region).await;
    let ask = async || {
        let path = "/$regional-record";
        let body = question(BSN);
        let (status, answer) = region
            .hospital
            .fhir("internist", Method::POST, path, Some(&body))
            .await;
        assert_eq!(status, 200, "{answer}");
        answer
    };
    let answer = ask().await;
    assert_eq!(
        state(&region.practice, &answer),
        "not-allowed",
        "no choice is no"
    );
    assert_eq!(state(&region.hospital, &answer), "data");

    region.consent(Preset::Everyone).await;
    let answer = ask().await;
    assert_eq!(state(&region.practice, &answer), "data");
    let sourced = answer["entry"].as_array().unwrap().iter().all(|entry| {
        entry["search"]["mode"] == "outcome" || entry["resource"]["meta"]["source"].is_string()
    });
    assert!(sourced, "every match says where it came from");

    region.consent(Preset::Nobody).await;
    let answer = ask().await;
    assert_eq!(
        state(&region.practice, &answer),
        "not-allowed",
        "a withdrawal holds at once"
    );

    // An emergency goes past consent, with a reason.
    let mut emergency = question(BSN);
    emergency["parameter"].as_array_mut().unwrap().extend([
        json!({ "name": "purpose", "valueCode": "ETREAT" }),
        json!({ "name": "reason", "valueString": "Bewusteloos binnengebracht" }),
    ]);
    let path = "/$regional-record";
    let (status, answer) = region
        .hospital
        .fhir("internist", Method::POST, path, Some(&emergency))
        .await;
    assert_eq!(
        (status, state(&region.practice, &answer).as_str()),
        (200, "data"),
        "{answer}"
    );

    // The patient sees who looked, at both.
    let none = json!({ "resourceType": "Parameters" });
    let (status, log) = region
        .regional
        .fhir("patient", Method::POST, "/$access-log", Some(&none))
        .await;
    assert_eq!(status, 200, "{log}");
    assert!(log.to_string().contains("Test internist"), "{log}");
    assert_eq!(state(&region.practice, &log), "data");
    assert_eq!(state(&region.hospital, &log), "data");
    region.close().await;
}

/// An assertion of the hospital's internist about a patient, for the practice.
fn assertion(region: &Region, bsn: &str) -> String {
    let token = region.hospital.token("internist");
    let cx = region.hospital.bearer.verify(&token).unwrap();
    let exchange = Some(ExchangeCode("bgz".to_owned()));
    let cx = cx
        .about(
            &Bsn::parse(bsn).unwrap(),
            exchange,
            Some(TreatmentRelation::Contact),
        )
        .unwrap()
        .for_purpose(Purpose::Treatment, None)
        .in_request(RequestId("00000000-0000-4000-8000-000000000001".to_owned()));
    region
        .hospital
        .assertions
        .sign(&cx, region.practice.identity.ura())
        .unwrap()
}

async fn token_request(client: &reqwest::Client, door: &str, assertion: &str) -> (u16, Value) {
    let request = client
        .post(format!("{door}/oauth/token"))
        .form(&[("grant_type", GRANT), ("assertion", assertion)]);
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (
        status,
        serde_json::from_str(&response.text().await.unwrap()).unwrap(),
    )
}

fn batch(queries: &[&str]) -> String {
    let entries: Vec<Value> = queries
        .iter()
        .map(|query| json!({ "request": { "method": "GET", "url": query } }))
        .collect();
    json!({ "resourceType": "Bundle", "type": "batch", "entry": entries }).to_string()
}

#[tokio::test]
async fn a_token_belongs_to_one_peer_and_one_patient() {
    let region = kit::start().await;
    tell_story(&region).await;
    region.consent(Preset::Everyone).await;
    region.practice.patient("his-practice", OTHER_BSN).await;
    let hospital = region.as_peer(&region.hospital);
    let regional = region.as_peer(&region.regional);
    let door = &region.practice.node_door;

    let stolen = assertion(&region, BSN);
    let (status, answer) = token_request(&regional, door, &stolen).await;
    assert_eq!(
        (status, &answer["error"]),
        (400, &json!("invalid_grant")),
        "of another peer"
    );
    let misdirected = token_request(&hospital, &region.regional.node_door, &stolen).await;
    assert_eq!(misdirected.0, 400, "for another audience");
    for wrong in ["x", "a.b.c", ""] {
        assert_eq!(
            token_request(&hospital, door, wrong).await.0,
            400,
            "{wrong}"
        );
    }

    let once = assertion(&region, BSN);
    let (status, granted) = token_request(&hospital, door, &once).await;
    assert_eq!(
        (status, &granted["token_type"]),
        (200, &json!("Bearer")),
        "{granted}"
    );
    assert_eq!(
        token_request(&hospital, door, &once).await.0,
        400,
        "an assertion serves once"
    );
    let token = granted["access_token"].as_str().unwrap();

    let ask = async |client: &reqwest::Client, body: String| {
        let request = client
            .post(format!("{door}/fhir/r4"))
            .bearer_auth(token)
            .header("content-type", "application/fhir+json")
            .body(body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let everything = batch(&[
        "Patient",
        "Condition",
        "Encounter",
        "AuditEvent",
        "Nothing?a=b",
    ]);
    assert_eq!(
        ask(&regional, everything.clone()).await.0,
        401,
        "bound to the certificate"
    );
    let (status, text) = ask(&hospital, everything).await;
    assert_eq!(status, 200, "{text}");
    assert!(
        text.contains("44054006") && !text.contains(OTHER_BSN),
        "{text}"
    );
    for (what, body, expected) in [
        ("a write", r#"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"DELETE","url":"Patient/a"}}]}"#.to_owned(), 400),
        ("a transaction", batch(&["Patient"]).replace("\"batch\"", "\"transaction\""), 400),
        ("no Bundle", r#"{"resourceType":"Patient"}"#.to_owned(), 400),
        ("no JSON", "{".to_owned(), 400),
    ] {
        assert_eq!(ask(&hospital, body).await.0, expected, "{what}");
    }
    region.close().await;
}

#[tokio::test]
async fn a_peer_speaks_for_itself_only() {
    let region = kit::start().await;
    let hospital = region.as_peer(&region.hospital);
    let door = &region.regional.node_door;
    let post = async |path: &str, body: Value| {
        let request = hospital
            .post(format!("{door}{path}"))
            .header("content-type", "application/json")
            .body(body.to_string());
        request.send().await.unwrap().status().as_u16()
    };
    let question = |holder: &str, consulting: &str| {
        json!({ "patient": BSN, "question": {
            "holder": holder, "holder_category": "RPZAC104",
            "consulting": consulting, "consulting_category": "RPZAC104"
        } })
    };
    let foreign = post("/consent/closed-question", question("90000202", "90000209")).await;
    assert!(foreign == 403 || foreign == 400, "{foreign}");
    let foreign = json!({
        "patient": BSN,
        "consulting": { "ura": "90000202", "category": "RPZAC001" },
        "holders": []
    });
    assert_eq!(post("/consent/open-question", foreign).await, 403);
    assert_eq!(post("/consent/lease", json!({})).await, 200);
    let invalidation = json!({ "instance": "a", "sequence": 1, "subject": "b" });
    let neighbour = hospital
        .post(format!("{}/consent/invalidated", region.practice.node_door))
        .body(invalidation.to_string());
    assert_eq!(
        neighbour.send().await.unwrap().status(),
        403,
        "only the consent service"
    );
    let service = region
        .as_peer(&region.regional)
        .post(format!("{}/consent/invalidated", region.practice.node_door))
        .body(invalidation.to_string());
    assert_eq!(service.send().await.unwrap().status(), 200);
    let entry = json!({ "resourceType": "Organization", "id": "90000202" });
    let foreign = hospital
        .put(format!("{door}/addressing/fhir/Organization/90000202"))
        .header("content-type", "application/fhir+json")
        .body(entry.to_string());
    let status = foreign.send().await.unwrap().status().as_u16();
    assert!(status == 403 || status == 422, "{status}");
    let (listed, _) = {
        let response = hospital
            .get(format!("{door}/addressing/fhir/Organization"))
            .send()
            .await
            .unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    assert_eq!(listed, 200);
    region.close().await;
}
