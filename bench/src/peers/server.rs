//! A server that is measured: a process of its own with a database of its own,
//! or one that runs already.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use reqwest::StatusCode;

/// How long a server may take to start.
const START_TIME_MAX: Duration = Duration::from_mins(1);

/// Which server.
pub(crate) enum Kind {
    /// The sandbox of this program.
    Schakel(PathBuf),
    /// Helios (`hfs`), with a directory `data` beside it that holds its
    /// `search-parameters-r4.json`.
    Helios(PathBuf),
    /// One that runs already and is empty, by its FHIR base.
    Base(String),
}

/// One that runs.
pub(crate) struct Server {
    name: String,
    base: String,
    process: Option<Child>,
    directory: tempfile::TempDir,
    http: reqwest::Client,
}

impl Kind {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Schakel(_) => "Schakel".to_owned(),
            Self::Helios(_) => "Helios".to_owned(),
            Self::Base(base) => base.clone(),
        }
    }

    /// Starts it with an empty database.
    pub(crate) async fn start(&self) -> anyhow::Result<Server> {
        let directory = tempfile::tempdir()?;
        let (base, process) = match self {
            Self::Schakel(program) => {
                let (base, process) = schakel(program, directory.path())?;
                (base, Some(process))
            }
            Self::Helios(program) => {
                let (base, process) = helios(program, directory.path())?;
                (base, Some(process))
            }
            Self::Base(base) => (base.clone(), None),
        };
        let server = Server {
            name: self.name(),
            base,
            process,
            directory,
            http: reqwest::Client::builder().no_proxy().build()?,
        };
        let began = Instant::now();
        while !server
            .get("metadata")
            .await
            .is_ok_and(|(status, _)| status.is_success())
        {
            if began.elapsed() > START_TIME_MAX {
                bail!("{} did not start", server.name);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(server)
    }
}

fn schakel(program: &Path, data: &Path) -> anyhow::Result<(String, Child)> {
    let mut process = Command::new(program)
        .args(["sandbox", "--port", "0", "--data"])
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let printed = process.stdout.take().context("what it prints")?;
    let mut base = String::new();
    BufReader::new(printed).read_line(&mut base)?;
    Ok((base.trim().replace("localhost", "127.0.0.1"), process))
}

fn helios(program: &Path, data: &Path) -> anyhow::Result<(String, Child)> {
    let port = std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port();
    let process = Command::new(program)
        .env("HFS_SERVER_PORT", port.to_string())
        .env("HFS_SERVER_HOST", "127.0.0.1")
        .env("HFS_DATABASE_URL", data.join("helios.sqlite"))
        .env("HFS_BASE_URL", format!("http://127.0.0.1:{port}"))
        .env("HFS_DATA_DIR", program.with_file_name("data"))
        .env("HFS_MAX_BODY_SIZE", "67108864")
        .env("HFS_LOG_LEVEL", "error")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    Ok((format!("http://127.0.0.1:{port}"), process))
}

impl Server {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The full address of something below the base.
    pub(crate) fn url(&self, target: &str) -> String {
        format!("{}/{target}", self.base)
    }

    pub(crate) async fn get(&self, target: &str) -> anyhow::Result<(StatusCode, bytes::Bytes)> {
        self.get_url(&self.url(target)).await
    }

    pub(crate) async fn get_url(&self, url: &str) -> anyhow::Result<(StatusCode, bytes::Bytes)> {
        let answer = self.http.get(url).send().await?;
        Ok((answer.status(), answer.bytes().await?))
    }

    pub(crate) async fn post(&self, target: &str, body: String) -> anyhow::Result<StatusCode> {
        let answer = self
            .http
            .post(self.url(target))
            .header("content-type", "application/fhir+json")
            .body(body)
            .send()
            .await?;
        let status = answer.status();
        answer.bytes().await?;
        Ok(status)
    }

    /// Where its database is, if it is a process of its own.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The processor time that the process has used, in steps of 10 ms as
    /// Linux counts it; nothing for one that ran already.
    pub(crate) fn processor_time(&self) -> Option<Duration> {
        const TICK: Duration = Duration::from_millis(10);
        let process = self.process.as_ref()?;
        let status = std::fs::read_to_string(format!("/proc/{}/stat", process.id())).ok()?;
        // The name before it may have spaces; user and system time are the
        // twelfth and thirteenth field after it.
        let (_, fields) = status.rsplit_once(')')?;
        let mut fields = fields.split_whitespace().skip(11);
        let user: u32 = fields.next()?.parse().ok()?;
        let system: u32 = fields.next()?.parse().ok()?;
        Some(TICK * user.saturating_add(system))
    }

    /// The resident memory of the process.
    pub(crate) fn memory(&self) -> String {
        let Some(process) = &self.process else {
            return "not known".to_owned();
        };
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.id()));
        let kilobytes = status.ok().and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        });
        kilobytes.map_or_else(|| "not known".to_owned(), |kb| format!("{} MB", kb / 1024))
    }

    /// The size of what it keeps on disk.
    pub(crate) fn database(&self) -> String {
        if self.process.is_none() {
            return "not known".to_owned();
        }
        let files = std::fs::read_dir(self.directory.path());
        let bytes: u64 = files
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.metadata().ok())
            .map(|file| file.len())
            .sum();
        format!("{} MB", bytes / (1 << 20))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
