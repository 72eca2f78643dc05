//! A server that is measured: processes of its own with a database of its own,
//! or one that runs already.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use bytes::Bytes;
use hyper::{Method, StatusCode};

use super::{
    client::Client,
    postgres_server::{PostgresServer, Schema},
};

/// The thread of the sandbox that writes.
const WRITER: &str = "store-writer";

/// How long a server may take to start.
const START_TIME_MAX: Duration = Duration::from_mins(1);

/// Which server.
pub(crate) enum Kind {
    /// The sandbox of this program.
    Schakel(PathBuf),
    /// So many sandboxes of this program over one schema of this PostgreSQL.
    OverPostgres {
        program: PathBuf,
        processes: usize,
        server: Arc<PostgresServer>,
    },
    /// Helios (`hfs`), with a directory `data` beside it that holds its
    /// `search-parameters-r4.json`.
    Helios(PathBuf),
    /// One that runs already and is empty, by its FHIR base.
    Base(String),
}

/// One that runs.
pub(crate) struct Server {
    name: String,
    /// Of each process one, asked in turn.
    bases: Vec<String>,
    asked: AtomicUsize,
    processes: Processes,
    /// Where its database is, if that is not in the directory.
    schema: Option<Schema>,
    directory: tempfile::TempDir,
    http: Client,
}

/// Those that end with the server that they are.
#[derive(Default)]
struct Processes(Vec<Child>);

impl Kind {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Schakel(_) => "Schakel".to_owned(),
            Self::OverPostgres { processes: 1, .. } => "one process".to_owned(),
            Self::OverPostgres { processes, .. } => format!("{processes} processes"),
            Self::Helios(_) => "Helios".to_owned(),
            Self::Base(base) => base.clone(),
        }
    }

    /// Starts it with an empty database.
    pub(crate) async fn start(&self) -> anyhow::Result<Server> {
        let mut server = Server {
            name: self.name(),
            bases: Vec::new(),
            asked: AtomicUsize::new(0),
            processes: Processes::default(),
            schema: None,
            directory: tempfile::tempdir()?,
            http: Client::default(),
        };
        match self {
            Self::Schakel(program) => {
                let started = schakel(program, server.directory.path(), None)?;
                server.add(started).await?;
            }
            Self::OverPostgres {
                program,
                processes,
                server: postgres,
            } => {
                let schema = PostgresServer::make_schema(postgres)?;
                let first = server.directory.path().join("0");
                for number in 0..*processes {
                    let own = server.directory.path().join(number.to_string());
                    if number > 0 {
                        // They are one organisation, with one key.
                        copy(&first.join("identity"), &own.join("identity"))?;
                    }
                    let started = schakel(program, &own, Some(&schema.url()))?;
                    server.add(started).await?;
                }
                server.schema = Some(schema);
            }
            Self::Helios(program) => {
                let started = helios(program, server.directory.path())?;
                server.add(started).await?;
            }
            Self::Base(base) => {
                server.bases.push(base.clone());
                server.wait(base).await?;
            }
        }
        Ok(server)
    }
}

fn schakel(program: &Path, data: &Path, database: Option<&str>) -> anyhow::Result<(String, Child)> {
    let mut process = Command::new(program)
        .args(["sandbox", "--port", "0", "--data"])
        .arg(data)
        .args(["--store", database.unwrap_or("sqlite")])
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

/// Copies a directory that has files only.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

impl Server {
    async fn add(&mut self, (base, process): (String, Child)) -> anyhow::Result<()> {
        self.processes.0.push(process);
        self.bases.push(base.clone());
        self.wait(&base).await
    }

    /// Waits until it answers.
    async fn wait(&self, base: &str) -> anyhow::Result<()> {
        let began = Instant::now();
        while !self
            .get_url(&format!("{base}/metadata"))
            .await
            .is_ok_and(|(status, _)| status.is_success())
        {
            if began.elapsed() > START_TIME_MAX {
                bail!("{} did not start", self.name);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The full address of something below the base; below that of the next
    /// process each time.
    pub(crate) fn url(&self, target: &str) -> String {
        let next = self.asked.fetch_add(1, Ordering::Relaxed);
        format!("{}/{target}", self.bases[next % self.bases.len()])
    }

    pub(crate) async fn get(&self, target: &str) -> anyhow::Result<(StatusCode, Bytes)> {
        self.get_url(&self.url(target)).await
    }

    pub(crate) async fn get_url(&self, url: &str) -> anyhow::Result<(StatusCode, Bytes)> {
        self.http.ask(Method::GET, url, Bytes::new()).await
    }

    pub(crate) async fn post(&self, target: &str, body: String) -> anyhow::Result<StatusCode> {
        let url = self.url(target);
        let (status, _) = self.http.ask(Method::POST, &url, body.into()).await?;
        Ok(status)
    }

    /// Where its database is, if it is a process of its own.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The processor time that its processes have used, in steps of 10 ms as
    /// Linux counts it; nothing for one that ran already.
    pub(crate) fn processor_time(&self) -> Option<Duration> {
        self.sum(|process| processor_time(&process.join("stat")))
    }

    /// The part of that which the threads took that write.
    pub(crate) fn writer_time(&self) -> Option<Duration> {
        self.sum(|process| {
            let threads = std::fs::read_dir(process.join("task")).ok()?;
            let own = threads.filter_map(|thread| {
                let thread = thread.ok()?.path();
                let name = std::fs::read_to_string(thread.join("comm")).ok()?;
                let writes = name.trim_end() == WRITER;
                writes.then(|| processor_time(&thread.join("stat")))?
            });
            Some(own.sum())
        })
    }

    /// The resident memory of its processes.
    pub(crate) fn memory(&self) -> String {
        let megabytes = self.each(|process| {
            let status = std::fs::read_to_string(process.join("status")).ok()?;
            let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
            let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
            Some((kilobytes / 1024).to_string())
        });
        megabytes.map_or_else(
            || "not known".to_owned(),
            |each| format!("{} MB", each.join(" + ")),
        )
    }

    /// The size of what it keeps on disk.
    pub(crate) fn database(&self) -> String {
        let bytes = match &self.schema {
            Some(schema) => schema.bytes().ok(),
            None if self.processes.0.is_empty() => None,
            None => {
                let files = std::fs::read_dir(self.directory.path());
                let sizes = files
                    .into_iter()
                    .flatten()
                    .filter_map(|entry| entry.ok()?.metadata().ok())
                    .map(|file| file.len());
                Some(sizes.sum())
            }
        };
        bytes.map_or_else(
            || "not known".to_owned(),
            |bytes| format!("{} MB", bytes / (1 << 20)),
        )
    }

    /// What is added up of its processes, each by its directory in `/proc`.
    fn sum(&self, of: impl Fn(&Path) -> Option<Duration>) -> Option<Duration> {
        self.each(of).map(|each| each.into_iter().sum())
    }

    fn each<T>(&self, of: impl Fn(&Path) -> Option<T>) -> Option<Vec<T>> {
        let processes = &self.processes.0;
        let each = processes
            .iter()
            .map(|process| of(Path::new(&format!("/proc/{}", process.id()))));
        if processes.is_empty() {
            None
        } else {
            each.collect()
        }
    }
}

/// What a `stat` of a process or a thread says that it took of a processor.
fn processor_time(path: &Path) -> Option<Duration> {
    const TICK: Duration = Duration::from_millis(10);
    let status = std::fs::read_to_string(path).ok()?;
    // The name before it may have spaces; user and system time are the
    // twelfth and thirteenth field after it.
    let (_, fields) = status.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * user.saturating_add(system))
}

impl Drop for Processes {
    fn drop(&mut self) {
        for process in &mut self.0 {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
