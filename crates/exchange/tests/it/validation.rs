//! What is judged when it is written: messages, and patches while others write.

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use care::Role;
use exchange::{Channel, ExchangeError, Validation, ValidationMode};
use fhir::{
    FhirVersion, Resource,
    json::Document,
    patch::Patch,
    validation::{Package, Validator},
};
use store::{Change, StoreError, Target};

use crate::kit::*;

/// A profile of a Patient with a few telecoms at most.
const FEW: &str = "urn:p:few";

/// A region in which the GP refuses what has errors.
fn region() -> TestRegion {
    let mut package = Package::new(FhirVersion::R4);
    let few = br#"{"resourceType":"StructureDefinition","url":"urn:p:few","type":"Patient",
        "kind":"resource","derivation":"constraint",
        "baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient",
        "differential":{"element":[{"id":"Patient.telecom","path":"Patient.telecom","max":"4"}]}}"#;
    assert_eq!(package.add(few), Ok(true));
    let validator = Validator::new(FhirVersion::R4, vec![package]);
    TestRegion::validating(Validation::new(ValidationMode::Refuse, Arc::new(validator)))
}

fn creating(resource: Resource) -> Change {
    Change::Create {
        full_url: None,
        resource,
        if_none_exist: None,
    }
}

#[tokio::test]
async fn a_message_with_errors_is_stored_and_counted_where_errors_are_refused() {
    let region = region();
    let cx = region.person(GP, Role::RecordSystem);
    let node = region.node(GP);
    // A visit that ends before it starts breaks rule per-1.
    let mut visit = vec![""; 46];
    (visit[0], visit[1], visit[2]) = ("PV1", "1", "I");
    visit[19] = "V1^^^HIS";
    (visit[44], visit[45]) = ("20260227081000", "20260226081000");
    let message = [
        "MSH|^~\\&|HIS|De Linde|SCHAKEL|De Linde|20260227083000||ADT^A01^ADT_A01|M1|P|2.5.1|||||NLD|8859/1",
        "EVN|A01|20260227083000",
        &format!("PID|1||{ANNA}^^^NLMINBIZA^NNNLD||Vermeer^Anna||19500203|F"),
        &visit.join("|"),
    ];
    let received = node
        .receive(&cx, Channel::Mllp, Bytes::from(message.join("\r") + "\r"))
        .await
        .unwrap();
    assert!(received.accepted, "{:?}", received.reason);
    let found = node.search(&cx, "Encounter", &[]).await.unwrap();
    assert_eq!(found.matches.len(), 1);
    let counts = node.validation().counts();
    assert_eq!((counts.warned, counts.refused), (1, 0));

    // The same through the other door is refused.
    let stored = Resource::parse(&found.matches[0].body).unwrap();
    let refused = node.write(&cx, creating(stored)).await;
    assert!(matches!(refused, Err(ExchangeError::NotValid(_))));
    assert_eq!(node.validation().counts().refused, 1);
}

/// Patches of one resource at the same time are judged with what the others
/// made of it: none of them brings it over what the profile allows, and none
/// undoes another.
#[tokio::test(flavor = "multi_thread")]
async fn patches_at_the_same_time_are_judged_with_what_the_others_wrote() {
    const MOST: usize = 4;
    let region = region();
    let cx = region.person(GP, Role::RecordSystem);
    let node = region.node(GP);
    let patient = fhir::value!({
        "resourceType": "Patient",
        "meta": { "profile": [(FEW)] },
        "telecom": [{ "system": "phone", "value": "1" }]
    });
    let made = node
        .write(&cx, creating(Resource::from_value(&patient).unwrap()))
        .await
        .unwrap();
    let id = made.id;
    let adding = |number: usize| {
        let operations = format!(
            r#"[{{"op":"add","path":"/telecom/-","value":{{"system":"phone","value":"x{number}"}}}}]"#
        );
        let operations = Document::parse(operations.as_bytes()).unwrap();
        Change::Patch {
            resource_type: "Patient".to_owned(),
            target: Target::Id(id.clone()),
            patch: Patch::json(operations.root()).unwrap(),
            if_match: None,
            named: BTreeSet::default(),
        }
    };
    let patches = (0..16).map(|number| {
        let (node, cx, change) = (Arc::clone(node), cx.clone(), adding(number));
        tokio::spawn(async move { node.write(&cx, change).await })
    });
    let mut written = 0;
    for patch in patches.collect::<Vec<_>>() {
        match patch.await.unwrap() {
            Ok(_) => written += 1,
            Err(ExchangeError::NotValid(_) | ExchangeError::Store(StoreError::Conflict { .. })) => {
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    let stored = node.read(&cx, "Patient", &id).await.unwrap();
    let stored = Resource::parse(&stored.body).unwrap();
    let telecom = stored.root().get("telecom").unwrap();
    assert!(written > 0);
    assert_eq!(telecom.items().count(), 1 + written);
    assert!(written < MOST, "{written}");
    assert_eq!(node.validation().counts().warned, 0);
}
