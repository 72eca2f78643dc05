//! A group of facts that the reader takes apart.

use fhir::json::Value;
use http::StatusCode;
use trust::consent::Preset;

use crate::kit::{ANNA, GP, HOSPITAL, TestRegion, problem};

fn diabetes() -> Value {
    let mut condition = problem("Diabetes mellitus type 2");
    condition.set(
        "code",
        fhir::value!({
            "coding": [{ "system": "http://snomed.info/sct", "code": "44054006" }],
            "text": "Suikerziekte"
        }),
    );
    condition
}

#[tokio::test]
async fn a_group_is_taken_apart_for_this_session_only() {
    let region = TestRegion::with_patients().await;
    region.consent(Preset::Everyone).await;
    region.store(GP, ANNA, diabetes()).await;
    region.store(HOSPITAL, ANNA, diabetes()).await;
    let mut browser = region.signed_in("internist").await;
    let reply = browser.post("/patients", &[("bsn", ANNA)]).await;
    let record = reply.location();
    let titles = |body: &str| {
        body.matches("<span class=\"fact-title\">Suikerziekte")
            .count()
    };
    let grouped = browser.get(&record).await;
    // Once under the problems, once among what is new or not at all.
    let before = titles(&grouped.body);
    assert!(grouped.body.contains("Haal uit elkaar"), "{}", grouped.body);
    let path = grouped.after("class=\"apart\"", "name=\"group\" value");
    let form = |choice| {
        [
            ("group", &*path),
            ("section", "problems"),
            ("choice", choice),
        ]
    };
    let reply = browser
        .post(&format!("{record}/apart"), &form("apart"))
        .await;
    assert_eq!(reply.location(), format!("{record}#problems"));
    let apart = browser.get(&record).await.body;
    assert_eq!(titles(&apart), before + 1, "{apart}");
    assert_eq!(apart.matches("Zet weer bij elkaar").count(), 1);
    let mut other = region.signed_in("internist").await;
    let reply = other.post("/patients", &[("bsn", ANNA)]).await;
    let elsewhere = other.get(&reply.location()).await.body;
    assert_eq!(titles(&elsewhere), before);
    browser
        .post(&format!("{record}/apart"), &form("together"))
        .await;
    assert_eq!(titles(&browser.get(&record).await.body), before);
    // What is no choice changes nothing.
    let wrong = browser.post(&format!("{record}/apart"), &form("x")).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let elsewhere = [("group", &*path), ("section", "//x"), ("choice", "apart")];
    let wrong = browser.post(&format!("{record}/apart"), &elsewhere).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let unknown = browser.post("/patient/nobody/apart", &form("apart")).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}
