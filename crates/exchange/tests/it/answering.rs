//! The source side: whatever is asked, it is about the one patient.

use care::{AccessContext, Role, TreatmentRelation};
use exchange::{PeerPart, QUERIES_PER_BATCH_MAX, QUERY_BYTES_MAX, RESOURCES_PER_QUERY_MAX};
use fhir::Resource;
use trust::consent::Preset;

use crate::kit::*;

fn internist(region: &TestRegion, number: &str) -> AccessContext {
    region
        .person(HOSPITAL, Role::Internist)
        .about(
            &bsn(number),
            Some(code("bgz")),
            Some(TreatmentRelation::Contact),
        )
        .unwrap()
}

async fn with_bert() -> TestRegion {
    let region = TestRegion::with_anna().await;
    region
        .store(
            GP,
            vec![
                patient(BERT),
                about(
                    BERT,
                    "Condition",
                    fhir::value!({ "code": { "text": "Jicht" } }),
                ),
            ],
        )
        .await;
    region.consent(ANNA, Preset::Everyone).await;
    region
}

async fn count(region: &TestRegion, query: &str) -> usize {
    let cx = internist(region, ANNA);
    let answer = region
        .node(GP)
        .answer_peer(&cx, &[query.to_owned()])
        .await
        .unwrap();
    match &answer.parts[0] {
        PeerPart::Found { matches, .. } => matches.len(),
        PeerPart::Refused { status, .. } => panic!("refused with {status}"),
    }
}

#[tokio::test]
async fn whatever_is_asked_only_the_one_patient_answers() {
    let region = with_bert().await;
    assert_eq!(count(&region, "Condition").await, 1);
    assert_eq!(count(&region, "Patient").await, 1);
    let bert = format!(
        "Condition?patient.identifier={}%7C{BERT}",
        care::Bsn::SYSTEM
    );
    assert_eq!(count(&region, &bert).await, 0);
    assert_eq!(count(&region, "Condition?code:text=Jicht").await, 0);
    assert_eq!(count(&region, "Condition?_count=0").await, 1);
    // Directory types are only given along with something else.
    assert_eq!(count(&region, "Organization").await, 0);
}

#[tokio::test]
async fn without_consent_the_source_refuses_too() {
    let region = with_bert().await;
    region.consent(ANNA, Preset::Nobody).await;
    let ask = |cx: AccessContext| {
        let region = &region;
        async move {
            region
                .node(GP)
                .answer_peer(&cx, &["Condition".into()])
                .await
                .map(drop)
        }
    };
    assert_eq!(
        ask(internist(&region, ANNA)).await.unwrap_err().status(),
        403
    );
    // Bert never chose.
    assert_eq!(
        ask(internist(&region, BERT)).await.unwrap_err().status(),
        403
    );
    region.consent(ANNA, Preset::Everyone).await;
    assert!(ask(internist(&region, ANNA)).await.is_ok());
    // Without a patient, an exchange or a relation there is nothing to judge.
    let nobody = region.person(HOSPITAL, Role::Internist);
    assert_eq!(ask(nobody.clone()).await.unwrap_err().status(), 403);
    let relation = Some(TreatmentRelation::Contact);
    let open = nobody.about(&bsn(ANNA), None, relation).unwrap();
    assert_eq!(ask(open).await.unwrap_err().status(), 403);
    let stranger = nobody.about(&bsn(ANNA), Some(code("bgz")), None).unwrap();
    assert_eq!(ask(stranger).await.unwrap_err().status(), 403);
}

#[tokio::test]
async fn the_exchange_limits_the_kinds_of_data() {
    let region = with_bert().await;
    let cx = region
        .person(HOSPITAL, Role::Internist)
        .about(
            &bsn(ANNA),
            Some(code("laboratory")),
            Some(TreatmentRelation::Contact),
        )
        .unwrap();
    let answer = region
        .node(GP)
        .answer_peer(&cx, &["Condition".into()])
        .await
        .unwrap();
    assert!(matches!(&answer.parts[0], PeerPart::Found { matches, .. } if matches.is_empty()));
}

#[tokio::test]
async fn a_bad_search_is_refused_and_the_others_are_answered() {
    let region = with_bert().await;
    let cx = internist(&region, ANNA);
    let long = |bytes: usize| format!("Condition?code={}", "x".repeat(bytes - 15));
    let queries: Vec<String> = [
        "Condition",
        "Condition?colour=red",
        "Robot",
        "Condition?code=%f",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([long(QUERY_BYTES_MAX), long(QUERY_BYTES_MAX + 1)])
    .collect();
    let answer = region.node(GP).answer_peer(&cx, &queries).await.unwrap();
    let statuses: Vec<u16> = answer
        .parts
        .iter()
        .map(|part| match part {
            PeerPart::Found { .. } => 200,
            PeerPart::Refused { status, .. } => *status,
        })
        .collect();
    assert_eq!(statuses, [200, 400, 400, 400, 200, 413]);
    let bundle = Resource::parse(answer.to_bundle()).unwrap();
    assert_eq!(bundle.root().each("entry").count(), 6);
}

#[tokio::test]
async fn a_question_has_a_limited_number_of_searches() {
    let region = with_bert().await;
    let cx = internist(&region, ANNA);
    let ask = |count: usize| {
        let (region, cx) = (&region, &cx);
        async move {
            region
                .node(GP)
                .answer_peer(cx, &vec!["Flag".to_owned(); count])
                .await
        }
    };
    assert!(ask(QUERIES_PER_BATCH_MAX).await.is_ok());
    assert_eq!(
        ask(QUERIES_PER_BATCH_MAX + 1).await.unwrap_err().status(),
        413
    );
}

#[tokio::test]
async fn a_batch_bundle_holds_searches_only() {
    let region = with_bert().await;
    let cx = internist(&region, ANNA);
    let entry =
        |method: &str| fhir::value!({ "request": { "method": method, "url": "Condition" } });
    let node = region.node(GP);
    let answer = node
        .answer_batch(&cx, &bundle("batch", vec![entry("GET")]))
        .await
        .unwrap();
    let answer = Resource::parse(answer).unwrap();
    assert_eq!(
        answer
            .root()
            .path(&["entry", "resource"])
            .unwrap()
            .each("entry")
            .count(),
        1
    );
    for (kind, method) in [("batch", "POST"), ("transaction", "GET")] {
        let refused = node
            .answer_batch(&cx, &bundle(kind, vec![entry(method)]))
            .await;
        assert_eq!(refused.unwrap_err().status(), 400);
    }
}

#[tokio::test]
async fn a_large_answer_comes_in_pages_and_is_whole_in_the_end() {
    let region = with_bert().await;
    let flag = || {
        let coding = fhir::value!({ "text": "let op" });
        about(
            ANNA,
            "Flag",
            fhir::value!({ "status": "active", "code": coding }),
        )
    };
    let store = |count: usize| {
        let mut entries = vec![patient(ANNA)];
        entries.extend((0..count).map(|_| flag()));
        region.store(GP, entries)
    };
    let cx = internist(&region, ANNA);
    let ask = |query: String| {
        let (region, cx) = (&region, &cx);
        async move {
            let mut answer = region.node(GP).answer_peer(cx, &[query]).await.unwrap();
            match answer.parts.remove(0) {
                PeerPart::Found { matches, next, .. } => (matches.len(), next),
                PeerPart::Refused { status, .. } => panic!("refused with {status}"),
            }
        }
    };
    store(RESOURCES_PER_QUERY_MAX - 1).await;
    store(1).await;
    assert_eq!(ask("Flag".into()).await, (RESOURCES_PER_QUERY_MAX, None));
    store(1).await;
    let (count, next) = ask("Flag".into()).await;
    assert_eq!(count, RESOURCES_PER_QUERY_MAX);
    let next = next.unwrap();
    assert!(!next.contains(ANNA));
    assert_eq!(ask(next).await, (1, None));
}
