//! The sandbox that is attacked, and its memory.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::Context;

/// A sandbox of its own, which ends with it.
pub(crate) struct Target {
    process: Child,
    address: String,
    path: String,
    #[expect(dead_code, reason = "dropping it removes the database")]
    directory: tempfile::TempDir,
}

impl Target {
    /// Starts it with an empty database; it is ready when this returns.
    pub(crate) fn start(program: &Path) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let mut process = Command::new(program)
            .args(["sandbox", "--port", "0", "--data"])
            .arg(directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let printed = process.stdout.take().context("what it prints")?;
        let mut base = String::new();
        BufReader::new(printed).read_line(&mut base)?;
        let base = base.trim().replace("localhost", "127.0.0.1");
        let rest = base.strip_prefix("http://").context("its address")?;
        let (address, path) = rest.split_once('/').context("its FHIR base")?;
        Ok(Self {
            process,
            address: address.to_owned(),
            path: format!("/{path}"),
            directory,
        })
    }

    /// Host and port.
    pub(crate) fn address(&self) -> String {
        self.address.clone()
    }

    /// The path of the FHIR base.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Forgets the peak so far; gives what is resident now, in kibibytes.
    pub(crate) fn begin_peak(&self) -> anyhow::Result<u64> {
        // 5: the peak becomes what is resident (proc_pid_clear_refs).
        std::fs::write(format!("/proc/{}/clear_refs", self.process.id()), "5")?;
        self.resident_kb()
    }

    /// How far the memory rose over what it was, in kibibytes.
    pub(crate) fn peak_over(&self, start_kb: u64) -> anyhow::Result<u64> {
        Ok(self.status_kb("VmHWM:")?.saturating_sub(start_kb))
    }

    /// What is resident, in kibibytes.
    pub(crate) fn resident_kb(&self) -> anyhow::Result<u64> {
        self.status_kb("VmRSS:")
    }

    fn status_kb(&self, name: &str) -> anyhow::Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = text.lines().find(|line| line.starts_with(name));
        let digits = line.and_then(|line| line.split_whitespace().nth(1));
        Ok(digits.context("the memory of the process")?.parse()?)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
