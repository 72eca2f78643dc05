//! The pages of the operator and of the coordinator.

use bytes::Bytes;
use exchange::Channel;
use http::StatusCode;
use trust::consent::Preset;

use crate::kit::{HOSPITAL, TestRegion};

const BROKEN: &[u8] = b"PID|1|geen kop||999911119\r";

#[tokio::test]
async fn a_refused_message_is_kept_whole_and_shown_on_demand() {
    let region = TestRegion::new();
    let cx = region.record_system(HOSPITAL);
    let node = &region.nodes[&HOSPITAL];
    let receipt = node
        .receive(&cx, Channel::Mllp, Bytes::from_static(BROKEN))
        .await
        .unwrap();
    assert!(!receipt.accepted);

    let mut browser = region.signed_in("beheer").await;
    let list = browser.get("/messages?state=refused").await;
    assert!(list.body.contains("1 bericht is mislukt"), "{}", list.body);
    assert!(!list.body.contains("999911119"));
    let path = list.after("class=\"reason\"", "href");
    let page = browser.get(&path).await;
    assert!(page.body.contains("Bericht tonen"));
    assert!(!page.body.contains("geen kop") && !page.body.contains("999911119"));
    let shown = browser.post(&path, &[]).await;
    assert!(shown.body.contains("PID|1|geen kop||999911119"));
    assert!(shown.body.contains("Deze inzage is vastgelegd"));
    let replayed = browser.post(&format!("{path}/replay"), &[]).await;
    assert!(
        replayed.body.contains("kon weer niet worden verwerkt"),
        "{}",
        replayed.body
    );
}

#[tokio::test]
async fn a_filter_or_message_that_is_not_there_is_told() {
    let region = TestRegion::new();
    let mut browser = region.signed_in("beheer").await;
    assert_eq!(
        browser.get("/messages?state=x").await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        browser.get("/messages/nergens").await.status,
        StatusCode::NOT_FOUND
    );
    assert!(
        browser
            .get("/messages")
            .await
            .body
            .contains("Er zijn geen berichten")
    );
    let checks = browser.get("/checks").await.body;
    for text in [
        "Alles werkt",
        "Alle toegangsregels kloppen",
        "Er wachten 3 aanmeldingen",
    ] {
        assert!(checks.contains(text), "{checks}");
    }
}

#[tokio::test]
async fn the_coordinator_sees_counts_and_no_small_ones() {
    let region = TestRegion::with_patients().await;
    region.consent(Preset::Everyone).await;
    let mut browser = region.signed_in("coordinator").await;
    let page = browser.get("/region").await;
    assert!(
        page.body.contains("maar niet met iedereen"),
        "{}",
        page.body
    );
    assert!(
        page.body
            .contains("Huisartsenpraktijk De Wilg antwoordt niet.")
    );
    assert!(page.body.contains("minder dan 10"));
    assert!(!page.body.contains("Vermeer"));
}
