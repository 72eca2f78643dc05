//! A region in a process of its own.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use serde_json::Value;

const START_TIME_MAX: Duration = Duration::from_mins(5);

pub(crate) struct Region {
    program: PathBuf,
    process: Child,
    directory: tempfile::TempDir,
    pub(crate) demo: Value,
    pub(crate) ready_after: Duration,
    pub(crate) http: reqwest::Client,
}

impl Region {
    pub(crate) fn start(program: &str, patients: usize) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let began = Instant::now();
        let mut process = Command::new(program)
            .args([
                "demo",
                "--port",
                "0",
                "--every-source",
                "--patients",
                &patients.to_string(),
                "--data",
            ])
            .arg(directory.path())
            .stderr(Stdio::null())
            .spawn()?;
        let file = directory.path().join("demo.json");
        while !file.exists() {
            if began.elapsed() > START_TIME_MAX || process.try_wait()?.is_some() {
                bail!("the region did not start");
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            program: program.into(),
            process,
            demo: serde_json::from_slice(&std::fs::read(&file)?)?,
            ready_after: began.elapsed(),
            directory,
            http,
        })
    }

    pub(crate) fn data(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn organisation(&self, slug: &str) -> &Value {
        let all = self.demo["organisations"].as_array().into_iter().flatten();
        all.into_iter()
            .find(|one| one["slug"] == slug)
            .unwrap_or(&Value::Null)
    }

    pub(crate) fn text<'a>(&'a self, slug: &str, field: &str) -> &'a str {
        self.organisation(slug)[field].as_str().unwrap_or_default()
    }

    pub(crate) fn token(&self, person: &str) -> anyhow::Result<String> {
        let output = Command::new(&self.program)
            .args(["demo", "token", person, "--data"])
            .arg(self.data())
            .output()?;
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// The resident memory of the process, in megabytes.
    pub(crate) fn memory(&self) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let kilobytes = status.ok().and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        });
        kilobytes.map_or_else(|| "not known".to_owned(), |kb| format!("{} MB", kb / 1024))
    }

    /// How many messages and Bundles filled the region.
    pub(crate) fn messages(&self) -> String {
        let count = std::fs::read_to_string(self.data().join("region.json"))
            .context("region.json")
            .and_then(|text| Ok(serde_json::from_str::<Value>(&text)?["messages"].clone()));
        count
            .ok()
            .and_then(|n| n.as_u64())
            .map_or_else(|| "all".to_owned(), |n| n.to_string())
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
