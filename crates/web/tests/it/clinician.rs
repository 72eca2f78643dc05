//! Finding a patient, the combined record, and emergency access.

use http::StatusCode;
use trust::consent::Preset;

use crate::kit::{ANNA, BERT, Browser, Reply, TestRegion};

async fn open(browser: &mut Browser, bsn: &str) -> (String, Reply) {
    browser.get("/patients").await;
    let reply = browser.post("/patients", &[("bsn", bsn)]).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    let path = reply.location();
    assert!(!path.contains(bsn));
    let page = browser.get(&path).await;
    (path, page)
}

#[tokio::test]
async fn a_clinician_sees_what_the_region_has_with_its_source() {
    let region = TestRegion::with_patients().await;
    region.consent(Preset::Everyone).await;
    let mut browser = region.signed_in("internist").await;
    let (path, page) = open(&mut browser, ANNA).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("Diabetes mellitus type 2"));
    assert!(page.body.contains("Huisartsenpraktijk De Wilg"));
    assert!(page.body.contains("Alle 2 bronnen hebben geantwoord"));
    assert!(page.body.contains("3 februari 1950"));
    assert_eq!(
        page.body.matches(ANNA).count(),
        1,
        "the BSN stands in the banner only"
    );
    assert!(
        !page.body.contains("Vermeer <b>"),
        "what a source wrote is text"
    );

    let datum = page.after("id=\"problems\"", "href");
    let datum = browser.get(&datum).await;
    assert!(
        datum.body.contains("Herkomst van dit gegeven"),
        "{}",
        datum.body
    );
    assert!(
        datum
            .body
            .contains("&#34;resourceType&#34;: &#34;Condition&#34;"),
        "{}",
        datum.body
    );

    let open = browser.get("/patients").await;
    assert!(open.body.contains("Onlangs geopend"));
    assert!(open.body.contains(&path));
    assert!(!open.body.contains(ANNA));
}

#[tokio::test]
async fn a_withdrawn_consent_holds_at_the_next_page() {
    let region = TestRegion::with_patients().await;
    region.consent(Preset::Everyone).await;
    let mut browser = region.signed_in("internist").await;
    let (path, page) = open(&mut browser, ANNA).await;
    assert!(page.body.contains("Diabetes"));
    let datum = page.after("id=\"problems\"", "href");
    region.consent(Preset::Nobody).await;
    let page = browser.get(&path).await;
    assert!(!page.body.contains("Diabetes"));
    assert!(page.body.contains("niet toegestaan"));
    assert_eq!(browser.get(&datum).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn without_a_relation_nothing_is_told() {
    let region = TestRegion::with_patients().await;
    let mut internist = region.signed_in("internist").await;
    // Known to another organisation, or to nobody: the same answer.
    let (_, bert) = open(&mut internist, BERT).await;
    let (_, nobody) = open(&mut internist, "999900006").await;
    let told = |page: &Reply| {
        page.body
            .split("<main")
            .nth(1)
            .unwrap()
            .split("href=\"/patient/")
            .next()
            .unwrap()
            .to_owned()
    };
    assert!(bert.body.contains("Geen behandelrelatie gevonden"));
    assert_eq!(told(&bert), told(&nobody));
    assert!(bert.body.contains("noodtoegang"));
    let mut nurse = region.signed_in("verpleegkundige").await;
    let (path, page) = open(&mut nurse, BERT).await;
    assert!(page.body.contains("Alleen een arts"));
    let emergency = nurse.get(&format!("{path}/emergency")).await;
    assert_eq!(emergency.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_glass_breaks_with_a_reason_only() {
    let region = TestRegion::with_patients().await;
    let mut browser = region.signed_in("internist").await;
    let (path, _) = open(&mut browser, BERT).await;
    let emergency = format!("{path}/emergency");
    browser.get(&emergency).await;
    let too_long = "x".repeat(exchange::EMERGENCY_REASON_CHARACTERS_MAX + 1);
    for reason in ["", "  kort   ", too_long.as_str()] {
        let reply = browser.post(&emergency, &[("reason", reason)]).await;
        assert!(reply.body.contains("Vul een reden in"), "{reason}");
    }
    let longest = "x".repeat(exchange::EMERGENCY_REASON_CHARACTERS_MAX);
    let reply = browser.post(&emergency, &[("reason", &longest)]).await;
    assert_eq!(reply.location(), path);
    let page = browser.get(&path).await;
    assert!(
        page.body.contains("U kijkt met noodtoegang"),
        "{}",
        page.body
    );
    assert!(page.body.contains("Hypertensie"));
}

#[tokio::test]
async fn a_handle_is_worth_nothing_in_another_session() {
    let region = TestRegion::with_patients().await;
    let mut browser = region.signed_in("internist").await;
    let (path, _) = open(&mut browser, ANNA).await;
    let mut other = region.signed_in("internist").await;
    assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        other.get(&format!("{path}/emergency")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_wrong_bsn_is_told_and_not_repeated() {
    let region = TestRegion::new();
    let mut browser = region.signed_in("internist").await;
    for wrong in ["", "999911118", "12345", "<script>"] {
        let reply = browser.post("/patients", &[("bsn", wrong)]).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert!(reply.body.contains("geen geldig BSN"), "{wrong}");
        assert!(wrong.is_empty() || !reply.body.contains(wrong), "{wrong}");
    }
    let reply = browser.post("/patients", &[("bsn", " 9999 11119 ")]).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
}
