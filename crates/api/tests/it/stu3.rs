//! The STU3 base of a door: the same handlers, in the other version.

use care::{AccessContext, Bsn};
use fhir::{FhirVersion, Resource, outcome::Severity, validation::Validator};
use reqwest::Method;
use serde_json::{Value, json};
use store::AuditPage;
use trust::audit::AuditRecord;

use crate::kit::{self, BSN, BSN_SYSTEM, Member};

const HIS: &str = "his-hospital";
const STU3: FhirVersion = FhirVersion::Stu3;

async fn ask(member: &Member, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
    member.fhir_in(STU3, HIS, method, path, body).await
}

async fn get(member: &Member, path: &str) -> Value {
    let (status, answer) = ask(member, Method::GET, path, None).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

fn patient() -> Value {
    json!({
        "resourceType": "Patient", "id": "an",
        "identifier": [{ "system": BSN_SYSTEM, "value": BSN }],
        "name": [{ "family": "Testpersoon", "given": ["An"] }]
    })
}

/// Resources of shapes that R4 does not have, about Patient/an.
fn about_the_patient() -> Vec<Value> {
    let subject = json!({ "reference": "Patient/an" });
    let coded = |code: &str| json!({ "coding": [{ "system": "urn:c", "code": code }] });
    let section = |code: &str| {
        let coding = json!({ "system": "http://hl7.org/fhir/v2/0074", "code": code });
        json!({ "coding": [coding] })
    };
    vec![
        json!({ "resourceType": "EpisodeOfCare", "id": "e", "status": "active",
            "patient": subject }),
        json!({ "resourceType": "MedicationStatement", "id": "ms", "status": "active",
            "taken": "y", "subject": subject, "medicationCodeableConcept": coded("m"),
            "context": { "reference": "EpisodeOfCare/e" } }),
        json!({ "resourceType": "ProcedureRequest", "id": "pr", "status": "active",
            "intent": "order", "code": coded("p"), "subject": subject }),
        json!({ "resourceType": "ReferralRequest", "id": "rr", "status": "active",
            "intent": "order", "subject": subject }),
        json!({ "resourceType": "DiagnosticReport", "id": "dr", "status": "final",
            "category": section("LAB"), "code": coded("d"), "subject": subject }),
        json!({ "resourceType": "Observation", "id": "o", "status": "final",
            "category": [{ "coding": [{ "system": "http://hl7.org/fhir/observation-category",
                "code": "laboratory" }] }],
            "code": coded("k"), "subject": subject }),
    ]
}

/// Stores the patient and what is about them, as a transaction.
async fn filled(member: &Member) {
    let resources = std::iter::once(patient()).chain(about_the_patient());
    let entries: Vec<Value> = resources
        .map(|resource| {
            let place = format!(
                "{}/{}",
                resource["resourceType"].as_str().unwrap(),
                resource["id"].as_str().unwrap()
            );
            json!({ "resource": resource, "request": { "method": "PUT", "url": place } })
        })
        .collect();
    let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries });
    let (status, answer) = ask(member, Method::POST, "", Some(&bundle)).await;
    assert_eq!(status, 200, "{answer}");
    right(&answer);
}

/// Holds an answer against the rules of STU3.
fn right(answer: &Value) {
    let resource = Resource::parse_in(STU3, answer.to_string()).unwrap();
    let findings = Validator::new(STU3, Vec::new()).validate(&resource, &[]);
    let wrong: Vec<_> = findings
        .iter()
        .filter(|finding| finding.issue.severity == Severity::Error)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?} {answer}");
}

fn own_system(member: &Member) -> AccessContext {
    member.bearer.verify(&member.token(HIS)).unwrap()
}

/// The audit lines of the STU3 base about the patient, the latest first.
async fn lines(member: &Member) -> Vec<AuditRecord> {
    let page = AuditPage {
        before: None,
        limit: 100,
    };
    let bsn = Bsn::parse(BSN).unwrap();
    let store = member.stu3.as_ref().unwrap().store();
    let lines = store.audit_about(&own_system(member), &bsn, page).await;
    let lines = lines.unwrap().into_iter();
    lines
        .map(|line| AuditRecord::from_json(&line.body).unwrap())
        .collect()
}

#[tokio::test]
async fn each_base_has_its_own_types_and_media_types() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    for (base, path, accept, expected) in [
        (
            "/fhir/stu3",
            "/ProcedureRequest",
            "application/fhir+json",
            200,
        ),
        ("/fhir/stu3", "/ServiceRequest", "*/*", 404),
        ("/fhir/r4", "/ServiceRequest", "*/*", 200),
        ("/fhir/r4", "/ProcedureRequest", "*/*", 404),
        (
            "/fhir/stu3",
            "/Patient",
            "application/fhir+json;fhirVersion=3.0",
            200,
        ),
        (
            "/fhir/stu3",
            "/Patient",
            "application/fhir+json;fhirVersion=4.0",
            406,
        ),
        (
            "/fhir/r4",
            "/Patient",
            "application/fhir+json;fhirVersion=3.0",
            406,
        ),
        ("/fhir/stu3", "/$regional-record", "*/*", 404),
    ] {
        let request = hospital.ask(HIS, Method::GET, &format!("{base}{path}"));
        let response = request.header("accept", accept).send().await.unwrap();
        assert_eq!(response.status(), expected, "{base}{path} {accept}");
        let version = if base == "/fhir/stu3" { "3.0" } else { "4.0" };
        let media_type = format!("application/fhir+json; fhirVersion={version}; charset=utf-8");
        assert_eq!(response.headers()["content-type"], *media_type, "{path}");
    }
    for (base, content_type, expected) in [
        (
            "/fhir/stu3",
            "application/fhir+json; fhirVersion=3.0.2",
            200,
        ),
        ("/fhir/stu3", "application/fhir+json; fhirVersion=4.0", 415),
        ("/fhir/r4", "application/fhir+json; fhirVersion=3.0", 415),
    ] {
        let request = hospital.ask(HIS, Method::POST, &format!("{base}/Basic/$validate"));
        let request = request.header("content-type", content_type);
        let sent = request.body(r#"{"resourceType":"Basic"}"#).send().await;
        assert_eq!(sent.unwrap().status(), expected, "{base} {content_type}");
    }
    // The practice has no STU3 base.
    let path = "/fhir/stu3/Patient";
    let asked = region.practice.ask("his-practice", Method::GET, path);
    assert_eq!(asked.send().await.unwrap().status(), 404);
    region.close().await;
}

#[tokio::test]
async fn answers_follow_the_rules_of_stu3() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    filled(hospital).await;
    let patch = json!([{ "op": "add", "path": "/birthDate", "value": "1970-01-01" }]);
    let patched = hospital
        .ask(HIS, Method::PATCH, "/fhir/stu3/Patient/an")
        .header("content-type", "application/json-patch+json")
        .body(patch.to_string());
    assert_eq!(patched.send().await.unwrap().status(), 200);
    for (path, entries) in [
        ("/metadata", None),
        ("/Patient/an/_history", Some(2)),
        ("/Patient/an/$everything", Some(7)),
        ("/MedicationStatement?context=EpisodeOfCare/e", Some(1)),
        (
            "/MedicationStatement?context:EpisodeOfCare.patient=an&_include=*",
            Some(3),
        ),
        (
            "/ProcedureRequest?subject:Patient.name=Testpersoon&_elements=code",
            Some(1),
        ),
        (
            "/?_type=ReferralRequest,DiagnosticReport&_summary=true",
            Some(2),
        ),
        ("/ProcedureRequest/pr/$meta", None),
        ("/ProcedureRequest/pr/$validate", None),
    ] {
        let path = path.replace("/?", "?");
        let answer = get(hospital, &path).await;
        right(&answer);
        if let Some(entries) = entries {
            assert_eq!(answer["entry"].as_array().unwrap().len(), entries, "{path}");
        }
    }
    let xml = hospital
        .ask(HIS, Method::GET, "/fhir/stu3/MedicationStatement/ms")
        .header("accept", "application/fhir+xml");
    let xml = xml.send().await.unwrap();
    let media_type = "application/fhir+xml; fhirVersion=3.0; charset=utf-8";
    assert_eq!(xml.headers()["content-type"], media_type);
    let xml = xml.text().await.unwrap();
    assert!(xml.contains("<taken value=\"y\"/>"), "{xml}");
    let again = hospital
        .ask(HIS, Method::PUT, "/fhir/stu3/MedicationStatement/ms")
        .header("content-type", "application/fhir+xml")
        .body(xml.replace("<taken value=\"y\"/>", "<taken value=\"n\"/>"));
    assert_eq!(again.send().await.unwrap().status(), 200);
    let changed = get(hospital, "/MedicationStatement/ms").await;
    assert_eq!(changed["taken"], "n");

    for (method, path, status) in [
        (Method::GET, "/Patient/nobody", 404),
        (Method::GET, "/Patient?favourite=blue", 400),
        (Method::DELETE, "/ProcedureRequest/pr", 204),
        (Method::GET, "/ProcedureRequest/pr", 410),
        (Method::DELETE, "/Observation?status=final", 204),
        (Method::GET, "/Observation/o", 410),
    ] {
        let (found, answer) = ask(hospital, method, path, None).await;
        assert_eq!(found, status, "{path}: {answer}");
        if status >= 400 {
            right(&answer);
        }
    }
    let r4_only = json!({ "resourceType": "MedicationStatement", "status": "active",
        "subject": { "reference": "Patient/an" }, "medicationCodeableConcept": { "text": "x" } });
    let (status, answer) = ask(
        hospital,
        Method::POST,
        "/MedicationStatement",
        Some(&r4_only),
    )
    .await;
    assert!(matches!(status, 400 | 422), "taken is missing: {answer}");
    right(&answer);
    region.close().await;
}

#[tokio::test]
async fn a_document_and_a_patch_in_a_bundle_are_as_stu3_has_them() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    filled(hospital).await;
    let composition = json!({
        "resourceType": "Composition", "id": "c", "status": "final",
        "type": { "text": "x" }, "subject": { "reference": "Patient/an" },
        "date": "2026-01-01", "author": [{ "reference": "Patient/an" }], "title": "x",
        "section": [{ "title": "x", "entry": [{ "reference": "ProcedureRequest/pr" }] }]
    });
    let (status, answer) = ask(hospital, Method::PUT, "/Composition/c", Some(&composition)).await;
    assert_eq!(status, 201, "{answer}");
    let document = get(hospital, "/Composition/c/$document").await;
    assert_eq!(document["entry"].as_array().unwrap().len(), 3);
    assert!(document.get("timestamp").is_none(), "STU3 has none");
    right(&document);
    let path = "/Composition/c/$document?persist=true";
    let (status, kept) = ask(hospital, Method::GET, path, None).await;
    assert_eq!(status, 201, "{kept}");
    let head = hospital.ask(HIS, Method::HEAD, &format!("/fhir/stu3{path}"));
    assert_eq!(head.send().await.unwrap().status(), 405);
    let bundles = get(hospital, "/Bundle?_summary=count").await;
    assert_eq!(bundles["total"], 1, "HEAD keeps nothing");

    let entry = json!({ "request": { "method": "PATCH", "url": "Patient/an" } });
    let batch = json!({ "resourceType": "Bundle", "type": "batch", "entry": [entry] });
    let (_, answer) = ask(hospital, Method::POST, "", Some(&batch)).await;
    assert_eq!(answer["entry"][0]["response"]["status"], "400", "{answer}");
    right(&answer);
    region.close().await;
}

#[tokio::test]
async fn whose_data_it_is_is_known_of_every_shape() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    filled(hospital).await;
    let stored = lines(hospital).await;
    assert_eq!(stored.len(), 1, "one line for the transaction");
    for (path, category) in [
        ("/MedicationStatement/ms", "MedicationUse"),
        ("/ProcedureRequest/pr", "Request"),
        ("/ReferralRequest/rr", "Request"),
        ("/EpisodeOfCare/e", "Episode"),
        ("/Observation/o", "ObservationLaboratory"),
        (
            "/DiagnosticReport/dr",
            "DiagnosticReport, ObservationLaboratory",
        ),
    ] {
        let before = lines(hospital).await.len();
        get(hospital, path).await;
        let after = lines(hospital).await;
        assert_eq!(after.len(), before + 1, "{path}");
        let categories = format!("{:?}", after[0].categories);
        assert_eq!(categories, format!("{{{category}}}"), "{path}");
    }
    // The patient, at the same base: their own data, by its labels.
    let (status, found) = hospital
        .fhir_in(
            STU3,
            "patient-hospital",
            Method::GET,
            "/MedicationStatement",
            None,
        )
        .await;
    assert_eq!(status, 200, "{found}");
    assert_eq!(found["entry"].as_array().unwrap().len(), 1, "{found}");
    // None of it is in the other base, in its log, or told to the region.
    let (_, found) = hospital
        .fhir(HIS, Method::GET, "/Patient?_summary=count", None)
        .await;
    assert_eq!(found["total"], 0);
    let r4 = hospital.node.store();
    let page = AuditPage {
        before: None,
        limit: 100,
    };
    let bsn = Bsn::parse(BSN).unwrap();
    let in_r4 = r4.audit_about(&own_system(hospital), &bsn, page).await;
    assert_eq!(in_r4.unwrap().len(), 0);
    let stu3 = hospital.stu3.as_ref().unwrap().store();
    assert_eq!(stu3.outbox(10).await.unwrap().len(), 0);
    region.close().await;
}

#[tokio::test]
async fn the_patient_sees_who_looked_in_either_version() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    filled(hospital).await;
    get(hospital, "/ProcedureRequest/pr").await;
    hospital.patient(HIS, BSN).await;
    let question = json!({ "resourceType": "Parameters" });
    let (status, log) = hospital
        .fhir(
            "patient-hospital",
            Method::POST,
            "/$access-log",
            Some(&question),
        )
        .await;
    assert_eq!(status, 200, "{log}");
    let told: Vec<&str> = log["entry"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["resource"]["resourceType"] == "AuditEvent")
        .map(|entry| entry["resource"]["outcomeDesc"].as_str().unwrap())
        .collect();
    // A transaction and a read in STU3, a patient made in R4, and this question.
    assert_eq!(told.len(), 4, "{told:#?}");
    region.close().await;
}

#[tokio::test]
async fn an_import_and_an_export_are_of_stu3() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let lines = about_the_patient().into_iter().chain([
        patient(),
        json!({ "resourceType": "ServiceRequest", "id": "of-r4" }),
    ]);
    let lines: Vec<String> = lines.map(|line| format!("{line}\n")).collect();
    let answer = hospital
        .ask(HIS, Method::POST, "/fhir/stu3/$import")
        .header("content-type", "application/fhir+ndjson")
        .body(lines.concat());
    let answer = answer.send().await.unwrap().text().await.unwrap();
    let answer: Vec<Value> = answer
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [batch, total] = answer.as_slice() else {
        panic!("{answer:?}")
    };
    right(batch);
    let part = &total["parameter"][0]["part"];
    assert_eq!(
        (&part[0]["valueDecimal"], &part[1]["valueDecimal"]),
        (&json!(7), &json!(1))
    );

    let ask_for = async |types: &str| {
        hospital
            .ask(
                HIS,
                Method::GET,
                &format!("/fhir/stu3/$export?_type={types}"),
            )
            .header("prefer", "respond-async")
            .send()
            .await
            .unwrap()
    };
    assert_eq!(ask_for("ServiceRequest").await.status(), 400);
    let accepted = ask_for("ProcedureRequest,Sequence").await;
    assert_eq!(accepted.status(), 202);
    let place = accepted.headers()["content-location"].to_str().unwrap();
    let place = place.strip_prefix(&hospital.own).unwrap();
    assert!(place.starts_with("/fhir/stu3/$export-status/"), "{place}");
    let manifest = loop {
        let state = hospital.ask(HIS, Method::GET, place).send().await.unwrap();
        match state.status().as_u16() {
            200 => break serde_json::from_str::<Value>(&state.text().await.unwrap()).unwrap(),
            other => assert_eq!(other, 202),
        }
    };
    let output = manifest["output"].as_array().unwrap();
    assert_eq!(output.len(), 1, "{manifest}");
    assert_eq!(output[0]["type"], "ProcedureRequest");
    region.close().await;
}
