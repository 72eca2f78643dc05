//! Each limit at its value and one past it; those of queries are in `search`,
//! those of a write's changes in `write`.

use bytes::Bytes;
use fhir::Resource;
use fhir::json::Value;
use store::limits::{
    AUDIT_LINES_MAX, INCLUDE_ROUNDS_MAX, INCLUDED_MAX, INDEX_VALUES_MAX, MESSAGE_BYTES_MAX,
    PAGE_MAX, RESOURCE_BYTES_MAX,
};
use store::{AuditBody, Change, HistoryOf, MessageId, NewMessage, Page, StoreError};

use crate::kit::{Kit, put, resource};

fn check<T: std::fmt::Debug>(answer: Result<T, StoreError>, limit: &str) {
    match answer {
        Err(StoreError::LimitExceeded { limit: named, .. }) => assert_eq!(named, limit),
        other => panic!("{limit}: {other:?}"),
    }
}

#[tokio::test]
async fn a_resource_has_as_many_bytes_as_the_limit() {
    let kit = Kit::new();
    let of_size = |bytes: usize| {
        let start = r#"{"resourceType":"Basic","id":"a","language":""#;
        let text = format!("{start}{}\"}}", "x".repeat(bytes - start.len() - 2));
        let resource = Resource::parse(text).unwrap();
        vec![Change::Update {
            full_url: None,
            resource,
            id: "a".to_owned(),
            if_match: None,
        }]
    };
    kit.write(of_size(RESOURCE_BYTES_MAX)).await.unwrap();
    check(
        kit.write(of_size(RESOURCE_BYTES_MAX + 1)).await,
        "RESOURCE_BYTES_MAX",
    );
}

#[tokio::test]
async fn a_resource_is_found_by_as_many_values_as_the_limit() {
    let kit = Kit::new();
    let with = |identifiers: usize| {
        let identifiers: Vec<Value> = (0..identifiers)
            .map(|n| fhir::value!({ "value": (n.to_string()) }))
            .collect();
        let value = fhir::value!({
            "resourceType": "Basic", "id": "a", "identifier": identifiers,
        });
        let count = fhir::search::extract(&resource(&value)).len();
        (count, vec![put(&value)])
    };
    let (others, _) = with(0);
    let (at, change) = with(INDEX_VALUES_MAX - others);
    assert_eq!(at, INDEX_VALUES_MAX);
    kit.write(change).await.unwrap();
    check(
        kit.write(with(INDEX_VALUES_MAX - others + 1).1).await,
        "INDEX_VALUES_MAX",
    );
}

#[tokio::test]
async fn a_message_has_as_many_bytes_as_the_limit() {
    let kit = Kit::new();
    let keep = async |bytes: usize| {
        let message = NewMessage {
            id: MessageId(bytes.to_string()),
            channel: "mllp".to_owned(),
            sender: None,
            control_id: None,
            kind: None,
            bytes: Bytes::from(vec![0; bytes]),
        };
        kit.store.keep_refused(&kit.cx, message, "too long").await
    };
    keep(MESSAGE_BYTES_MAX).await.unwrap();
    check(keep(MESSAGE_BYTES_MAX + 1).await, "MESSAGE_BYTES_MAX");
}

#[tokio::test]
async fn as_many_audit_lines_as_the_limit_go_together() {
    let kit = Kit::new();
    let lines = |count| {
        vec![
            AuditBody {
                patient: None,
                body: Vec::new()
            };
            count
        ]
    };
    kit.store
        .append_audit(lines(AUDIT_LINES_MAX))
        .await
        .unwrap();
    check(
        kit.store.append_audit(lines(AUDIT_LINES_MAX + 1)).await,
        "AUDIT_LINES_MAX",
    );
    assert_eq!(
        kit.store.statistics().await.unwrap().audit_lines,
        AUDIT_LINES_MAX as u64
    );
}

#[tokio::test]
async fn a_page_brings_along_as_much_as_the_limit() {
    let kit = Kit::new();
    let about = |n: usize| {
        fhir::value!({
            "resourceType": "Basic", "id": (format!("b{n}")),
            "subject": { "reference": "Patient/p" },
        })
    };
    let mut values: Vec<Value> = (0..INCLUDED_MAX).map(about).collect();
    values.push(fhir::value!({ "resourceType": "Patient", "id": "p" }));
    kit.put(&values).await;
    let question = "Patient?_revinclude=Basic:subject";
    assert_eq!(
        kit.page(question).await.unwrap().included.len(),
        INCLUDED_MAX
    );
    kit.put(&[about(INCLUDED_MAX)]).await;
    check(kit.page(question).await, "INCLUDED_MAX");
}

#[tokio::test]
async fn iterating_goes_as_far_as_the_limit() {
    let kit = Kit::new();
    let chain: Vec<Value> = (0..=INCLUDE_ROUNDS_MAX + 1)
        .map(|n| {
            fhir::value!({
                "resourceType": "Observation", "id": (format!("o{n}")), "code": { "text": "x" },
                "hasMember": [{ "reference": (format!("Observation/o{}", n + 1)) }],
            })
        })
        .collect();
    kit.put(&chain).await;
    let question =
        |from: u8| format!("Observation?_id=o{from}&_include:iterate=Observation:has-member");
    assert_eq!(
        kit.page(&question(1)).await.unwrap().included.len(),
        INCLUDE_ROUNDS_MAX
    );
    check(kit.page(&question(0)).await, "INCLUDE_ROUNDS_MAX");
}

#[tokio::test]
async fn a_page_of_history_is_as_long_as_the_limit() {
    let kit = Kit::new();
    let page = async |count| {
        kit.store
            .history(
                &kit.cx,
                &care::Scope::Organisation,
                HistoryOf::System,
                Page::first(count),
            )
            .await
    };
    assert_eq!(page(PAGE_MAX).await.unwrap().entries, []);
    check(page(PAGE_MAX + 1).await, "PAGE_MAX");
    check(page(0).await, "PAGE_MAX");
}
