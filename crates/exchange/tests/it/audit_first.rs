//! No line, no data.

use std::sync::atomic::Ordering;

use care::{Role, TreatmentRelation};
use store::Change;
use trust::consent::Preset;

use crate::kit::*;

#[tokio::test]
async fn when_the_audit_log_fails_so_does_everything_else() {
    let region = TestRegion::with_anna().await;
    region.consent(ANNA, Preset::Everyone).await;
    region.broken.store(true, Ordering::Release);

    let internist = region.person(HOSPITAL, Role::Internist);
    let hospital = region.node(HOSPITAL);
    let asked = hospital
        .regional_record(&internist, &bsn(ANNA), &code("bgz"))
        .await;
    assert!(asked.unwrap_err().status() >= 500);
    assert!(region.wires.asked.lock().unwrap().is_empty());

    let gp = region.node(GP);
    let doctor = region.person(GP, Role::GeneralPractitioner);
    assert!(
        gp.search(&doctor, "Condition", &[])
            .await
            .unwrap_err()
            .status()
            >= 500
    );
    let relation = Some(TreatmentRelation::Contact);
    let peer = internist
        .about(&bsn(ANNA), Some(code("bgz")), relation)
        .unwrap();
    assert!(
        gp.answer_peer(&peer, &["Condition".to_owned()])
            .await
            .unwrap_err()
            .status()
            >= 500
    );
    let log = region
        .node(REGION)
        .access_log(&region.patient(ANNA), &bsn(ANNA))
        .await;
    assert!(log.unwrap_err().status() >= 500);
    let delete = Change::Delete {
        resource_type: "Condition".into(),
        id: "x".into(),
        if_match: None,
    };
    let system = region.person(GP, Role::RecordSystem);
    assert!(gp.write(&system, delete).await.unwrap_err().status() >= 500);
}
