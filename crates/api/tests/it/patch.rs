//! PATCH at the own door: JSON Patch and FHIRPath Patch, by id, by search, and
//! in Bundles.

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{self, BSN, Member};

const HIS: &str = "his-hospital";
const JSON_PATCH: &str = "application/json-patch+json";
const FHIR: &str = "application/fhir+json";

async fn patch(
    member: &Member,
    path: &str,
    content_type: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> (u16, Value) {
    let mut request = member
        .ask(HIS, Method::PATCH, &format!("/fhir/r4{path}"))
        .header("content-type", content_type)
        .body(body.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

fn set_gender(gender: &str) -> Value {
    json!([{ "op": "replace", "path": "/gender", "value": gender }])
}

fn replace_gender(gender: &str) -> Value {
    json!({ "resourceType": "Parameters", "parameter": [{ "name": "operation", "part": [
        { "name": "type", "valueCode": "replace" },
        { "name": "path", "valueString": "Patient.gender" },
        { "name": "value", "valueCode": gender }
    ] }] })
}

#[tokio::test]
async fn a_part_of_a_resource_is_changed() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let id = hospital.patient(HIS, BSN).await;
    let path = format!("/Patient/{id}");

    let (status, patched) = patch(hospital, &path, JSON_PATCH, &[], &set_gender("other")).await;
    assert_eq!((status, &patched["gender"]), (200, &json!("other")));
    assert_eq!(patched["meta"]["versionId"], "2");
    let (status, patched) = patch(hospital, &path, FHIR, &[], &replace_gender("male")).await;
    assert_eq!((status, &patched["gender"]), (200, &json!("male")));
    assert_eq!(patched["meta"]["versionId"], "3");

    let old = [("if-match", "W/\"2\"")];
    let (status, _) = patch(hospital, &path, JSON_PATCH, &old, &set_gender("female")).await;
    assert_eq!(status, 412);
    let current = [("if-match", "W/\"3\""), ("prefer", "return=minimal")];
    let (status, body) = patch(hospital, &path, JSON_PATCH, &current, &set_gender("female")).await;
    assert_eq!((status, body), (200, Value::Null));

    let found = "/Patient?gender=female";
    let (status, patched) = patch(hospital, found, JSON_PATCH, &[], &set_gender("unknown")).await;
    assert_eq!((status, &patched["gender"]), (200, &json!("unknown")));
    region.close().await;
}

#[tokio::test]
async fn what_cannot_be_patched_says_why() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let id = hospital.patient(HIS, BSN).await;
    hospital.patient(HIS, "999906276").await;
    let path = format!("/Patient/{id}");
    for (path, content_type, body, expected) in [
        (&*path, JSON_PATCH, json!({}), 400),
        (
            &*path,
            JSON_PATCH,
            json!([{ "op": "spoil", "path": "/a" }]),
            400,
        ),
        (&*path, FHIR, json!({ "resourceType": "Patient" }), 400),
        (&*path, "text/plain", json!([]), 415),
        (
            &*path,
            JSON_PATCH,
            json!([{ "op": "remove", "path": "/nothing" }]),
            422,
        ),
        (
            &*path,
            JSON_PATCH,
            json!([{ "op": "test", "path": "/gender", "value": "x" }]),
            422,
        ),
        (
            &*path,
            JSON_PATCH,
            json!([{ "op": "replace", "path": "/id", "value": "x" }]),
            422,
        ),
        (
            &*path,
            JSON_PATCH,
            json!([{ "op": "add", "path": "/shoe", "value": 43 }]),
            422,
        ),
        ("/Patient/absent", JSON_PATCH, set_gender("male"), 404),
        ("/Nothing/absent", JSON_PATCH, set_gender("male"), 404),
        ("/Patient?active=false", JSON_PATCH, set_gender("male"), 404),
        (
            "/Patient?gender=female",
            JSON_PATCH,
            set_gender("male"),
            412,
        ),
        ("/Patient?colour=red", JSON_PATCH, set_gender("male"), 400),
        ("/Patient", JSON_PATCH, set_gender("male"), 400),
    ] {
        let (status, outcome) = patch(hospital, path, content_type, &[], &body).await;
        assert_eq!(status, expected, "{path} {body} {outcome}");
        assert_eq!(outcome["resourceType"], "OperationOutcome", "{path} {body}");
    }
    region.close().await;
}

#[tokio::test]
async fn bundles_hold_patches_of_both_kinds() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let id = hospital.patient(HIS, BSN).await;
    let binary = |patch: &Value| {
        json!({
            "resourceType": "Binary",
            "contentType": JSON_PATCH,
            "data": BASE64_STANDARD.encode(patch.to_string())
        })
    };
    let entry = |resource: Value, if_match: &str| {
        json!({
            "resource": resource,
            "request": { "method": "PATCH", "url": format!("Patient/{id}"), "ifMatch": if_match }
        })
    };
    let bundle = |kind: &str, entries: Vec<Value>| json!({ "resourceType": "Bundle", "type": kind, "entry": entries });
    let post = async |bundle: Value| hospital.fhir(HIS, Method::POST, "", Some(&bundle)).await;

    let patch = entry(binary(&set_gender("other")), "W/\"1\"");
    let look = json!({ "request": { "method": "GET", "url": format!("Patient/{id}") } });
    let (status, answer) = post(bundle("transaction", vec![look, patch.clone()])).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["entry"][1]["response"]["etag"], "W/\"2\"");
    assert_eq!(
        answer["entry"][0]["resource"]["gender"], "other",
        "what is read is read last"
    );
    let (status, outcome) = post(bundle("transaction", vec![patch.clone()])).await;
    assert_eq!(status, 412, "{outcome}");
    assert!(outcome.to_string().contains("Bundle.entry[0]"), "{outcome}");

    let good = entry(replace_gender("male"), "W/\"2\"");
    let bad = entry(binary(&json!("no patch")), "W/\"2\"");
    let (status, answer) = post(bundle("batch", vec![patch, bad, good])).await;
    assert_eq!(status, 200);
    let statuses: Vec<&Value> = answer["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["response"]["status"])
        .collect();
    assert_eq!(statuses, ["412", "400", "200"], "{answer}");
    region.close().await;
}
