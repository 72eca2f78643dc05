//! The commands, as somebody types them.

use crate::kit::{Region, schakel};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_command_without_a_region_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [
        &["demo", "token", "internist-akkerhof"] as &[&str],
        &["audit", "verify"],
        &["doctor"],
        &["send", "Cargo.toml", "--to", "huisarts"],
    ] {
        let output = schakel()
            .args(arguments)
            .arg("--data")
            .arg(directory.path())
            .output()
            .unwrap();
        assert!(!output.status.success());
        assert!(
            text(&output.stderr).contains("schakel demo"),
            "{}",
            text(&output.stderr)
        );
    }
}

#[test]
fn a_directory_with_something_else_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("thesis.txt");
    std::fs::write(&file, "years of work").unwrap();
    let output = schakel()
        .args(["demo", "--fresh", "--port", "0", "--data"])
        .arg(directory.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(
        text(&output.stderr).contains("left alone"),
        "{}",
        text(&output.stderr)
    );
    assert!(file.exists());
}

#[test]
fn files_are_sent_explained_and_checked() {
    let region = Region::start(2);
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    for (file, to, answer) in [
        ("result.hl7", "laboratorium", "MSA|AA|DEMO-0001"),
        ("result.edi", "huisarts", "UCI"),
        ("allergy.json", "huisarts", "AllergyIntolerance"),
    ] {
        let output = region.run(&["send", &format!("{examples}/{file}"), "--to", to]);
        let printed = text(&output.stdout);
        assert!(
            output.status.success(),
            "{file}: {printed}{}",
            text(&output.stderr)
        );
        assert!(printed.contains(answer), "{file}: {printed}");
    }
    let output = region.run(&["send", &format!("{examples}/README.md"), "--to", "huisarts"]);
    assert!(!output.status.success());

    let output = region.run(&[
        "explain",
        "access",
        "--person",
        "internist-akkerhof",
        "--patient",
        "patient-001",
        "--source",
        "huisarts",
    ]);
    let printed = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        printed.contains("treatment-physician") && printed.contains("Allowed"),
        "{printed}"
    );

    let output = region.run(&["doctor"]);
    assert!(output.status.success(), "{}", text(&output.stdout));

    // Somebody with access to the file changes a line of the log.
    let database = region.data.join("huisarts/records.db");
    let log = rusqlite::Connection::open(&database).unwrap();
    let seq: i64 = log
        .query_row("SELECT max(seq) - 1 FROM audit", [], |row| row.get(0))
        .expect("the log has lines");
    log.execute_batch("DROP TRIGGER audit_stays_as_it_is")
        .expect("the guard is taken away");
    let changed = log
        .execute(
            "UPDATE audit SET body = CAST(replace(CAST(body AS TEXT), '90000101', '90000102') AS \
             BLOB) WHERE seq = ?1",
            [seq],
        )
        .expect("the line is changed");
    assert_eq!(changed, 1);
    let output = region.run(&["audit", "verify", "--organisation", "huisarts"]);
    assert!(!output.status.success());
    assert!(
        text(&output.stdout).contains(&format!("line {seq} was altered")),
        "{}",
        text(&output.stdout)
    );
}
