//! The JSON syntax suite that others wrote, where it is present.

use std::path::PathBuf;

use super::Document;
use crate::conformance::{Suite, exception};

const ON_PURPOSE: &str = "RFC 8259 lets a name occur twice; FHIR demands unique names";

/// The cases that must be accepted or refused; those that leave it open must only
/// not crash.
pub(crate) const SYNTAX_SUITE: Suite = Suite {
    name: "JSON syntax suite",
    source: "nst, JSONTestSuite, MIT: the cases `y_` and `n_`; those named `i_` may go either way and do not crash.",
    right_when: "`y_` is accepted and `n_` refused",
    cases: 283,
    right: 281,
    exceptions: &[
        exception(&["y_object_duplicated_key.json"], 1, ON_PURPOSE),
        exception(&["y_object_duplicated_key_and_value.json"], 1, ON_PURPOSE),
    ],
};

#[test]
fn accepts_and_refuses_as_the_suite_says() {
    let Some(folder) = crate::testdata("json-syntax") else {
        return;
    };
    let mut count = 0;
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
            Some("y_") => true,
            Some("n_") => false,
            _ => continue,
        };
        count += 1;
        if is_accepted != expected {
            let what = if is_accepted { "accepted" } else { "refused" };
            wrong.push((name, what.to_owned()));
        }
    }
    SYNTAX_SUITE.check(count, &wrong);
}
