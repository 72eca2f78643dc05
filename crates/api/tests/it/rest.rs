//! FHIR REST at the own door, as the organisation's record system uses it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{self, BSN, BSN_SYSTEM, Member};

fn condition(patient: &str, code: &str) -> Value {
    json!({
        "resourceType": "Condition",
        "clinicalStatus": { "coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
            "code": "active"
        }] },
        "code": { "coding": [{ "system": "http://snomed.info/sct", "code": code }] },
        "subject": { "reference": format!("Patient/{patient}") }
    })
}

const HIS: &str = "his-hospital";

async fn get(member: &Member, path: &str) -> (u16, Value) {
    member.fhir(HIS, Method::GET, path, None).await
}

#[tokio::test]
async fn a_resource_lives_from_create_to_delete() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let id = hospital.patient(HIS, BSN).await;

    let response = hospital
        .ask(HIS, Method::GET, &format!("/fhir/r4/Patient/{id}"))
        .send()
        .await;
    let response = response.unwrap();
    assert_eq!(response.headers()["etag"], "W/\"1\"");
    assert!(response.headers().contains_key("last-modified"));
    assert_eq!(
        response.headers()["content-type"],
        "application/fhir+json; fhirVersion=4.0; charset=utf-8"
    );
    let mut patient: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(patient["meta"]["versionId"], "1");

    let known = hospital
        .ask(HIS, Method::GET, &format!("/fhir/r4/Patient/{id}"))
        .header("if-none-match", "W/\"1\"");
    assert_eq!(known.send().await.unwrap().status(), 304);

    let asked = async |method: Method, name: &str, value: &str| {
        let request = hospital
            .ask(HIS, method, &format!("/fhir/r4/Patient/{id}"))
            .header(name, value);
        request.send().await.unwrap()
    };
    let now = "Fri, 01 Jan 2100 00:00:00 GMT";
    for (name, value, expected) in [
        ("if-none-match", "W/\"7\", \"1\"", 304),
        ("if-none-match", "W/\"7\"", 200),
        ("if-modified-since", now, 304),
        ("if-modified-since", "Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ("if-modified-since", "yesterday", 200),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let response = asked(method.clone(), name, value).await;
            assert_eq!(response.status(), expected, "{method} {name}: {value}");
            assert_eq!(response.headers()["etag"], "W/\"1\"");
            let body = response.text().await.unwrap();
            let has_body = expected == 200 && method == Method::GET;
            assert_eq!(!body.is_empty(), has_body, "{method} {name}: {value}");
        }
    }

    patient["gender"] = json!("other");
    let update = |tag: &str, body: &Value| {
        hospital
            .ask(HIS, Method::PUT, &format!("/fhir/r4/Patient/{id}"))
            .header("content-type", "application/fhir+json")
            .header("if-match", tag)
            .body(body.to_string())
    };
    assert_eq!(
        update("W/\"7\"", &patient).send().await.unwrap().status(),
        412
    );
    for (method, name, expected) in [
        (Method::DELETE, "if-match", 412),
        (Method::DELETE, "if-none-match", 400),
        (Method::PUT, "if-none-match", 400),
        (Method::PATCH, "if-none-match", 400),
        (Method::POST, "if-match", 405),
    ] {
        let ignored = hospital
            .ask(HIS, method.clone(), &format!("/fhir/r4/Patient/{id}"))
            .header("content-type", "application/fhir+json")
            .header(name, "W/\"7\"")
            .body(patient.to_string());
        let status = ignored.send().await.unwrap().status();
        assert_eq!(
            status, expected,
            "a precondition is never ignored: {method} {name}"
        );
    }
    assert_eq!(
        update("seven", &patient).send().await.unwrap().status(),
        400
    );
    let updated = update("W/\"1\"", &patient).send().await.unwrap();
    assert_eq!(updated.status(), 200);
    let location = updated.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(
        location,
        format!("{}/Patient/{id}/_history/2", hospital.fhir)
    );

    let (status, first) = get(hospital, &format!("/Patient/{id}/_history/1")).await;
    assert_eq!((status, &first["gender"]), (200, &json!("female")));
    assert_eq!(
        get(hospital, &format!("/Patient/{id}/_history/9")).await.0,
        404
    );
    assert_eq!(
        get(hospital, &format!("/Patient/{id}/_history/x")).await.0,
        404
    );

    let (_, history) = get(hospital, &format!("/Patient/{id}/_history")).await;
    let versions: Vec<&Value> = history["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["resource"]["meta"]["versionId"])
        .collect();
    assert_eq!(versions, ["2", "1"]);
    for path in ["/Patient/_history", "/_history"] {
        let (status, history) = get(hospital, path).await;
        assert_eq!(
            (status, &history["type"]),
            (200, &json!("history")),
            "{path}"
        );
    }

    let (status, _) = hospital
        .fhir(HIS, Method::DELETE, &format!("/Patient/{id}"), None)
        .await;
    assert_eq!(status, 204);
    assert_eq!(get(hospital, &format!("/Patient/{id}")).await.0, 410);
    let (status, _) = hospital
        .fhir(HIS, Method::DELETE, &format!("/Patient/{id}"), None)
        .await;
    assert_eq!(status, 204, "deleting twice is no error");
    region.close().await;
}

#[tokio::test]
async fn an_update_can_create_and_must_name_the_id() {
    let region = kit::start().await;
    let patient = |id: &str| json!({ "resourceType": "Patient", "id": id, "active": true });
    let put = async |path: &str, body: Value| {
        region
            .hospital
            .fhir(HIS, Method::PUT, path, Some(&body))
            .await
            .0
    };
    assert_eq!(put("/Patient/mine", patient("mine")).await, 201);
    assert_eq!(put("/Patient/mine", patient("other")).await, 400);
    assert_eq!(
        put("/Patient/mine", json!({ "resourceType": "Patient" })).await,
        400
    );
    assert_eq!(put("/Observation/mine", patient("mine")).await, 400);
    assert_eq!(put("/Nothing/mine", patient("mine")).await, 404);
    assert_eq!(put("/Patient", patient("mine")).await, 400, "no condition");
    region.close().await;
}

#[tokio::test]
async fn conditions_create_update_and_delete_one_resource() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let body = |active: bool| {
        json!({
            "resourceType": "Patient",
            "identifier": [{ "system": "urn:x", "value": "7" }],
            "active": active
        })
    };
    let create = async |condition: &str| {
        let request = hospital
            .ask(HIS, Method::POST, "/fhir/r4/Patient")
            .header("content-type", "application/fhir+json")
            .header("if-none-exist", condition)
            .body(body(true).to_string());
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(create("identifier=urn:x|7").await, 201);
    assert_eq!(
        create("Patient?identifier=urn:x|7").await,
        200,
        "it is there already"
    );
    assert_eq!(create("").await, 400);
    assert_eq!(create("nonsense=1").await, 400);
    let query = "/Patient?identifier=urn:x%7C7";
    let (status, stored) = hospital
        .fhir(HIS, Method::PUT, query, Some(&body(false)))
        .await;
    assert_eq!((status, &stored["meta"]["versionId"]), (200, &json!("2")));
    let (status, _) = hospital.fhir(HIS, Method::DELETE, "/Patient", None).await;
    assert_eq!(status, 400, "a delete without a condition deletes nothing");
    assert_eq!(hospital.fhir(HIS, Method::DELETE, query, None).await.0, 204);
    let (_, found) = get(hospital, query).await;
    assert!(found.get("entry").is_none(), "{found}");
    region.close().await;
}

#[tokio::test]
async fn clients_get_back_what_they_prefer() {
    let region = kit::start().await;
    let create = async |prefer: &str| {
        let request = region
            .hospital
            .ask(HIS, Method::POST, "/fhir/r4/Patient")
            .header("content-type", "application/fhir+json")
            .header("prefer", prefer)
            .body(r#"{"resourceType":"Patient","active":true}"#);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 201, "{prefer}");
        assert!(response.headers().contains_key("location"));
        response.text().await.unwrap()
    };
    assert_eq!(create("return=minimal").await, "");
    assert!(
        create("return=representation")
            .await
            .contains("\"Patient\"")
    );
    assert!(
        create("return=OperationOutcome")
            .await
            .contains("\"OperationOutcome\"")
    );
    region.close().await;
}

#[tokio::test]
async fn answers_and_bodies_can_be_xml() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let xml = r#"<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>"#;
    let created = hospital
        .ask(HIS, Method::POST, "/fhir/r4/Patient?_format=xml")
        .header("content-type", "application/fhir+xml")
        .body(xml)
        .send()
        .await
        .unwrap();
    assert_eq!(created.status(), 201);
    let text = created.text().await.unwrap();
    assert!(text.contains("<active value=\"true\"/>"), "{text}");
    let entity = r#"<!DOCTYPE a [<!ENTITY e "x">]><Patient xmlns="http://hl7.org/fhir"/>"#;
    for (content_type, body, expected) in [
        ("application/fhir+xml", "<Patient", 400),
        ("application/fhir+xml", entity, 400),
        ("application/fhir+json", "{", 400),
        ("application/fhir+json", "[]", 400),
        ("application/fhir+json", r#"{"resourceType":"Robot"}"#, 400),
        ("text/plain", "{}", 415),
    ] {
        let request = hospital
            .ask(HIS, Method::POST, "/fhir/r4/Patient")
            .header("content-type", content_type)
            .body(body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), expected, "{content_type} {body}");
        assert!(response.text().await.unwrap().contains("OperationOutcome"));
    }
    let pretty = hospital
        .ask(HIS, Method::GET, "/fhir/r4/Patient?_pretty=true")
        .send()
        .await;
    assert!(
        pretty
            .unwrap()
            .text()
            .await
            .unwrap()
            .contains("\n  \"type\": \"searchset\"")
    );
    region.close().await;
}

#[tokio::test]
async fn pages_hang_together_and_no_link_names_the_patient() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let patient = hospital.patient(HIS, BSN).await;
    for code in ["44054006", "84114007", "13645005"] {
        let body = condition(&patient, code);
        assert_eq!(
            hospital
                .fhir(HIS, Method::POST, "/Condition", Some(&body))
                .await
                .0,
            201
        );
    }
    let form = format!("patient.identifier={BSN_SYSTEM}%7C{BSN}&_count=2&_sort=_id");
    let first = hospital
        .ask(HIS, Method::POST, "/fhir/r4/Condition/_search")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .unwrap();
    assert_eq!(first.status(), 200);
    let first: Value = serde_json::from_str(&first.text().await.unwrap()).unwrap();
    assert_eq!(first["entry"].as_array().unwrap().len(), 2);
    let links = first["link"].to_string();
    assert!(!links.contains(BSN), "{links}");
    let next = first["link"]
        .as_array()
        .unwrap()
        .iter()
        .find(|link| link["relation"] == "next")
        .and_then(|link| link["url"].as_str())
        .unwrap();
    let path = next.strip_prefix(&hospital.fhir).unwrap();
    let (status, second) = get(hospital, path).await;
    assert_eq!(
        (status, second["entry"].as_array().unwrap().len()),
        (200, 1)
    );
    let (status, _) = get(hospital, "/Condition?_cursor=made-up").await;
    assert_eq!(status, 400);
    region.close().await;
}

#[tokio::test]
async fn a_transaction_is_stored_whole_and_a_batch_entry_by_entry() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let bundle = |kind: &str, second: Value| {
        json!({
            "resourceType": "Bundle",
            "type": kind,
            "entry": [
                {
                    "fullUrl": "urn:uuid:0d4bc3f1-0000-4000-8000-000000000001",
                    "resource": { "resourceType": "Patient", "active": true },
                    "request": { "method": "POST", "url": "Patient" }
                },
                { "resource": second, "request": { "method": "POST", "url": "Condition" } }
            ]
        })
    };
    let post = async |bundle: Value| hospital.fhir(HIS, Method::POST, "", Some(&bundle)).await;
    let good = json!({
        "resourceType": "Condition",
        "subject": { "reference": "urn:uuid:0d4bc3f1-0000-4000-8000-000000000001" }
    });
    let bad = json!({ "resourceType": "Condition", "shoeSize": 43 });

    let (status, outcome) = post(bundle("transaction", bad.clone())).await;
    assert!((400..500).contains(&status), "{status} {outcome}");
    assert!(
        outcome
            .to_string()
            .contains("Bundle.entry[1].resource.shoeSize"),
        "{outcome}"
    );
    let (_, found) = get(hospital, "/Patient?_summary=count").await;
    assert_eq!(found["total"], 0, "nothing of a bad transaction is stored");

    let (status, answer) = post(bundle("transaction", good)).await;
    assert_eq!(
        (status, &answer["type"]),
        (200, &json!("transaction-response"))
    );
    assert_eq!(
        answer["entry"][1]["response"]["status"]
            .as_str()
            .unwrap()
            .get(..3),
        Some("201")
    );

    let (status, answer) = post(bundle("batch", bad)).await;
    assert_eq!((status, &answer["type"]), (200, &json!("batch-response")));
    assert_eq!(
        answer["entry"][0]["response"]["status"]
            .as_str()
            .unwrap()
            .get(..3),
        Some("201")
    );
    assert!(
        answer["entry"][1]["response"]["status"]
            .as_str()
            .unwrap()
            .starts_with('4')
    );
    region.close().await;
}

#[tokio::test]
async fn the_capability_statement_is_open_and_names_what_there_is() {
    let region = kit::start().await;
    let statement = kit::http()
        .get(format!("{}/metadata", region.hospital.fhir))
        .send()
        .await;
    let statement: Value = serde_json::from_str(&statement.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(statement["fhirVersion"], "4.0.1");
    assert_eq!(statement["implementation"]["url"], region.hospital.fhir);
    region.close().await;
}

#[tokio::test]
async fn health_tells_when_the_node_is_ready() {
    let region = kit::start().await;
    let ready = async || {
        let url = format!("{}/health/ready", region.hospital.own);
        kit::http().get(url).send().await.unwrap().status().as_u16()
    };
    assert_eq!(ready().await, 200);
    region.hospital.ready.send(false).unwrap();
    assert_eq!(ready().await, 503);
    region.close().await;
}
