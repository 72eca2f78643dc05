//! A PostgreSQL server of a test's own, in a folder of its own, that listens on
//! a socket in that folder only.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Debian's user without rights: PostgreSQL does not run as root.
const NOBODY: u32 = 65_534;

pub(crate) struct Server {
    programs: PathBuf,
    folder: TempDir,
}

impl Server {
    /// Starts one; `None`, said visibly, when PostgreSQL is not on the machine.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("SKIPPED: PostgreSQL is not on this machine (Debian package postgresql)");
            return None;
        };
        let folder = TempDir::with_prefix("pg").unwrap();
        if is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let server = Self { programs, folder };
        server.run(
            "initdb",
            &[
                "-U",
                "node",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
            ],
        );
        let settings = format!(
            "-k {} -c listen_addresses= -c max_connections=300",
            server.folder.path().display()
        );
        server.run(
            "pg_ctl",
            &["start", "-w", "-l", &server.path("log"), "-o", &settings],
        );
        Some(server)
    }

    /// The address of the database, without a schema.
    pub(crate) fn url(&self) -> String {
        format!(
            "postgres://node@/postgres?host={}",
            self.folder.path().display()
        )
    }

    /// Ends the server as a power cut does, and starts it again.
    pub(crate) fn crash_and_restart(&self) {
        self.run(
            "pg_ctl",
            &["restart", "-w", "-m", "immediate", "-l", &self.path("log")],
        );
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(self.programs.join(program));
        command
            .args(["-D", &self.path("data")])
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(std::process::Stdio::null());
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        // A server that goes on must not hold the pipes of this test.
        let output = self.folder.path().join("output");
        let file = std::fs::File::create(&output).unwrap();
        command.stdout(file.try_clone().unwrap()).stderr(file);
        let status = command.status().unwrap();
        assert!(
            status.success(),
            "{program} failed: {}",
            std::fs::read_to_string(output).unwrap_or_default()
        );
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.run("pg_ctl", &["stop", "-m", "immediate"]);
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The newest release that Debian installed.
fn programs() -> Option<PathBuf> {
    let releases = std::fs::read_dir(Path::new("/usr/lib/postgresql")).ok()?;
    releases
        .filter_map(|release| {
            let release = release.ok()?;
            let number: u32 = release.file_name().to_str()?.parse().ok()?;
            let programs = release.path().join("bin");
            programs
                .join("initdb")
                .is_file()
                .then_some((number, programs))
        })
        .max()
        .map(|(_, programs)| programs)
}
