//! Which profiles, tags and security labels are in use.

use std::collections::BTreeSet;

use care::Scope;
use fhir::Resource;
use fhir::json::Value;
use store::StoreError;
use store::limits::META_VALUES_MAX;

use crate::kit::{Kit, patient, whole_scope};

fn with_meta(mut value: Value, tags: &[&str], profile: &str) -> Value {
    let tags: Vec<Value> = tags
        .iter()
        .map(|tag| fhir::value!({ "system": "urn:t", "code": (*tag) }))
        .collect();
    value.set(
        "meta",
        fhir::value!({ "tag": tags, "profile": [(profile)] }),
    );
    value
}

fn flag(id: &str, patient: &str) -> Value {
    fhir::value!({
        "resourceType": "Flag", "id": id, "status": "active", "code": { "text": "x" },
        "subject": { "reference": (format!("Patient/{patient}")) },
    })
}

/// The tags and profiles, sorted, with the number of resources that tell them.
async fn in_use(kit: &Kit, scope: &Scope, of: Option<&str>) -> Result<(String, usize), StoreError> {
    let found = kit.store.in_use(&kit.cx, scope, of).await?;
    let mut values = BTreeSet::new();
    for stored in &found {
        let resource = Resource::parse(&stored.body).unwrap();
        let meta = resource.root().get("meta").unwrap();
        values.extend(
            meta.each("tag")
                .map(|tag| tag.text("code").unwrap().into_owned()),
        );
        let profiles = meta.each("profile");
        values.extend(profiles.map(|one| one.as_str().unwrap().into_owned()));
    }
    let values: Vec<String> = values.into_iter().collect();
    Ok((values.join(" "), found.len()))
}

#[tokio::test]
async fn every_value_in_sight_is_told_once_and_no_other() {
    let kit = Kit::new();
    let long = format!("urn:p:{}", "x".repeat(90));
    kit.put(&[
        with_meta(patient("anna", 0), &["a"], "urn:p"),
        with_meta(patient("bram", 1), &["a", "b"], "urn:p"),
        with_meta(flag("f1", "anna"), &["c"], &long),
        with_meta(flag("f2", "bram"), &["d"], &long),
        with_meta(flag("f3", "anna"), &["c"], &long),
        with_meta(flag("f4", "anna"), &["gone"], "urn:gone"),
    ])
    .await;
    kit.put(&[flag("f4", "anna")]).await;
    let all = Scope::Organisation;
    for (scope, of, expected, resources) in [
        (&all, Some("Patient"), "a b urn:p".to_owned(), 2),
        (&all, Some("Flag"), format!("c d {long}"), 2),
        (&all, Some("Basic"), String::new(), 0),
        (&all, None, format!("a b c d urn:p {long}"), 4),
        (&whole_scope(0), Some("Flag"), format!("c {long}"), 1),
        (&whole_scope(0), None, format!("a c urn:p {long}"), 2),
        (&Scope::Nothing, None, String::new(), 0),
    ] {
        let found = in_use(&kit, scope, of).await.unwrap();
        assert_eq!(found, (expected, resources), "{of:?}");
    }
    assert!(in_use(&kit, &all, Some("Robot")).await.is_err());
}

#[tokio::test]
async fn as_many_values_as_may_be_are_told_and_one_more_is_not() {
    let kit = Kit::new();
    // Each has one profile more than tags.
    let tags: Vec<String> = (1..META_VALUES_MAX)
        .map(|number| format!("t{number}"))
        .collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    kit.put(&[with_meta(flag("f", "anna"), &tags, "urn:p")])
        .await;
    let all = Scope::Organisation;
    assert_eq!(in_use(&kit, &all, Some("Flag")).await.unwrap().1, 1);
    kit.put(&[with_meta(flag("g", "anna"), &["more"], "urn:p")])
        .await;
    assert!(matches!(
        in_use(&kit, &all, Some("Flag")).await,
        Err(StoreError::LimitExceeded {
            limit: "META_VALUES_MAX",
            max: META_VALUES_MAX
        })
    ));
}
