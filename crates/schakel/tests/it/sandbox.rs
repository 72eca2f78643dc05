//! `schakel sandbox`, as somebody who tries it out meets it.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use crate::kit::schakel;

/// A sandbox that ends with the test.
pub(crate) struct Sandbox {
    process: Child,
    /// The FHIR base in R4.
    pub(crate) base: String,
    /// The one in STU3.
    stu3: String,
}

impl Sandbox {
    pub(crate) fn start(data: Option<&Path>) -> Self {
        Self::start_with(data, &[])
    }

    fn start_with(data: Option<&Path>, arguments: &[&str]) -> Self {
        Self::start_by(&mut schakel(), data, arguments)
    }

    /// The same, by a command that runs the program.
    fn start_by(command: &mut Command, data: Option<&Path>, arguments: &[&str]) -> Self {
        command.args(["sandbox", "--port", "0"]).args(arguments);
        if let Some(data) = data {
            command.arg("--data").arg(data);
        }
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (mut base, mut stu3) = (String::new(), String::new());
        let mut printed = BufReader::new(process.stdout.take().unwrap());
        printed.read_line(&mut base).unwrap();
        printed.read_line(&mut stu3).unwrap();
        Self {
            process,
            base: base.trim().to_owned(),
            stu3: stu3.trim().to_owned(),
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
async fn stu3_is_served_beside_r4_and_kept_apart() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let http = client();
    let sandbox = Sandbox::start(Some(&data));
    assert!(sandbox.base.ends_with("/fhir/r4") && sandbox.stu3.ends_with("/fhir/stu3"));
    let send = async |url: String, media_type: &str, body: String| {
        let sent = http.post(url).header("content-type", media_type).body(body);
        sent.send().await.unwrap()
    };
    let xml = r#"<MedicationStatement xmlns="http://hl7.org/fhir"><status value="active"/><medicationCodeableConcept><text value="pil"/></medicationCodeableConcept><subject><display value="iemand"/></subject><taken value="y"/></MedicationStatement>"#;
    let place = format!("{}/MedicationStatement", sandbox.stu3);
    let made = send(place, "application/fhir+xml", xml.to_owned()).await;
    assert_eq!(made.status(), 201);
    let patient = "urn:uuid:00000000-0000-4000-8000-000000000001";
    let transaction = json!({
        "resourceType": "Bundle", "type": "transaction", "entry": [
            { "fullUrl": patient, "request": { "method": "POST", "url": "Patient" },
              "resource": { "resourceType": "Patient", "name": [{ "family": "Oosterveen" }] } },
            { "request": { "method": "POST", "url": "ProcedureRequest" },
              "resource": { "resourceType": "ProcedureRequest", "status": "active",
                "intent": "order", "code": { "text": "bloed" },
                "subject": { "reference": patient } } }
        ]
    });
    let media_type = "application/fhir+json";
    let done = send(sandbox.stu3.clone(), media_type, transaction.to_string()).await;
    assert_eq!(done.status(), 200);
    drop(sandbox);

    // The plug was pulled; both are there, each in its own version only.
    let sandbox = Sandbox::start(Some(&data));
    let found = async |base: &str, search: &str| -> Value {
        let answer = http.get(format!("{base}/{search}")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{search}");
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    };
    let search =
        "ProcedureRequest?subject:Patient.name=oosterveen&_include=ProcedureRequest:subject";
    let page = found(&sandbox.stu3, search).await;
    assert_eq!(page["entry"].as_array().unwrap().len(), 2, "{page}");
    let page = found(&sandbox.stu3, "MedicationStatement?status=active").await;
    assert_eq!(page["entry"][0]["resource"]["taken"], "y", "{page}");
    for name in ["Patient", "MedicationStatement"] {
        let page = found(&sandbox.base, &format!("{name}?_summary=count")).await;
        assert_eq!(page["total"], 0, "{name}");
    }
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

const NAMED: &str = r#"{"resourceType":"StructureDefinition","url":"urn:p:named","type":"Patient",
    "kind":"resource","derivation":"constraint",
    "baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient",
    "differential":{"element":[{"id":"Patient.name","path":"Patient.name","min":1}]}}"#;

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request
        .header("content-type", "application/fhir+json")
        .send()
        .await
        .unwrap();
    let status = response.status().as_u16();
    let bytes = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

/// Packages are kept, listed, and loaded at the start.
#[tokio::test]
async fn a_kept_package_judges_what_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let profiles = directory.path().join("profiles");
    std::fs::create_dir(&profiles).unwrap();
    std::fs::write(profiles.join("named.json"), NAMED).unwrap();
    let packages = directory.path().join("packages");
    let run = |arguments: &[&std::ffi::OsStr]| {
        let output = schakel().arg("package").args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let added = run(&[
        "add".as_ref(),
        "--into".as_ref(),
        packages.as_os_str(),
        profiles.as_os_str(),
    ]);
    assert!(
        added.contains("profiles|  FHIR R4, 1 definitions"),
        "{added}"
    );
    assert_eq!(run(&["list".as_ref(), packages.as_os_str()]), added);

    let nameless = json!({ "resourceType": "Patient", "meta": { "profile": ["urn:p:named"] } });
    let named = json!({
        "resourceType": "Patient",
        "meta": { "profile": ["urn:p:named"] },
        "name": [{ "family": "Oosterveen" }]
    });
    let packages = packages.display().to_string();
    let http = client();
    let is_told = |outcome: &Value| {
        let issues = outcome["issue"].as_array().cloned().unwrap_or_default();
        issues.iter().any(|issue| {
            issue["severity"] == "error"
                && issue["expression"][0] == "Patient.name"
                && issue["details"]["text"] == "0"
        })
    };
    for (mode, status) in [("refuse", 422), ("warn", 201), ("off", 201)] {
        let arguments = ["--packages", &packages, "--validation", mode];
        let sandbox = Sandbox::start_with(None, &arguments);
        let url = format!("{}/Patient", sandbox.base);
        let post = |body: &Value| {
            let request = http.post(&url).body(body.to_string());
            request.header("prefer", "return=OperationOutcome")
        };
        let (found, outcome) = answer(post(&nameless)).await;
        assert_eq!(found, status, "{mode}: {outcome}");
        assert_eq!(is_told(&outcome), mode != "off", "{mode}: {outcome}");
        assert_eq!(answer(post(&named)).await.0, 201, "{mode}");
        // `$validate` tells in every mode, also by a profile that is only asked for.
        let bare = json!({ "resourceType": "Patient" });
        let validate = http.post(format!("{url}/$validate?profile=urn:p:named"));
        let (found, outcome) = answer(validate.body(bare.to_string())).await;
        assert!(found == 200 && is_told(&outcome), "{mode}: {outcome}");
        let root = sandbox.base.replace("/fhir/r4", "");
        let (_, ready) = answer(http.get(format!("{root}/health/ready"))).await;
        assert_eq!(ready, json!({ "status": "ready" }), "no counts: {mode}");
    }
}

#[tokio::test]
async fn nothing_gets_around_refusal() {
    let sandbox = Sandbox::start_with(None, &["--validation", "refuse"]);
    let http = client();
    let url = format!("{}/Patient", sandbox.base);
    // Rule pat-1: a contact has something to be reached by.
    let wrong = json!({ "resourceType": "Patient", "contact": [{ "gender": "other" }] });
    let right = json!({ "resourceType": "Patient", "contact": [{ "name": { "text": "x" } }] });
    let is_told = |outcome: &Value| outcome.to_string().contains("breaks invariant pat-1");

    let (status, made) = answer(http.post(&url).body(right.to_string())).await;
    assert_eq!(status, 201);
    let id = made["id"].as_str().unwrap();
    let mut update = wrong.clone();
    update["id"] = json!(id);
    let put = http.put(format!("{url}/{id}")).body(update.to_string());
    let (status, outcome) = answer(put).await;
    assert!(status == 422 && is_told(&outcome), "{outcome}");

    for (path, status) in [("/contact/0/name", 422), ("/contact", 200)] {
        let patch = json!([{ "op": "remove", "path": path }]);
        let request = http
            .patch(format!("{url}/{id}"))
            .header("content-type", "application/json-patch+json")
            .body(patch.to_string());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
    }

    let entry = |resource: &Value| json!({ "resource": resource, "request": { "method": "POST", "url": "Patient" } });
    let bundle = |kind: &str| {
        let entries = [entry(&right), entry(&wrong)];
        json!({ "resourceType": "Bundle", "type": kind, "entry": entries }).to_string()
    };
    let (status, outcome) = answer(http.post(&sandbox.base).body(bundle("transaction"))).await;
    assert!(status == 422 && is_told(&outcome), "{outcome}");
    assert!(
        outcome
            .to_string()
            .contains("Bundle.entry[1].resource.contact"),
        "{outcome}"
    );
    let (status, answers) = answer(http.post(&sandbox.base).body(bundle("batch"))).await;
    assert_eq!(status, 200);
    assert_eq!(answers["entry"][0]["response"]["status"], "201");
    assert_eq!(answers["entry"][1]["response"]["status"], "422");
    let lines = format!("{right}\n{wrong}\n");
    let import = http
        .post(format!("{}/$import", sandbox.base))
        .header("content-type", "application/fhir+ndjson");
    let imported = import.body(lines).send().await.unwrap();
    let imported = imported.text().await.unwrap();
    assert!(imported.contains("breaks invariant pat-1"), "{imported}");
    // One by itself, one by the batch, one by the import; the transaction left nothing.
    let (_, found) = answer(http.get(format!("{url}?_summary=count"))).await;
    assert_eq!(found["total"], 3);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_reads_what_is_kept_whatever_the_umask() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let sandbox = Sandbox::start_by(
        // A umask that takes no right from anybody.
        Command::new("sh")
            .args(["-c", "umask 000; exec \"$0\" \"$@\""])
            .arg(schakel().get_program()),
        Some(&data),
        &[],
    );
    let http = client();
    let patient = json!({ "resourceType": "Patient", "name": [{ "family": "Oosterveen" }] });
    let made = http
        .post(format!("{}/Patient", sandbox.base))
        .body(patient.to_string());
    assert_eq!(answer(made).await.0, 201);
    let export = http
        .get(format!("{}/$export", sandbox.base))
        .header("prefer", "respond-async")
        .send()
        .await
        .unwrap();
    let status = export.headers()["content-location"].to_str().unwrap();
    while http.get(status).send().await.unwrap().status() == 202 {}
    let kept = crate::kit::assert_private(&data);
    let has = |end: &str| kept.iter().any(|path| path.ends_with(end));
    for end in [".sqlite", ".sqlite-wal", ".head", "job.json"] {
        assert!(has(end), "{end} is not in {kept:?}");
    }
}
