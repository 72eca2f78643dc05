use bytes::Bytes;
use care::Role;
use exchange::{Channel, ExchangeError};
use store::{MessageFilter, MessageId, MessageState};

use crate::kit::*;

/// A result of one test, for a patient with this number.
fn result(number: &str, value: &str) -> Bytes {
    let message = [
        "MSH|^~\\&|LAB|Diagnostiek Delta|HIS|De Linde|20260227083000||ORU^R01^ORU_R01|M1|P|2.5.1|||||NLD|8859/1",
        &format!("PID|1||{number}^^^NLMINBIZA^NNNLD||Vermeer^Anna||19500203|F"),
        "ORC|RE|A1|F1",
        "OBR|1|A1|F1|KAL^Kalium^99DEL|||20260227081000",
        &format!("OBX|1|NM|2823-3^Kalium^LN||{value}|mmol/L|3.5-5.0|N|||F|||20260227081000"),
    ];
    Bytes::from(message.join("\r") + "\r")
}

fn all(state: Option<MessageState>) -> MessageFilter {
    MessageFilter {
        state,
        ..MessageFilter::all(100)
    }
}

async fn observations(region: &TestRegion) -> usize {
    let cx = region.person(GP, Role::RecordSystem);
    region
        .node(GP)
        .search(&cx, "Observation", &[])
        .await
        .unwrap()
        .matches
        .len()
}

fn text(acknowledgement: &[u8]) -> String {
    String::from_utf8_lossy(acknowledgement).into_owned()
}

#[tokio::test]
async fn a_message_is_taken_in_once() {
    let region = TestRegion::new();
    let cx = region.person(GP, Role::RecordSystem);
    let node = region.node(GP);
    let first = node
        .receive(&cx, Channel::Mllp, result(ANNA, "4.1"))
        .await
        .unwrap();
    assert!(first.accepted && !first.duplicate, "{:?}", first.reason);
    assert!(text(&first.acknowledgement).contains("MSA|AA|M1"));
    let before = observations(&region).await;
    assert!(before >= 1);
    let again = node
        .receive(&cx, Channel::Mllp, result(ANNA, "4.1"))
        .await
        .unwrap();
    assert!(again.accepted && again.duplicate);
    assert_eq!(again.message, first.message);
    assert!(text(&again.acknowledgement).contains("MSA|AA|M1"));
    assert_eq!(observations(&region).await, before);
    let operator = region.person(GP, Role::Operator);
    assert_eq!(node.messages(&operator, all(None)).await.unwrap().len(), 1);
    // The patient sees that a message about them came in.
    let log = region
        .node(REGION)
        .access_log(&region.patient(ANNA), &bsn(ANNA))
        .await
        .unwrap();
    assert!(
        log.visits
            .iter()
            .any(|visit| visit.role == Some(Role::RecordSystem))
    );
}

#[tokio::test]
async fn a_refused_message_is_kept_whole_and_nothing_of_it_is_stored() {
    let region = TestRegion::new();
    let cx = region.person(GP, Role::RecordSystem);
    let operator = region.person(GP, Role::Operator);
    let node = region.node(GP);
    // The first fails the eleven-test, the second is no HL7 v2 at all.
    for (bytes, code) in [
        (result("999911118", "4.1"), "AE"),
        (Bytes::from("hello"), "AR"),
    ] {
        let receipt = node
            .receive(&cx, Channel::Mllp, bytes.clone())
            .await
            .unwrap();
        assert!(!receipt.accepted);
        assert!(text(&receipt.acknowledgement).contains(&format!("MSA|{code}")));
        let reason = receipt.reason.unwrap();
        assert!(!reason.contains("999911118"), "{reason}");
        let kept = node.message(&operator, &receipt.message).await.unwrap();
        assert_eq!(kept.bytes, bytes);
        assert_eq!(kept.summary.state, MessageState::Refused);

        // Trying again without a change refuses again, and keeps it.
        let replayed = node.replay(&operator, &receipt.message).await.unwrap();
        assert!(!replayed.accepted);
    }
    assert_eq!(observations(&region).await, 0);
    assert_eq!(
        node.messages(&operator, all(Some(MessageState::Refused)))
            .await
            .unwrap()
            .len(),
        2
    );
}

#[tokio::test]
async fn an_accepted_message_is_not_replayed() {
    let region = TestRegion::new();
    let cx = region.person(GP, Role::RecordSystem);
    let operator = region.person(GP, Role::Operator);
    let node = region.node(GP);
    let receipt = node
        .receive(&cx, Channel::Hl7v2, result(ANNA, "4.1"))
        .await
        .unwrap();
    assert_eq!(
        node.replay(&operator, &receipt.message)
            .await
            .unwrap_err()
            .status(),
        409
    );
    let absent = MessageId("absent".into());
    assert!(matches!(
        node.replay(&operator, &absent).await,
        Err(ExchangeError::NotFound)
    ));
}

#[tokio::test]
async fn messages_are_for_the_own_record_system_and_operator() {
    let region = TestRegion::new();
    let node = region.node(GP);
    let cx = region.person(GP, Role::RecordSystem);
    let receipt = node
        .receive(&cx, Channel::Mllp, result(ANNA, "4.1"))
        .await
        .unwrap();
    for (number, role) in [
        (HOSPITAL, Role::RecordSystem),
        (GP, Role::Operator),
        (REGION, Role::Patient),
    ] {
        let cx = region.person(number, role);
        let refused = node.receive(&cx, Channel::Mllp, result(ANNA, "4.2")).await;
        assert_eq!(refused.unwrap_err().status(), 403, "{role:?}");
    }
    for (number, role) in [
        (HOSPITAL, Role::Operator),
        (GP, Role::GeneralPractitioner),
        (REGION, Role::Coordinator),
    ] {
        let cx = region.person(number, role);
        assert_eq!(
            node.messages(&cx, all(None)).await.unwrap_err().status(),
            403
        );
        assert_eq!(
            node.message(&cx, &receipt.message)
                .await
                .unwrap_err()
                .status(),
            403
        );
        assert_eq!(
            node.replay(&cx, &receipt.message)
                .await
                .unwrap_err()
                .status(),
            403
        );
    }
}

#[tokio::test]
async fn edifact_is_answered_with_contrl() {
    let region = TestRegion::new();
    let cx = region.person(GP, Role::RecordSystem);
    let node = region.node(GP);
    let interchange = include_bytes!("../../../../examples/result.edi");
    let receipt = node
        .receive(&cx, Channel::Edifact, Bytes::from_static(interchange))
        .await
        .unwrap();
    assert!(receipt.accepted, "{:?}", receipt.reason);
    assert!(text(&receipt.acknowledgement).contains("CONTRL"));
    let cut = Bytes::from_static(&interchange[..interchange.len() / 2]);
    let receipt = node.receive(&cx, Channel::Edifact, cut).await.unwrap();
    assert!(!receipt.accepted);
}

#[test]
fn channels_are_found_by_their_word() {
    for channel in Channel::ALL {
        assert_eq!(Channel::from_code(channel.code()), Some(channel));
    }
}
