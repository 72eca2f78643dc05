//! HL7 v2 ORU^R01.

use fhir::json::Value;

use crate::kit::{MSH, OBR, PID, faults, hl7, lines, message, oru, resources, value_of};

#[test]
fn a_result_message_becomes_a_bundle() {
    let bytes = message(&[
        MSH,
        PID,
        "ORC|RE|P1|F1|||CM||||||01990101^Vermaat^H.^^^^^^VEKTIS",
        OBR,
        "NTE|1|L|Nuchter geprikt",
        "OBX|1|NM|HBA1C^HbA1c^99LIS||61|mmol/mol|20-42|H|||F",
        "NTE|1|L|Ook herhaald\\.br\\bevestigd",
        "OBX|2|NM|XQ77^Onderzoek XQ77^99LIS||7.20|dingen/l||?|||P|||20240301101500",
    ]);
    let translation = hl7(&bytes).unwrap();
    assert_eq!(faults(&translation.bundle), Vec::<String>::new());
    assert_eq!(translation.kind, "ORU^R01");
    assert_eq!(translation.sender, "laboratorium");
    assert_eq!(translation.control_id, "M1");
    assert!(translation.kept_only.is_empty());
    insta::assert_snapshot!("oru", translation.bundle.to_pretty());
    insta::assert_snapshot!(lines(&translation.acknowledgement), @r#"
    MSH|^~\&|SCHAKEL|laboratorium^90000103^URA|LIS|laboratorium^90000103^URA|20240302110000+0100||ACK^R01^ACK|a0000000000000000000|P|2.4||||||UNICODE UTF-8
    MSA|AA|M1
    "#);
}

fn observations(results: &[&str]) -> Vec<Value> {
    let translation = hl7(&oru(results)).unwrap();
    assert_eq!(faults(&translation.bundle), Vec::<String>::new());
    resources(&translation.bundle, "Observation")
        .into_iter()
        .cloned()
        .collect()
}

fn check_value(obx: &str, expected: &str) {
    assert_eq!(value_of(&observations(&[obx])[0]), expected, "{obx}");
}

#[test]
fn values_keep_their_type() {
    let unit = r#""unit":"mmol/l","system":"http://unitsofmeasure.org","code":"mmol/L""#;
    for (kind, value, expected) in [
        (
            "NM",
            "5.10",
            format!(r#"valueQuantity {{"value":5.10,{unit}}}"#),
        ),
        (
            "NM",
            "<0.5",
            format!(r#"valueQuantity {{"value":0.5,"comparator":"<",{unit}}}"#),
        ),
        ("NM", "5,1", r#"valueString "5,1""#.to_owned()),
        (
            "ST",
            ">60",
            format!(r#"valueQuantity {{"value":60,"comparator":">",{unit}}}"#),
        ),
        (
            "ST",
            "niet bepaald",
            r#"valueString "niet bepaald""#.to_owned(),
        ),
        (
            "SN",
            ">=^60",
            format!(r#"valueQuantity {{"value":60,"comparator":">=",{unit}}}"#),
        ),
        (
            "SN",
            "^1^-^5",
            format!(r#"valueRange {{"low":{{"value":1,{unit}}},"high":{{"value":5,{unit}}}}}"#),
        ),
        ("XX", "a^b", r#"valueString "a^b""#.to_owned()),
    ] {
        check_value(
            &format!("OBX|1|{kind}|A^A^L||{value}|mmol/l|||||F"),
            &expected,
        );
    }
    let zone = "T09:30:00+01:00";
    for (kind, value, expected) in [
        ("NM", "1.0", r#"valueQuantity {"value":1.0}"#.to_owned()),
        ("ST", "5", r#"valueString "5""#.to_owned()),
        (
            "SN",
            "^1^:^40",
            r#"valueRatio {"numerator":{"value":1},"denominator":{"value":40}}"#.to_owned(),
        ),
        ("SN", "^2^+", r#"valueString "^2^+""#.to_owned()),
        ("DT", "20240301", r#"valueDateTime "2024-03-01""#.to_owned()),
        ("TS", "202403010930", format!(r#"valueDateTime "2024-03-01{zone}""#)),
        ("TM", "0930", r#"valueTime "09:30:00""#.to_owned()),
        ("TX", "een~twee", "valueString \"een\\ntwee\"".to_owned()),
        ("FT", "a\\.br\\b \\T\\ c", "valueString \"a\\nb & c\"".to_owned()),
        (
            "CE",
            "260385009^negatief^SCT",
            r#"valueCodeableConcept {"coding":[{"system":"http://snomed.info/sct","code":"260385009","display":"negatief"}],"text":"negatief"}"#.to_owned(),
        ),
        ("CWE", "^^^^^^^^wazig", r#"valueCodeableConcept {"text":"wazig"}"#.to_owned()),
    ] {
        check_value(&format!("OBX|1|{kind}|A^A^L||{value}||||||F"), &expected);
    }
}

#[test]
fn a_missing_value_says_why() {
    check_value(
        "OBX|1|NM|A^A^L||||||||X",
        r#"dataAbsentReason {"coding":[{"system":"http://terminology.hl7.org/CodeSystem/data-absent-reason","code":"not-performed","display":"Not Performed"}]}"#,
    );
}

#[test]
fn repeated_values_are_all_kept() {
    let value = value_of(&observations(&["OBX|1|NM|A^A^L||27~25||||||F"])[0]);
    assert!(value.starts_with("component") && value.contains("27") && value.contains("25"));
}

#[test]
fn statuses_are_those_of_fhir() {
    for (code, status) in [
        ("F", "final"),
        ("C", "corrected"),
        ("P", "preliminary"),
        ("X", "cancelled"),
        ("D", "entered-in-error"),
        ("I", "registered"),
        ("", "unknown"),
    ] {
        let observations = observations(&[&format!("OBX|1|NM|A^A^L||1||||||{code}")]);
        assert_eq!(observations[0].text("status"), Some(status));
    }
}

#[test]
fn ranges_and_flags_are_read_or_kept_as_text() {
    let check = |range: &str, flag: &str, expected: &str| {
        let obx = format!("OBX|1|NM|A^A^L||1|mmol/l|{range}|{flag}|||F");
        let observation = &observations(&[&obx])[0];
        let parts: Vec<String> = ["interpretation", "referenceRange"]
            .iter()
            .filter_map(|name| observation.get(name))
            .map(|value| String::from_utf8(value.to_bytes()).unwrap())
            .collect();
        let text = parts.join(" ").replace(
            r#","unit":"mmol/l","system":"http://unitsofmeasure.org","code":"mmol/L""#,
            "",
        );
        assert_eq!(text, expected);
    };
    check(
        "3.5-5.0",
        "",
        r#"[{"low":{"value":3.5},"high":{"value":5.0},"text":"3.5-5.0"}]"#,
    );
    check("<5", "", r#"[{"high":{"value":5},"text":"<5"}]"#);
    check(">60", "", r#"[{"low":{"value":60},"text":">60"}]"#);
    check("negatief", "", r#"[{"text":"negatief"}]"#);
    check(
        "",
        "H~zz",
        r#"[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"H","display":"High"}],"text":"H"},{"text":"zz"}]"#,
    );
}

#[test]
fn known_codes_get_loinc_and_unknown_ones_stay_local() {
    let codings = |obx: &str| {
        let observations = observations(&[obx]);
        let code = observations[0].get("code").unwrap();
        let codings = code.get("coding").unwrap().items();
        let read: Vec<String> = codings
            .iter()
            .map(|one| {
                format!(
                    "{} {}",
                    one.text("system").unwrap(),
                    one.text("code").unwrap()
                )
            })
            .collect();
        (read, code.text("text").unwrap().to_owned())
    };
    let (read, text) = codings("OBX|1|NM|KREA^Kreatinine^99LIS||80|umol/l|||||F");
    assert_eq!(
        read,
        [
            "http://loinc.org 14682-9",
            "urn:schakel:sender:ura:90000103:code:99LIS KREA"
        ]
    );
    assert_eq!(text, "Kreatinine");
    let (read, _) = codings("OBX|1|NM|XQ77^Onderzoek^99LIS||1||||||F");
    assert_eq!(read, ["urn:schakel:sender:ura:90000103:code:99LIS XQ77"]);
    let (read, _) = codings("OBX|1|NM|2823-3^Potassium^LN^K^Kalium^L||4||||||F");
    assert_eq!(
        read,
        [
            "http://loinc.org 2823-3",
            "urn:schakel:sender:ura:90000103:code K"
        ]
    );
    // A code of another system is no local code, whatever it looks like.
    let (read, _) = codings("OBX|1|NM|KREA^x^SCT||80|umol/l|||||F");
    assert_eq!(read, ["http://snomed.info/sct KREA"]);
}

#[test]
fn a_unit_is_ucum_only_when_it_is_certain() {
    for (unit, code) in [
        ("ml/min/1,73m2", Some("mL/min/{1.73_m2}")),
        ("10*9/l", Some("10*9/L")),
        ("{cells}/uL^cells^UCUM", Some("{cells}/uL")),
        ("no unit^x^UCUM", None),
        ("^mmol/l", Some("mmol/L")),
        ("streepjes", None),
    ] {
        let observations = observations(&[&format!("OBX|1|NM|A^A^L||1|{unit}|||||F")]);
        assert_eq!(
            observations[0].get("valueQuantity").unwrap().text("code"),
            code,
            "{unit}"
        );
    }
}

fn identifiers(bytes: &[u8]) -> Vec<String> {
    let translation = hl7(bytes).unwrap();
    resources(&translation.bundle, "Observation")
        .into_iter()
        .map(|one| {
            one.get("identifier").unwrap().items()[0]
                .text("value")
                .unwrap()
                .to_owned()
        })
        .collect()
}

#[test]
fn a_correction_has_the_identity_of_what_it_corrects() {
    let first = identifiers(&oru(&[
        "OBX|1|NM|K^Kalium^L||4.1||||||P",
        "OBX|2|NM|NA^Natrium^L||140||||||P",
    ]));
    let second = identifiers(&oru(&["OBX|1|NM|NA^Natrium gecorrigeerd^L||141||||||C"]));
    assert_eq!(first, ["F1:K:", "F1:NA:"]);
    assert_eq!(second, ["F1:NA:"]);
}

#[test]
fn an_identity_does_not_depend_on_our_tables() {
    // With LOINC beside it or without, the key is the code that was sent.
    let keys = identifiers(&oru(&[
        "OBX|1|NM|KREA^Kreatinine^99LIS||80||||||F",
        "OBX|2|NM|1740^Onderdruk^NHG45||80||||||F",
        "OBX|3|NM|^Alleen een naam||80||||||F",
    ]));
    assert_eq!(keys, ["F1:KREA:", "F1:1740:", "F1:Alleen~20een~20naam:"]);
}

#[test]
fn two_results_never_become_one() {
    let keys = identifiers(&oru(&[
        "OBX|1|NM|K^Kalium^L|1|4.1||||||F",
        "OBX|2|NM|K^Kalium^L|2|4.2||||||F",
        "OBX|3|NM|K^Kalium^L|2|4.3||||||F",
    ]));
    assert_eq!(keys, ["F1:K:1", "F1:K:2", "F1:K:2*2"]);
}

#[test]
fn remarks_stay_with_what_they_are_about() {
    let bytes = message(&[
        MSH,
        PID,
        "NTE|1||over de patiënt",
        "ORC|RE|P1|F1",
        "NTE|1||over de aanvraag",
        OBR,
        "NTE|1||over de uitslag",
        "NTE|2||als geheel",
        "OBX|1|NM|K^Kalium^L||4||||||F",
        "NTE|1||over kalium~en nog een regel",
        "ORC|RE|P1|F2",
        "NTE|1||over de tweede",
        &OBR.replace("F1", "F2"),
    ]);
    let translation = hl7(&bytes).unwrap();
    let read = |kind: &str, element: &str| -> Vec<String> {
        resources(&translation.bundle, kind)
            .iter()
            .map(|one| one.get(element).map(Value::to_bytes).unwrap_or_default())
            .map(|bytes| String::from_utf8(bytes).unwrap())
            .collect()
    };
    assert_eq!(
        read("ServiceRequest", "note"),
        [
            r#"[{"text":"over de patiënt"},{"text":"over de aanvraag"}]"#,
            r#"[{"text":"over de tweede"}]"#
        ]
    );
    assert_eq!(
        read("DiagnosticReport", "conclusion"),
        [r#""over de uitslag\nals geheel""#, ""]
    );
    assert_eq!(
        read("Observation", "note"),
        [r#"[{"text":"over kalium\nen nog een regel"}]"#]
    );
}

#[test]
fn a_report_in_lines_is_one_text() {
    let observations = observations(&[
        "OBX|1|TX|VERSLAG^Verslag^L||Regel een||||||F",
        "OBX|2|TX|VERSLAG^Verslag^L||Regel twee||||||F",
        "OBX|3|TX|CONCL^Conclusie^L||Klaar||||||F",
    ]);
    let values: Vec<_> = observations
        .iter()
        .map(|one| one.text("valueString").unwrap())
        .collect();
    assert_eq!(values, ["Regel een\nRegel twee", "Klaar"]);
}

#[test]
fn documents_hang_on_the_report() {
    let translation = hl7(&oru(&[
        "OBX|1|ED|PDF^Verslag als PDF^L||^AP^PDF^Base64^JVBERi0=||||||F",
        "OBX|2|ED|TXT^Tekst^L||^TEXT^Plain^A^hallo||||||F",
    ]))
    .unwrap();
    assert_eq!(faults(&translation.bundle), Vec::<String>::new());
    assert!(resources(&translation.bundle, "Observation").is_empty());
    let report = resources(&translation.bundle, "DiagnosticReport")[0];
    let forms = String::from_utf8(report.get("presentedForm").unwrap().to_bytes()).unwrap();
    assert_eq!(
        forms,
        r#"[{"contentType":"application/pdf","data":"JVBERi0=","title":"Verslag als PDF"},{"contentType":"text/plain","data":"aGFsbG8=","title":"Tekst"}]"#
    );
}

#[test]
fn several_patients_and_orders_are_told_apart() {
    let bytes = message(&[
        MSH,
        PID,
        OBR,
        "OBX|1|NM|K^Kalium^L||4||||||F",
        "OBR|2|P1|F1|URINE^Urineonderzoek^99LIS|||202403010815||||||||UR|||||||||CH|P",
        "OBX|1|NM|UALB^Albumine^L||12|mg/l|||||P",
        "PID|2||77^^^LIS^PI||Dam^C.",
        "OBR|1||F2|LAB^Lab^99LIS|||20240301||||||||SER|||||||||CH|F",
        "OBX|1|NM|K^Kalium^L||5||||||F",
    ]);
    let translation = hl7(&bytes).unwrap();
    assert_eq!(faults(&translation.bundle), Vec::<String>::new());
    let count = |kind: &str| resources(&translation.bundle, kind).len();
    assert_eq!(count("Patient"), 2);
    assert_eq!(count("DiagnosticReport"), 3);
    assert_eq!(count("Observation"), 3);
    // The blood and the urine of one order number, and the other's serum.
    assert_eq!(count("Specimen"), 3);
    let statuses: Vec<_> = resources(&translation.bundle, "DiagnosticReport")
        .iter()
        .map(|one| one.text("status").unwrap())
        .collect();
    assert_eq!(statuses, ["final", "preliminary", "final"]);
    let own = resources(&translation.bundle, "Patient")[1];
    let identifier = String::from_utf8(own.get("identifier").unwrap().to_bytes()).unwrap();
    assert_eq!(
        identifier,
        r#"[{"system":"urn:schakel:sender:ura:90000103:patient:LIS","value":"77"}]"#
    );
}

#[test]
fn a_radiology_report_is_no_laboratory_result() {
    let bytes = message(&[
        MSH,
        PID,
        "OBR|1||F1|THX^X-thorax^99RIS|||20240301|||||||||||||||||RAD|F",
        "OBX|1|TX|THX^X-thorax^99RIS||Geen afwijkingen||||||F",
    ]);
    let translation = hl7(&bytes).unwrap();
    let observation = resources(&translation.bundle, "Observation")[0];
    let category = String::from_utf8(observation.get("category").unwrap().to_bytes()).unwrap();
    assert!(category.contains("imaging") && !category.contains("laboratory"));
}

#[test]
fn charsets_are_read_and_answered_in() {
    let msh = MSH.replace("UNICODE UTF-8", "8859/1");
    let mut bytes = message(&[&msh, PID, OBR]);
    bytes.extend_from_slice(b"OBX|1|ST|A^Caf\xe9\\XE8\\^L||x||||||F\r");
    let translation = hl7(&bytes).unwrap();
    let observation = resources(&translation.bundle, "Observation")[0];
    assert_eq!(observation.get("code").unwrap().text("text"), Some("Caféè"));
    assert!(lines(&translation.acknowledgement).contains("|8859/1"));
}

#[test]
fn other_separators_are_answered_in() {
    let text = String::from_utf8(oru(&["OBX|1|NM|K^Kalium^L||4||||||F"])).unwrap();
    let other: String = text
        .chars()
        .map(|one| match one {
            '|' => '#',
            '^' => '*',
            '&' => '%',
            other => other,
        })
        .collect();
    let translation = hl7(other.as_bytes()).unwrap();
    assert_eq!(faults(&translation.bundle), Vec::<String>::new());
    assert!(lines(&translation.acknowledgement).contains("\nMSA#AA#M1"));
}
