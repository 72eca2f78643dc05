//! Messages over MLLP and HTTP: accepted and durable, or refused and kept.

use api::limits::MllpLimits;
use reqwest::Method;
use serde_json::Value;
use store::{MessageFilter, MessageState};

use crate::kit::{self, BSN, Member, Settings};

const HIS: &str = "his-hospital";

/// A result with one value; `pid` is the list of identifiers.
fn result(control_id: &str, pid: &str) -> String {
    [
        &format!(
            "MSH|^~\\&|LIS|LAB^90000203^URA|SCHAKEL|ZKH^90000201^URA|20261122101500+0100||\
             ORU^R01^ORU_R01|{control_id}|P|2.4|||AL|NE|NLD|8859/1"
        ),
        &format!("PID|1||{pid}||Testpersoon^An^^^^^L||19700101|F"),
        "ORC|RE|O1|F1|||CM",
        "OBR|1|O1|F1|LAB^Laboratoriumonderzoek^99LIS|||20261122083000+0100|||||||\
         20261122083000+0100|BLD|||||||20261122101000+0100||CH|F",
        "OBX|1|NM|K^Kalium^99LIS||5.6|mmol/l|3.5-5|H|||F|||20261122101000+0100",
        "",
    ]
    .join("\r")
}

fn good_pid() -> String {
    format!("{BSN}^^^NLMINBIZA^NNNLD")
}

fn framed(message: &str) -> Vec<u8> {
    api::mllp::encode(message.as_bytes())
}

async fn observations(member: &Member) -> Value {
    let path = "/Observation?_summary=count";
    member.fhir(HIS, Method::GET, path, None).await.1["total"].clone()
}

/// The states of the messages in the inbox, and the errors, newest first.
async fn inbox(member: &Member) -> Vec<(MessageState, String)> {
    let cx = member.bearer.verify(&member.token("operator")).unwrap();
    let filter = MessageFilter::all(100);
    let messages = member.node.messages(&cx, filter).await.unwrap();
    messages
        .into_iter()
        .map(|message| (message.state, message.error.unwrap_or_default()))
        .collect()
}

#[tokio::test]
async fn results_arrive_over_mllp_once() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let message = result("M1", &good_pid());
    let two = [
        framed(&message),
        framed(&result("M2", &good_pid()).replace("5.6", "5.7")),
    ]
    .concat();
    let answer = hospital.mllp(&two, 2).await;
    assert_eq!(answer.matches("MSA|AA|").count(), 2, "{answer}");
    assert!(
        answer.contains("MSA|AA|M1") && answer.contains("MSA|AA|M2"),
        "{answer}"
    );
    let before = observations(hospital).await;
    let answer = hospital.mllp(&framed(&message), 1).await;
    assert!(answer.contains("MSA|AA|M1"), "{answer}");
    assert_eq!(
        observations(hospital).await,
        before,
        "the same message changes nothing"
    );
    region.close().await;
}

#[tokio::test]
async fn a_number_that_is_used_again_overwrites_nobody() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let first = result("R1", &good_pid());
    // The same order, for somebody else; then the first one again, preliminary.
    let other = result("R2", "999906276^^^NLMINBIZA^NNNLD").replace("5.6", "4.0");
    let late = first
        .replace("R1", "R3")
        .replace("|5.6|", "|5.1|")
        .replace("|H|||F|", "|H|||P|")
        .replace("CH|F", "CH|P");
    for (message, control_id) in [(&first, "R1"), (&other, "R2"), (&late, "R3")] {
        let answer = hospital.mllp(&framed(message), 1).await;
        assert!(answer.contains(&format!("MSA|AA|{control_id}")), "{answer}");
    }
    for (patient, value) in [(BSN, "5.6"), ("999906276", "4.0")] {
        let path = format!(
            "/Observation?patient.identifier=http://fhir.nl/fhir/NamingSystem/bsn|{patient}"
        );
        let (_, found) = hospital.fhir(HIS, Method::GET, &path, None).await;
        let entries = found["entry"].as_array().unwrap();
        assert_eq!(entries.len(), 1, "{found}");
        let resource = &entries[0]["resource"];
        assert_eq!(
            (
                resource["valueQuantity"]["value"].to_string(),
                resource["status"].as_str()
            ),
            (value.to_owned(), Some("final"))
        );
    }
    let newest = inbox(hospital).await.remove(0);
    assert_eq!(newest.0, MessageState::Accepted);
    assert!(newest.1.contains("stayed as they were"), "{}", newest.1);
    region.close().await;
}

#[tokio::test]
async fn a_batch_in_one_frame_is_answered_message_by_message() {
    let region = kit::start().await;
    let batch = format!(
        "BHS|^~\\&|LIS\r{}{}BTS|2\r",
        result("B1", &good_pid()),
        result("B2", "999911118^^^NLMINBIZA^NNNLD")
    );
    let answer = region.hospital.mllp(&framed(&batch), 1).await;
    assert!(
        answer.contains("MSA|AA|B1") && answer.contains("MSA|AE|B2"),
        "{answer}"
    );
    assert!(answer.contains("BTS|2"), "{answer}");
    region.close().await;
}

#[tokio::test]
async fn bad_messages_are_refused_and_kept_whole() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let good = result("X", &good_pid());
    let without_pid: String = good
        .split_inclusive('\r')
        .filter(|segment| !segment.starts_with("PID"))
        .collect();
    let cases = [
        ("no MSH", good.replacen("MSH", "XSH", 1), "AR"),
        ("empty", String::new(), "AR"),
        ("wrong separator", good.replacen("MSH|", "MSHX", 1), "AR"),
        (
            "unknown trigger",
            good.replace("ORU^R01^ORU_R01", "ORU^Z99"),
            "AR",
        ),
        (
            "eleven-test",
            result("X", "999911118^^^NLMINBIZA^NNNLD"),
            "AE",
        ),
        ("no patient", without_pid, "AE"),
    ];
    for (what, message, code) in &cases {
        let answer = hospital.mllp(&framed(message), 1).await;
        assert!(answer.contains(&format!("MSA|{code}")), "{what}: {answer}");
        assert!(!answer.contains("99991111"), "{what}: {answer}");
        let posted = hospital
            .ask(HIS, Method::POST, "/messages/hl7v2")
            .body(message.clone());
        let posted = posted.send().await.unwrap();
        assert_eq!(posted.status(), 422, "{what}");
        assert!(
            posted
                .text()
                .await
                .unwrap()
                .contains(&format!("MSA|{code}")),
            "{what}"
        );
    }
    let inbox = inbox(hospital).await;
    assert!(
        inbox
            .iter()
            .all(|(state, _)| *state == MessageState::Refused)
    );
    assert!(inbox.len() >= cases.len(), "{inbox:?}");
    assert!(
        inbox
            .iter()
            .all(|(_, error)| !error.is_empty() && !error.contains("9999"))
    );
    assert_eq!(observations(hospital).await, 0);
    region.close().await;
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_and_recorded() {
    let settings = Settings {
        mllp: MllpLimits {
            message_bytes: 1024 * 1024,
            ..MllpLimits::STANDARD
        },
        ..Settings::default()
    };
    let region = kit::start_with(settings).await;
    let hospital = &region.hospital;
    let mut message = result("BIG", &good_pid());
    message.push_str("NTE|1|L|");
    message.push_str(&"x".repeat(50 * 1024 * 1024));
    let answer = hospital.mllp(&framed(&message), 2).await;
    assert!(answer.contains("MSA|AR|BIG"), "{answer}");
    let inbox = inbox(hospital).await;
    assert_eq!(inbox.len(), 1);
    assert_eq!(inbox[0].0, MessageState::Refused);
    assert!(inbox[0].1.contains("larger"), "{inbox:?}");
    assert_eq!(observations(hospital).await, 0);
    region.close().await;
}

#[tokio::test]
async fn a_connection_that_stops_half_way_or_trickles_leaves_nothing() {
    let settings = Settings {
        mllp: MllpLimits {
            message_timeout: std::time::Duration::from_millis(50),
            ..MllpLimits::STANDARD
        },
        ..Settings::default()
    };
    let region = kit::start_with(settings).await;
    let message = framed(&result("HALF", &good_pid()));
    // It waits for the rest, which never comes, and closes without a word.
    let answer = region.hospital.mllp(&message[..message.len() - 2], 1).await;
    assert_eq!(answer, "");
    assert!(inbox(&region.hospital).await.is_empty());
    let probe = region.hospital.mllp(b"GET / HTTP/1.1\r\n\r\n", 2).await;
    assert!(probe.contains("MSA|AR"), "{probe}");
    assert!(
        inbox(&region.hospital).await.is_empty(),
        "what is no message is not kept"
    );
    region.close().await;
}

/// An interchange with one result; `pid` as MEDLAB has it.
fn interchange(segments: usize) -> String {
    [
        "UNB+UNOC:3+50990103+01990101+261122:1030+DEMO0002'",
        "UNH+DEMO0002+MEDLAB:1'",
        "ZKH+Diagnostiek Lisbroek+Sluiskade:1::Lisbroek:9902AA+0990-000103'",
        &format!("PID+1970:01:01+F+Testpersoon:::::A.++BSN{BSN}'"),
        "PAD+Veerdam:62::Meerdorp:9901QT'",
        "ART+H+01990101+H. Vermaat+Akkerpad:12::Meerdorp:9901AA'",
        "DET:1+26:11:22+08:30'",
        "IDE:1+J+DEMO2'",
        "BEP:1:1:1+1+BLOED'",
        "BEP:1:1:2+0+Hemoglobine+7.1++mmol/l+-+7.5+10+HB'",
        &format!("UNT+{segments}+DEMO0002'"),
        "UNZ+1+DEMO0002'",
    ]
    .concat()
}

#[tokio::test]
async fn edifact_is_taken_in_or_refused() {
    let region = kit::start().await;
    let hospital = &region.hospital;
    let post = async |body: String| {
        let request = hospital
            .ask(HIS, Method::POST, "/messages/edifact")
            .body(body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let (status, answer) = post(interchange(10)).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("UCI+"), "{answer}");
    let before = observations(hospital).await;
    for (what, body) in [
        ("wrong UNT count", interchange(11)),
        (
            "unknown segment",
            interchange(11).replace("IDE:1+", "XYZ:1+A'IDE:1+"),
        ),
        (
            "dangling release character",
            interchange(10).replace("DEMO2'", "DEMO2?'"),
        ),
        ("empty", String::new()),
    ] {
        let (status, answer) = post(body).await;
        assert_eq!(status, 422, "{what}: {answer}");
        assert!(!answer.contains(BSN), "{what}");
    }
    assert_eq!(observations(hospital).await, before);
    region.close().await;
}

#[tokio::test]
async fn only_the_record_system_hands_in_messages() {
    let region = kit::start().await;
    let message = result("P", &good_pid());
    let posted = region
        .hospital
        .ask("operator", Method::POST, "/messages/hl7v2")
        .body(message);
    assert_eq!(posted.send().await.unwrap().status(), 403);
    region.close().await;
}
