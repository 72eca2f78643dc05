//! What bad input gets over HTTP: a clear refusal, and nothing half-written.

use proptest::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{self, BSN, OTHER_BSN};

const HIS: &str = "his-hospital";

#[tokio::test]
async fn wrong_resources_are_refused_with_the_place() {
    let region = kit::start().await;
    for (body, place) in [
        (
            json!({ "resourceType": "Patient", "shoeSize": 43 }),
            "Patient.shoeSize",
        ),
        (
            json!({ "resourceType": "Patient", "active": "yes" }),
            "Patient.active",
        ),
        (
            json!({ "resourceType": "Patient", "birthDate": "yesterday" }),
            "Patient.birthDate",
        ),
        (
            json!({ "resourceType": "Patient", "name": { "family": "a" } }),
            "Patient.name",
        ),
        (
            json!({ "resourceType": "Observation", "status": "final" }),
            "Observation.code",
        ),
        (
            json!({ "resourceType": "Observation", "code": {} }),
            "Observation",
        ),
    ] {
        let path = format!("/{}", body["resourceType"].as_str().unwrap());
        let (status, outcome) = region
            .hospital
            .fhir(HIS, Method::POST, &path, Some(&body))
            .await;
        assert!(status == 400 || status == 422, "{body}: {status}");
        assert_eq!(outcome["resourceType"], "OperationOutcome");
        let expressions = outcome["issue"][0]["expression"].to_string();
        assert!(expressions.contains(place), "{body}: {outcome}");
    }
    let (_, found) = region
        .hospital
        .fhir(HIS, Method::GET, "/Patient?_summary=count", None)
        .await;
    assert_eq!(found["total"], 0);
    region.close().await;
}

#[tokio::test]
async fn unknown_and_wrong_search_parameters_are_refused_and_never_ignored() {
    let region = kit::start().await;
    let id = region.hospital.patient(HIS, BSN).await;
    for query in [
        "/Patient?shoesize=43",
        "/Patient?name:wrong=a",
        "/Patient?birthdate=yesterday",
        "/Patient?_count=ten",
        "/Patient?_count=-1",
        "/Patient?_sort=shoesize",
        "/Patient?_include=Patient:shoesize",
        "/Patient?page=2",
        "/Patient?name=%FF",
        "/Patient?=a",
        "/_history?_count=many",
        "/_history?page=2",
        &format!("/Patient/{id}?name=a"),
    ] {
        let (status, outcome) = region.hospital.fhir(HIS, Method::GET, query, None).await;
        assert_eq!(status, 400, "{query}: {outcome}");
        assert_eq!(outcome["resourceType"], "OperationOutcome", "{query}");
    }
    region.close().await;
}

#[tokio::test]
async fn what_is_unknown_is_left_out_for_who_prefers_that() {
    let region = kit::start().await;
    let id = region.hospital.patient(HIS, BSN).await;
    let ask = async |path: &str, handling: &str| {
        let response = region
            .hospital
            .ask(HIS, Method::GET, path)
            .header("prefer", format!("handling={handling}"))
            .send()
            .await
            .unwrap();
        let status = response.status().as_u16();
        (status, response.json::<Value>().await.unwrap())
    };
    let path = format!("/fhir/r4/Patient?_id={id}&shoesize=43&name:wrong=a");
    assert_eq!(ask(&path, "strict").await.0, 400);
    assert_eq!(ask(&path, "other").await.0, 400, "as if it said nothing");
    let known = format!("/fhir/r4/Patient?_id={id}");
    assert_eq!(ask(&known, "other").await.0, 200);
    let (status, found) = ask(&path, "lenient").await;
    assert_eq!(
        (status, &found["entry"][0]["resource"]["id"]),
        (200, &id.clone().into())
    );
    let own = found["link"][0]["url"].as_str().unwrap();
    assert!(own.ends_with(&format!("/Patient?_id={id}")), "{own}");
    let (status, _) = ask("/fhir/r4/Patient?birthdate=yesterday", "lenient").await;
    assert_eq!(status, 400, "a wrong value is no unknown parameter");
    // Across types.
    let path = format!("/fhir/r4?_type=Patient,Condition&_id={id}&shoesize=43");
    assert_eq!(ask(&path, "strict").await.0, 400);
    let (status, found) = ask(&path, "lenient").await;
    assert_eq!(
        (status, &found["entry"][0]["resource"]["id"]),
        (200, &id.clone().into())
    );
    assert_eq!(ask("/fhir/r4?_type=Robot", "lenient").await.0, 400);
    let (_, found) = ask(
        "/fhir/r4/Patient?_filter=identifier%20eq%20999911119",
        "strict",
    )
    .await;
    assert!(!found["link"].to_string().contains("999911119"));
    region.close().await;
}

#[tokio::test]
async fn a_bsn_in_a_url_is_understood_in_a_search_and_repeated_nowhere() {
    let region = kit::start().await;
    region.hospital.patient(HIS, BSN).await;
    for (path, status) in [
        (format!("/fhir/r4/Patient?identifier={BSN}"), 200),
        (
            format!(
                "/fhir/r4/Condition?patient.identifier=http://fhir.nl/fhir/NamingSystem/bsn%7C{BSN}"
            ),
            200,
        ),
        (format!("/fhir/r4/_history?identifier={BSN}"), 400),
    ] {
        let response = region
            .hospital
            .ask(HIS, Method::GET, &path)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), status, "{path}");
        let headers = format!("{:?}", response.headers());
        let bundle: Value = response.json().await.unwrap();
        let links = bundle["link"].to_string();
        assert!(!headers.contains(BSN) && !links.contains(BSN), "{path}");
    }
    region.close().await;
}

fn record_of(identifier: Value, exchange: &str) -> Value {
    json!({
        "resourceType": "Parameters",
        "parameter": [
            { "name": "identifier", "valueIdentifier": identifier },
            { "name": "exchange", "valueCode": exchange }
        ]
    })
}

#[tokio::test]
async fn a_wrong_question_to_the_region_is_refused() {
    let region = kit::start().await;
    let system = kit::BSN_SYSTEM;
    let bsn = json!({ "system": system, "value": BSN });
    let wrong = json!({ "system": system, "value": "999911118" });
    let other_system = json!({ "system": "urn:x", "value": BSN });
    let with = |extra: Value| {
        let mut body = record_of(bsn.clone(), "bgz");
        body["parameter"].as_array_mut().unwrap().push(extra);
        body
    };
    for (body, expected) in [
        (record_of(wrong, "bgz"), 400),
        (record_of(other_system, "bgz"), 400),
        (record_of(bsn.clone(), "nothing-of-the-kind"), 404),
        (json!({ "resourceType": "Parameters" }), 400),
        (json!({ "resourceType": "Patient" }), 400),
        (with(json!({ "name": "surprise", "valueCode": "x" })), 400),
        (with(json!({ "name": "exchange", "valueCode": "bgz" })), 400),
        (
            with(json!({ "name": "purpose", "valueCode": "CURIOSITY" })),
            400,
        ),
        (
            with(json!({ "name": "reason", "valueString": "spoed" })),
            400,
        ),
        (
            with(json!({ "name": "purpose", "valueCode": "ETREAT" })),
            400,
        ),
    ] {
        let path = "/$regional-record";
        let (status, outcome) = region
            .hospital
            .fhir("internist", Method::POST, path, Some(&body))
            .await;
        assert_eq!(status, expected, "{body}: {outcome}");
        assert!(!outcome.to_string().contains("99991111"), "{outcome}");
    }
    region.close().await;
}

#[tokio::test]
async fn a_wrong_question_about_access_is_refused() {
    let region = kit::start().await;
    let identifier = json!({ "name": "identifier", "valueIdentifier": { "system": kit::BSN_SYSTEM, "value": BSN } });
    let source = |ura: &str| json!({ "name": "source", "valueString": ura });
    let reason = |count: usize| {
        json!([
            identifier,
            source("90000202"),
            { "name": "purpose", "valueCode": "ETREAT" },
            { "name": "reason", "valueString": "r".repeat(count) }
        ])
    };
    for (parameters, expected) in [
        (json!([identifier, source("90000202")]), 200),
        (reason(500), 200),
        (reason(501), 400),
        (json!([identifier]), 400),
        (json!([source("90000202")]), 400),
        (json!([]), 400),
        (json!([identifier, source("not a number")]), 400),
        (json!([identifier, source("")]), 400),
        (json!([identifier, source("90000999")]), 404),
        (json!([identifier, identifier, source("90000202")]), 400),
        (
            json!([identifier, source("90000202"), { "name": "surprise", "valueCode": "x" }]),
            400,
        ),
        (
            json!([{ "name": "identifier", "valueString": "999911118" }, source("90000202")]),
            400,
        ),
        (
            json!([identifier, source("90000202"), { "name": "purpose", "valueCode": "CURIOSITY" }]),
            400,
        ),
        (
            json!([identifier, source("90000202"), { "name": "exchange", "valueInteger": 3 }]),
            400,
        ),
    ] {
        let mut body = json!({ "resourceType": "Parameters" });
        if parameters.as_array().is_some_and(|list| !list.is_empty()) {
            body["parameter"] = parameters;
        }
        let (status, outcome) = region
            .hospital
            .fhir("internist", Method::POST, "/$explain-access", Some(&body))
            .await;
        assert_eq!(status, expected, "{body}: {outcome}");
        assert!(!outcome.to_string().contains("99991111"), "{outcome}");
    }
    for bytes in [
        &b""[..],
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{\"resourceType\":\"Patient\"}",
    ] {
        let request = region
            .hospital
            .ask("internist", Method::POST, "/fhir/r4/$explain-access")
            .header("content-type", "application/fhir+json")
            .body(bytes.to_vec());
        assert_eq!(request.send().await.unwrap().status(), 400, "{bytes:?}");
    }
    region.close().await;
}

#[tokio::test]
async fn a_wrong_question_for_the_state_of_a_node_tells_nothing() {
    let region = kit::start().await;
    let status = format!("{}/status", region.hospital.node_door);
    let watcher = region.as_peer(&region.regional);
    let other = region.as_peer(&region.practice);
    let garbage = vec![0xff; 100_000];
    for (request, expected) in [
        (watcher.get(&status), 200),
        (watcher.get(&status).body("{\"resourceType\":"), 200),
        (watcher.get(&status).body(garbage), 200),
        (watcher.get(format!("{status}?detail=all")), 400),
        (watcher.get(format!("{status}?a=%FF")), 400),
        (watcher.post(&status).body("{}"), 405),
        (other.get(&status), 403),
        (other.get(&status).body("{}"), 403),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), expected);
        let text = response.text().await.unwrap();
        assert_eq!(expected != 200, text.contains("OperationOutcome"), "{text}");
    }
    region.close().await;
}

#[tokio::test]
async fn a_token_of_one_patient_opens_nothing_of_another() {
    let region = kit::start().await;
    let bsn = |bsn: &str| json!({ "system": kit::BSN_SYSTEM, "value": bsn });
    let patient = &region.regional;
    for (bsn, expected) in [(bsn(BSN), 200), (bsn(OTHER_BSN), 403)] {
        let body = record_of(bsn.clone(), "bgz");
        let (status, outcome) = patient
            .fhir("patient", Method::POST, "/$regional-record", Some(&body))
            .await;
        assert_eq!(status, expected, "{outcome}");
        let body = json!({
            "resourceType": "Parameters",
            "parameter": [{ "name": "identifier", "valueIdentifier": bsn }]
        });
        let (status, outcome) = patient
            .fhir("patient", Method::POST, "/$access-log", Some(&body))
            .await;
        assert_eq!(status, expected, "{outcome}");
    }
    region.close().await;
}

#[tokio::test]
async fn an_own_door_says_nothing_of_what_somebody_may_not_see() {
    let region = kit::start().await;
    region.hospital.patient(HIS, BSN).await;
    for path in [
        "/Patient",
        "/Patient?family=Testpersoon",
        "/Patient/absent",
        "/_history",
    ] {
        let (status, outcome) = region
            .hospital
            .fhir("operator", Method::GET, path, None)
            .await;
        assert_eq!(status, 403, "{path}: {outcome}");
        assert_eq!(outcome["issue"][0]["diagnostics"], "This is not allowed");
    }
    region.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// One region answers many queries: starting it is what takes time.
    #[test]
    fn any_query_is_answered(queries in prop::collection::vec(
        prop_oneof!["[ -~]{0,60}", "[a-z_:.]{1,12}=[ -~]{0,20}", "(_count|_sort|_include|_has|date|name|code|_cursor)[:a-z.]{0,12}=[ -~]{0,20}"],
        150,
    )) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let region = kit::start().await;
            for query in queries {
                let encoded: String = query
                    .bytes()
                    .map(|byte| match byte {
                        b'#' | b' ' | b'"' | b'<' | b'>' | b'`' | b'{' | b'}' | b'|' | b'\\' | b'^' => {
                            format!("%{byte:02X}")
                        }
                        byte => char::from(byte).to_string(),
                    })
                    .collect();
                let path = format!("/fhir/r4/Observation?{encoded}");
                let response = region.hospital.ask(HIS, Method::GET, &path).send().await.unwrap();
                let status = response.status().as_u16();
                assert!([200, 400, 406, 413].contains(&status), "{query}: {status}");
            }
            region.close().await;
        });
    }
}
