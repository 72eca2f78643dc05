//! How much of a resource comes back, and which versions: `_summary`,
//! `_elements`, histories.

use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{self, BSN, Member};

const HIS: &str = "his-hospital";

async fn get(member: &Member, path: &str) -> (u16, Value) {
    member.fhir(HIS, Method::GET, path, None).await
}

fn is_subsetted(resource: &Value) -> bool {
    resource["meta"]["tag"][0]["code"] == "SUBSETTED"
}

#[tokio::test]
async fn a_summary_is_marked_and_holds_what_it_should() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let id = hospital.patient(HIS, BSN).await;
    let paths = [
        format!("/Patient/{id}?"),
        format!("/Patient/{id}/_history/1?"),
    ];
    for path in &paths {
        for (extent, has_gender, has_name, subsetted) in [
            ("_summary=true", true, true, true),
            ("_summary=text", false, false, true),
            ("_summary=data", true, true, true),
            ("_summary=false", true, true, false),
            ("_elements=name", false, true, true),
            ("_elements=Patient.gender", true, false, true),
        ] {
            let (status, found) = get(hospital, &format!("{path}{extent}")).await;
            assert_eq!(status, 200, "{path}{extent}");
            assert_eq!(found.get("gender").is_some(), has_gender, "{path}{extent}");
            assert_eq!(found.get("name").is_some(), has_name, "{path}{extent}");
            assert_eq!(is_subsetted(&found), subsetted, "{path}{extent}");
            assert_eq!(found["id"], *id, "{path}{extent}");
        }
        for wrong in [
            "_summary=count",
            "_summary=much",
            "_elements=shoe",
            "_elements=name&_summary=true",
            "name=x",
        ] {
            assert_eq!(
                get(hospital, &format!("{path}{wrong}")).await.0,
                400,
                "{wrong}"
            );
        }
    }
    for path in [
        "/Patient?_elements=name",
        "/Patient/_history?_elements=name",
    ] {
        let (status, found) = get(hospital, path).await;
        let resource = &found["entry"][0]["resource"];
        assert!(status == 200 && is_subsetted(resource), "{found}");
        assert!(resource.get("gender").is_none(), "{found}");
    }
    let (_, found) = get(hospital, "/Patient?_summary=count").await;
    assert_eq!((&found["total"], found.get("entry")), (&json!(1), None));
    let (status, _) = get(
        hospital,
        "/Patient?_summary=text&_revinclude=Condition:subject",
    )
    .await;
    assert_eq!(status, 400);
    region.close().await;
}

#[tokio::test]
async fn the_next_page_has_the_same_extent() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    for bsn in [BSN, "999906276"] {
        hospital.patient(HIS, bsn).await;
    }
    for first in [
        "/Patient?_count=1&_elements=name",
        "/Patient/_history?_count=1&_elements=name",
    ] {
        let (_, page) = get(hospital, first).await;
        let next = page["link"]
            .as_array()
            .unwrap()
            .iter()
            .find(|link| link["relation"] == "next")
            .and_then(|link| link["url"].as_str())
            .unwrap();
        let path = next.strip_prefix(&hospital.fhir).unwrap();
        let (status, page) = get(hospital, path).await;
        assert_eq!(status, 200, "{path} {page}");
        assert!(is_subsetted(&page["entry"][0]["resource"]), "{page}");
    }
    region.close().await;
}

#[tokio::test]
async fn a_format_is_given_or_refused() {
    let region = kit::start().await;
    for (format, expected) in [
        ("json", 200),
        ("xml", 200),
        ("application/fhir%2Bjson", 200),
        ("application/fhir%2Bxml", 200),
        ("text/json", 200),
        ("text/xml", 200),
        ("application/fhir%2Bjson%3B%20fhirVersion=4.0", 200),
        ("application/fhir%2Bjson%3B%20fhirVersion=3.0", 406),
        ("application/fhir%2Bjson%3B%20fhirVersion=5.0", 406),
        ("ttl", 406),
        ("html", 406),
    ] {
        let path = format!("/metadata?_format={format}");
        let response = region
            .hospital
            .ask(HIS, Method::GET, &format!("/fhir/r4{path}"));
        let response = response.send().await.unwrap();
        assert_eq!(response.status(), expected, "{format}");
        let content_type = response.headers()["content-type"].to_str().unwrap();
        assert_eq!(
            content_type.contains("xml"),
            format.contains("xml"),
            "{format}"
        );
    }
    region.close().await;
}

/// The versions on all pages of a history, as `id/version`.
async fn walked(member: &Member, first: &str, mut between: impl AsyncFnMut()) -> Vec<String> {
    let mut path = first.to_owned();
    let mut seen = Vec::new();
    loop {
        let (status, page) = get(member, &path).await;
        assert_eq!(status, 200, "{path} {page}");
        for entry in page["entry"].as_array().into_iter().flatten() {
            let resource = &entry["resource"];
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            let version = text(&resource["meta"]["versionId"]);
            seen.push(format!("{}/{version}", text(&resource["id"])));
        }
        between().await;
        let next = page["link"]
            .as_array()
            .unwrap()
            .iter()
            .find(|link| link["relation"] == "next")
            .and_then(|link| link["url"].as_str());
        match next {
            Some(next) => path = next.strip_prefix(&member.fhir).unwrap().to_owned(),
            None => return seen,
        }
    }
}

#[tokio::test]
async fn a_history_is_walked_whole_while_others_write() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let put = async |id: &str, family: &str| {
        let body = json!({ "resourceType": "Patient", "id": id, "name": [{ "family": family }] });
        let path = format!("/Patient/{id}");
        let (status, stored) = hospital.fhir(HIS, Method::PUT, &path, Some(&body)).await;
        assert!(status < 300, "{stored}");
        stored["meta"]["lastUpdated"].as_str().unwrap().to_owned()
    };
    let first = put("a", "1").await;
    put("b", "1").await;
    let last = put("a", "2").await;
    for (path, expected) in [
        ("/Patient/a/_history?_count=1", vec!["a/2", "a/1"]),
        ("/Patient/_history?_count=1", vec!["a/2", "b/1", "a/1"]),
        ("/_history?_count=1", vec!["a/2", "b/1", "a/1"]),
    ] {
        assert_eq!(
            walked(hospital, path, async || {}).await,
            expected,
            "{path}"
        );
    }
    let mut number = 0;
    let seen = walked(hospital, "/_history?_count=1", async || {
        number += 1;
        put("c", &number.to_string()).await;
    });
    assert_eq!(
        seen.await,
        ["a/2", "b/1", "a/1"],
        "no version twice, none missed"
    );

    // Which version was current: the first of two at its own time, not after.
    let at = async |moment: &str| {
        walked(
            hospital,
            &format!("/Patient/a/_history?_at={moment}"),
            async || {},
        )
        .await
    };
    if first != last {
        assert_eq!(at(&first).await[..], ["a/1"]);
    }
    assert_eq!(at("2100").await[..], ["a/2"]);
    assert!(at("1999-12").await.is_empty());
    assert_eq!(get(hospital, "/Patient/a/_history?_at=never").await.0, 400);
    let since = walked(
        hospital,
        &format!("/Patient/_history?_since={last}&_count=2"),
        async || {},
    )
    .await;
    assert!(since.contains(&"a/2".to_owned()), "{since:?}");
    region.close().await;
}
