//! `schakel fhirpath`, as a script calls it.

use std::process::Output;

use crate::kit::schakel;

const PATIENT: &str = r#"{"resourceType": "Patient", "id": "p", "active": true,
    "name": [{"family": "Jansen", "given": ["An", "Bo"]}], "birthDate": "1974-12-25"}"#;

fn lines(output: &Output) -> Vec<serde_json::Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn an_expression_finds_types_and_values() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("patient.json");
    std::fs::write(&file, PATIENT).unwrap();
    let run = |expression: &str| {
        schakel()
            .args(["fhirpath", "--fhir", "r4", expression])
            .arg(&file)
            .output()
            .unwrap()
    };
    let output = run("name.given | name.given.count()");
    assert!(output.status.success());
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = serde_json::json!([
        {"type": "string", "value": "An"},
        {"type": "string", "value": "Bo"},
        {"type": "integer", "value": 2},
    ]);
    assert_eq!(found, expected);
    // A Patient can be an `animal` in STU3 only.
    for (version, is_known) in [("r4", false), ("stu3", true)] {
        let output = schakel()
            .args(["fhirpath", "--fhir", version, "animal.species.exists()"])
            .arg(&file)
            .output()
            .unwrap();
        assert_eq!(output.status.success(), is_known, "{version}");
    }
    for (expression, kind) in [
        ("name.", "syntax"),
        ("name.given1", "semantic"),
        ("name.given.single()", "execution"),
    ] {
        let output = run(expression);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && output.stdout.is_empty());
        assert!(told.contains(kind), "{told}");
    }
}

#[test]
fn a_batch_answers_every_line() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("patient.json"), PATIENT).unwrap();
    let requests = [
        r#"{"id": "1", "expression": "active", "resource": "patient.json"}"#,
        "",
        r#"{"id": 2, "expression": "%a + 1", "resource": "patient.json", "variables": {"a": 1}}"#,
        r#"{"id": 3, "expression": "1 +", "resource": "patient.json"}"#,
        r#"{"id": 4, "expression": "nothing", "resource": "patient.json"}"#,
        r#"{"id": 5, "expression": "true", "resource": "elsewhere.json"}"#,
        "no JSON",
    ];
    std::fs::write(directory.path().join("batch.jsonl"), requests.join("\n")).unwrap();
    let output = schakel()
        .current_dir(directory.path())
        .args(["fhirpath", "--batch", "batch.jsonl"])
        .output()
        .unwrap();
    assert!(output.status.success());
    let answers = lines(&output);
    assert_eq!(answers.len(), 6);
    assert_eq!(
        answers[0],
        serde_json::json!({"id": "1", "result": [{"type": "boolean", "value": true}]})
    );
    assert_eq!(
        answers[1],
        serde_json::json!({"id": 2, "result": [{"type": "integer", "value": 2}]})
    );
    let kinds: Vec<_> = answers[2..]
        .iter()
        .map(|answer| answer["error"]["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["syntax", "semantic", "execution", "syntax"]);
    let ids: Vec<_> = answers[2..]
        .iter()
        .map(|answer| answer["id"].to_string())
        .collect();
    assert_eq!(ids, ["3", "4", "5", "null"]);
}
