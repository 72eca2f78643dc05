//! The story that Schakel exists for: one patient, many sources, one picture.

use serde_json::Value;

use crate::kit::{Question, Region, code, http, mllp, result};

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
    let nothing = record.status == 403
        || record.states().values().all(|state| state == "not-allowed")
            && record.resources("Observation").is_empty();
    assert!(nothing, "{} {:?}", record.status, record.states());
}

async fn an_emergency_opens_the_record_and_is_remembered(region: &Region, bsn: &str) {
    // This patient lets everyone see; that an emergency opens what consent
    // closes is held by the matrix of the policies.
    let ask = Question {
        emergency: Some("Bewusteloos binnengebracht"),
        ..Question::of("seh-arts-torenaar", bsn, "bgz")
    };
    let record = region.regional_record(&ask).await;
    assert_eq!(record.status, 200);
    assert_eq!(record.states()[GP], "data");

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

fn every_log_holds(region: &Region) {
    let output = region.run(&["audit", "verify"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert_eq!(text.matches("the chain holds").count(), 8, "{text}");
}
