//! A demo region for a test: started on free ports, ended when it is dropped.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// How long a region may take to start on a busy machine.
const START_TIME_MAX: Duration = Duration::from_mins(3);

/// The program under test.
pub(crate) fn schakel() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_schakel"));
    command.env_remove("RUST_BACKTRACE");
    command
}

/// A process that ends with the test.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self(
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .expect("it starts"),
        )
    }

    /// Pulls the plug: SIGKILL, as a power failure would.
    pub(crate) fn pull_the_plug(&mut self) {
        self.0.kill().expect("it can be killed");
        self.0.wait().expect("it ends");
    }

    /// Asks it to stop, and waits.
    pub(crate) fn stop(&mut self) {
        let pid = self.0.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(asked.expect("kill runs").success());
        assert!(
            self.0.wait().expect("it ends").success(),
            "it stops without an error"
        );
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Holds that only their owner can do anything with the files and directories
/// in and below one, and gives the paths of the files.
#[cfg(unix)]
pub(crate) fn assert_private(directory: &Path) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt;

    let (mut files, mut directories) = (Vec::new(), vec![directory.to_path_buf()]);
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory") {
            let entry = entry.expect("an entry");
            let found = entry.metadata().expect("a mode");
            let path = entry.path();
            let mode = found.permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} has {mode:o}", path.display());
            if found.is_dir() {
                directories.push(path);
            } else {
                files.push(path.display().to_string());
            }
        }
    }
    files
}

/// A running demo region.
pub(crate) struct Region {
    pub(crate) process: Process,
    pub(crate) data: PathBuf,
    pub(crate) demo: Value,
    _directory: Option<tempfile::TempDir>,
}

impl Region {
    /// Starts a new region with so many patients.
    pub(crate) fn start(patients: usize) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let data = directory.path().join("data");
        Self {
            _directory: Some(directory),
            ..Self::start_in(&data, patients)
        }
    }

    /// Starts the region of a directory, new or from before.
    pub(crate) fn start_in(data: &Path, patients: usize) -> Self {
        Self::start_at(0, data, patients)
    }

    /// The same, with its ports from this one on where they are free.
    pub(crate) fn start_at(port: u16, data: &Path, patients: usize) -> Self {
        let file = data.join("demo.json");
        let _ = std::fs::remove_file(&file);
        let mut process = Process::start(
            schakel()
                .args([
                    "demo",
                    "--port",
                    &port.to_string(),
                    "--patients",
                    &patients.to_string(),
                    "--data",
                ])
                .arg(data),
        );
        let began = Instant::now();
        while !file.exists() {
            assert!(
                began.elapsed() < START_TIME_MAX,
                "the region is not ready in time"
            );
            assert!(
                process.0.try_wait().expect("a state").is_none(),
                "the region stopped"
            );
            std::thread::park_timeout(Duration::from_millis(50));
        }
        let demo = serde_json::from_slice(&std::fs::read(&file).expect("the file is there"));
        Self {
            process,
            data: data.to_path_buf(),
            demo: demo.expect("demo.json is JSON"),
            _directory: None,
        }
    }

    /// One of the organisations in `demo.json`.
    pub(crate) fn organisation(&self, slug: &str) -> &Value {
        let all = self.demo["organisations"]
            .as_array()
            .expect("organisations");
        all.iter()
            .find(|one| one["slug"] == slug)
            .expect("the organisation is there")
    }

    pub(crate) fn fhir(&self, slug: &str) -> String {
        self.organisation(slug)["fhir"]
            .as_str()
            .expect("a base")
            .to_owned()
    }

    /// The BSN of a patient, by place.
    pub(crate) fn bsn(&self, index: usize) -> String {
        self.demo["patients"][index]["bsn"]
            .as_str()
            .expect("a BSN")
            .to_owned()
    }

    /// Runs a command on this region.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        schakel()
            .args(arguments)
            .arg("--data")
            .arg(&self.data)
            .output()
            .expect("it runs")
    }

    pub(crate) fn token(&self, person: &str) -> String {
        let output = self.run(&["demo", "token", person]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout)
            .expect("text")
            .trim()
            .to_owned()
    }

    /// Where an organisation's pages are.
    pub(crate) fn pages(&self, slug: &str) -> String {
        let fhir = self.fhir(slug);
        fhir.strip_suffix("/fhir/r4")
            .expect("a FHIR base")
            .to_owned()
    }

    /// Asks the whole region about a patient.
    pub(crate) async fn regional_record(&self, question: &Question<'_>) -> Record {
        let organisation = self.demo["people"]
            .as_array()
            .and_then(|people| people.iter().find(|one| one["slug"] == question.person))
            .and_then(|person| person["organisation"].as_str())
            .expect("the person is there");
        let mut parameters = vec![
            json!({"name": "identifier", "valueIdentifier": {
                "system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": question.bsn}}),
            json!({"name": "exchange", "valueCode": question.exchange}),
        ];
        if let Some(reason) = question.emergency {
            parameters.push(json!({"name": "purpose", "valueCode": "ETREAT"}));
            parameters.push(json!({"name": "reason", "valueString": reason}));
        }
        let answer = http()
            .post(format!("{}/$regional-record", self.fhir(organisation)))
            .bearer_auth(self.token(question.person))
            .header("content-type", "application/fhir+json")
            .body(json!({"resourceType": "Parameters", "parameter": parameters}).to_string())
            .send()
            .await
            .expect("an answer");
        let status = answer.status().as_u16();
        let body = answer.bytes().await.expect("a body");
        Record {
            status,
            bundle: serde_json::from_slice(&body).expect("JSON"),
        }
    }
}

/// What is asked of the whole region.
pub(crate) struct Question<'a> {
    pub(crate) person: &'a str,
    pub(crate) bsn: &'a str,
    pub(crate) exchange: &'a str,
    pub(crate) emergency: Option<&'a str>,
}

impl<'a> Question<'a> {
    pub(crate) fn of(person: &'a str, bsn: &'a str, exchange: &'a str) -> Self {
        Self {
            person,
            bsn,
            exchange,
            emergency: None,
        }
    }
}

/// What the region answered.
pub(crate) struct Record {
    pub(crate) status: u16,
    pub(crate) bundle: Value,
}

impl Record {
    fn entries(&self) -> impl Iterator<Item = &Value> {
        self.bundle["entry"].as_array().into_iter().flatten()
    }

    /// The state of every source, by URA.
    pub(crate) fn states(&self) -> BTreeMap<String, String> {
        self.entries()
            .filter(|entry| entry["search"]["mode"] == "outcome")
            .flat_map(|entry| entry["resource"]["issue"].as_array().into_iter().flatten())
            .map(|issue| {
                let text = |value: &Value| value.as_str().expect("text").to_owned();
                (
                    text(&issue["diagnostics"]),
                    text(&issue["details"]["coding"][0]["code"]),
                )
            })
            .collect()
    }

    /// The resources of a type, with their sources.
    pub(crate) fn resources(&self, resource_type: &str) -> Vec<&Value> {
        self.entries()
            .map(|entry| &entry["resource"])
            .filter(|resource| resource["resourceType"] == resource_type)
            .collect()
    }

    /// How many resources came from an organisation.
    pub(crate) fn from(&self, ura: &str) -> usize {
        self.entries()
            .filter_map(|entry| entry["resource"]["meta"]["source"].as_str())
            .filter(|source| source.contains(ura))
            .count()
    }
}

/// An HTTP client for loopback.
pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_mins(1))
        .build()
        .expect("a client")
}

/// A laboratory result for a patient, as HL7 v2.
pub(crate) fn result(bsn: &str, control_id: &str, order: &str, value: &str) -> String {
    [
        "MSH|^~\\&|LIS|laboratorium^90000103^URA|SCHAKEL|laboratorium^90000103^URA|\
         20261122101500+0100||ORU^R01^ORU_R01|CONTROL|P|2.4|||AL|NE|NLD|8859/1",
        "PID|1||BSN^^^NLMINBIZA^NNNLD||Test&&Test^T^^^^^L||19650321|M",
        "ORC|RE|OORDER|ORDER|||CM",
        "OBR|1|OORDER|ORDER|LAB^Laboratoriumonderzoek^99LIS|||20261122083000+0100|||||||\
         20261122083000+0100|BLD|||||||20261122101000+0100||CH|F",
        "OBX|1|NM|K^Kalium^99LIS||VALUE|mmol/l|3.5-5|N|||F|||20261122101000+0100",
        "",
    ]
    .join("\r")
    .replace("CONTROL", control_id)
    .replace("BSN^^^", &format!("{bsn}^^^"))
    .replace("ORDER", order)
    .replace("VALUE", value)
}

/// Sends one message over MLLP and reads the acknowledgement.
pub(crate) async fn mllp(address: &str, message: &[u8]) -> std::io::Result<Vec<u8>> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let mut frame = vec![0x0b];
    frame.extend_from_slice(message);
    frame.extend_from_slice(&[0x1c, 0x0d]);
    stream.write_all(&frame).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(&[0x1c, 0x0d]) {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(answer)
}

/// The acknowledgement code of an answer.
pub(crate) fn code(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    let msa = text
        .split('\r')
        .find(|segment| segment.starts_with("MSA"))
        .unwrap_or_default();
    msa.split('|').nth(1).unwrap_or_default().to_owned()
}

/// As much of a browser as the pages need: it keeps cookies, and sends the
/// token of the last form that it saw.
pub(crate) struct Browser {
    base: String,
    cookies: BTreeMap<String, String>,
    token: String,
}

impl Browser {
    pub(crate) fn at(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            cookies: BTreeMap::new(),
            token: String::new(),
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> String {
        let request = http().get(format!("{}{path}", self.base));
        self.send(path, request).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> String {
        let mut form = fields.to_vec();
        let token = self.token.clone();
        form.push(("token", &token));
        let request = http()
            .post(format!("{}{path}", self.base))
            .header("origin", self.base.as_str())
            .form(&form);
        self.send(path, request).await
    }

    async fn send(&mut self, path: &str, request: reqwest::RequestBuilder) -> String {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let answer = request
            .header("cookie", cookies.join("; "))
            .send()
            .await
            .expect("an answer");
        let status = answer.status().as_u16();
        assert!([200, 303].contains(&status), "{path}: {status}");
        for cookie in answer.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().expect("a cookie");
            let (name, value) = cookie
                .split(';')
                .next()
                .and_then(|pair| pair.split_once('='))
                .expect("a name and a value");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let page = answer.text().await.expect("a page");
        if page.contains("name=\"token\"") {
            self.token = field(&page, "token");
        }
        page
    }
}

/// The value of a hidden field of a page.
pub(crate) fn field(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&start).expect("the field is there");
    rest.split('"').next().expect("a value").to_owned()
}
