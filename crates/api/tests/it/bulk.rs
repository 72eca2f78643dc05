//! Bulk data: exports in the background, imports line by line.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use care::{AccessContext, Bsn, IdSource, RandomIds};
use exchange::{Bulk, BulkLimits, ExportQuestion, Job, JobState, Level};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use store::AuditPage;
use tokio::io::AsyncReadExt;

use crate::kit::{self, BSN, Member, OTHER_BSN, Region, Settings};

const HIS: &str = "his-hospital";

async fn kick_off(member: &Member, who: &str, path: &str, prefer: &str) -> Response {
    let request = member.ask(who, Method::GET, &format!("/fhir/r4{path}"));
    request.header("prefer", prefer).send().await.unwrap()
}

/// Where the state of an export is, as a path.
fn place(member: &Member, response: &Response) -> String {
    assert_eq!(response.status(), 202);
    let place = response.headers()["content-location"].to_str().unwrap();
    place.strip_prefix(&member.own).unwrap().to_owned()
}

async fn manifest(member: &Member, place: &str) -> Value {
    loop {
        let response = member.ask(HIS, Method::GET, place).send().await.unwrap();
        match response.status().as_u16() {
            200 => return serde_json::from_slice(&response.bytes().await.unwrap()).unwrap(),
            202 => assert!(response.headers().contains_key("x-progress")),
            other => panic!("{other}"),
        }
    }
}

async fn lines(member: &Member, manifest: &Value, list: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for file in manifest[list].as_array().unwrap() {
        let path = file["url"]
            .as_str()
            .unwrap()
            .strip_prefix(&member.own)
            .unwrap();
        let request = member.ask(HIS, Method::GET, path);
        let request = request.header("accept", "application/fhir+ndjson");
        let response = request.send().await.unwrap();
        assert_eq!(
            response.headers()["content-type"],
            "application/fhir+ndjson"
        );
        let text = response.text().await.unwrap();
        let here: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(here.len() as u64, file["count"].as_u64().unwrap());
        found.extend(here);
    }
    found
}

async fn observation(member: &Member, patient: &str) -> String {
    let observation = json!({
        "resourceType": "Observation",
        "status": "final",
        "code": { "text": "gewicht" },
        "subject": { "reference": format!("Patient/{patient}") }
    });
    let (status, stored) = member
        .fhir(HIS, Method::POST, "/Observation", Some(&observation))
        .await;
    assert_eq!(status, 201, "{stored}");
    stored["id"].as_str().unwrap().to_owned()
}

fn own_system(member: &Member) -> AccessContext {
    member.bearer.verify(&member.token(HIS)).unwrap()
}

/// How many audit lines there are about a patient.
async fn lines_about(member: &Member, bsn: &str) -> usize {
    let page = AuditPage {
        before: None,
        limit: 100,
    };
    let bsn = Bsn::parse(bsn).unwrap();
    let store = member.node.store();
    store
        .audit_about(&own_system(member), &bsn, page)
        .await
        .unwrap()
        .len()
}

#[tokio::test]
async fn everything_is_exported_and_each_patient_has_a_line_first() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let patient = hospital.patient(HIS, BSN).await;
    hospital.patient(HIS, OTHER_BSN).await;
    observation(hospital, &patient).await;
    let before = lines_about(hospital, BSN).await;

    let response = kick_off(hospital, HIS, "/$export", "respond-async").await;
    let place = place(hospital, &response);
    let manifest = manifest(hospital, &place).await;
    assert_eq!(manifest["requiresAccessToken"], true);
    assert_eq!(lines_about(hospital, BSN).await, before + 1);
    let found = lines(hospital, &manifest, "output").await;
    let count = |name: &str| found.iter().filter(|it| it["resourceType"] == name).count();
    assert_eq!(
        (found.len(), count("Patient"), count("Observation")),
        (3, 2, 1)
    );

    let file = manifest["output"][0]["url"].as_str().unwrap();
    let file = file.strip_prefix(&hospital.own).unwrap();
    let part = hospital
        .ask(HIS, Method::GET, file)
        .header("range", "bytes=1-14");
    let part = part.send().await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.text().await.unwrap(), "\"resourceType\"");
    for path in [file, &*place] {
        let other = hospital
            .ask("internist", Method::GET, path)
            .send()
            .await
            .unwrap();
        assert_eq!(other.status(), 403, "{path}");
    }
    let removed = hospital
        .ask(HIS, Method::DELETE, &place)
        .send()
        .await
        .unwrap();
    assert_eq!(removed.status(), 202);
    for path in [file, &*place] {
        let gone = hospital.ask(HIS, Method::GET, path).send().await.unwrap();
        assert_eq!(gone.status(), 404, "{path}");
    }
    region.close().await;
}

#[tokio::test]
async fn a_group_is_exported_without_others_and_since_tells_of_deletions() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let patient = hospital.patient(HIS, BSN).await;
    let other = hospital.patient(HIS, OTHER_BSN).await;
    let gone = observation(hospital, &patient).await;
    observation(hospital, &patient).await;
    observation(hospital, &other).await;
    let group = json!({
        "resourceType": "Group", "type": "person", "actual": true,
        "member": [{ "entity": { "reference": format!("Patient/{patient}") } }]
    });
    let (_, group) = hospital
        .fhir(HIS, Method::POST, "/Group", Some(&group))
        .await;
    let path = format!("/Group/{}/$export", group["id"].as_str().unwrap());
    hospital
        .fhir(HIS, Method::DELETE, &format!("/Observation/{gone}"), None)
        .await;
    let before = lines_about(hospital, OTHER_BSN).await;

    let since = format!("{path}?_since=2026-01-01T00:00:00Z");
    let response = kick_off(hospital, HIS, &since, "respond-async").await;
    let found = manifest(hospital, &place(hospital, &response)).await;
    let output = lines(hospital, &found, "output").await;
    let of_patient = |it: &Value| {
        // The Group names the patient, too.
        it["id"] == *patient
            || it["resourceType"] == "Group"
            || it["subject"]["reference"] == format!("Patient/{patient}")
    };
    assert_eq!(output.len(), 3);
    assert!(output.iter().all(of_patient), "{output:?}");
    let deleted = lines(hospital, &found, "deleted").await;
    assert_eq!(deleted.len(), 1);
    let url = &deleted[0]["entry"][0]["request"]["url"];
    assert_eq!(*url, format!("Observation/{gone}"));
    assert_eq!(lines_about(hospital, OTHER_BSN).await, before);
    region.close().await;
}

#[tokio::test]
async fn what_is_asked_wrongly_says_why() {
    let settings = Settings {
        bulk: BulkLimits {
            jobs_per_client: 2,
            at_work: 0,
            ..BulkLimits::STANDARD
        },
        ..Settings::default()
    };
    let region = kit::start_with(settings).await;
    let hospital = &region.hospital;
    for (who, path, prefer, expected) in [
        (HIS, "/$export", "return=minimal", 400),
        (HIS, "/$export?_elements=shoe", "respond-async", 400),
        (HIS, "/$export?_typeFilter=Patient", "respond-async", 400),
        (
            HIS,
            "/$export?_typeFilter=Patient%3Fshoe=1",
            "respond-async",
            400,
        ),
        (
            HIS,
            "/$export?_typeFilter=Patient%3Fbirthdate=never",
            "respond-async",
            400,
        ),
        (
            HIS,
            "/$export?_typeFilter=Patient%3Fidentifier=999911119",
            "respond-async",
            400,
        ),
        (HIS, "/$export?_outputFormat=csv", "respond-async", 400),
        (HIS, "/$export?_type=Nothing", "respond-async", 400),
        (HIS, "/Group/a/$export", "respond-async", 404),
        ("internist", "/$export", "respond-async", 403),
        ("operator", "/Patient/$export", "respond-async", 403),
        (
            HIS,
            "/$export?_elements=shoe&_typeFilter=Patient%3Fshoe=1",
            "respond-async, handling=lenient",
            202,
        ),
        (HIS, "/Patient/$export?_type=Patient", "respond-async", 202),
        (HIS, "/$export", "respond-async", 429),
    ] {
        let response = kick_off(hospital, who, path, prefer).await;
        assert_eq!(
            response.status().as_u16(),
            expected,
            "{who} {path} {prefer}"
        );
    }
    region.close().await;
}

#[tokio::test]
async fn an_export_can_be_narrowed_to_some_resources_and_some_elements() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    hospital.patient(HIS, BSN).await;
    let put = async |value: Value| {
        let name = value["resourceType"].as_str().unwrap();
        let path = format!("/{name}/{}", value["id"].as_str().unwrap());
        let (status, answer) = hospital.fhir(HIS, Method::PUT, &path, Some(&value)).await;
        assert!(status < 300, "{answer}");
    };
    for (id, gender, active) in [
        ("a", "female", true),
        ("b", "male", true),
        ("c", "male", false),
    ] {
        put(json!({
            "resourceType": "Patient", "id": id, "gender": gender, "active": active,
            "name": [{ "family": "Lang" }], "birthDate": "1970-01-01"
        }))
        .await;
    }
    put(json!({ "resourceType": "Organization", "id": "o", "name": "x", "alias": ["y"] })).await;
    for (query, expected) in [
        ("_typeFilter=Patient%3Fgender=male", "b c; o"),
        (
            "_typeFilter=Patient%3Fgender=male%26active=true&_type=Patient",
            "b; ",
        ),
        (
            "_typeFilter=Patient%3F_id=a,b%26gender=male,Patient%3Fgender=female%26name=Lang",
            "a b; o",
        ),
        (
            "_typeFilter=Patient%3F_id=c&_typeFilter=Organization%3Fname=z",
            "c; ",
        ),
        (
            "_elements=Patient.gender,name&_typeFilter=Patient%3F_id=a",
            "a; o",
        ),
    ] {
        let response = kick_off(hospital, HIS, &format!("/$export?{query}"), "respond-async").await;
        let place = place(hospital, &response);
        let manifest = manifest(hospital, &place).await;
        let found = lines(hospital, &manifest, "output").await;
        let ids = |name: &str| {
            let all = found.iter().filter(|one| one["resourceType"] == name);
            let mut ids: Vec<&str> = all.map(|one| one["id"].as_str().unwrap()).collect();
            ids.sort_unstable();
            ids.join(" ")
        };
        let told = format!("{}; {}", ids("Patient"), ids("Organization"));
        assert_eq!(told, expected, "{query}");
        if query.contains("_elements") {
            let patient = found.iter().find(|one| one["id"] == "a").unwrap();
            assert!(patient.get("birthDate").is_none() && patient["gender"] == "female");
            assert_eq!(patient["meta"]["tag"][0]["code"], "SUBSETTED");
            let organisation = found.iter().find(|one| one["id"] == "o").unwrap();
            assert!(organisation.get("alias").is_none() && organisation["name"] == "x");
        }
        let removed = hospital.ask(HIS, Method::DELETE, &place).send().await;
        assert_eq!(removed.unwrap().status(), 202);
    }
    region.close().await;
}

#[tokio::test]
async fn to_ask_for_the_head_of_an_export_starts_none() {
    let settings = Settings {
        bulk: BulkLimits {
            jobs_per_client: 1,
            at_work: 0,
            ..BulkLimits::STANDARD
        },
        ..Settings::default()
    };
    let region = kit::start_with(settings).await;
    let hospital = &region.hospital;
    for path in ["/$export", "/Patient/$export", "/Group/a/$export"] {
        let head = hospital
            .ask(HIS, Method::HEAD, &format!("/fhir/r4{path}"))
            .header("prefer", "respond-async");
        let head = head.send().await.unwrap();
        assert_eq!(head.status(), 405, "{path}");
        assert_eq!(head.headers()["allow"], "GET,POST", "{path}");
    }
    // There is still room for the one that may be.
    let response = kick_off(hospital, HIS, "/$export", "respond-async").await;
    assert_eq!(response.status(), 202);
    region.close().await;
}

/// Ids until there are no more: then whoever asks dies, as at a crash.
struct Dying(AtomicI64);

impl IdSource for Dying {
    fn next(&self) -> String {
        let left = self.0.fetch_sub(1, Ordering::Relaxed);
        assert!(left > 0, "the plug is pulled");
        RandomIds.next()
    }
}

fn open(region: &Region, ids: i64) -> Arc<Bulk> {
    let limits = BulkLimits {
        file_resources: 1,
        ..BulkLimits::STANDARD
    };
    let directory = region.directory.path().join("again.bulk");
    let (node, ids) = (
        Arc::clone(&region.hospital.node),
        Arc::new(Dying(AtomicI64::new(ids))),
    );
    Bulk::open(node, &directory, ids, limits).unwrap()
}

async fn done(bulk: &Arc<Bulk>, cx: &AccessContext, id: &str, is_done: fn(&Job) -> bool) -> Job {
    loop {
        let job = bulk.state(cx, id).await.unwrap();
        if is_done(&job) {
            return job;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_export_that_was_cut_off_goes_on_and_shows_the_moment_of_the_question() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let patient = hospital.patient(HIS, BSN).await;
    // More than the store gives at once, so that there are several files.
    let mut ids = Vec::new();
    let mut entries = Vec::new();
    for number in 0..1_200 {
        entries.push(json!({
            "resource": {
                "resourceType": "Observation", "id": format!("o{number}"), "status": "final",
                "code": { "text": "gewicht" },
                "subject": { "reference": format!("Patient/{patient}") }
            },
            "request": { "method": "PUT", "url": format!("Observation/o{number}") }
        }));
        ids.push(format!("o{number}"));
    }
    let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": entries });
    assert_eq!(
        hospital.fhir(HIS, Method::POST, "", Some(&bundle)).await.0,
        200
    );

    let cx = own_system(hospital);
    let question = ExportQuestion {
        level: Level::System,
        request: "http://localhost/fhir/r4/$export".to_owned(),
        since: None,
        types: vec!["Observation".to_owned(), "Patient".to_owned()],
        patients: None,
        filters: Vec::new(),
        elements: Vec::new(),
    };
    // An id for the export and for one file; the second file is one too many.
    let bulk = open(&region, 2);
    let id = bulk.export(&cx, question).await.unwrap();
    hospital.patient(HIS, OTHER_BSN).await;
    hospital
        .fhir(HIS, Method::DELETE, "/Observation/o1199", None)
        .await;
    let cut_off = done(&bulk, &cx, &id, |job| !job.files.is_empty()).await;
    bulk.stop().await;
    drop(bulk);

    let bulk = open(&region, i64::MAX);
    let job = done(&bulk, &cx, &id, |job| job.state != JobState::Working).await;
    assert_eq!(job.state, JobState::Done);
    assert_eq!(job.files[0], cut_off.files[0], "what was finished stays");
    let mut found = Vec::new();
    for file in &job.files {
        let mut text = String::new();
        let mut opened = bulk.file(&cx, &id, &file.id).await.unwrap();
        opened.read_to_string(&mut text).await.unwrap();
        for line in text.lines() {
            let resource: Value = serde_json::from_str(line).unwrap();
            found.push(resource["id"].as_str().unwrap().to_owned());
        }
    }
    ids.push(patient);
    ids.sort();
    found.sort();
    assert!(found == ids, "{} of {}", found.len(), ids.len());
    assert!(job.files.len() > 3, "{}", job.files.len());
    bulk.stop().await;
    region.close().await;
}

async fn import(member: &Member, body: impl Into<reqwest::Body>) -> (u16, Vec<Value>) {
    let response = member
        .ask(HIS, Method::POST, "/fhir/r4/$import")
        .header("content-type", "application/fhir+ndjson")
        .body(body)
        .send()
        .await
        .unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (
        status,
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}

fn counts(answer: &Value) -> (&str, f64, f64) {
    let parameter = &answer["parameter"][0];
    let count = |at: usize| parameter["part"][at]["valueDecimal"].as_f64().unwrap();
    (parameter["name"].as_str().unwrap(), count(0), count(1))
}

#[tokio::test]
async fn lines_are_imported_and_each_that_is_wrong_is_refused_by_itself() {
    let settings = Settings {
        bulk: BulkLimits {
            line_bytes: 100,
            import_bytes: 2_000,
            batch_lines: 4,
            ..BulkLimits::STANDARD
        },
        ..Settings::default()
    };
    let region = kit::start_with(settings).await;
    let hospital = &region.hospital;
    let long = |bytes: usize| {
        let empty = r#"{"resourceType":"Patient","language":""}"#;
        empty.replace("\"\"", &format!("\"{}\"", "n".repeat(bytes - empty.len())))
    };
    let body = [
        r#"{"resourceType":"Patient","id":"a","gender":"female"}"#,
        "not JSON",
        "",
        r#"{"resourceType":"Patient","unknown":1}"#,
        r#"{"resourceType":"Patient","id":"a","gender":"male"}"#,
        &long(100),
        &long(101),
        r#"{"resourceType":"Observation","id":"!","status":"final","code":{"text":"x"}}"#,
        r#"{"resourceType":"Patient","gender":"other"}"#,
    ]
    .join("\n");
    let (status, answers) = import(hospital, body).await;
    assert_eq!(status, 200);
    let counted: Vec<_> = answers.iter().map(counts).collect();
    assert_eq!(
        counted,
        [
            ("batch", 2.0, 2.0),
            ("batch", 2.0, 2.0),
            ("total", 4.0, 4.0)
        ]
    );
    let told = answers[0].to_string();
    assert!(
        told.contains("line 2: ") && told.contains("line 4: "),
        "{told}"
    );
    let told = answers[1].to_string();
    assert!(
        told.contains("line 7: ") && told.contains("line 8: "),
        "{told}"
    );
    let (_, stored) = hospital.fhir(HIS, Method::GET, "/Patient/a", None).await;
    assert_eq!(
        (&stored["gender"], &stored["meta"]["versionId"]),
        (&json!("male"), &json!("2"))
    );

    for (bytes, is_whole) in [(2_000, true), (2_001, false)] {
        let (_, answers) = import(hospital, "\n".repeat(bytes)).await;
        let told = answers.last().unwrap().to_string();
        assert_eq!(told.contains("\"fatal\""), !is_whole, "{told}");
    }
    let refused = hospital
        .ask(HIS, Method::POST, "/fhir/r4/$import")
        .body("{}");
    assert_eq!(refused.send().await.unwrap().status(), 415);
    region.close().await;
}
