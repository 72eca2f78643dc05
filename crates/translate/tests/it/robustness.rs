//! No bytes panic, whatever they are; and a refusal never has data with it.

use proptest::prelude::*;
use translate::{Format, edifact, hl7v2};

use crate::kit::{MSH, OBR, PID, edi, faults, hl7, oru};

fn segment() -> impl Strategy<Value = String> {
    let field = prop_oneof![
        Just(String::new()),
        "[0-9.<>^&~\\\\ A-Za-z\"-]{0,12}",
        Just("999911119^^^NLMINBIZA^NNNLD".to_owned()),
        Just("20240301".to_owned()),
        Just("\\.br\\\\X41\\".to_owned()),
        "\\PC{0,4}",
    ];
    let name = prop::sample::select(vec![
        "PID", "PV1", "ORC", "OBR", "OBX", "NTE", "SPM", "ZZZ", "MSH",
    ]);
    (name, prop::collection::vec(field, 0..30))
        .prop_map(|(name, fields)| format!("{name}|{}", fields.join("|")))
}

proptest! {
    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(hl7(&bytes).is_err());
        prop_assert!(edi(&bytes).is_err());
        hl7v2::summary(&bytes);
        edifact::summary(&bytes);
        Format::detect(&bytes);
    }

    #[test]
    fn any_segments_are_read_without_a_panic(
        lines in prop::collection::vec(segment(), 0..8),
        event in prop::sample::select(vec!["ORU^R01", "ADT^A08"]),
        has_start in any::<bool>(),
    ) {
        let msh = MSH.replace("ORU^R01^ORU_R01", event);
        let mut all = vec![msh];
        if has_start {
            all.extend([PID.to_owned(), OBR.to_owned()]);
        }
        all.extend(lines);
        if let Ok(translation) = hl7(all.join("\r").as_bytes()) {
            prop_assert_eq!(faults(&translation.bundle), Vec::<String>::new());
        }
    }

    #[test]
    fn a_message_cut_anywhere_is_read_without_a_panic(at in 0usize..600) {
        let bytes = oru(&["OBX|1|NM|K^Kalium^L||4.1|mmol/l|3.5-5.0|N|||F", "NTE|1|L|\\.br\\x"]);
        let _ = hl7(&bytes[..at.min(bytes.len())]);
    }

    #[test]
    fn any_interchange_is_read_without_a_panic(
        parts in prop::collection::vec(prop::sample::select(vec![
            "PID+1980:10:25+V+Berg:van de:Dam:van::P.++BSN999911119'", "IDE:1+J+1'", "IDE:2+N+2'",
            "BEP:1:1:1+1+KOP'", "BEP:1:1:2+0+Kalium+4,1++mmol/l++3+5+K'", "OPB:1:1:2:1+?'?+'",
            "NUB:1:1+x'", "DET:1+24:03:01+08:15'", "ART+H+1'", "PAD+a:1::b:c'", "TXT:1+x'",
            "BEP:1'", "BEP+0'", "+'", ":'", "?'", "PID'", "KOP+NAAR+x'", "UNH+1+MEDLAB:1'", "UNT+1+1'",
        ]), 0..12)
    ) {
        let body = parts.concat();
        let count = parts.len() + 2;
        let text = format!("UNB+UNOC:3+50990103+1+240301:1615+R'UNH+1+MEDLAB:1'{body}UNT+{count}+1'UNZ+1+R'");
        if let Ok(translation) = edi(text.as_bytes()) {
            prop_assert_eq!(faults(&translation.bundle), Vec::<String>::new());
        }
    }

    #[test]
    fn text_comes_through_unharmed(remark in "[ -~é€]{1,40}") {
        let trimmed = remark.trim().to_owned();
        prop_assume!(!trimmed.is_empty() && trimmed != "\"\"");
        let escaped: String = remark.chars().map(|one| match one {
            '\\' => "\\E\\".to_owned(),
            '|' => "\\F\\".to_owned(),
            '^' => "\\S\\".to_owned(),
            '&' => "\\T\\".to_owned(),
            '~' => "\\R\\".to_owned(),
            other => other.to_string(),
        }).collect();
        let translation = hl7(&oru(&[&format!("OBX|1|ST|A^A^L||{escaped}||||||F")])).unwrap();
        let observation = crate::kit::resources(&translation.bundle, "Observation")[0];
        prop_assert_eq!(observation.text("valueString"), Some(trimmed.as_str()));
    }
}
