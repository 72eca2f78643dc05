//! What is refused, why, and what the sender hears.

use translate::{RefusalKind, Summary, hl7v2};

use crate::kit::{MSH, OBR, PID, hl7, lines, message, oru, with_context};

fn check(bytes: &[u8], kind: RefusalKind, text: &str, place: Option<&str>) {
    let refusal = hl7(bytes).unwrap_err();
    assert_eq!(
        (
            refusal.kind,
            refusal.text.as_str(),
            refusal.segment.as_deref()
        ),
        (kind, text, place)
    );
    let code = if kind == RefusalKind::Rejected {
        "AR"
    } else {
        "AE"
    };
    let answer = lines(&refusal.acknowledgement);
    assert!(answer.contains(&format!("\nMSA|{code}|")), "{answer}");
}

#[test]
fn other_messages_are_rejected() {
    use RefusalKind::Rejected;
    let with = |from: &str, to: &str| message(&[&MSH.replace(from, to), PID, OBR]);
    check(
        &with("ORU^R01^ORU_R01", "ORM^O01"),
        Rejected,
        "this kind of message is not taken",
        Some("MSH-9"),
    );
    check(
        &with("ORU^R01^ORU_R01", "ADT^A40"),
        Rejected,
        "this event is not taken",
        Some("MSH-9"),
    );
    check(
        &with("|2.4|", "|2.8|"),
        Rejected,
        "this version of HL7 v2 is not read",
        Some("MSH-12"),
    );
    check(
        &with("|M1|", "||"),
        Rejected,
        "MSH-10 has no control id",
        Some("MSH-10"),
    );
    check(
        &with("UNICODE UTF-8", "ISO IR87"),
        Rejected,
        "MSH-18 names a character set that we do not read",
        None,
    );
    check(
        b"PID|1",
        Rejected,
        "the message does not start with MSH",
        None,
    );
    check(b"", Rejected, "the message does not start with MSH", None);
    check(
        b"MSH|^^^^|",
        Rejected,
        "MSH-1 and MSH-2 are not five different separators",
        None,
    );
}

#[test]
fn content_that_is_not_acceptable_is_an_error() {
    use RefusalKind::Error;
    let pid = |number: &str| {
        message(&[
            MSH,
            &PID.replace("999911119^^^NLMINBIZA^NNNLD", number),
            OBR,
        ])
    };
    check(
        &pid("999911118^^^NLMINBIZA^NNNLD"),
        Error,
        "the BSN fails the eleven-test",
        Some("PID-3"),
    );
    check(
        &pid("99^^^NLMINBIZA"),
        Error,
        "the BSN has not nine digits",
        Some("PID-3"),
    );
    check(
        &pid("999911119^^^NLMINBIZA~999906276^^^^NNNLD"),
        Error,
        "PID-3 has two different BSNs",
        Some("PID-3"),
    );
    check(
        &pid("^^^NLMINBIZA"),
        Error,
        "PID-3 has no number of the patient",
        Some("PID-3"),
    );
    check(&message(&[MSH]), Error, "there is no PID segment", None);
    check(
        &message(&[MSH, OBR]),
        Error,
        "there is no PID segment before the results",
        Some("OBR"),
    );
    check(
        &message(&[MSH, PID]),
        Error,
        "there is no order (OBR) for the patient",
        Some("PID"),
    );
    check(
        &message(&[MSH, PID, "OBX|1|NM|K^K^L||1||||||F"]),
        Error,
        "there is no OBR segment before it",
        Some("OBX"),
    );
    check(
        &message(&[MSH, PID, "OBR|1|||LAB^Lab^L"]),
        Error,
        "the order has no number",
        Some("OBR-3"),
    );
    check(
        &oru(&["OBX|1|NM|K^K^L||1||||||F", "OBX|2|NM|||1||||||F"]),
        Error,
        "OBX-3 names no test",
        Some("OBX[2]-3"),
    );
    check(
        &oru(&["OBX|1|NM|K^K^L||1||||||F|||gisteren"]),
        Error,
        "a field that must be a time is none",
        Some("OBX-14"),
    );
    check(
        &oru(&["OBX|1|NM|K^K^L||1||||||Q"]),
        Error,
        "OBX-11 is no status",
        Some("OBX-11"),
    );
    check(
        &oru(&["OBX|1|DT|K^K^L||morgen||||||F"]),
        Error,
        "OBX-5 is not of the type that OBX-2 says",
        Some("OBX-5"),
    );
}

#[test]
fn limits_hold_at_the_limit_and_one_past() {
    let values = |count: usize| {
        oru(&[&format!(
            "OBX|1|NM|K^K^L||{}||||||F",
            vec!["1"; count].join("~")
        )])
    };
    assert!(hl7(&values(hl7v2::REPETITIONS_MAX)).is_ok());
    assert!(hl7(&values(hl7v2::REPETITIONS_MAX + 1)).is_err());
    let results = |count: usize| oru(&vec!["OBX|1|NM|K^K^L||1||||||F"; count]);
    assert!(hl7(&results(hl7v2::RESULTS_MAX)).is_ok());
    assert!(hl7(&results(hl7v2::RESULTS_MAX + 1)).is_err());
}

#[test]
fn a_refusal_is_answered_in_the_version_of_the_message() {
    let answer = |version: &str| {
        let pid = PID.replace("999911119", "999911118");
        let msh = MSH.replace("|2.4|", version);
        lines(
            &hl7(&message(&[&msh, &pid, OBR]))
                .unwrap_err()
                .acknowledgement,
        )
    };
    insta::assert_snapshot!(answer("|2.3|"), @r#"
    MSH|^~\&|SCHAKEL|laboratorium^90000103^URA|LIS|laboratorium^90000103^URA|20240302110000+0100||ACK|10000000000000000000|P|2.3||||||UNICODE UTF-8
    MSA|AE|M1|the BSN fails the eleven-test
    ERR|PID^1^3^204&Unknown key identifier&HL70357
    "#);
    insta::assert_snapshot!(answer("|2.5.1|"), @r#"
    MSH|^~\&|SCHAKEL|laboratorium^90000103^URA|LIS|laboratorium^90000103^URA|20240302110000+0100||ACK^R01^ACK|10000000000000000000|P|2.5.1||||||UNICODE UTF-8
    MSA|AE|M1|the BSN fails the eleven-test
    ERR||PID^1^3|204^Unknown key identifier^HL70357|E||||the BSN fails the eleven-test
    "#);
    let nothing = lines(&hl7(b"nonsense").unwrap_err().acknowledgement);
    insta::assert_snapshot!(nothing, @r#"
    MSH|^~\&|||||20240302110000+0100||ACK|10000000000000000000|P|2.5.1
    MSA|AR||the message does not start with MSH
    ERR|||100^Segment sequence error^HL70357|E||||the message does not start with MSH
    "#);
}

#[test]
fn no_refusal_shows_patient_data() {
    let bytes = message(&[MSH, &PID.replace("999911119", "999911118"), OBR]);
    let refusal = hl7(&bytes).unwrap_err();
    let shown = format!("{refusal:?}{}", lines(&refusal.acknowledgement));
    for secret in ["99991111", "Berg", "Anna", "Kade", "1980"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[test]
fn a_door_can_answer_that_storing_failed() {
    let answer = with_context(|context| {
        hl7v2::acknowledge(
            &oru(&[]),
            hl7v2::AcknowledgementCode::Error,
            "not stored, send it again",
            context,
        )
    });
    insta::assert_snapshot!(lines(&answer), @r#"
    MSH|^~\&|SCHAKEL|laboratorium^90000103^URA|LIS|laboratorium^90000103^URA|20240302110000+0100||ACK^R01^ACK|10000000000000000000|P|2.4||||||UNICODE UTF-8
    MSA|AE|M1|not stored, send it again
    ERR|^^^207&Application internal error&HL70357
    "#);
}

#[test]
fn a_summary_works_on_broken_messages() {
    let summary = |bytes: &[u8]| hl7v2::summary(bytes);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        summary(&oru(&["nonsense"])),
        Summary {
            kind: some("ORU^R01"),
            sender: some("laboratorium"),
            control_id: some("M1")
        }
    );
    assert_eq!(
        summary(b"MSH|^~\\&|LIS|||||"),
        Summary {
            sender: some("LIS"),
            ..Summary::default()
        }
    );
    assert_eq!(summary(b"PID|1||999911119"), Summary::default());
    assert_eq!(summary(b"\xff\xfe"), Summary::default());
}
