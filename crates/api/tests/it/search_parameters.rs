//! Search parameters that the organisation adds, at its own door.

use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{self, Member};

const HIS: &str = "his-hospital";
/// Who may do something at the door of the hospital, but not this.
const OTHERS: [&str; 2] = ["internist", "operator"];

fn definition() -> Value {
    json!({
        "resourceType": "SearchParameter", "id": "nickname",
        "url": "https://a.example/SearchParameter/nickname", "name": "nickname",
        "status": "active", "description": "How people call somebody", "code": "nickname",
        "base": ["Patient"], "type": "string",
        "expression": "Patient.name.where(use = 'nickname').given"
    })
}

async fn put(member: &Member, who: &str, definition: &Value) -> (u16, Value) {
    let path = "/SearchParameter/nickname";
    member.fhir(who, Method::PUT, path, Some(definition)).await
}

/// The parameters of Patient in the CapabilityStatement that have a definition.
async fn claimed(member: &Member) -> Vec<(String, String)> {
    let (_, statement) = member.fhir(HIS, Method::GET, "/metadata", None).await;
    let resources = statement["rest"][0]["resource"].as_array().unwrap();
    let patient = resources.iter().find(|one| one["type"] == "Patient");
    let parameters = patient.unwrap()["searchParam"].as_array().unwrap();
    parameters
        .iter()
        .filter_map(|one| {
            let definition = one["definition"].as_str()?;
            Some((one["name"].as_str()?.to_owned(), definition.to_owned()))
        })
        .collect()
}

#[tokio::test]
async fn the_record_system_adds_a_search_parameter() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let patient = json!({
        "resourceType": "Patient", "name": [{ "use": "nickname", "given": ["Piet"] }]
    });
    let (status, stored) = hospital
        .fhir(HIS, Method::POST, "/Patient", Some(&patient))
        .await;
    assert_eq!(status, 201, "{stored}");
    let question = "/Patient?nickname=piet";
    let (status, _) = hospital.fhir(HIS, Method::GET, question, None).await;
    assert_eq!(status, 400, "it is unknown");
    let (status, answer) = put(hospital, HIS, &definition()).await;
    assert_eq!(status, 201, "{answer}");
    let found = loop {
        let response = hospital
            .ask(HIS, Method::GET, &format!("/fhir/r4{question}"))
            .send()
            .await
            .unwrap();
        match response.status().as_u16() {
            200 => break serde_json::from_str::<Value>(&response.text().await.unwrap()).unwrap(),
            503 => {
                assert!(response.headers().contains_key("retry-after"));
                let outcome = response.text().await.unwrap();
                assert!(outcome.contains("\"transient\""), "{outcome}");
            }
            other => panic!("{other}"),
        }
    };
    assert_eq!(found["entry"].as_array().unwrap().len(), 1);
    assert_eq!(
        claimed(hospital).await,
        [(
            "nickname".to_owned(),
            "https://a.example/SearchParameter/nickname".to_owned()
        )]
    );
    let (status, _) = hospital
        .fhir(HIS, Method::DELETE, "/SearchParameter/nickname", None)
        .await;
    assert_eq!(status, 204);
    let (status, _) = hospital.fhir(HIS, Method::GET, question, None).await;
    assert_eq!(status, 400, "it is gone");
    assert!(claimed(hospital).await.is_empty());
    region.close().await;
}

#[tokio::test]
async fn what_cannot_be_searched_by_is_refused_with_the_element() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let mut wrong = definition();
    wrong["expression"] = json!("Patient.name.(");
    let (status, outcome) = put(hospital, HIS, &wrong).await;
    assert_eq!(status, 422, "{outcome}");
    assert_eq!(
        outcome["issue"][0]["expression"][0],
        "SearchParameter.expression"
    );
    let batch = json!({
        "resourceType": "Bundle", "type": "transaction",
        "entry": [{
            "resource": wrong,
            "request": { "method": "PUT", "url": "SearchParameter/nickname" }
        }]
    });
    let (status, outcome) = hospital.fhir(HIS, Method::POST, "", Some(&batch)).await;
    assert_eq!(status, 422, "{outcome}");
    region.close().await;
}

#[tokio::test]
async fn nobody_else_says_what_can_be_searched_by() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    for who in OTHERS {
        let (status, _) = put(hospital, who, &definition()).await;
        assert_eq!(status, 403, "{who} puts");
        let path = "/SearchParameter/nickname";
        let (status, _) = hospital.fhir(who, Method::DELETE, path, None).await;
        assert_eq!(status, 403, "{who} deletes");
        let batch = json!({
            "resourceType": "Bundle", "type": "batch",
            "entry": [{
                "resource": (definition()),
                "request": { "method": "PUT", "url": "SearchParameter/nickname" }
            }]
        });
        let (_, answer) = hospital.fhir(who, Method::POST, "", Some(&batch)).await;
        let entry = &answer["entry"][0]["response"]["status"];
        assert!(
            !entry.as_str().is_some_and(|status| status.starts_with('2')),
            "{who}: {answer}"
        );
    }
    let (status, _) = put(&region.regional, "patient", &definition()).await;
    assert_eq!(status, 403, "a patient puts");
    let (status, _) = hospital
        .fhir(HIS, Method::GET, "/SearchParameter/nickname", None)
        .await;
    assert_eq!(status, 404);
    region.close().await;
}
