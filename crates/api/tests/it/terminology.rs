//! The terminology service at the own door, with definitions in the store.

use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{self, Member};

const HIS: &str = "his-hospital";

async fn ask(member: &Member, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    member.fhir(HIS, method, path, body.as_ref()).await
}

async fn get(member: &Member, path: &str) -> (u16, Value) {
    ask(member, Method::GET, path, None).await
}

/// The value of a parameter of an answer.
fn parameter(answer: &Value, name: &str) -> Value {
    let parameters = answer["parameter"].as_array().cloned().unwrap_or_default();
    let found = parameters.into_iter().find(|one| one["name"] == name);
    let members = found.as_ref().and_then(Value::as_object);
    let value = members.and_then(|one| one.iter().find(|(name, _)| name.starts_with("value")));
    value.map_or(Value::Null, |(_, value)| value.clone())
}

fn codes(expansion: &Value) -> Vec<&str> {
    let contains = expansion["expansion"]["contains"].as_array();
    let codes = contains.into_iter().flatten().map(|one| &one["code"]);
    codes.filter_map(Value::as_str).collect()
}

fn concepts(count: usize) -> Value {
    let concept = |at: usize| json!({ "code": format!("c{at}"), "display": format!("Ding {at}") });
    (0..count).map(concept).collect()
}

#[tokio::test]
async fn what_the_organisation_stores_is_answered_from() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let create = async |resource: Value| {
        let path = format!("/{}", resource["resourceType"].as_str().unwrap());
        let (status, stored) = ask(hospital, Method::POST, &path, Some(resource)).await;
        assert_eq!(status, 201, "{stored}");
        stored["id"].as_str().unwrap().to_owned()
    };
    let system = |count: usize| {
        json!({ "resourceType": "CodeSystem", "url": "urn:own", "status": "active",
            "content": "complete", "concept": (concepts(count)) })
    };
    let of_system = create(system(3)).await;
    let set = create(
        json!({ "resourceType": "ValueSet", "url": "urn:own:set", "status": "active",
        "compose": { "include": [{ "valueSet": ["urn:own:inner"] }] } }),
    )
    .await;
    create(
        json!({ "resourceType": "ValueSet", "url": "urn:own:inner", "status": "active",
        "compose": { "include": [{ "system": "urn:own" }] } }),
    )
    .await;
    let map = create(
        json!({ "resourceType": "ConceptMap", "url": "urn:own:map", "status": "active",
        "group": [{ "source": "urn:own", "target": "urn:other", "element": [
            { "code": "c1", "target": [{ "code": "x", "equivalence": "equal" }] }] }] }),
    )
    .await;

    let (status, found) = get(hospital, "/CodeSystem/$lookup?system=urn:own&code=c1").await;
    assert_eq!(
        (status, parameter(&found, "display")),
        (200, json!("Ding 1")),
        "{found}"
    );
    for path in [
        "/ValueSet/$expand?url=urn:own:set".to_owned(),
        format!("/ValueSet/{set}/$expand"),
    ] {
        let (status, found) = get(hospital, &path).await;
        assert_eq!(
            (status, codes(&found)),
            (200, vec!["c0", "c1", "c2"]),
            "{found}"
        );
    }
    for (path, result) in [
        (
            format!("/ValueSet/{set}/$validate-code?system=urn:own&code=c2"),
            true,
        ),
        (
            format!("/ValueSet/{set}/$validate-code?system=urn:own&code=c9"),
            false,
        ),
        (
            format!("/CodeSystem/{of_system}/$validate-code?code=c2"),
            true,
        ),
        (
            format!("/ConceptMap/{map}/$translate?system=urn:own&code=c1"),
            true,
        ),
        (
            format!("/ConceptMap/{map}/$translate?system=urn:own&code=c2"),
            false,
        ),
    ] {
        let (status, found) = get(hospital, &path).await;
        assert_eq!(
            (status, parameter(&found, "result")),
            (200, json!(result)),
            "{path}: {found}"
        );
    }
    let subsumes = format!("/CodeSystem/{of_system}/$subsumes?codeA=c1&codeB=c2");
    let (_, found) = get(hospital, &subsumes).await;
    assert_eq!(parameter(&found, "outcome"), "not-subsumed");

    // A body asks the same, and a change holds at the next question.
    let mut changed = system(4);
    changed["id"] = json!(of_system);
    let path = format!("/CodeSystem/{of_system}");
    assert_eq!(
        ask(hospital, Method::PUT, &path, Some(changed)).await.0,
        200
    );
    let question = json!({ "resourceType": "Parameters", "parameter": [
        { "name": "url", "valueUri": "urn:own:set" },
        { "name": "filter", "valueString": "ding 3" },
        { "name": "count", "valueInteger": 10 }] });
    let (status, found) = ask(hospital, Method::POST, "/ValueSet/$expand", Some(question)).await;
    assert_eq!((status, codes(&found)), (200, vec!["c3"]), "{found}");
    region.close().await;
}

#[tokio::test]
async fn what_cannot_be_answered_is_said_and_repeats_no_code() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    for (path, expected, code) in [
        (
            "/CodeSystem/$lookup?system=urn:none&code=secret",
            404,
            "not-found",
        ),
        ("/CodeSystem/$lookup?code=secret", 400, "required"),
        (
            "/CodeSystem/$lookup?system=urn:none&code=secret&x=secret",
            400,
            "not-supported",
        ),
        (
            "/ValueSet/$expand?url=http://loinc.org/vs",
            422,
            "not-supported",
        ),
        (
            "/ValueSet/$validate-code?url=http://snomed.info/sct?fhir_vs&system=http://snomed.info/sct&code=secret",
            422,
            "not-supported",
        ),
        ("/ValueSet/nobody/$expand", 404, "not-found"),
        ("/CodeSystem/nobody/$lookup", 404, "not-found"),
    ] {
        let (status, outcome) = get(hospital, path).await;
        assert_eq!(status, expected, "{path}: {outcome}");
        assert_eq!(outcome["issue"][0]["code"], code, "{path}: {outcome}");
        assert!(!outcome.to_string().contains("secret"), "{outcome}");
    }
    let patient = json!({ "resourceType": "Patient" });
    let (status, _) = ask(hospital, Method::POST, "/ValueSet/$expand", Some(patient)).await;
    assert_eq!(status, 400);
    let (_, statement) = get(hospital, "/metadata").await;
    let resources = statement["rest"][0]["resource"].as_array().unwrap();
    let of_sets = resources
        .iter()
        .find(|one| one["type"] == "ValueSet")
        .unwrap();
    let operations = of_sets["operation"].as_array().unwrap();
    assert!(operations.iter().any(|one| one["name"] == "expand"));
    region.close().await;
}
