//! No patient data in what a node logs, or in the headers that it answers with.

use std::fmt::Write;

use reqwest::Method;
use serde_json::json;
use trust::consent::Preset;

use crate::{
    kit::{self, BSN},
    region::{question, tell_story},
    traces,
};

#[tokio::test]
async fn no_log_line_and_no_header_holds_a_bsn() {
    let region = kit::start().await;
    tell_story(&region).await;
    region.consent(Preset::Everyone).await;
    let mut headers = String::new();
    let hospital = &region.hospital;
    let form = format!("identifier={}%7C{BSN}", kit::BSN_SYSTEM);
    let fhir = |slug: &str, path: &str, body: String| {
        hospital
            .ask(slug, Method::POST, &format!("/fhir/r4{path}"))
            .header("content-type", "application/fhir+json")
            .body(body)
    };
    let message =
        format!("MSH|^~\\&|A|B|C|D|20261122||ORU^R01|1|P|2.4\rPID|1||{BSN}^^^NLMINBIZA\r");
    let requests = [
        fhir("internist", "/$regional-record", question(BSN).to_string()),
        fhir(
            "internist",
            "/$regional-record",
            question("999911118").to_string(),
        ),
        fhir("internist", "/$access-log", question(BSN).to_string()),
        fhir("operator", "/$regional-record", question(BSN).to_string()),
        fhir(
            "his-hospital",
            "/Patient",
            json!({ "resourceType": "Patient", BSN: BSN }).to_string(),
        ),
        fhir(
            "his-hospital",
            "/Patient",
            format!("{{\"resourceType\":\"Patient\",\"x\":{BSN}"),
        ),
        fhir(
            "his-hospital",
            "/Patient",
            json!({ "resourceType": "Patient", "gender": BSN }).to_string(),
        ),
        hospital
            .ask("his-hospital", Method::POST, "/fhir/r4/Patient/_search")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.clone()),
        hospital
            .ask("his-hospital", Method::POST, "/fhir/r4/Patient/_search")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("{form}&shoesize={BSN}&{BSN}=1")),
        hospital.ask(
            "his-hospital",
            Method::GET,
            &format!("/fhir/r4/Patient?{form}"),
        ),
        hospital.ask(
            "his-hospital",
            Method::GET,
            &format!("/fhir/r4/Patient/{BSN}"),
        ),
        hospital.ask("his-hospital", Method::GET, &format!("/fhir/r4/{BSN}")),
        hospital.ask("his-hospital", Method::GET, &format!("/{BSN}")),
        hospital
            .ask("his-hospital", Method::GET, "/fhir/r4/metadata")
            .header("x-request-id", BSN),
        hospital
            .ask("his-hospital", Method::GET, "/fhir/r4/Patient")
            .bearer_auth(BSN),
        hospital
            .ask("his-hospital", Method::POST, "/messages/hl7v2")
            .body(message.clone()),
        hospital
            .ask("his-hospital", Method::POST, "/messages/edifact")
            .body(message.clone()),
    ];
    for request in requests {
        let response = request.send().await.unwrap();
        writeln!(headers, "{:?}", response.headers()).unwrap();
        response.bytes().await.unwrap();
    }
    hospital
        .mllp(&api::mllp::encode(message.as_bytes()), 1)
        .await;
    hospital.mllp(message.as_bytes(), 2).await;
    region.close().await;
    assert!(!headers.contains("9999111"), "{headers}");
    let traced = traces::traced();
    assert!(traced.contains("request"), "the log was captured");
    let told: Vec<&str> = traced
        .lines()
        .filter(|line| line.contains("9999111"))
        .collect();
    assert_eq!(told, Vec::<&str>::new());
}
