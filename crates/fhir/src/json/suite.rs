//! The JSON syntax suite that others wrote, where it is present.

use std::path::PathBuf;

use super::Document;

/// Accepted by RFC 8259 but refused here: FHIR demands unique names.
const REFUSED_ON_PURPOSE: [&str; 2] = [
    "y_object_duplicated_key.json",
    "y_object_duplicated_key_and_value.json",
];

#[test]
fn accepts_and_refuses_as_the_suite_says() {
    let Some(folder) = crate::testdata("json-syntax") else {
        return;
    };
    let mut counts = [0; 3];
    let mut wrong = Vec::new();
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let is_accepted = Document::parse(std::fs::read(&file).unwrap()).is_ok();
        let expected = match name.get(..2) {
            Some("y_") => !REFUSED_ON_PURPOSE.contains(&name.as_str()),
            Some("n_") => false,
            Some("i_") => is_accepted,
            _ => continue,
        };
        counts["yni".find(&name[..1]).unwrap()] += 1;
        if is_accepted != expected {
            wrong.push(name);
        }
    }
    println!(
        "json-syntax: {} accepted, {} refused, {} either",
        counts[0], counts[1], counts[2]
    );
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(counts[0] > 90 && counts[1] > 180, "{counts:?}");
}
