//! Operations on resources: `$validate`, `$meta`, `Patient/$everything`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{self, BSN, Member, OTHER_BSN};

const HIS: &str = "his-hospital";

async fn get(member: &Member, path: &str) -> (u16, Value) {
    member.fhir(HIS, Method::GET, path, None).await
}

async fn post(member: &Member, path: &str, body: &Value) -> (u16, Value) {
    member.fhir(HIS, Method::POST, path, Some(body)).await
}

fn severities(outcome: &Value) -> Vec<&str> {
    assert_eq!(outcome["resourceType"], "OperationOutcome", "{outcome}");
    let issues = outcome["issue"].as_array().unwrap().iter();
    issues
        .map(|issue| issue["severity"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn what_is_sent_is_judged_and_not_stored() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let good = json!({ "resourceType": "Patient", "active": true });
    // Rule pat-1 of the standard: a contact has details or an organisation.
    let bad = json!({ "resourceType": "Patient", "contact": [{ "gender": "male" }] });
    let wrapped = |resource: &Value, mode: &str| {
        json!({ "resourceType": "Parameters", "parameter": [
            { "name": "resource", "resource": resource },
            { "name": "mode", "valueCode": mode }
        ] })
    };
    for (body, is_right) in [
        (good.clone(), true),
        (bad.clone(), false),
        (wrapped(&good, "create"), true),
        (wrapped(&bad, "create"), false),
    ] {
        let (status, outcome) = post(hospital, "/Patient/$validate", &body).await;
        assert_eq!(status, 200, "{outcome}");
        assert_eq!(
            !severities(&outcome).contains(&"error"),
            is_right,
            "{body} {outcome}"
        );
    }
    for (path, body) in [
        ("/Patient/$validate", json!({ "resourceType": "Person" })),
        ("/Patient/$validate", wrapped(&good, "delete")),
        ("/Patient/$validate", wrapped(&good, "guess")),
        ("/Patient/$validate?colour=red", good.clone()),
        (
            "/Patient/$validate",
            json!({ "resourceType": "Parameters" }),
        ),
    ] {
        assert_eq!(post(hospital, path, &body).await.0, 400, "{path} {body}");
    }
    let unknown = "/Patient/$validate?profile=urn:nobody:has:this";
    let (status, outcome) = post(hospital, unknown, &good).await;
    assert!(
        status == 200 && severities(&outcome).contains(&"error"),
        "{outcome}"
    );
    let (_, found) = get(hospital, "/Patient?_summary=count").await;
    assert_eq!(found["total"], 0);
    region.close().await;
}

#[tokio::test]
async fn what_is_stored_is_judged() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let id = hospital.patient(HIS, BSN).await;
    let path = format!("/Patient/{id}/$validate");
    let (status, outcome) = get(hospital, &path).await;
    assert!(
        status == 200 && !severities(&outcome).contains(&"error"),
        "{outcome}"
    );
    assert_eq!(get(hospital, &format!("{path}?mode=delete")).await.0, 200);
    assert_eq!(get(hospital, &format!("{path}?mode=create")).await.0, 400);
    assert_eq!(get(hospital, "/Patient/absent/$validate").await.0, 404);
    let other = json!({ "resourceType": "Patient", "id": "other" });
    let (status, outcome) = post(hospital, &path, &other).await;
    assert!(
        status == 200 && severities(&outcome).contains(&"error"),
        "{outcome}"
    );
    region.close().await;
}

#[tokio::test]
async fn labels_are_added_and_taken_away() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let id = hospital.patient(HIS, BSN).await;
    let meta = |tag: &str| {
        json!({ "resourceType": "Parameters", "parameter": [
            { "name": "meta", "valueMeta": { "tag": [{ "system": "urn:x", "code": tag }] } }
        ] })
    };
    let path = |operation: &str| format!("/Patient/{id}/${operation}");
    let (status, answer) = post(hospital, &path("meta-add"), &meta("a")).await;
    assert_eq!(status, 200, "{answer}");
    let (_, added) = post(hospital, &path("meta-add"), &meta("b")).await;
    let tags = |answer: &Value| answer["parameter"][0]["valueMeta"]["tag"].clone();
    assert_eq!(tags(&added).as_array().unwrap().len(), 2);
    let (_, found) = get(hospital, "/Patient?_tag=urn:x%7Cb&_summary=count").await;
    assert_eq!(found["total"], 1);
    let (_, left) = post(hospital, &path("meta-delete"), &meta("a")).await;
    assert_eq!(tags(&left), json!([{ "system": "urn:x", "code": "b" }]));
    let (status, answer) = get(hospital, &path("meta")).await;
    assert_eq!((status, tags(&answer)), (200, tags(&left)));
    let old = format!("/Patient/{id}/_history/2/$meta");
    assert_eq!(
        tags(&get(hospital, &old).await.1),
        json!([{ "system": "urn:x", "code": "a" }])
    );
    for body in [
        json!({ "resourceType": "Parameters" }),
        json!({ "resourceType": "Patient" }),
    ] {
        assert_eq!(
            post(hospital, &path("meta-add"), &body).await.0,
            400,
            "{body}"
        );
    }
    assert_eq!(
        post(hospital, "/Patient/absent/$meta-add", &meta("a"))
            .await
            .0,
        404
    );
    region.close().await;
}

#[tokio::test]
async fn everything_of_a_patient_comes_in_pages_and_nothing_of_others() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let id = hospital.patient(HIS, BSN).await;
    let other = hospital.patient(HIS, OTHER_BSN).await;
    let create = async |body: Value| {
        let path = format!("/{}", body["resourceType"].as_str().unwrap());
        let (status, stored) = post(hospital, &path, &body).await;
        assert_eq!(status, 201, "{stored}");
        stored["id"].as_str().unwrap().to_owned()
    };
    let doctor = create(json!({ "resourceType": "Practitioner", "active": true })).await;
    let mut own = vec![id.clone()];
    for (patient, date) in [
        (&id, "2020-05-01"),
        (&id, "2024-05-01"),
        (&other, "2024-05-01"),
    ] {
        let made = create(json!({
            "resourceType": "Observation",
            "status": "final",
            "code": { "text": "x" },
            "subject": { "reference": format!("Patient/{patient}") },
            "performer": [{ "reference": format!("Practitioner/{doctor}") }],
            "effectiveDateTime": date
        }));
        let made = made.await;
        if *patient == id {
            own.push(made);
        }
    }
    own.push(
        create(json!({
            "resourceType": "Flag",
            "status": "active",
            "code": { "text": "x" },
            "subject": { "reference": format!("Patient/{id}") }
        }))
        .await,
    );
    own.sort();
    let ids = async |query: &str, mode: &str| {
        let mut path = format!("/Patient/{id}/$everything{query}");
        let mut found = Vec::new();
        loop {
            let (status, page) = get(hospital, &path).await;
            assert_eq!(status, 200, "{path} {page}");
            for entry in page["entry"].as_array().into_iter().flatten() {
                if entry["search"]["mode"] == *mode {
                    found.push(entry["resource"]["id"].as_str().unwrap().to_owned());
                }
            }
            let next = page["link"][0]["url"].as_str();
            match next {
                Some(next) => path = next.strip_prefix(&hospital.fhir).unwrap().to_owned(),
                None => break,
            }
        }
        found.sort();
        found
    };
    assert_eq!(ids("", "match").await, own);
    assert_eq!(ids("?_count=1", "match").await, own, "each once");
    assert_eq!(ids("", "include").await, [doctor]);
    assert_eq!(ids("?_type=Observation", "match").await.len(), 2);
    assert_eq!(ids("?_type=Observation&start=2024", "match").await.len(), 1);
    assert_eq!(
        ids("?_type=Observation&start=2019&end=2021-01", "match")
            .await
            .len(),
        1
    );
    assert_eq!(
        ids("?start=2050", "match").await.len(),
        2,
        "what has no date stays"
    );
    assert_eq!(ids("?_since=2100-01-01T00:00:00Z", "match").await.len(), 0);
    for wrong in [
        "?_type=Robot",
        "?start=soon",
        "?_count=0",
        "?colour=red",
        "?_cursor=made-up",
    ] {
        let path = format!("/Patient/{id}/$everything{wrong}");
        assert_eq!(get(hospital, &path).await.0, 400, "{wrong}");
    }
    assert_eq!(get(hospital, "/Patient/absent/$everything").await.0, 404);
    let body = json!({ "resourceType": "Parameters", "parameter": [
        { "name": "_type", "valueString": "Flag" }
    ] });
    let (status, page) = post(hospital, &format!("/Patient/{id}/$everything"), &body).await;
    assert_eq!(
        (status, page["entry"].as_array().unwrap().len()),
        (200, 1),
        "{page}"
    );
    region.close().await;
}
