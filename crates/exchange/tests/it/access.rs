use care::{Purpose, Role};
use exchange::{LOG_LINES_MAX, SourceState};
use trust::consent::Preset;

use crate::kit::*;

#[tokio::test]
async fn the_patient_sees_who_looked_everywhere() {
    let region = TestRegion::with_anna().await;
    region.consent(ANNA, Preset::Everyone).await;
    let cx = region.person(HOSPITAL, Role::Internist);
    let cx = cx.in_request(care::RequestId("the question".into()));
    region
        .node(HOSPITAL)
        .regional_record(&cx, &bsn(ANNA), &code("bgz"))
        .await
        .unwrap();
    let emergency = region
        .person(HOSPITAL, Role::EmergencyPhysician)
        .for_purpose(Purpose::EmergencyTreatment, Some("bewusteloos".into()))
        .in_request(care::RequestId("the emergency".into()));
    region
        .node(HOSPITAL)
        .regional_record(&emergency, &bsn(ANNA), &code("bgz"))
        .await
        .unwrap();
    region.wires.silent.lock().unwrap().insert(ura(HOME_CARE));

    let log = region
        .node(REGION)
        .access_log(&region.patient(ANNA), &bsn(ANNA))
        .await
        .unwrap();
    let states: Vec<&str> = log
        .sources
        .iter()
        .map(|source| source.state.code())
        .collect();
    assert_eq!(states, ["data", "data", "data", "no-answer", "data"]);
    assert_eq!(
        log.sources
            .iter()
            .filter(|it| it.state == SourceState::NoAnswer)
            .count(),
        1
    );
    assert_eq!(log.visits[0].request, "the emergency");
    assert_eq!(
        log.visits[0].emergency_reason.as_deref(),
        Some("bewusteloos")
    );
    let question = log
        .visits
        .iter()
        .find(|visit| visit.request == "the question")
        .unwrap();
    // Asked and read at the hospital, read at the GP and the pharmacy.
    let mut sources: Vec<_> = question.lines.iter().map(|line| line.source).collect();
    sources.sort();
    assert_eq!(
        sources,
        [ura(GP), ura(HOSPITAL), ura(HOSPITAL), ura(PHARMACY)]
    );
    assert!(
        question
            .lines
            .iter()
            .all(|line| line.text_nl.contains("Ziekenhuis Zuid"))
    );
}

#[tokio::test]
async fn nobody_else_sees_who_looked() {
    let region = TestRegion::with_anna().await;
    for (number, role) in [
        (GP, Role::GeneralPractitioner),
        (GP, Role::Operator),
        (REGION, Role::Coordinator),
    ] {
        let cx = region.person(number, role);
        let refused = region.node(number).access_log(&cx, &bsn(ANNA)).await;
        assert_eq!(refused.unwrap_err().status(), 403, "{role:?}");
    }
    let bert = region.patient(BERT);
    assert_eq!(
        region
            .node(REGION)
            .access_log(&bert, &bsn(ANNA))
            .await
            .unwrap_err()
            .status(),
        403
    );
}

#[tokio::test]
async fn an_organisation_gives_so_many_lines_of_its_log_and_no_more() {
    let region = TestRegion::with_anna().await;
    let node = region.node(GP);
    let lines = async || {
        let cx = region.patient(ANNA);
        let bundle = node.answer_access_log(&cx).await.unwrap();
        let bundle = fhir::Resource::parse(&bundle).unwrap();
        bundle.root().each("entry").count()
    };
    // Each question for the log writes a line of its own.
    let first = lines().await;
    let anna = bsn(ANNA);
    let line = |number: usize| store::AuditBody {
        patient: Some(anna.clone()),
        body: format!("{{\"resourceType\":\"AuditEvent\",\"id\":\"{number}\"}}").into_bytes(),
    };
    let missing = LOG_LINES_MAX - first - 2;
    node.store()
        .append_audit((0..missing).map(line).collect())
        .await
        .unwrap();
    assert_eq!(lines().await, LOG_LINES_MAX - 1);
    assert_eq!(lines().await, LOG_LINES_MAX);
    assert_eq!(lines().await, LOG_LINES_MAX);
}

#[tokio::test]
async fn access_is_explained_rule_by_rule() {
    let region = TestRegion::with_anna().await;
    let cx = region.person(HOSPITAL, Role::Internist);
    let (anna, bgz) = (bsn(ANNA), code("bgz"));
    let explain = || {
        region
            .node(HOSPITAL)
            .explain_access(&cx, &anna, Some(&bgz), ura(GP))
    };
    let before = explain().await.unwrap();
    region.consent(ANNA, Preset::Everyone).await;
    let after = explain().await.unwrap();
    assert!(!before.is_empty() && before != after);
    assert!(after.iter().all(|line| !line.text_nl.contains(ANNA)));
}

#[tokio::test]
async fn counts_are_for_those_who_keep_the_exchange_running() {
    let region = TestRegion::with_anna().await;
    let ask = |number: u32, role| {
        let cx = region.person(number, role);
        let region = &region;
        async move {
            region
                .node(GP)
                .statistics(&cx)
                .await
                .map_err(|error| error.status())
        }
    };
    assert!(ask(GP, Role::Operator).await.is_ok());
    assert!(ask(REGION, Role::Coordinator).await.is_ok());
    assert_eq!(ask(GP, Role::GeneralPractitioner).await.unwrap_err(), 403);
    assert_eq!(ask(HOSPITAL, Role::Operator).await.unwrap_err(), 403);
}
