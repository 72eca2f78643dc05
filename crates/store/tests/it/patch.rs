//! Patches in the write path: applied to what is there when it is their turn.

use std::collections::BTreeSet;

use care::Scope;
use fhir::json::Document;
use fhir::patch::{Fault, Patch, PatchError};
use store::{Alongside, Change, Status, StoreError, Target};

use crate::kit::{self, Kit, pairs, patient, put, resource};

fn patch(text: &str) -> Patch {
    Patch::json(Document::parse(text).unwrap().root()).unwrap()
}

fn named(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn change(target: Target, text: &str) -> Change {
    Change::Patch {
        resource_type: "Basic".to_owned(),
        target,
        patch: patch(text),
        if_match: None,
        named: BTreeSet::new(),
    }
}

fn of(id: &str, text: &str) -> Change {
    change(Target::Id(id.to_owned()), text)
}

fn basic(id: &str) -> fhir::json::Value {
    fhir::value!({ "resourceType": "Basic", "id": (id), "code": { "text": "x" } })
}

const ADD_CODING: &str = r#"[{"op":"add","path":"/code/coding/-","value":{"code":"y"}}]"#;
const SET_TEXT: &str = r#"[{"op":"replace","path":"/code/text","value":"y"}]"#;

#[tokio::test]
async fn a_patch_makes_a_version_by_id_and_by_search() {
    let kit = Kit::new();
    kit.put(&[basic("a"), basic("b")]).await;
    let outcome = kit.write(vec![of("a", SET_TEXT)]).await.unwrap().remove(0);
    assert_eq!((outcome.status, outcome.version), (Status::Updated, 2));
    let again = kit.write(vec![of("a", SET_TEXT)]).await.unwrap().remove(0);
    assert_eq!((again.status, again.version), (Status::Unchanged, 2));
    let found = || Target::Found(pairs("_id=b"));
    let outcome = kit.write(vec![change(found(), SET_TEXT)]).await.unwrap();
    assert_eq!((&*outcome[0].id, outcome[0].version), ("b", 2));
    let several = change(Target::Found(pairs("_id=a,b")), SET_TEXT);
    assert!(matches!(
        kit.write(vec![several]).await,
        Err(StoreError::MultipleMatches { at: 0 })
    ));
    for target in [
        Target::Id("absent".to_owned()),
        Target::Found(pairs("_id=absent")),
    ] {
        assert!(matches!(
            kit.write(vec![change(target, SET_TEXT)]).await,
            Err(StoreError::NothingThere { at: 0 })
        ));
    }
    let clash = kit.write(vec![of("a", SET_TEXT), put(&basic("a"))]).await;
    assert!(matches!(clash, Err(StoreError::Conflict { at: 1 })));
}

#[tokio::test]
async fn no_patch_takes_back_another_one() {
    const WRITERS: usize = 40;
    let kit = Kit::new();
    let start = fhir::value!({
        "resourceType": "Basic", "id": "a", "code": { "coding": [{ "code": "0" }] }
    });
    kit.put(&[start]).await;
    let mut writes = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let (store, cx) = (kit.store.clone(), kit.cx.clone());
        writes.spawn(async move {
            let changes = vec![of("a", ADD_CODING)];
            let with = Alongside::default();
            store.write(&cx, &Scope::Organisation, changes, with).await
        });
    }
    for written in writes.join_all().await {
        assert_eq!(written.unwrap().outcomes[0].status, Status::Updated);
    }
    let text = kit.read(&Scope::Organisation, "Basic", "a").await;
    assert_eq!(text.matches(r#"{"code":"y"}"#).count(), WRITERS, "{text}");
}

#[tokio::test]
async fn a_patch_is_refused_whole() {
    let kit = Kit::new();
    kit.put(&[basic("a"), basic("b")]).await;
    let refused = |changes| async { kit.write(changes).await.unwrap_err() };
    let mut stale = of("a", SET_TEXT);
    if let Change::Patch { if_match, .. } = &mut stale {
        *if_match = Some(7);
    }
    assert!(matches!(
        refused(vec![stale]).await,
        StoreError::PreconditionFailed { at: 0 }
    ));
    let fails = of("a", r#"[{"op":"test","path":"/code/text","value":"z"}]"#);
    assert!(matches!(
        refused(vec![of("b", SET_TEXT), fails]).await,
        StoreError::NotPatched {
            at: 1,
            source: PatchError::NotApplied {
                at: 0,
                fault: Fault::TestFailed
            }
        }
    ));
    let shapeless = of("a", r#"[{"op":"add","path":"/shoe","value":43}]"#);
    let StoreError::PatchedInvalid { at: 0, issues } = refused(vec![shapeless]).await else {
        panic!("the shape of the result is not checked");
    };
    assert_eq!(issues[0].expression.as_deref(), Some("Basic.shoe"));
    for id in ["a", "b"] {
        let text = kit.read(&Scope::Organisation, "Basic", id).await;
        assert!(text.contains(r#""versionId":"1""#), "{text}");
    }
}

#[tokio::test]
async fn a_patch_moves_nothing_to_somebody_else() {
    let kit = Kit::new();
    let condition = fhir::value!({
        "resourceType": "Condition", "id": "c", "subject": { "reference": "Patient/a" }
    });
    kit.put(&[patient("a", 0), patient("b", 1), condition])
        .await;
    let to_b = |names: &[&str]| Change::Patch {
        resource_type: "Condition".to_owned(),
        target: Target::Id("c".to_owned()),
        patch: patch(r#"[{"op":"replace","path":"/subject/reference","value":"Patient/b"}]"#),
        if_match: None,
        named: named(names),
    };
    let refused = kit.write(vec![to_b(&["Patient/a"])]).await;
    assert!(matches!(refused, Err(StoreError::OthersNamed { at: 0 })));
    let refused = kit.write(vec![to_b(&["Patient/a", "Patient/b"])]).await;
    assert!(matches!(refused, Err(StoreError::OtherSubject { at: 0 })));
    // Another BSN needs the version that is corrected, as in an update.
    let bsn = |number: usize| kit::bsn(number).expose().to_owned();
    let other_bsn = |if_match| Change::Patch {
        resource_type: "Patient".to_owned(),
        target: Target::Id("a".to_owned()),
        patch: patch(&format!(
            r#"[{{"op":"replace","path":"/identifier/0/value","value":"{}"}}]"#,
            bsn(2)
        )),
        if_match,
        named: [0, 2]
            .map(|number| store::patients_named(&resource(&patient("a", number))))
            .into_iter()
            .flatten()
            .collect(),
    };
    assert!(matches!(
        kit.write(vec![other_bsn(None)]).await,
        Err(StoreError::OtherBsn { at: 0 })
    ));
    assert_eq!(
        kit.write(vec![other_bsn(Some(1))]).await.unwrap()[0].version,
        2
    );
}

#[tokio::test]
async fn a_deletion_holds_to_the_named_version() {
    let kit = Kit::new();
    kit.put(&[basic("a")]).await;
    let delete = |version| Change::Delete {
        resource_type: "Basic".to_owned(),
        id: "a".to_owned(),
        if_match: Some(version),
    };
    assert!(matches!(
        kit.write(vec![delete(2)]).await,
        Err(StoreError::PreconditionFailed { at: 0 })
    ));
    assert_eq!(
        kit.write(vec![delete(1)]).await.unwrap()[0].status,
        Status::Deleted
    );
    assert!(matches!(
        kit.write(vec![delete(2)]).await,
        Err(StoreError::PreconditionFailed { at: 0 })
    ));
}
