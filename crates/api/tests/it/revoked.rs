//! A node whose certificate the region took back: nobody answers it, and
//! nobody asks it.

use reqwest::Method;
use serde_json::Value;
use trust::consent::Preset;

use crate::{
    kit::{self, BSN, Region},
    region::{question, tell_story},
};

async fn state_of_the_practice(region: &Region) -> String {
    let body = question(BSN);
    let (status, answer) = region
        .hospital
        .fhir("internist", Method::POST, "/$regional-record", Some(&body))
        .await;
    assert_eq!(status, 200, "{answer}");
    let outcome = answer["entry"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["search"]["mode"] == "outcome")
        .unwrap();
    let issues = outcome["resource"]["issue"].as_array().unwrap();
    let practice: Vec<&Value> = issues
        .iter()
        .filter(|issue| issue["diagnostics"] == "90000202")
        .collect();
    assert_eq!(practice.len(), 1, "{issues:?}");
    practice[0]["details"]["coding"][0]["code"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn who_is_taken_back_is_neither_answered_nor_asked() {
    let region = kit::start().await;
    region.consent(Preset::Everyone).await;
    tell_story(&region).await;
    assert_eq!(state_of_the_practice(&region).await, "data");
    let status = format!("{}/status", region.hospital.node_door);
    let practice = region.as_peer(&region.practice);
    let regional = region.as_peer(&region.regional);
    let ask = async |peer: &reqwest::Client| {
        let answer = peer.get(&status).send().await;
        answer.map(|answer| answer.status().as_u16()).ok()
    };
    // Known, though this is not for it.
    assert_eq!(ask(&practice).await, Some(403));
    assert_eq!(ask(&regional).await, Some(200));

    region.revoke(&region.practice);
    // Nobody any more, on the connection that was open before.
    assert_eq!(ask(&practice).await, Some(401));
    // And not let in on a new one.
    assert_eq!(ask(&region.as_peer(&region.practice)).await, None);
    assert_eq!(ask(&regional).await, Some(200));
    assert_eq!(ask(&region.as_peer(&region.regional)).await, Some(200));
    // The other way: it is not believed to be who it says.
    assert_eq!(state_of_the_practice(&region).await, "no-answer");
    region.close().await;
}
