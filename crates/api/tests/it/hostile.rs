//! Bodies made to harm, through the door: each gets a clear refusal.

use std::path::PathBuf;

use reqwest::Method;
use serde_json::Value;

use crate::kit::{self, Member};

const HIS: &str = "his-hospital";

/// A body, and the status and text of the answer.
async fn post(member: &Member, path: &str, content_type: &str, body: Vec<u8>) -> (u16, String) {
    let request = member
        .ask(HIS, Method::POST, &format!("/fhir/r4{path}"))
        .header("content-type", content_type)
        .body(body);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn check(what: &str, expected: u16, (status, answer): &(u16, String)) {
    assert_eq!(*status, expected, "{what}: {answer}");
    let outcome: Value = serde_json::from_str(answer).unwrap();
    assert_eq!(outcome["resourceType"], "OperationOutcome", "{what}");
}

/// The JSON syntax suite that others wrote, where it is present.
#[expect(
    clippy::print_stdout,
    reason = "what was skipped or tried must be seen"
)]
fn syntax_suite() -> Vec<PathBuf> {
    let root = std::env::var_os("SCHAKEL_TESTDATA").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../../shared/testdata"
            ))
        },
        PathBuf::from,
    );
    let folder = root.join("json-syntax");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("SKIPPED: no outside test data at {}", folder.display());
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn what_is_no_json_is_refused_and_what_is_harms_nothing() {
    let region = kit::start().await;
    let mut counts = [0; 3];
    for file in syntax_suite() {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let body = std::fs::read(&file).unwrap();
        let Some(kind) = ["y_", "n_", "i_"]
            .iter()
            .position(|kind| name.starts_with(kind))
        else {
            continue;
        };
        counts[kind] += 1;
        // None of them is a resource: those that are JSON are refused for that.
        let answer = post(&region.hospital, "/Basic", "application/fhir+json", body).await;
        check(&name, 400, &answer);
    }
    println!("json-syntax at the door: {counts:?} of y, n, i refused with 400");
    region.close().await;
}

#[tokio::test]
async fn xml_with_anything_but_elements_is_refused() {
    let region = kit::start().await;
    let ns = r#"xmlns="http://hl7.org/fhir""#;
    for (what, body) in [
        ("a DTD", format!("<!DOCTYPE Basic><Basic {ns}/>")),
        (
            "an external DTD",
            format!(r#"<!DOCTYPE Basic SYSTEM "http://localhost/x.dtd"><Basic {ns}/>"#),
        ),
        (
            "an entity",
            format!(r#"<!DOCTYPE a [<!ENTITY e "x">]><Basic {ns}><id value="&e;"/></Basic>"#),
        ),
        (
            "an external entity",
            format!(
                r#"<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><Basic {ns}><id value="&e;"/></Basic>"#
            ),
        ),
        (
            "a billion laughs",
            format!(
                r#"<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><Basic {ns}><id value="&c;"/></Basic>"#
            ),
        ),
        (
            "XInclude",
            format!(
                r#"<Basic {ns} xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/hostname" parse="text"/></Basic>"#
            ),
        ),
        (
            "an unknown entity",
            format!(r#"<Basic {ns}><id value="&x;"/></Basic>"#),
        ),
    ] {
        let answer = post(
            &region.hospital,
            "/Basic",
            "application/fhir+xml",
            body.into(),
        )
        .await;
        check(what, 400, &answer);
    }
    region.close().await;
}

#[tokio::test]
async fn what_is_too_deep_or_too_much_meets_a_named_limit() {
    const LEVELS: usize = 10_000;
    let region = kit::start().await;
    let hospital = &region.hospital;
    let deep = [
        (
            "arrays",
            format!("{}{}", "[".repeat(LEVELS), "]".repeat(LEVELS)),
        ),
        (
            "objects",
            format!("{}1{}", r#"{"a":"#.repeat(LEVELS), "}".repeat(LEVELS)),
        ),
        (
            "extensions",
            format!(
                r#"{{"resourceType":"Basic","extension":{}[]{}}}"#,
                r#"[{"url":"x","extension":"#.repeat(LEVELS),
                "}]".repeat(LEVELS)
            ),
        ),
    ];
    for (what, body) in deep {
        let answer = post(hospital, "/Basic", "application/fhir+json", body.into()).await;
        check(what, 400, &answer);
        assert!(answer.1.contains("64 levels"), "{what}: {}", answer.1);
    }
    let xml = format!(
        r#"<Basic xmlns="http://hl7.org/fhir">{}{}</Basic>"#,
        r#"<extension url="x">"#.repeat(LEVELS),
        "</extension>".repeat(LEVELS)
    );
    let answer = post(hospital, "/Basic", "application/fhir+xml", xml.into()).await;
    check("XML", 400, &answer);

    for kind in ["batch", "transaction"] {
        let entries = vec![r#"{"request":{"method":"GET","url":"Basic/a"}}"#; 100_000].join(",");
        let bundle = format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{entries}]}}"#);
        let answer = post(hospital, "", "application/fhir+json", bundle.into()).await;
        check(kind, 413, &answer);
        assert!(answer.1.contains("BUNDLE_ENTRIES_MAX"), "{}", answer.1);
    }
    let entry = r#"<entry><request><method value="GET"/><url value="Basic/a"/></request></entry>"#;
    let bundle = format!(
        r#"<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/>{}</Bundle>"#,
        entry.repeat(100_000)
    );
    let answer = post(hospital, "", "application/fhir+xml", bundle.into()).await;
    check("XML batch", 413, &answer);
    assert!(answer.1.contains("BUNDLE_ENTRIES_MAX"), "{}", answer.1);

    let body = vec![b' '; 100 * 1024 * 1024];
    let answer = post(hospital, "/Basic", "application/fhir+json", body).await;
    check("100 MB", 413, &answer);
    region.close().await;
}
