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

#[tokio::test]
async fn a_composition_becomes_a_document() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let id = hospital.patient(HIS, BSN).await;
    let put = async |body: Value| {
        let path = format!(
            "/{}/{}",
            body["resourceType"].as_str().unwrap(),
            body["id"].as_str().unwrap()
        );
        let (status, stored) = hospital.fhir(HIS, Method::PUT, &path, Some(&body)).await;
        assert_eq!(status, 201, "{stored}");
    };
    put(json!({ "resourceType": "Practitioner", "id": "doctor", "active": true })).await;
    put(json!({
        "resourceType": "Condition", "id": "gout", "code": { "text": "Jicht" },
        "subject": { "reference": format!("Patient/{id}") }
    }))
    .await;
    put(json!({
        "resourceType": "Composition", "id": "letter", "status": "final",
        "type": { "text": "Brief" }, "date": "2026-01-01", "title": "Brief",
        "subject": { "reference": format!("Patient/{id}") },
        "author": [{ "reference": "Practitioner/doctor" }],
        "section": [{ "section": [{ "entry": [
            { "reference": "Condition/gout" }, { "reference": format!("Patient/{id}") }
        ] }] }]
    }))
    .await;
    let (status, document) = get(hospital, "/Composition/letter/$document").await;
    assert_eq!(
        (status, &document["type"]),
        (200, &json!("document")),
        "{document}"
    );
    let urls: Vec<&str> = document["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            entry["fullUrl"]
                .as_str()
                .unwrap()
                .strip_prefix(&*hospital.fhir)
                .unwrap()
        })
        .collect();
    let patient = format!("/Patient/{id}");
    let expected = [
        "/Composition/letter",
        &*patient,
        "/Practitioner/doctor",
        "/Condition/gout",
    ];
    assert_eq!(urls, expected);
    assert!(document.get("id").is_none(), "it is not kept");
    let (status, outcome) = post(hospital, "/Bundle/$validate", &document).await;
    assert!(
        status == 200 && !severities(&outcome).contains(&"error"),
        "{outcome}"
    );
    let (status, kept) = get(hospital, "/Composition/letter/$document?persist=true").await;
    assert_eq!(status, 201, "{kept}");
    let path = format!("/Bundle/{}", kept["id"].as_str().unwrap());
    assert_eq!(get(hospital, &path).await.0, 200);
    put(json!({
        "resourceType": "Composition", "id": "torn", "status": "final",
        "type": { "text": "Brief" }, "date": "2026-01-01", "title": "Brief",
        "author": [{ "reference": "Practitioner/doctor" }],
        "section": [{ "entry": [{ "reference": "Condition/absent" }] }]
    }))
    .await;
    let (status, document) = get(hospital, "/Composition/torn/$document").await;
    let count = document["entry"].as_array().unwrap().len();
    assert_eq!((status, count), (200, 2), "what is not here is left out");
    assert_eq!(get(hospital, "/Composition/absent/$document").await.0, 404);
    assert_eq!(
        get(hospital, "/Composition/letter/$document?persist=maybe")
            .await
            .0,
        400
    );
    region.close().await;
}

#[tokio::test]
async fn a_record_is_destroyed_whole_by_the_record_system_only() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let id = hospital.patient(HIS, BSN).await;
    let other = hospital.patient(HIS, OTHER_BSN).await;
    let condition = |id: &str, patient: &str, text: &str| {
        json!({
            "resourceType": "Condition", "id": id, "code": { "text": text },
            "subject": { "reference": format!("Patient/{patient}") }
        })
    };
    for (name, patient, text) in [
        ("mine", &id, "first"),
        ("mine", &id, "second"),
        ("gone", &id, "deleted"),
        ("theirs", &other, "other"),
    ] {
        let path = format!("/Condition/{name}");
        let body = condition(name, patient, text);
        let (status, _) = hospital.fhir(HIS, Method::PUT, &path, Some(&body)).await;
        assert!(status < 300);
    }
    let (status, _) = hospital
        .fhir(HIS, Method::DELETE, "/Condition/gone", None)
        .await;
    assert_eq!(status, 204);
    let path = format!("/Patient/{id}/$purge");
    for nobody in ["internist", "operator"] {
        let refused = hospital.fhir(nobody, Method::POST, &path, None).await;
        assert_eq!(refused.0, 403, "{nobody}");
    }
    let (status, outcome) = hospital.fhir(HIS, Method::POST, &path, None).await;
    assert_eq!(status, 200, "{outcome}");
    let told = outcome["issue"][0]["diagnostics"].as_str().unwrap();
    assert!(told.contains("3 resources in 5 versions"), "{told}");
    for (path, expected) in [
        (format!("/Patient/{id}"), 404),
        (format!("/Patient/{id}/_history"), 404),
        (format!("/Patient/{id}/_history/1"), 404),
        ("/Condition/mine".to_owned(), 404),
        ("/Condition/mine/_history/1".to_owned(), 404),
        ("/Condition/gone".to_owned(), 404),
        ("/Condition/gone/_history/1".to_owned(), 404),
        (format!("/Patient/{other}"), 200),
        ("/Condition/theirs".to_owned(), 200),
    ] {
        assert_eq!(get(hospital, &path).await.0, expected, "{path}");
    }
    for (path, total) in [("/Condition", 1), ("/Patient", 1)] {
        let (_, found) = get(hospital, &format!("{path}?_summary=count")).await;
        assert_eq!(found["total"], total, "{path}");
    }
    let (_, history) = get(hospital, "/_history").await;
    assert!(!history.to_string().contains("first"), "{history}");
    assert_eq!(
        post(hospital, &path, &json!({ "resourceType": "Parameters" }))
            .await
            .0,
        404
    );
    // The id is free again, and starts anew.
    let body = condition("mine", &other, "new");
    let (status, stored) = hospital
        .fhir(HIS, Method::PUT, "/Condition/mine", Some(&body))
        .await;
    assert_eq!((status, &stored["meta"]["versionId"]), (201, &json!("1")));
    region.close().await;
}

#[tokio::test]
async fn the_most_recent_observations_are_told_and_written_down() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let id = hospital.patient(HIS, BSN).await;
    for (number, code, day) in [(1, "a", 3), (2, "a", 9), (3, "b", 1), (4, "a", 5)] {
        let category = "http://terminology.hl7.org/CodeSystem/observation-category";
        let observation = json!({
            "resourceType": "Observation", "id": format!("o{number}"), "status": "final",
            "category": [{ "coding": [{ "system": category, "code": "laboratory" }] }],
            "code": { "coding": [{ "system": "urn:c", "code": code }] },
            "subject": { "reference": format!("Patient/{id}") },
            "effectiveDateTime": format!("2026-01-0{day}")
        });
        let path = format!("/Observation/o{number}");
        let (status, _) = hospital
            .fhir(HIS, Method::PUT, &path, Some(&observation))
            .await;
        assert_eq!(status, 201);
    }
    let ids = |bundle: &Value| {
        let entries = bundle["entry"].as_array().map_or(&[][..], Vec::as_slice);
        let ids = entries
            .iter()
            .map(|entry| entry["resource"]["id"].as_str().unwrap());
        ids.collect::<Vec<_>>().join(" ")
    };
    let before = lines_about(hospital).await;
    let path = |query: &str| format!("/Observation/$lastn?patient={id}{query}");
    for (query, expected) in [
        ("&category=laboratory", "o2 o3"),
        ("&code=a&max=2", "o2 o4"),
        ("&code=urn:c%7Cb,urn:c%7Ca&max=9", "o2 o4 o1 o3"),
        ("&category=laboratory&date=lt2026-01-05", "o1 o3"),
        ("&code=nothing", ""),
    ] {
        let (status, bundle) = get(hospital, &path(query)).await;
        assert_eq!(status, 200, "{bundle}");
        assert_eq!(ids(&bundle), expected, "{query}");
        assert_eq!(bundle["link"][0]["relation"], "self");
    }
    assert_eq!(
        lines_about(hospital).await,
        before + 4,
        "the last showed nothing"
    );
    // In a body, where a BSN may be named.
    let question = json!({ "resourceType": "Parameters", "parameter": [
        { "name": "subject.identifier", "valueString": format!("{}|{BSN}", kit::BSN_SYSTEM) },
        { "name": "category", "valueString": "laboratory" },
        { "name": "max", "valueInteger": 1 }
    ] });
    let (status, bundle) = post(hospital, "/Observation/$lastn", &question).await;
    assert_eq!((status, &*ids(&bundle)), (200, "o2 o3"), "{bundle}");
    assert!(!bundle.to_string().contains(&format!("lastn?{BSN}")));
    for query in [
        "",
        "&code=a&max=0",
        "&code=a&max=101",
        "&code=a&_sort=date",
        "&shoe=1&code=a",
    ] {
        let (status, answer) = get(hospital, &path(query)).await;
        assert!((400..500).contains(&status), "{query}: {answer}");
    }
    let (status, _) = get(hospital, "/Observation/$lastn?code=a").await;
    assert_eq!(status, 400, "of whom is not said");
    // A patient sees their own only, and who may read nothing is refused.
    let asked = path("&category=laboratory&max=1");
    let own = hospital
        .fhir("patient-hospital", Method::GET, &asked, None)
        .await;
    assert_eq!((own.0, &*ids(&own.1)), (200, "o2 o3"));
    let refused = hospital.fhir("operator", Method::GET, &asked, None).await;
    assert_eq!(refused.0, 403);
    region.close().await;
}

async fn lines_about(member: &Member) -> usize {
    let page = store::AuditPage {
        before: None,
        limit: 100,
    };
    let cx = member.bearer.verify(&member.token(HIS)).unwrap();
    let bsn = care::Bsn::parse(BSN).unwrap();
    let lines = member.node.store().audit_about(&cx, &bsn, page).await;
    lines.unwrap().len()
}

#[tokio::test]
async fn what_is_in_use_is_told_of_a_type_and_of_all() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let tag = |code: &str| json!({ "system": "urn:t", "code": code });
    for (kind, id, meta) in [
        (
            "Basic",
            "a",
            json!({ "tag": [tag("x")], "profile": ["urn:p"] }),
        ),
        ("Basic", "b", json!({ "tag": [tag("x"), tag("y")] })),
        (
            "Organization",
            "c",
            json!({ "tag": [tag("z")], "security": [tag("s")] }),
        ),
    ] {
        let resource = json!({
            "resourceType": kind, "id": id, "meta": meta, "code": { "text": "c" }, "name": "n"
        });
        let mut resource = resource;
        let out = if kind == "Basic" { "name" } else { "code" };
        resource.as_object_mut().unwrap().remove(out);
        let path = format!("/{kind}/{id}");
        let (status, answer) = hospital
            .fhir(HIS, Method::PUT, &path, Some(&resource))
            .await;
        assert_eq!(status, 201, "{answer}");
    }
    for (path, tags, profiles, labels) in [
        ("/Basic/$meta", 2, 1, 0),
        ("/Organization/$meta", 1, 0, 1),
        ("/$meta", 3, 1, 1),
    ] {
        let (status, answer) = get(hospital, path).await;
        assert_eq!(status, 200, "{answer}");
        let meta = &answer["parameter"][0]["valueMeta"];
        let count = |name: &str| meta[name].as_array().map_or(0, Vec::len);
        let found = (count("tag"), count("profile"), count("security"));
        assert_eq!(found, (tags, profiles, labels), "{path}: {answer}");
    }
    let (status, answer) = get(hospital, "/Patient/$meta").await;
    assert_eq!((status, &answer["parameter"]), (200, &Value::Null));
    assert_eq!(get(hospital, "/Robot/$meta").await.0, 404);
    // Nobody hears of labels that only what they may not see has.
    let own = hospital
        .fhir("patient-hospital", Method::GET, "/$meta", None)
        .await;
    assert_eq!((own.0, &own.1["parameter"]), (200, &Value::Null));
    region.close().await;
}
