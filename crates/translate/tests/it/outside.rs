//! Messages that this project did not write.

use std::{collections::BTreeMap, fs, path::PathBuf};

use fhir::json::Value;
use translate::{Format, hl7v2};

use crate::kit::{edi, faults, hl7};

/// The files of a folder of outside test data, or `None` with a visible word.
fn files(folder: &str, ending: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let ours = || {
        [env!("CARGO_MANIFEST_DIR"), "../../../shared/testdata"]
            .iter()
            .collect()
    };
    let root = std::env::var_os("SCHAKEL_TESTDATA").map_or_else(ours, PathBuf::from);
    let Ok(entries) = fs::read_dir(root.join(folder)) else {
        println!(
            "SKIPPED: no outside test data at {}",
            root.join(folder).display()
        );
        return None;
    };
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    Some(files)
}

#[test]
fn hl7v2_messages_are_translated_or_refused_with_a_reason() {
    let Some(files) = files("hl7v2", "hl7") else {
        return;
    };
    let mut translated = Vec::new();
    let mut refused: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, bytes) in &files {
        for piece in hl7v2::split_batch(bytes) {
            match hl7(piece) {
                Ok(translation) => {
                    assert_eq!(faults(&translation.bundle), Vec::<String>::new(), "{name}");
                    translated.push(name.clone());
                }
                Err(refusal) => {
                    assert!(!refusal.acknowledgement.is_empty());
                    let place = refusal.segment.unwrap_or_default();
                    refused
                        .entry(format!("{} {place}", refusal.text))
                        .or_default()
                        .push(name.clone());
                }
            }
        }
    }
    println!(
        "{} files: {} translated: {translated:?}",
        files.len(),
        translated.len()
    );
    for (reason, names) in &refused {
        println!("  refused {}: {reason} {:?}", names.len(), names);
    }
    assert!(
        translated.len() >= 5,
        "fewer messages are translated than before"
    );
}

/// Most of the outside messages say a version that we do not read; read as one
/// that we do, they try the readers.
#[test]
fn messages_of_other_versions_are_read_as_ours_without_a_panic() {
    let Some(files) = files("hl7v2", "hl7") else {
        return;
    };
    let mut translated = 0;
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    for (name, bytes) in &files {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let end = text.find(['\r', '\n']).unwrap_or(text.len());
        let mut fields: Vec<&str> = text[..end].split('|').collect();
        if let Some(version) = fields.get_mut(11) {
            *version = "2.5.1";
        }
        let other = format!("{}{}", fields.join("|"), &text[end..]);
        match hl7(other.as_bytes()) {
            Ok(translation) => {
                assert_eq!(faults(&translation.bundle), Vec::<String>::new(), "{name}");
                translated += 1;
            }
            Err(refusal) => {
                let place = refusal.segment.unwrap_or_default();
                *refused
                    .entry(format!("{} {place}", refusal.text))
                    .or_default() += 1;
            }
        }
    }
    println!(
        "{} files read as 2.5.1: {translated} translated; refused {refused:?}",
        files.len()
    );
}

#[test]
fn the_medlab_sample_is_refused_for_its_reference_and_taken_without_that_fault() {
    let Some(files) = files("edifact", "edi") else {
        return;
    };
    for (name, bytes) in &files {
        assert_eq!(Format::detect(bytes), Some(Format::Edifact));
        let refusal = edi(bytes).unwrap_err();
        println!("{name}: refused: {}", refusal.text);
        if name != "medlab.edi" {
            assert_eq!(refusal.text, "this kind of message is not taken");
            continue;
        }
        // Its count of 24 is right; the trailer has another reference than the header.
        assert_eq!(refusal.text, "UNT has another reference than UNH");
        let text = String::from_utf8(bytes.clone()).unwrap();
        let miscounted = text.replace("UNT+24+66001298496", "UNT+23+1020");
        assert_eq!(
            edi(miscounted.as_bytes()).unwrap_err().text,
            "UNT does not count the 24 segments that there are"
        );
        let sound = text.replace("UNT+24+66001298496", "UNT+24+1020");
        let translation = edi(sound.as_bytes()).unwrap();
        assert_eq!(faults(&translation.bundle), Vec::<String>::new());
        assert_eq!(
            made_of(&translation.bundle),
            [
                "Patient",
                "Practitioner",
                "ServiceRequest",
                "Organization",
                "Observation Valproinezuur",
                "Observation Datum inname",
                "Observation Tijd inname",
                "Observation Afname tijd",
                "Observation Haloperidol",
                "DiagnosticReport",
                "Provenance",
            ]
        );
    }
}

/// The types of the resources in a Bundle, and what each Observation is of.
fn made_of(bundle: &Value) -> Vec<String> {
    let entries = bundle.get("entry").map_or(&[][..], Value::items);
    entries
        .iter()
        .filter_map(|entry| {
            let resource = entry.get("resource")?;
            let kind = resource.text("resourceType")?;
            let name = resource.get("code").and_then(|code| code.text("text"));
            Some(match name {
                Some(name) if kind == "Observation" => format!("{kind} {name}"),
                _ => kind.to_owned(),
            })
        })
        .collect()
}
