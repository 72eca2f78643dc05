//! `schakel sandbox`, as somebody who tries it out meets it.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Stdio},
};

use serde_json::{Value, json};

use crate::kit::schakel;

/// A sandbox that ends with the test.
struct Sandbox {
    process: Child,
    base: String,
}

impl Sandbox {
    fn start(data: Option<&Path>) -> Self {
        let mut command = schakel();
        command.args(["sandbox", "--port", "0"]);
        if let Some(data) = data {
            command.arg("--data").arg(data);
        }
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut base = String::new();
        let printed = process.stdout.take().unwrap();
        BufReader::new(printed).read_line(&mut base).unwrap();
        Self {
            process,
            base: base.trim().to_owned(),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

#[tokio::test]
async fn what_is_written_is_there_after_the_plug_was_pulled() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let http = client();
    let patient = json!({ "resourceType": "Patient", "name": [{ "family": "Oosterveen" }] });

    let sandbox = Sandbox::start(Some(&data));
    let made = http
        .post(format!("{}/Patient", sandbox.base))
        .header("content-type", "application/fhir+json")
        .body(patient.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201);
    drop(sandbox);

    let sandbox = Sandbox::start(Some(&data));
    let found: Value = serde_json::from_slice(
        &http
            .get(format!("{}/Patient?name=oosterveen", sandbox.base))
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap(),
    )
    .unwrap();
    assert_eq!(
        found["entry"][0]["resource"]["name"][0]["family"], "Oosterveen",
        "{found}"
    );
}

#[tokio::test]
async fn the_audit_lines_of_reads_outlive_the_process() {
    const READS: i64 = 20;
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let http = client();
    let sandbox = Sandbox::start(Some(&data));
    for _ in 0..READS {
        let read = http.get(format!("{}/Patient?name=x", sandbox.base));
        assert_eq!(read.send().await.unwrap().status(), 200);
    }
    drop(sandbox);

    let database = rusqlite::Connection::open(data.join("sandbox.sqlite")).unwrap();
    let lines: i64 = database
        .query_row("SELECT count(*) FROM audit", [], |row| row.get(0))
        .unwrap();
    assert_eq!(lines, READS);
}

#[tokio::test]
async fn a_name_from_elsewhere_is_refused() {
    let sandbox = Sandbox::start(None);
    assert!(
        sandbox.base.starts_with("http://localhost:"),
        "{}",
        sandbox.base
    );
    let refused = client()
        .get(format!("{}/Patient", sandbox.base))
        .header("host", "sandbox.example.org")
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), 403);
}

#[test]
fn a_directory_with_something_else_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("thesis.txt"), "years of work").unwrap();
    let output = schakel()
        .args(["sandbox", "--port", "0", "--data"])
        .arg(directory.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("left alone"), "{said}");
}

#[tokio::test]
async fn an_export_is_there_after_the_plug_was_pulled() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let http = client();
    let sandbox = Sandbox::start(Some(&data));
    let lines: Vec<String> = (0..3_000)
        .map(|number| {
            let kind = ["Patient", "Organization", "Location"][number % 3];
            format!("{{\"resourceType\":\"{kind}\",\"id\":\"r{number}\"}}\n")
        })
        .collect();
    let answers = http
        .post(format!("{}/$import", sandbox.base))
        .header("content-type", "application/fhir+ndjson")
        .body(lines.concat())
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let total: Value = serde_json::from_str(answers.lines().last().unwrap()).unwrap();
    let accepted = &total["parameter"][0]["part"][0]["valueDecimal"];
    assert_eq!(accepted.as_f64(), Some(3_000.0), "{total}");
    let asked = http
        .get(format!("{}/$export", sandbox.base))
        .header("prefer", "respond-async")
        .send()
        .await
        .unwrap();
    let place = asked.headers()["content-location"].to_str().unwrap();
    let id = place.rsplit('/').next().unwrap().to_owned();
    drop(sandbox);

    let sandbox = Sandbox::start(Some(&data));
    let place = format!("{}/$export-status/{id}", sandbox.base);
    let manifest = loop {
        let state = http.get(&place).send().await.unwrap();
        match state.status().as_u16() {
            200 => break serde_json::from_slice::<Value>(&state.bytes().await.unwrap()).unwrap(),
            other => assert_eq!(other, 202),
        }
    };
    let mut found = 0;
    for file in manifest["output"].as_array().unwrap() {
        // The port is another one now.
        let path = file["url"]
            .as_str()
            .unwrap()
            .rsplit_once("/fhir/r4")
            .unwrap()
            .1;
        let text = http
            .get(format!("{}{path}", sandbox.base))
            .send()
            .await
            .unwrap();
        found += text.text().await.unwrap().lines().count();
    }
    assert_eq!(found, 3_000, "{manifest}");
}

#[test]
fn a_store_that_is_not_known_is_refused_without_its_password() {
    for (store, says) in [
        ("oracle", "--store is `sqlite` or a postgres:// URL"),
        (
            "postgres://me:hush@127.0.0.1:1/none?sslmode=disable",
            "cannot open",
        ),
    ] {
        let output = schakel()
            .args(["sandbox", "--port", "0", "--store", store])
            .output()
            .unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(says) && !said.contains("hush"), "{said}");
    }
}
