//! Measures how many durable creates share a sync of the disk, and what bounds
//! them: the disk or a processor.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use super::{
    commits::Commits,
    data::Data,
    load,
    server::{Kind, Server},
    sync,
};

struct Settings {
    program: PathBuf,
    data: PathBuf,
    resources: usize,
    seconds: Duration,
    rounds: usize,
}

/// What one number of connections came to.
#[derive(Default)]
struct Measured {
    appends: f64,
    creates: f64,
    commits: f64,
    /// Parts of one processor.
    writer: f64,
    process: f64,
    /// Part of all processors, with what else the machine did.
    machine: f64,
}

/// Runs `bench sync …`.
#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
pub(crate) async fn run(arguments: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let settings = Settings::read(arguments)?;
    let data = Data::read(&settings.data, settings.resources)?;
    let server = Kind::Schakel(settings.program.clone()).start().await?;
    load::import(&server, &data, 4).await?;
    println!(
        "| connections | appends synced one by one, /s | creates, /s | commits, /s | creates to a commit | commits to appends | creates to connections × appends | writer's thread | process | machine |"
    );
    println!("|{}", " --- |".repeat(10));
    for connections in [1, 16, 64] {
        let mut all = Measured::default();
        for _ in 0..settings.rounds {
            all.add(&measure(&server, &data, connections, settings.seconds).await?);
        }
        println!(
            "| {connections} | {}",
            all.over(settings.rounds, connections)
        );
    }
    Ok(())
}

async fn measure(
    server: &Server,
    data: &Data,
    connections: usize,
    time: Duration,
) -> anyhow::Result<Measured> {
    let appends = sync::rate(server.directory(), time)?;
    let used = || server.processor_time().zip(server.writer_time());
    let commits = Commits::of(&server.directory().join("sandbox.sqlite"))?;
    let (before, busy_before) = (used().context("a process of its own")?, busy()?);
    let began = Instant::now();
    let creates = load::create(server, data, connections, time).await?.rate();
    let took = began.elapsed().as_secs_f64();
    let (after, busy_after) = (used().context("it still runs")?, busy()?);
    let part = |after: Duration, before| after.saturating_sub(before).as_secs_f64() / took;
    let (working, all) = (busy_after.0 - busy_before.0, busy_after.1 - busy_before.1);
    Ok(Measured {
        appends,
        creates,
        commits: f64::from(commits.count()?) / took,
        writer: part(after.1, before.1),
        process: part(after.0, before.0),
        machine: working / all,
    })
}

/// What all processors worked, and what they could have, in ticks.
fn busy() -> anyhow::Result<(f64, f64)> {
    let counted = std::fs::read_to_string("/proc/stat")?;
    let line = counted.lines().next().context("a line of all processors")?;
    // User, nice, system, idle, waiting for input, two kinds of interrupts and
    // what other guests took; the last two are counted in the first already.
    let ticks: Vec<f64> = line
        .split_whitespace()
        .skip(1)
        .take(8)
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let all: f64 = ticks.iter().sum();
    let idle = ticks
        .get(3)
        .zip(ticks.get(4))
        .map(|(one, other)| one + other);
    Ok((all - idle.context("idle time")?, all))
}

impl Measured {
    fn add(&mut self, other: &Self) {
        self.appends += other.appends;
        self.creates += other.creates;
        self.commits += other.commits;
        self.writer += other.writer;
        self.process += other.process;
        self.machine += other.machine;
    }

    /// The cells of its row, of the mean of so many.
    fn over(&self, rounds: usize, connections: usize) -> String {
        let rounds = rounds as f64;
        // Each client waits for its create: a sync carries one of each at most.
        let allowed = self.appends * connections as f64;
        format!(
            "{:.0} | {:.0} | {:.0} | {:.1} | {:.0} % | {:.0} % | {:.0} % | {:.0} % | {:.0} % |",
            self.appends / rounds,
            self.creates / rounds,
            self.commits / rounds,
            self.creates / self.commits,
            100.0 * self.commits / self.appends,
            100.0 * self.creates / allowed,
            100.0 * self.writer / rounds,
            100.0 * self.process / rounds,
            100.0 * self.machine / rounds,
        )
    }
}

impl Settings {
    fn read(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut settings = Self {
            program: PathBuf::new(),
            data: PathBuf::new(),
            resources: 5_000,
            seconds: Duration::from_secs(3),
            rounds: 3,
        };
        while let Some(name) = arguments.next() {
            let value = arguments
                .next()
                .with_context(|| format!("{name} is followed by a value"))?;
            match name.as_str() {
                "--schakel" => settings.program = value.into(),
                "--data" => settings.data = value.into(),
                "--resources" => settings.resources = value.parse()?,
                "--seconds" => settings.seconds = Duration::from_secs(value.parse()?),
                "--rounds" => settings.rounds = value.parse()?,
                _ => bail!("{name} is not known: see docs/performance.md"),
            }
        }
        if settings.program.as_os_str().is_empty() || settings.data.as_os_str().is_empty() {
            bail!("usage: bench sync --schakel PROGRAM --data DIR [--seconds N]");
        }
        Ok(settings)
    }
}
