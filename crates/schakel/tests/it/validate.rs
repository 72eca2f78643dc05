//! `schakel validate`, with a package as a directory and as an archive.

use std::path::Path;

use crate::kit::schakel;

const PROFILE: &str = r#"{"resourceType":"StructureDefinition","url":"urn:p:named","type":"Patient","kind":"resource",
    "derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient",
    "differential":{"element":[{"id":"Patient.name","path":"Patient.name","min":1}]}}"#;

/// Whether all is well, and a line for each file: its name and the errors in it.
fn validate(directory: &Path, arguments: &[&str]) -> (bool, Vec<(String, Vec<String>)>) {
    let output = schakel()
        .current_dir(directory)
        .arg("validate")
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["outcome"]["resourceType"], "OperationOutcome");
        let errors = line["outcome"]["issue"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|issue| issue["severity"] == "error")
            .map(|issue| issue["diagnostics"].as_str().unwrap().to_owned())
            .collect();
        (line["file"].as_str().unwrap().to_owned(), errors)
    });
    (output.status.success(), lines.collect())
}

#[test]
fn files_are_judged_one_line_each() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let write = |name: &str, text: &str| std::fs::write(at.join(name), text).unwrap();
    write(
        "named.json",
        r#"{"resourceType":"Patient","meta":{"profile":["urn:p:named"]},"name":[{"text":"x"}]}"#,
    );
    write(
        "nameless.xml",
        "<Patient xmlns='http://hl7.org/fhir'><active value='true'/></Patient>",
    );
    write("broken.json", "{");
    write(
        "stu3.json",
        r#"{"resourceType":"Patient","animal":{"species":{"text":"cat"}}}"#,
    );
    std::fs::create_dir_all(at.join("folder/package")).unwrap();
    write("folder/package/profile.json", PROFILE);
    write("folder/package/package.json", r#"{"name":"made-up"}"#);
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(
        std::fs::File::create(at.join("package.tgz")).unwrap(),
        flate2::Compression::fast(),
    ));
    archive
        .append_dir_all("package", at.join("folder/package"))
        .unwrap();
    archive.into_inner().unwrap().finish().unwrap();

    let line = |name: &str, errors: &[&str]| {
        (
            name.to_owned(),
            errors
                .iter()
                .map(|&error| error.to_owned())
                .collect::<Vec<_>>(),
        )
    };
    let missing = "at least 1 must be there";
    for package in ["folder", "package.tgz"] {
        assert_eq!(
            validate(at, &["--package", package, "named.json", "nameless.xml"]),
            (
                true,
                vec![line("named.json", &[]), line("nameless.xml", &[])]
            )
        );
        assert_eq!(
            validate(
                at,
                &[
                    "--package",
                    package,
                    "--profile",
                    "urn:p:named",
                    "nameless.xml",
                    "named.json"
                ]
            ),
            (
                false,
                vec![line("nameless.xml", &[missing]), line("named.json", &[])]
            )
        );
    }
    let (is_right, lines) = validate(at, &["broken.json", "stu3.json"]);
    assert!(
        !is_right && lines.iter().all(|(_, errors)| errors.len() == 1),
        "{lines:?}"
    );
    assert_eq!(
        validate(at, &["--fhir", "stu3", "stu3.json"]),
        (true, vec![line("stu3.json", &[])])
    );
    assert!(!validate(at, &["--package", "nothing-here", "named.json"]).0);
}
