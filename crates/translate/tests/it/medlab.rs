//! EDIFACT MEDLAB.

use translate::{RefusalKind, Summary, edifact};

use crate::kit::{edi, faults, lines, resources, value_of, with_context};

/// An interchange with one message of these segments, counts right.
fn interchange(segments: &[&str]) -> Vec<u8> {
    several(&[segments])
}

fn several(messages: &[&[&str]]) -> Vec<u8> {
    let mut lines = vec!["UNB+UNOC:3+50990103+01990101+240301:1615+R1".to_owned()];
    for (index, segments) in messages.iter().enumerate() {
        lines.push(format!("UNH+{index}+MEDLAB:1"));
        lines.extend(segments.iter().map(|segment| (*segment).to_owned()));
        lines.push(format!("UNT+{}+{index}", segments.len() + 2));
    }
    lines.push(format!("UNZ+{}+R1", messages.len()));
    let text = lines.join("'\r") + "'\r";
    text.chars().map(|one| one as u8).collect()
}

const MESSAGE: [&str; 17] = [
    "ZKH+Diagnostiek Lisbroek+Sluiskade:1::Lisbroek:9902AA+0990-000103",
    "PID+1980:10:25+V+Berg:van den:Dam:::A.B.++BSN999911119",
    "PAD+Kade:4b::Meerdorp:9901QT+?+31612345678",
    "ART+H+01990101+H. Vermaat+Akkerpad:12::Meerdorp:9901AA",
    "AFD+Klinische chemie",
    "ARA:1+Dr. L. Aborant",
    "DET:1+24:03:01+08:15",
    "IDE:1+N+00001001",
    "BEP:1:1:1+1+BLOED",
    "BEP:1:1:2+0+HbA1c+61++mmol/mol+?++20+42+HBA1C",
    "BEP:1:1:3+0+Valproïnezuur+75,5++mg/l++60+80+VALPB SI",
    "OPB:1:1:3:1+*",
    "OPB:1:1:3:2+Epilepsie 50-100 mg/l",
    "BEP:1:1:4+0+Onderzoek+<5+J+dingen+!+++XQ77",
    "BEP:1:1:5+0+Datum inname+130921++++++DINN10",
    "TXT:1+Vrije tekst",
    "NUB:1:1+Vitamine B12",
];

#[test]
fn a_message_becomes_a_bundle() {
    let translation = edi(&interchange(&MESSAGE)).unwrap();
    assert_eq!(faults(&translation.bundle), Vec::<String>::new());
    assert_eq!(translation.kind, "MEDLAB:1");
    assert_eq!(
        (translation.sender.as_str(), translation.control_id.as_str()),
        ("50990103", "R1")
    );
    insta::assert_snapshot!("medlab", translation.bundle.to_pretty());
    insta::assert_snapshot!(lines(&translation.acknowledgement), @r#"
    UNB+UNOC:3+01990101+50990103+240302:1100+b0000000000000'
    UNH+1+CONTRL:D:3:UN'
    UCI+R1+50990103+01990101+7'
    UNT+3+1'
    UNZ+1+b0000000000000'
    "#);
}

#[test]
fn results_of_known_tests_are_measurements_and_dates_stay_text() {
    let translation = edi(&interchange(&MESSAGE)).unwrap();
    let values: Vec<String> = resources(&translation.bundle, "Observation")
        .into_iter()
        .map(value_of)
        .collect();
    assert_eq!(
        values,
        [
            r#"valueQuantity {"value":61,"unit":"mmol/mol","system":"http://unitsofmeasure.org","code":"mmol/mol"}"#,
            r#"valueQuantity {"value":75.5,"unit":"mg/l","system":"http://unitsofmeasure.org","code":"mg/L"}"#,
            r#"valueQuantity {"value":5,"comparator":"<","unit":"dingen"}"#,
            r#"valueString "130921""#,
        ]
    );
}

#[test]
fn several_messages_are_taken_together_or_not_at_all() {
    let other = [
        "PID+1990:01:02+M+Dam++++BSN999906276",
        "IDE:1+J+2",
        "BEP:1:1:1+0+Kalium+4,1++mmol/l++++K",
    ];
    let translation = edi(&several(&[&MESSAGE, &other])).unwrap();
    assert_eq!(resources(&translation.bundle, "Patient").len(), 2);
    assert_eq!(resources(&translation.bundle, "DiagnosticReport").len(), 2);
    let broken = ["PID+1990:01:02+M+Dam++++BSN999906277", "IDE:1+J+2"];
    let refusal = edi(&several(&[&MESSAGE, &broken])).unwrap_err();
    assert_eq!(refusal.text, "the BSN fails the eleven-test");
    insta::assert_snapshot!(lines(&refusal.acknowledgement), @r#"
    UNB+UNOC:3+01990101+50990103+240302:1100+a0000000000000'
    UNH+1+CONTRL:D:3:UN'
    UCI+R1+50990103+01990101+4'
    UCM+1+MEDLAB:1+4'
    UCS+2+12'
    UNT+5+1'
    UNZ+1+a0000000000000'
    "#);
}

fn check(bytes: &[u8], kind: RefusalKind, text: &str, place: Option<&str>) {
    let refusal = edi(bytes).unwrap_err();
    assert_eq!(
        (
            refusal.kind,
            refusal.text.as_str(),
            refusal.segment.as_deref()
        ),
        (kind, text, place)
    );
    let answer = lines(&refusal.acknowledgement);
    assert!(answer.contains("+4"), "{answer}");
}

fn replaced(from: &str, to: &str) -> Vec<u8> {
    let text: String = interchange(&MESSAGE)
        .iter()
        .map(|byte| char::from(*byte))
        .collect();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
        .chars()
        .map(|one| one as u8)
        .collect()
}

#[test]
fn counts_and_references_must_agree() {
    use RefusalKind::Rejected;
    check(
        &replaced("UNT+19+", "UNT+18+"),
        Rejected,
        "UNT does not count the 19 segments that there are",
        Some("UNT"),
    );
    check(
        &replaced("UNT+19+0", "UNT+19+1"),
        Rejected,
        "UNT has another reference than UNH",
        Some("UNT"),
    );
    check(
        &replaced("UNZ+1+", "UNZ+2+"),
        Rejected,
        "UNZ does not count the 1 messages that there are",
        Some("UNZ"),
    );
    check(
        &replaced("UNZ+1+R1", "UNZ+1+R2"),
        Rejected,
        "UNZ has another reference than UNB",
        Some("UNZ"),
    );
    check(
        &replaced("UNZ+1+R1'", ""),
        Rejected,
        "the interchange does not end with UNZ",
        None,
    );
    check(
        &replaced("UNZ+1+R1'", "UNZ+1+R1"),
        Rejected,
        "the interchange is cut off within a segment",
        None,
    );
    check(
        &replaced("MEDLAB:1", "MEDVRI:1"),
        Rejected,
        "this kind of message is not taken",
        Some("UNH"),
    );
    check(
        &replaced("UNOC:3", "UNOA:1"),
        Rejected,
        "the interchange has bytes outside its character set",
        None,
    );
    check(
        b"hello",
        Rejected,
        "a segment does not start with a tag",
        None,
    );
    check(
        b"HEL+LO'",
        Rejected,
        "the interchange does not start with UNB",
        None,
    );
    check(
        b"UNB+UNOA:1+A+B+240301:1200+R'UNZ+0+R'",
        Rejected,
        "the interchange holds no message",
        None,
    );
}

#[test]
fn content_that_is_not_acceptable_is_an_error() {
    use RefusalKind::Error;
    check(
        &replaced("TXT:1", "XYZ:1"),
        Error,
        "MEDLAB has no segment XYZ",
        Some("XYZ:1"),
    );
    check(
        &replaced("BSN999911119", "BSN999911118"),
        Error,
        "the BSN fails the eleven-test",
        Some("PID"),
    );
    check(
        &replaced("BSN999911119", ""),
        Error,
        "PID has no number of the patient",
        Some("PID"),
    );
    check(
        &replaced("IDE:1+N+00001001", "IDE:1+N"),
        Error,
        "IDE has no laboratory number",
        Some("IDE:1"),
    );
    check(
        &replaced("IDE:1+N", "IDE:1+X"),
        Error,
        "IDE is neither complete nor not",
        Some("IDE:1"),
    );
    check(
        &replaced("DET:1+24:03:01", "DET:1+24:13:01"),
        Error,
        "DET is no date and time",
        Some("DET:1"),
    );
    check(
        &replaced("BEP:1:1:1+1", "BEP:1:1:1+2"),
        Error,
        "BEP is neither heading nor result",
        Some("BEP:1:1:1"),
    );
    check(
        &replaced("OPB:1:1:3:1", "OPB:1:1:9:1"),
        Error,
        "OPB belongs to no line (BEP) before it",
        Some("OPB:1:1:9:1"),
    );
    check(
        &interchange(&["IDE:1+J+1"]),
        Error,
        "there is no PID segment",
        None,
    );
    check(
        &interchange(&MESSAGE[..2]),
        Error,
        "there is no IDE segment",
        None,
    );
}

#[test]
fn refusals_are_answered_as_far_down_as_they_are_known() {
    let answer = |bytes: &[u8]| lines(&edi(bytes).unwrap_err().acknowledgement);
    insta::assert_snapshot!(answer(&replaced("TXT:1", "XYZ:1")), @r#"
    UNB+UNOC:3+01990101+50990103+240302:1100+10000000000000'
    UNH+1+CONTRL:D:3:UN'
    UCI+R1+50990103+01990101+4'
    UCM+0+MEDLAB:1+4'
    UCS+17+15'
    UNT+5+1'
    UNZ+1+10000000000000'
    "#);
    insta::assert_snapshot!(answer(&replaced("UNT+19+", "UNT+18+")), @r#"
    UNB+UNOC:3+01990101+50990103+240302:1100+10000000000000'
    UNH+1+CONTRL:D:3:UN'
    UCI+R1+50990103+01990101+4+29'
    UNT+3+1'
    UNZ+1+10000000000000'
    "#);
    insta::assert_snapshot!(answer(b"nonsense"), @r#"
    UNB+UNOA:1+++240302:1100+10000000000000'
    UNH+1+CONTRL:D:3:UN'
    UCI++++4+15'
    UNT+3+1'
    UNZ+1+10000000000000'
    "#);
}

#[test]
fn limits_hold_at_the_limit_and_one_past() {
    let pid = "PID+1990:01:02+M+Dam++++BSN999906276".to_owned();
    let orders = |count: usize| {
        let orders = (1..=count).map(|number| format!("IDE:{number}+J+{number}"));
        let segments: Vec<String> = [pid.clone()].into_iter().chain(orders).collect();
        interchange(&segments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert!(edi(&orders(edifact::ORDERS_MAX)).is_ok());
    assert!(edi(&orders(edifact::ORDERS_MAX + 1)).is_err());
    let results = |count: usize| {
        let mut segments = vec![pid.as_str(), "IDE:1+J+1"];
        segments.extend(vec!["BEP:1+0+Kalium+4,1++mmol/l++++K"; count]);
        interchange(&segments)
    };
    assert!(edi(&results(edifact::RESULTS_MAX)).is_ok());
    assert!(edi(&results(edifact::RESULTS_MAX + 1)).is_err());
}

#[test]
fn a_corrected_result_keeps_its_identity() {
    let keys = |bytes: &[u8]| -> Vec<String> {
        resources(&edi(bytes).unwrap().bundle, "Observation")
            .into_iter()
            .map(|one| {
                one.get("identifier").unwrap().items()[0]
                    .text("value")
                    .unwrap()
                    .to_owned()
            })
            .collect()
    };
    let first = keys(&interchange(&MESSAGE));
    assert_eq!(first[..2], ["00001001:HBA1C", "00001001:VALPB~20SI"]);
    assert_eq!(keys(&replaced("+61++", "+62+J+")), first);
}

#[test]
fn a_summary_and_an_answer_work_on_broken_interchanges() {
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        edifact::summary(b"UNB+UNOC:3+50990103+01990101+240301:1615+R1'UNH+1+MEDLAB:1'\xff"),
        Summary {
            kind: some("MEDLAB:1"),
            sender: some("50990103"),
            control_id: some("R1")
        }
    );
    assert_eq!(edifact::summary(b"\xff"), Summary::default());
    let answer = with_context(|context| edifact::acknowledge(b"\xff", false, context));
    assert!(lines(&answer).contains("UCI++++4+18'"));
}
