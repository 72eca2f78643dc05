//! The story that Schakel exists for: one patient, many sources, one picture.

use serde_json::Value;

use crate::kit::{Browser, Question, Region, code, field, http, mllp, result};

const GP: &str = "90000101";
const OUT_OF_HOURS: &str = "90000102";
const LABORATORY: &str = "90000103";
const HOSPITAL: &str = "90000104";
const PHARMACY: &str = "90000105";
const HOME_CARE: &str = "90000106";
const MENTAL_HEALTH: &str = "90000107";

#[tokio::test]
async fn one_patient_many_sources_one_picture() {
    let region = Region::start(10);
    let bsn = region.bsn(0);
    let ask = Question::of("internist-akkerhof", &bsn, "bgz");

    // Every source gave data, says that it has none, or did not answer.
    let record = region.regional_record(&ask).await;
    assert_eq!(record.status, 200);
    let states = record.states();
    for source in [GP, OUT_OF_HOURS, LABORATORY, HOSPITAL, PHARMACY] {
        assert_eq!(states[source], "data", "{source}");
        assert!(record.from(source) > 0, "{source}");
    }
    assert_eq!(states[HOME_CARE], "no-answer");
    assert_eq!(states[MENTAL_HEALTH], "none");
    assert_eq!(states.len(), 7);
    assert!(
        record.bundle["entry"]
            .as_array()
            .unwrap()
            .iter()
            .all(|entry| {
                entry["search"]["mode"] == "outcome"
                    || entry["resource"]["meta"]["source"].is_string()
            }),
        "every datum has its source"
    );

    a_result_arrives_and_is_found(&region, &bsn).await;
    the_allergy_of_one_place_is_seen_at_another(&record.resources("AllergyIntolerance"));
    a_colleague_without_a_relation_sees_nothing(&region, &bsn).await;
    an_emergency_opens_the_record_and_is_remembered(&region, &bsn).await;
    every_log_holds(&region);
}

async fn a_result_arrives_and_is_found(region: &Region, bsn: &str) {
    let port = region.organisation("laboratorium")["mllp"]
        .as_str()
        .unwrap();
    let message = result(bsn, "STORY-1", "STORY1", "5.7");
    let count = async |value: &str| {
        let record = region
            .regional_record(&Question::of("internist-akkerhof", bsn, "laboratory"))
            .await;
        let found = record.resources("Observation").into_iter();
        found
            .filter(|one| one["valueQuantity"]["value"].as_f64() == value.parse().ok())
            .count()
    };
    assert_eq!(count("5.7").await, 0);
    assert_eq!(code(&mllp(port, message.as_bytes()).await.unwrap()), "AA");
    assert_eq!(count("5.7").await, 1);
    // The same message again is acknowledged again, and changes nothing.
    assert_eq!(code(&mllp(port, message.as_bytes()).await.unwrap()), "AA");
    assert_eq!(count("5.7").await, 1);
    // A correction of the same order takes its place.
    let correction = result(bsn, "STORY-2", "STORY1", "4.8").replace("|||F|||", "|||C|||");
    assert_eq!(
        code(&mllp(port, correction.as_bytes()).await.unwrap()),
        "AA"
    );
    assert_eq!((count("5.7").await, count("4.8").await), (0, 1));
}

fn the_allergy_of_one_place_is_seen_at_another(allergies: &[&Value]) {
    let sources: Vec<&str> = allergies
        .iter()
        .filter_map(|one| one["meta"]["source"].as_str())
        .collect();
    assert!(sources.iter().any(|source| source.contains(GP)));
    assert!(sources.iter().any(|source| source.contains(PHARMACY)));
}

async fn a_colleague_without_a_relation_sees_nothing(region: &Region, bsn: &str) {
    let ask = Question::of("psychiater-amrani", bsn, "bgz");
    let record = region.regional_record(&ask).await;
    assert_eq!(record.status, 403);
    // A refusal, and nothing else: no source, no count, no hint.
    let refusal = serde_json::json!({
        "resourceType": "OperationOutcome",
        "issue": [{
            "severity": "error",
            "code": "forbidden",
            "diagnostics": "This is not allowed"
        }]
    });
    assert_eq!(record.bundle, refusal);
}

async fn an_emergency_opens_the_record_and_is_remembered(region: &Region, bsn: &str) {
    let elsewhere = [
        GP,
        OUT_OF_HOURS,
        LABORATORY,
        PHARMACY,
        MENTAL_HEALTH,
        HOME_CARE,
    ];
    the_patient_lets_nobody_see(region).await;
    // Who treats the patient sees what the hospital itself has, and no more.
    let treating = Question::of("internist-akkerhof", bsn, "bgz");
    let record = region.regional_record(&treating).await;
    assert_eq!(record.status, 200);
    for source in elsewhere {
        assert_eq!(record.states()[source], "not-allowed", "{source}");
        assert_eq!(record.from(source), 0, "{source}");
    }
    // Nor does an emergency physician who claims no emergency.
    let calm = Question::of("seh-arts-torenaar", bsn, "bgz");
    let record = region.regional_record(&calm).await;
    for source in elsewhere {
        assert_eq!(record.from(source), 0, "{source}");
    }
    let ask = Question {
        emergency: Some("Bewusteloos binnengebracht"),
        ..calm
    };
    let record = region.regional_record(&ask).await;
    assert_eq!(record.status, 200);
    for source in [GP, PHARMACY] {
        assert_eq!(record.states()[source], "data", "{source}");
        assert!(record.from(source) > 0, "{source}");
    }
    assert!(!record.resources("AllergyIntolerance").is_empty());

    let answer = http()
        .post(format!("{}/$access-log", region.fhir("regio")))
        .bearer_auth(region.token("patient-001"))
        .header("content-type", "application/fhir+json")
        .body(r#"{"resourceType":"Parameters"}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let log = answer.text().await.unwrap();
    assert!(log.contains("M. Torenaar"), "the patient sees who looked");
    assert!(log.contains("Bewusteloos binnengebracht"), "and why");
}

/// The patient changes the choice on the pages: what it would do, then yes.
async fn the_patient_lets_nobody_see(region: &Region) {
    let mut browser = Browser::at(&region.pages("regio"));
    browser.get("/").await;
    browser.post("/sign-in", &[("person", "patient-001")]).await;
    browser.get("/my/consent").await;
    let preview = browser
        .post("/my/consent/preview", &[("choice", "no-one")])
        .await;
    let pending = field(&preview, "pending");
    let done = browser
        .post("/my/consent/confirm", &[("pending", &pending)])
        .await;
    assert!(!done.contains("name=\"pending\""), "{done}");
}

fn every_log_holds(region: &Region) {
    let output = region.run(&["audit", "verify"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert_eq!(text.matches("the chain holds").count(), 8, "{text}");
}
