use care::{Purpose, Role};
use exchange::{ExchangeError, RegionalRecord, SourceState, combined};
use fhir::Resource;
use trust::consent::Preset;

use crate::kit::*;

fn states(record: &RegionalRecord) -> Vec<(u32, &'static str, usize)> {
    record
        .sources
        .iter()
        .map(|source| {
            (
                source.ura.as_str().parse().unwrap(),
                source.state.code(),
                source.count,
            )
        })
        .collect()
}

#[tokio::test]
async fn a_treating_physician_sees_what_the_patient_consents_to() {
    let region = TestRegion::with_anna().await;
    region.consent(ANNA, Preset::Everyone).await;
    let cx = region.person(HOSPITAL, Role::Internist);
    let record = region
        .node(HOSPITAL)
        .regional_record(&cx, &bsn(ANNA), &code("bgz"))
        .await
        .unwrap();
    assert_eq!(
        states(&record),
        [
            (GP, "data", 3),
            (HOSPITAL, "data", 2),
            (PHARMACY, "data", 2),
            (HOME_CARE, "none", 0)
        ]
    );
    assert!(!region.wires.asked.lock().unwrap().contains(&ura(HOME_CARE)));

    let combined = combined::combine(record);
    let problems = combined.section(combined::SectionKind::Problems).unwrap();
    assert_eq!(problems.groups[0].title, "Diabetes mellitus type 2");
    assert_eq!(problems.state, SourceState::Data);
    let directives = combined.section(combined::SectionKind::Directives).unwrap();
    assert_eq!(directives.state, SourceState::None);
}

#[tokio::test]
async fn without_consent_all_others_are_not_allowed_whatever_they_hold() {
    let region = TestRegion::with_anna().await;
    let cx = region.person(HOSPITAL, Role::Internist);
    let (anna, bgz) = (bsn(ANNA), code("bgz"));
    let ask = || region.node(HOSPITAL).regional_record(&cx, &anna, &bgz);
    let shut = [
        (GP, "not-allowed", 0),
        (HOSPITAL, "data", 2),
        (PHARMACY, "not-allowed", 0),
        (HOME_CARE, "not-allowed", 0),
    ];
    let record = ask().await.unwrap();
    assert_eq!(states(&record), shut);
    assert!(region.wires.asked.lock().unwrap().is_empty());

    // A withdrawal holds at the next question.
    region.consent(ANNA, Preset::Everyone).await;
    assert_eq!(states(&ask().await.unwrap())[0], (GP, "data", 3));
    region.consent(ANNA, Preset::Nobody).await;
    assert_eq!(states(&ask().await.unwrap()), shut);
}

#[tokio::test]
async fn without_a_treatment_relation_nobody_is_asked() {
    let region = TestRegion::with_anna().await;
    region.consent(ANNA, Preset::Everyone).await;
    let cx = region.person(HOME_CARE, Role::Nurse);
    let refused = region
        .node(HOME_CARE)
        .regional_record(&cx, &bsn(ANNA), &code("bgz"))
        .await;
    assert!(matches!(refused, Err(ExchangeError::NotAllowed)));
    assert!(region.wires.asked.lock().unwrap().is_empty());
    assert_eq!(
        region
            .node(HOME_CARE)
            .statistics(&region.person(HOME_CARE, Role::Operator))
            .await
            .unwrap()
            .audit_lines,
        1
    );
}

#[tokio::test]
async fn an_emergency_needs_a_physician_with_a_reason_and_passes_consent() {
    let region = TestRegion::with_anna().await;
    let ask = |role, reason: Option<&str>| {
        let cx = region.person(HOSPITAL, role);
        let cx = cx.for_purpose(Purpose::EmergencyTreatment, reason.map(str::to_owned));
        let region = &region;
        async move {
            region
                .node(HOSPITAL)
                .regional_record(&cx, &bsn(ANNA), &code("bgz"))
                .await
        }
    };
    let record = ask(Role::EmergencyPhysician, Some("bewusteloos"))
        .await
        .unwrap();
    assert_eq!(states(&record)[0], (GP, "data", 3));
    for reason in [None, Some("  ")] {
        let refused = ask(Role::EmergencyPhysician, reason).await;
        assert!(
            matches!(refused, Err(ExchangeError::ReasonNeeded)),
            "{reason:?}"
        );
    }
    let refused = ask(Role::Nurse, Some("bewusteloos")).await;
    assert!(matches!(refused, Err(ExchangeError::NotAllowed)));
    assert!(
        ask(Role::EmergencyPhysician, Some(&"x".repeat(500)))
            .await
            .is_ok()
    );
    let refused = ask(Role::EmergencyPhysician, Some(&"x".repeat(501))).await;
    assert!(matches!(
        refused,
        Err(ExchangeError::LimitExceeded { max: 500, .. })
    ));
}

#[tokio::test]
async fn the_patient_sees_everything_of_themselves_and_nothing_of_another() {
    let region = TestRegion::with_anna().await;
    let cx = region.patient(ANNA);
    let (anna, bert, bgz) = (bsn(ANNA), bsn(BERT), code("bgz"));
    let ask = |number| region.node(REGION).regional_record(&cx, number, &bgz);
    let record = ask(&anna).await.unwrap();
    assert_eq!(
        states(&record),
        [
            (GP, "data", 3),
            (HOSPITAL, "data", 2),
            (PHARMACY, "data", 2),
            (HOME_CARE, "none", 0)
        ]
    );
    assert!(matches!(
        ask(&bert).await,
        Err(ExchangeError::OtherPatient(_))
    ));
}

#[tokio::test]
async fn who_does_not_answer_is_no_answer_and_holds_nobody_up() {
    let region = TestRegion::with_anna().await;
    region.consent(ANNA, Preset::Everyone).await;
    region.wires.silent.lock().unwrap().insert(ura(GP));
    let cx = region.person(HOSPITAL, Role::Internist);
    let record = region
        .node(HOSPITAL)
        .regional_record(&cx, &bsn(ANNA), &code("bgz"))
        .await
        .unwrap();
    assert_eq!(states(&record)[0], (GP, "no-answer", 0));
    assert_eq!(states(&record)[2], (PHARMACY, "data", 2));

    *region.wires.index_down.lock().unwrap() = true;
    let record = region
        .node(HOSPITAL)
        .regional_record(&cx, &bsn(ANNA), &code("bgz"))
        .await
        .unwrap();
    assert_eq!(
        states(&record),
        [
            (GP, "no-answer", 0),
            (HOSPITAL, "data", 2),
            (PHARMACY, "no-answer", 0),
            (HOME_CARE, "no-answer", 0)
        ]
    );
}

#[tokio::test]
async fn who_may_not_ask_under_an_exchange_is_told_so() {
    let region = TestRegion::with_anna().await;
    let ask = |number: u32, role, exchange: &'static str| {
        let cx = region.person(number, role);
        let region = &region;
        async move {
            region
                .node(number)
                .regional_record(&cx, &bsn(ANNA), &code(exchange))
                .await
                .unwrap_err()
        }
    };
    assert!(matches!(
        ask(PHARMACY, Role::Pharmacist, "bgz").await,
        ExchangeError::NotForYou(_)
    ));
    assert!(matches!(
        ask(GP, Role::GeneralPractitioner, "none").await,
        ExchangeError::UnknownExchange
    ));
    assert!(matches!(
        ask(GP, Role::Operator, "bgz").await,
        ExchangeError::NotForYou(_)
    ));
}

#[tokio::test]
async fn the_record_as_a_bundle_says_where_everything_came_from() {
    let region = TestRegion::with_anna().await;
    region.consent(ANNA, Preset::Everyone).await;
    let cx = region.person(HOSPITAL, Role::Internist);
    let record = region
        .node(HOSPITAL)
        .regional_record(&cx, &bsn(ANNA), &code("medication"))
        .await
        .unwrap();
    let bundle = Resource::parse(record.to_bundle()).unwrap();
    let mut modes = Vec::new();
    for entry in bundle.root().each("entry") {
        let mode = entry
            .path(&["search", "mode"])
            .unwrap()
            .as_str()
            .unwrap()
            .into_owned();
        let resource = entry.get("resource").unwrap();
        if mode == "outcome" {
            let issues: Vec<String> = resource
                .each("issue")
                .map(|issue| {
                    let code = issue.path(&["details", "coding", "code"]).unwrap();
                    format!(
                        "{} {}",
                        issue.text("diagnostics").unwrap(),
                        code.as_str().unwrap()
                    )
                })
                .collect();
            assert_eq!(
                issues,
                [
                    "00000001 data",
                    "00000003 none",
                    "00000004 data",
                    "00000005 none"
                ]
            );
        } else {
            let source = resource
                .path(&["meta", "source"])
                .unwrap()
                .as_str()
                .unwrap();
            assert!(
                source.starts_with("urn:oid:2.16.528.1.1007.3.3.0000000"),
                "{source}"
            );
            let full_url = entry.text("fullUrl").unwrap();
            let id = resource.text("id").unwrap();
            assert!(full_url.starts_with("https://") && full_url.ends_with(id.as_ref()));
            assert!(resource.path(&["meta", "versionId"]).is_some());
        }
        modes.push(mode);
    }
    assert_eq!(modes.iter().filter(|mode| *mode == "outcome").count(), 1);
    assert!(modes.len() > 3);
}
