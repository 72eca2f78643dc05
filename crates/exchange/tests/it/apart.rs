//! A result stays with its patient, and what was said later stands, whatever
//! numbers come again and in whatever order messages arrive.

use bytes::Bytes;
use care::Role;
use exchange::{Channel, Receipt};
use fhir::{Resource, json::Value};
use store::{MessageFilter, MessageState};

use crate::kit::*;

/// A result as a laboratory sends it.
#[derive(Clone, Copy)]
struct Result<'a> {
    /// PID-3.
    patient: &'a str,
    /// MSH-7.
    sent: &'a str,
    /// OBR-22.
    issued: &'a str,
    /// OBX-11 and OBR-25.
    status: &'a str,
    value: &'a str,
}

const ANNA_PID: &str = "999911119^^^NLMINBIZA^NNNLD";
const BERT_PID: &str = "999906276^^^NLMINBIZA^NNNLD";
const FIRST: Result<'_> = Result {
    patient: ANNA_PID,
    sent: "20260227083000",
    issued: "20260227082500",
    status: "F",
    value: "4.1",
};

impl Result<'_> {
    fn message(self) -> Bytes {
        let Self {
            patient,
            sent,
            issued,
            status,
            value,
        } = self;
        let message = [
            &format!(
                "MSH|^~\\&|LAB|Diagnostiek Delta|HIS|De Linde|{sent}||ORU^R01^ORU_R01|M{sent}{value}|P|2.5.1|||||NLD|8859/1"
            ),
            &format!("PID|1||{patient}||Vermeer^Anna||19500203|F"),
            "ORC|RE|A1|F1",
            &format!(
                "OBR|1|A1|F1|KAL^Kalium^99DEL|||20260227081000|||||||20260227081100|BLD|||||||{issued}||CH|{status}"
            ),
            &format!(
                "OBX|1|NM|2823-3^Kalium^LN||{value}|mmol/L|3.5-5.0|N|||{status}|||20260227081000"
            ),
        ];
        Bytes::from(message.join("\r") + "\r")
    }

    async fn arrives(self, region: &TestRegion) -> Receipt {
        let cx = region.person(GP, Role::RecordSystem);
        let receipt = region
            .node(GP)
            .receive(&cx, Channel::Mllp, self.message())
            .await
            .unwrap();
        assert!(receipt.accepted, "{:?}", receipt.reason);
        assert!(String::from_utf8_lossy(&receipt.acknowledgement).contains("MSA|AA"));
        receipt
    }
}

/// Status, value and version of what a search finds, in order.
async fn found(region: &TestRegion, resource_type: &str, of: &str) -> Vec<String> {
    let cx = region.person(GP, Role::RecordSystem);
    let query = [(
        "patient.identifier".to_owned(),
        format!("http://fhir.nl/fhir/NamingSystem/bsn|{of}"),
    )];
    let page = region
        .node(GP)
        .search(&cx, resource_type, &query)
        .await
        .unwrap();
    let mut all: Vec<String> = page
        .matches
        .iter()
        .map(|stored| {
            let resource = Resource::parse(&stored.body).unwrap();
            let root = resource.root();
            let value = root
                .get("valueQuantity")
                .map(|value| value.get("value").unwrap().raw().to_owned());
            format!(
                "{} {} v{}",
                root.text("status").unwrap_or_default(),
                value.unwrap_or_default(),
                stored.version
            )
        })
        .collect();
    all.sort();
    all
}

/// What the operator reads at the messages, newest first.
async fn notes(region: &TestRegion) -> Vec<(MessageState, String)> {
    let cx = region.person(GP, Role::Operator);
    let all = MessageFilter::all(100);
    let messages = region.node(GP).messages(&cx, all).await.unwrap();
    messages
        .into_iter()
        .map(|message| (message.state, message.error.unwrap_or_default()))
        .collect()
}

#[tokio::test]
async fn an_order_number_that_is_used_again_leaves_the_first_result_where_it_is() {
    let region = TestRegion::new();
    FIRST.arrives(&region).await;
    let bert = Result {
        patient: BERT_PID,
        sent: "20260228083000",
        issued: "20260228082500",
        value: "6.2",
        ..FIRST
    };
    bert.arrives(&region).await;
    assert_eq!(found(&region, "Observation", ANNA).await, ["final 4.1 v1"]);
    assert_eq!(found(&region, "Observation", BERT).await, ["final 6.2 v1"]);
    for kind in ["ServiceRequest", "DiagnosticReport", "Specimen"] {
        for patient in [ANNA, BERT] {
            assert_eq!(found(&region, kind, patient).await.len(), 1, "{kind}");
        }
    }
    // A correction finds the result of its own patient.
    let corrected = Result {
        sent: "20260301083000",
        issued: "20260301082500",
        status: "C",
        value: "4.4",
        ..FIRST
    };
    corrected.arrives(&region).await;
    assert_eq!(
        found(&region, "Observation", ANNA).await,
        ["corrected 4.4 v2"]
    );
    assert_eq!(found(&region, "Observation", BERT).await, ["final 6.2 v1"]);
}

#[tokio::test]
async fn two_patients_under_one_order_number_in_one_message_stay_two() {
    let region = TestRegion::new();
    let cx = region.person(GP, Role::RecordSystem);
    let one = FIRST.message();
    let other = Result {
        patient: BERT_PID,
        value: "6.2",
        ..FIRST
    }
    .message();
    let of_bert = &other[other.windows(4).position(|at| at == b"PID|").unwrap()..];
    let both = Bytes::from([&one[..], of_bert].concat());
    let receipt = region
        .node(GP)
        .receive(&cx, Channel::Mllp, both)
        .await
        .unwrap();
    assert!(receipt.accepted, "{:?}", receipt.reason);
    // Each is corrected on its own, by the same number.
    for (patient, value) in [(BERT_PID, "6.3"), (ANNA_PID, "4.2")] {
        let corrected = Result {
            patient,
            value,
            status: "C",
            sent: "20260228083000",
            issued: "20260228083000",
        };
        corrected.arrives(&region).await;
    }
    assert_eq!(
        found(&region, "Observation", ANNA).await,
        ["corrected 4.2 v2"]
    );
    assert_eq!(
        found(&region, "Observation", BERT).await,
        ["corrected 6.3 v2"]
    );
}

#[tokio::test]
async fn a_laboratory_number_that_is_used_again_over_edifact_does_the_same() {
    let region = TestRegion::new();
    let cx = region.person(GP, Role::RecordSystem);
    let node = region.node(GP);
    let text = include_str!("../../../../examples/result.edi");
    for (bsn, value, reference) in [(ANNA, "7.1", "DEMO0002"), (BERT, "9.8", "DEMO0003")] {
        let interchange = text
            .replace("999900006", bsn)
            .replace("+7.1+", &format!("+{value}+"))
            .replace("DEMO0002", reference);
        let bytes = Bytes::from(interchange);
        let receipt = node.receive(&cx, Channel::Edifact, bytes).await.unwrap();
        assert!(receipt.accepted, "{:?}", receipt.reason);
    }
    assert_eq!(found(&region, "Observation", ANNA).await, ["final 7.1 v1"]);
    assert_eq!(found(&region, "Observation", BERT).await, ["final 9.8 v1"]);
    assert_eq!(found(&region, "DiagnosticReport", ANNA).await.len(), 1);
}

#[tokio::test]
async fn a_number_of_the_sender_and_a_bsn_that_comes_later_are_one_person() {
    let region = TestRegion::new();
    let own = "4711^^^LAB^PI";
    let unknown = Result {
        patient: own,
        status: "P",
        ..FIRST
    };
    unknown.arrives(&region).await;
    let known = format!("{ANNA_PID}~{own}");
    let known = Result {
        patient: &known,
        sent: "20260227093000",
        issued: "20260227092500",
        ..FIRST
    };
    known.arrives(&region).await;
    assert_eq!(found(&region, "Observation", ANNA).await, ["final 4.1 v2"]);
    // The same number of the sender with another BSN is a clash that nobody
    // but the sender can solve.
    let clash = format!("{BERT_PID}~{own}");
    let clash = Result {
        patient: &clash,
        sent: "20260228093000",
        issued: "",
        ..FIRST
    };
    let cx = region.person(GP, Role::RecordSystem);
    let receipt = region
        .node(GP)
        .receive(&cx, Channel::Mllp, clash.message())
        .await
        .unwrap();
    assert!(!receipt.accepted);
    assert!(receipt.reason.unwrap().contains("another patient"));
    assert_eq!(found(&region, "Observation", ANNA).await, ["final 4.1 v2"]);
    assert!(found(&region, "Observation", BERT).await.is_empty());
    assert_eq!(notes(&region).await[0].0, MessageState::Refused);
}

#[tokio::test]
async fn what_comes_late_is_kept_and_changes_nothing() {
    for (what, first, late, expected) in [
        (
            "a preliminary result after a final one, though sent later",
            FIRST,
            Result {
                status: "P",
                value: "4.0",
                sent: "20260227093000",
                issued: "20260227092500",
                ..FIRST
            },
            "final 4.1 v1",
        ),
        (
            "a final result from before its correction",
            Result {
                status: "C",
                value: "4.4",
                sent: "20260227093000",
                issued: "20260227092500",
                ..FIRST
            },
            FIRST,
            "corrected 4.4 v1",
        ),
        (
            "an older message where no result time is given",
            Result {
                sent: "20260227093000",
                issued: "",
                value: "4.4",
                ..FIRST
            },
            Result {
                issued: "",
                ..FIRST
            },
            "final 4.4 v1",
        ),
    ] {
        let region = TestRegion::new();
        first.arrives(&region).await;
        let before = found(&region, "DiagnosticReport", ANNA).await;
        let receipt = late.arrives(&region).await;
        assert!(!receipt.duplicate, "{what}");
        assert_eq!(
            found(&region, "Observation", ANNA).await,
            [expected],
            "{what}"
        );
        assert_eq!(
            found(&region, "DiagnosticReport", ANNA).await,
            before,
            "{what}"
        );
        let notes = notes(&region).await;
        assert_eq!(notes.len(), 2, "{what}");
        let (state, note) = &notes[0];
        assert_eq!(*state, MessageState::Accepted, "{what}");
        assert!(note.contains("stayed as they were"), "{what}: {note}");
        assert_eq!(notes[1].1, "", "{what}");
        // The message itself is there, whole.
        let operator = region.person(GP, Role::Operator);
        let kept = region
            .node(GP)
            .message(&operator, &receipt.message)
            .await
            .unwrap();
        assert_eq!(kept.bytes, late.message());
    }
}

#[tokio::test]
async fn the_same_result_in_a_later_message_is_no_new_version() {
    let region = TestRegion::new();
    FIRST.arrives(&region).await;
    Result {
        sent: "20260301083000",
        ..FIRST
    }
    .arrives(&region)
    .await;
    assert_eq!(found(&region, "Observation", ANNA).await, ["final 4.1 v1"]);
    assert_eq!(notes(&region).await[0].1, "");
}

fn put(url: &str, resource: Value) -> Value {
    fhir::value!({
        "request": { "method": "PUT", "url": (url) },
        "resource": (resource)
    })
}

fn person(id: &str, bsn: &str, link: Option<&str>) -> Value {
    let mut patient = fhir::value!({
        "resourceType": "Patient",
        "id": (id),
        "identifier": [
            { "system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": (bsn) }
        ]
    });
    if let Some(other) = link {
        patient.set(
            "link",
            fhir::value!([{ "other": { "reference": (other) }, "type": "replaces" }]),
        );
    }
    patient
}

fn potassium(of: &str) -> Value {
    fhir::value!({
        "resourceType": "Observation",
        "id": "k",
        "identifier": [{ "system": "urn:lis", "value": "1" }],
        "status": "final",
        "code": { "text": "Kalium" },
        "subject": { "reference": (format!("Patient/{of}")) }
    })
}

#[tokio::test]
async fn a_bundle_takes_nothing_from_one_patient_to_another() {
    let region = TestRegion::new();
    let cx = region.person(GP, Role::RecordSystem);
    let node = region.node(GP);
    let start = vec![
        put("Patient/anna", person("anna", ANNA, None)),
        put("Patient/anna2", person("anna2", ANNA, None)),
        put("Patient/bert", person("bert", BERT, None)),
        put("Observation/k", potassium("anna")),
    ];
    node.bundle(&cx, &transaction(start)).await.unwrap();
    let mut without_subject = potassium("anna");
    without_subject.remove("subject");
    for (what, url, observation) in [
        ("by id", "Observation/k", potassium("bert")),
        (
            "by condition",
            "Observation?identifier=urn:lis|1",
            potassium("bert"),
        ),
        ("to nobody", "Observation/k", without_subject),
    ] {
        let refused = node
            .bundle(&cx, &transaction(vec![put(url, observation)]))
            .await
            .unwrap_err();
        assert_eq!(refused.status(), 422, "{what}");
        let issue = &refused.issues()[0];
        assert_eq!(issue.code, fhir::outcome::IssueCode::BusinessRule, "{what}");
        assert!(!issue.text.contains(BERT), "{what}");
        assert_eq!(
            issue.expression.as_deref(),
            Some("Bundle.entry[0]"),
            "{what}"
        );
    }
    assert_eq!(found(&region, "Observation", ANNA).await, ["final  v1"]);
    assert!(found(&region, "Observation", BERT).await.is_empty());

    // Two files of one person: by BSN, and by what a merge leaves behind.
    let same = vec![put("Observation/k", potassium("anna2"))];
    node.bundle(&cx, &transaction(same)).await.unwrap();
    let merged = vec![
        put("Patient/bert", person("bert", BERT, Some("Patient/anna2"))),
        put("Observation/k", potassium("bert")),
    ];
    node.bundle(&cx, &transaction(merged)).await.unwrap();
    assert_eq!(found(&region, "Observation", BERT).await, ["final  v3"]);
}

#[tokio::test]
async fn another_bsn_is_taken_only_from_who_names_the_version_it_corrects() {
    let region = TestRegion::new();
    let cx = region.person(GP, Role::RecordSystem);
    let node = region.node(GP);
    let start = vec![put("Patient/anna", person("anna", ANNA, None))];
    node.bundle(&cx, &transaction(start)).await.unwrap();
    let mut entry = put("Patient/anna", person("anna", BERT, None));
    let refused = node.bundle(&cx, &transaction(vec![entry.clone()])).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.status(), 422);
    assert!(!refused.to_string().contains(BERT));
    let corrected = entry.get_mut("request").unwrap();
    corrected.set("ifMatch", "W/\"1\"");
    node.bundle(&cx, &transaction(vec![entry])).await.unwrap();
}
