//! The patient's own pages: record, choices, who looked.

use http::StatusCode;
use trust::consent::Preset;

use crate::kit::{ANNA, TestRegion};

#[tokio::test]
async fn a_patient_sees_the_record_whatever_the_choices_are() {
    let region = TestRegion::with_patients().await;
    let mut browser = region.signed_in("anna").await;
    let page = browser.get("/my/record").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("Diabetes mellitus type 2"));
    assert!(page.body.contains("U hebt nog niets gekozen"));
    assert!(!page.body.contains(ANNA));
    assert!(page.body.contains("class=\"patient\""));
}

#[tokio::test]
async fn a_change_is_shown_first_then_confirmed_then_undone() {
    let region = TestRegion::with_patients().await;
    region.consent(Preset::Everyone).await;
    let mut browser = region.signed_in("anna").await;
    let page = browser.get("/my/consent").await;
    assert!(page.body.contains("Nu mag iedereen die u behandelt"));

    // All boxes of GPs but those of hospitals.
    let page = browser.get("/my/consent/holder/RPZAC001").await;
    let ticked: Vec<(&str, &str)> = page
        .body
        .split("name=\"permit\" value=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|value| !value.ends_with("RPZAC104"))
        .map(|value| ("permit", value))
        .collect();
    assert_eq!(ticked.len(), 15);
    let mut form = vec![("holder", "RPZAC001"), ("choice", "holder")];
    form.extend(ticked);
    let preview = browser.post("/my/consent/preview", &form).await;
    assert!(
        preview.body.contains("Ziekenhuis Overkant"),
        "{}",
        preview.body
    );
    assert!(preview.body.contains("NIET meer zien"));
    let pending = preview.after("name=\"pending\"", "value");
    assert!(
        browser
            .get("/my/consent")
            .await
            .body
            .contains("Nu mag iedereen"),
        "nothing yet"
    );

    let done = browser
        .post("/my/consent/confirm", &[("pending", &pending)])
        .await;
    assert!(
        done.body
            .contains("Dit geldt nu bij alle organisaties, sinds 1 maart 2026 om 13.00 uur")
    );
    let again = browser
        .post("/my/consent/confirm", &[("pending", &pending)])
        .await;
    assert!(again.body.contains("Er is niets veranderd"));
    assert!(
        browser
            .get("/my/consent")
            .await
            .body
            .contains("Nu mogen sommige")
    );

    let undo = done.after("name=\"undo\"", "value");
    let preview = browser
        .post("/my/consent/preview", &[("undo", &undo)])
        .await;
    assert!(preview.body.contains("id=\"gains\""));
    let pending = preview.after("name=\"pending\"", "value");
    let done = browser
        .post("/my/consent/confirm", &[("pending", &pending)])
        .await;
    assert!(done.body.contains("Nu mag iedereen die u behandelt"));

    let history = browser.get("/my/consent/history").await;
    assert!(history.body.contains("door u"));
    assert_eq!(history.body.matches("1 maart 2026 om 13.00 uur").count(), 3);
}

#[tokio::test]
async fn an_exception_names_an_organisation_and_can_be_removed() {
    let region = TestRegion::with_patients().await;
    region.consent(Preset::Everyone).await;
    let mut browser = region.signed_in("anna").await;
    browser.get("/my/consent/exception").await;
    let form = |consulting: &'static str, from: &'static str| {
        [
            ("choice", "exception"),
            ("effect", "deny"),
            ("consulting", consulting),
            ("from", from),
            ("category", "GGC002"),
        ]
    };
    for (consulting, from) in [
        ("00000003", "00000003"),
        ("12345678", ""),
        ("", ""),
        ("00000003", "x"),
    ] {
        let reply = browser
            .post("/my/consent/preview", &form(consulting, from))
            .await;
        assert!(
            reply.body.contains("Kies een organisatie uit de lijst"),
            "{consulting} {from}"
        );
    }
    let preview = browser
        .post("/my/consent/preview", &form("00000003", "00000001"))
        .await;
    assert!(
        preview.body.contains("Ziekenhuis Overkant kan"),
        "{}",
        preview.body
    );
    let pending = preview.after("name=\"pending\"", "value");
    browser
        .post("/my/consent/confirm", &[("pending", &pending)])
        .await;
    let page = browser.get("/my/consent").await;
    assert!(page.body.contains(
        "Ziekenhuis Overkant mag uw behandelgegevens bij Huisartsenpraktijk De Wilg niet zien."
    ));
    let preview = browser
        .post("/my/consent/preview", &[("remove", "0")])
        .await;
    let pending = preview.after("name=\"pending\"", "value");
    browser
        .post("/my/consent/confirm", &[("pending", &pending)])
        .await;
    assert!(
        browser
            .get("/my/consent")
            .await
            .body
            .contains("U hebt geen uitzonderingen")
    );
}

#[tokio::test]
async fn a_form_that_says_nothing_sensible_changes_nothing() {
    let region = TestRegion::with_patients().await;
    let mut browser = region.signed_in("anna").await;
    for form in [
        &[][..],
        &[("choice", "alles")],
        &[("choice", "holder"), ("holder", "RPZAC999")],
        &[
            ("choice", "holder"),
            ("holder", "RPZAC005"),
            ("permit", "GGC002 RPZAC001"),
        ],
    ] {
        let reply = browser.post("/my/consent/preview", form).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{form:?}");
    }
    let reply = browser
        .post("/my/consent/confirm", &[("pending", "x")])
        .await;
    assert!(reply.body.contains("Er is niets veranderd"));
    assert!(
        browser
            .get("/my/consent")
            .await
            .body
            .contains("U hebt nog niets gekozen")
    );
}

#[tokio::test]
async fn a_patient_sees_who_looked_with_emergencies_first() {
    let region = TestRegion::with_patients().await;
    let mut internist = region.signed_in("internist").await;
    let path = internist
        .post("/patients", &[("bsn", ANNA)])
        .await
        .location();
    internist.get(&path).await;
    internist.get(&format!("{path}/emergency")).await;
    let reason = [("reason", "Bewusteloos binnengebracht")];
    internist.post(&format!("{path}/emergency"), &reason).await;
    internist.get(&path).await;

    let mut browser = region.signed_in("anna").await;
    let page = browser.get("/my/log").await;
    assert!(page.body.contains("Proef internist"), "{}", page.body);
    assert!(page.body.contains("Bewusteloos binnengebracht"));
    let (special, usual) = (
        page.body.find("id=\"special\""),
        page.body.find("id=\"visits\""),
    );
    assert!(special.is_some() && special < usual);

    let (_, chosen) = page.body.split_once("<select id=\"organisation\"").unwrap();
    let values: Vec<&str> = chosen
        .split("value=\"")
        .skip(2)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(
        values[0].bytes().all(|byte| byte.is_ascii_hexdigit()),
        "no name in an address"
    );
    let filtered = browser
        .get(&format!("/my/log?organisation={}", values[0]))
        .await;
    assert_eq!(filtered.status, StatusCode::OK);
}
