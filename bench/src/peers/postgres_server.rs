//! A PostgreSQL of the measurement's own, in a folder of its own, that listens
//! on a socket in that folder only. It syncs every commit, as one in use does.

use std::{
    fs::File,
    os::unix::{
        fs::{MetadataExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::{Context, ensure};
use tempfile::TempDir;

/// Debian's user without rights: PostgreSQL does not run as root.
const NOBODY: u32 = 65_534;

/// What it is set to beside its defaults. A node has some connections of its
/// own, and memory is what a small server in use would be given.
const SETTINGS: &str = "-c listen_addresses= -c max_connections=200 -c shared_buffers=512MB \
                        -c max_wal_size=4GB";

/// One that runs, until it is dropped.
pub(crate) struct PostgresServer {
    programs: PathBuf,
    folder: TempDir,
    schemas: AtomicUsize,
}

/// An empty schema of it.
pub(crate) struct Schema {
    server: Arc<PostgresServer>,
    name: String,
}

impl PostgresServer {
    /// Starts one, of the newest release that Debian installed.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let programs = programs().context("PostgreSQL is not here (Debian package postgresql)")?;
        let folder = TempDir::with_prefix("pg")?;
        if is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY))?;
        }
        let server = Self {
            programs,
            folder,
            schemas: AtomicUsize::new(0),
        };
        let data = server.path("data");
        let data = ["-D", data.as_str()];
        let made = ["-U", "node", "-A", "trust", "-E", "UTF8", "--locale=C"];
        server.run("initdb", &[data.as_slice(), made.as_slice()].concat())?;
        let settings = format!("-k {} {SETTINGS}", server.folder.path().display());
        let log = server.path("log");
        let start = ["start", "-w", "-l", &log, "-o", &settings];
        server.run("pg_ctl", &[data.as_slice(), start.as_slice()].concat())?;
        Ok(server)
    }

    /// What it says that it is.
    pub(crate) fn version(&self) -> anyhow::Result<String> {
        self.ask("SHOW server_version")
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A schema that did not exist.
    pub(crate) fn make_schema(server: &Arc<Self>) -> anyhow::Result<Schema> {
        let number = server.schemas.fetch_add(1, Ordering::Relaxed);
        let name = format!("measured_{number}");
        server.ask(&format!("CREATE SCHEMA {name}"))?;
        Ok(Schema {
            server: Arc::clone(server),
            name,
        })
    }

    /// The answer to a question without values.
    fn ask(&self, sql: &str) -> anyhow::Result<String> {
        let host = self.folder.path().display().to_string();
        let arguments = ["-X", "-A", "-t", "-q", "-h", &host, "-U", "node", "-c", sql];
        let answer = self.run("psql", &[&arguments[..], &["postgres"]].concat())?;
        Ok(answer.trim().to_owned())
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Runs one of its programs; what that printed.
    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
        // A server that goes on must not hold a pipe of this process.
        let output = self.folder.path().join("output");
        let file = File::create(&output)?;
        let mut command = Command::new(self.programs.join(program));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let status = command.status()?;
        let printed = std::fs::read_to_string(output)?;
        ensure!(status.success(), "{program} failed: {printed}");
        Ok(printed)
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let data = self.path("data");
        let _ = self.run("pg_ctl", &["-D", &data, "stop", "-m", "immediate"]);
    }
}

impl Schema {
    /// The address of the database with this schema.
    pub(crate) fn url(&self) -> String {
        format!(
            "postgres://node@/postgres?host={}&options=-csearch_path%3D{}",
            self.server.folder.path().display(),
            self.name
        )
    }

    /// The size of its tables with their indexes.
    pub(crate) fn bytes(&self) -> anyhow::Result<u64> {
        let sql = format!(
            "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class
             WHERE relkind = 'r' AND relnamespace = '{}'::regnamespace",
            self.name
        );
        Ok(self.server.ask(&sql)?.parse()?)
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn programs() -> Option<PathBuf> {
    let releases = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    releases
        .filter_map(|release| {
            let release = release.ok()?;
            let number: u32 = release.file_name().to_str()?.parse().ok()?;
            let programs = release.path().join("bin");
            let is_whole = programs.join("initdb").is_file();
            is_whole.then_some((number, programs))
        })
        .max()
        .map(|(_, programs)| programs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_is_a_new_one_and_empty() {
        if programs().is_none() {
            eprintln!("SKIPPED: PostgreSQL is not on this machine (Debian package postgresql)");
            return;
        }
        let server = Arc::new(PostgresServer::start().expect("a server"));
        assert_eq!(server.ask("SHOW fsync").expect("an answer"), "on");
        let [one, other] = [(), ()].map(|()| PostgresServer::make_schema(&server).expect("one"));
        assert_ne!(one.url(), other.url());
        server
            .ask(&format!("CREATE TABLE {}.t AS SELECT 1", one.name))
            .expect("a table");
        assert!(one.bytes().expect("its size") > 0);
        assert_eq!(other.bytes().expect("its size"), 0);
    }
}
