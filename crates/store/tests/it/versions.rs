//! A store of STU3: its own types, parameters and compartments.

use care::Scope;
use fhir::json::Value;
use fhir::{FhirVersion, Resource};
use store::{Change, Options, Store, StoreError};

use crate::kit::{Kit, clock, ids, options, patient, put, scope, whole_scope};

fn stu3(value: &Value) -> Change {
    Change::Update {
        full_url: None,
        resource: Resource::parse_in(FhirVersion::Stu3, value.to_bytes()).unwrap(),
        id: value.text("id").unwrap().to_owned(),
        if_match: None,
    }
}

async fn filled() -> Kit {
    let kit = Kit::of(FhirVersion::Stu3);
    let about = |resource_type: &str, id: &str, rest: Value| {
        let mut value = fhir::value!({ "resourceType": resource_type, "id": id,
            "subject": { "reference": "Patient/anna" } });
        for (name, member) in rest.members() {
            value.set(name, member.clone());
        }
        value
    };
    let values = [
        patient("anna", 0),
        patient("bram", 1),
        about(
            "ProcedureRequest",
            "p1",
            fhir::value!({ "status": "active", "intent": "order",
                "code": { "coding": [{ "system": "urn:c", "code": "lab" }] },
                "requester": { "agent": { "reference": "Practitioner/dr" } },
                "context": { "reference": "EpisodeOfCare/e1" },
                "occurrenceDateTime": "2018-03-04" }),
        ),
        fhir::value!({ "resourceType": "Sequence", "id": "s1", "type": "DNA",
            "coordinateSystem": 0, "patient": { "reference": "Patient/anna" },
            "referenceSeq": { "chromosome": { "coding": [{ "code": "21" }] },
                "windowStart": 1, "windowEnd": 2 } }),
        fhir::value!({ "resourceType": "EpisodeOfCare", "id": "e1", "status": "active",
            "patient": { "reference": "Patient/anna" },
            "type": [{ "coding": [{ "code": "hacc" }] }] }),
        about(
            "Observation",
            "o1",
            fhir::value!({ "status": "final", "code": { "text": "x" },
                "context": { "reference": "EpisodeOfCare/e1" },
                "related": [{ "type": "has-member",
                    "target": { "reference": "Observation/o2" } }] }),
        ),
        fhir::value!({ "resourceType": "Observation", "id": "o2", "status": "final",
            "category": [{ "coding": [{
                "system": "http://hl7.org/fhir/observation-category", "code": "laboratory" }] }],
            "code": { "coding": [{ "code": "y" }] }, "subject": { "reference": "Patient/bram" } }),
    ];
    kit.write(values.iter().map(stu3).collect()).await.unwrap();
    kit
}

#[tokio::test]
async fn a_store_of_stu3_has_its_own_types_and_parameters() {
    let kit = filled().await;
    for (question, expected) in [
        ("ProcedureRequest?code=urn:c|lab", "p1"),
        ("ProcedureRequest?occurrence=2018-03", "p1"),
        ("ProcedureRequest?requester=Practitioner/dr", "p1"),
        ("ProcedureRequest?context=EpisodeOfCare/e1", "p1"),
        ("ProcedureRequest?context:EpisodeOfCare.type=hacc", "p1"),
        ("Sequence?patient=anna&type=DNA", "s1"),
        ("Sequence?chromosome=21", "s1"),
        ("Observation?context=EpisodeOfCare/e1", "o1"),
        ("Observation?related-target.code=y", "o1"),
        ("Observation?related=Observation/o2$has-member", "o1"),
        ("Patient?_has:Sequence:patient:type=DNA", "anna"),
        (
            "EpisodeOfCare?_has:Observation:context:patient.identifier=999911119",
            "e1",
        ),
    ] {
        assert_eq!(kit.ids(question).await, expected, "{question}");
    }
    let page = kit
        .page("Patient?_revinclude=ProcedureRequest:*&_revinclude=Sequence:patient")
        .await
        .unwrap();
    assert_eq!(ids(&page.included), "p1 s1");
    for question in [
        "ServiceRequest",
        "MolecularSequence?patient=anna",
        "Observation?subject:Robot.name=x",
    ] {
        assert!(kit.page(question).await.is_err(), "{question}");
    }
    for question in [
        "Observation?has-member=Observation/o2",
        "Observation?combo-code=y",
    ] {
        let found = kit.page(question).await;
        let known = fhir::search::parameter_in(
            FhirVersion::Stu3,
            "Observation",
            question.split(['?', '=']).nth(1).unwrap(),
        );
        assert_eq!(found.is_ok(), known.is_some(), "{question}");
    }
}

#[tokio::test]
async fn the_scope_holds_in_stu3() {
    let kit = filled().await;
    let other = whole_scope(1);
    for resource_type in ["ProcedureRequest", "Sequence", "EpisodeOfCare"] {
        let page = kit.page_in(&other, resource_type, "").await.unwrap();
        assert_eq!(ids(&page.matches), "", "{resource_type}");
        let page = kit
            .page_in(&whole_scope(0), resource_type, "")
            .await
            .unwrap();
        assert_eq!(page.matches.len(), 1, "{resource_type}");
    }
    let page = kit.page_in(&other, "Observation", "").await.unwrap();
    assert_eq!(ids(&page.matches), "o2");
    assert_eq!(
        kit.read(&scope(0, &[]), "ProcedureRequest", "p1").await,
        "absent"
    );
}

#[tokio::test]
async fn the_region_is_told_of_r4_only() {
    assert_eq!(filled().await.store.outbox(10).await.unwrap().len(), 0);
    let kit = Kit::new();
    kit.write(vec![put(&patient("anna", 0))]).await.unwrap();
    assert_eq!(kit.store.outbox(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn resources_keep_to_the_version_of_their_store() {
    let kit = Kit::of(FhirVersion::Stu3);
    let r4 = kit.write(vec![put(&patient("anna", 0))]).await;
    assert!(matches!(r4, Err(StoreError::OtherFhirVersion { at: 0 })));
    let kit = Kit::new();
    let changes = vec![put(&patient("anna", 0)), stu3(&patient("bram", 1))];
    let refused = kit.write(changes).await;
    assert!(matches!(
        refused,
        Err(StoreError::OtherFhirVersion { at: 1 })
    ));
    assert_eq!(kit.ids("Patient").await, "");
}

#[tokio::test]
async fn a_file_opens_under_its_own_version_only() {
    for version in FhirVersion::ALL {
        let Kit { store, folder, .. } = Kit::of(version);
        drop(store);
        for asked in FhirVersion::ALL {
            let opened = Store::open(Options {
                version: asked,
                ..options(&folder, clock())
            });
            match opened {
                Ok(_) => assert_eq!(asked, version),
                Err(StoreError::MadeForOtherVersion {
                    found,
                    asked: named,
                }) => {
                    assert!(found == version && named == asked && asked != version);
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
    let kit = Kit::new();
    let page = kit
        .page_in(&Scope::Organisation, "Patient", "")
        .await
        .unwrap();
    assert_eq!(page.matches.len(), 0);
}
