//! Measures the sandbox with the source data beside another with many times as
//! much, in turn, so that what else the machine does weighs on both.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, bail};

use super::{
    checked, copies,
    data::Data,
    load::{self, Answers},
    questions::{self, Question},
    server::{Kind, Server},
};

/// Connections that fill a store.
const IMPORT_CONNECTIONS: usize = 4;

struct Settings {
    program: PathBuf,
    data: PathBuf,
    resources: usize,
    copies: usize,
    seconds: Duration,
    rounds: usize,
}

/// A store with its data.
struct Filled {
    server: Server,
    data: Data,
    questions: Vec<Question>,
}

/// Runs `bench scale …`.
#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
pub(crate) async fn run(arguments: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let settings = Settings::read(arguments)?;
    let small = Data::read(&settings.data, settings.resources)?;
    let large = copies::of(&small, settings.copies);
    let small = Filled::new(&settings, small).await?;
    let large = Filled::new(&settings, large).await?;
    println!(
        "\n| p50 / p95 / p99, ms | {} resources | {} resources | p95 |",
        small.data.resources.len(),
        large.data.resources.len()
    );
    println!("| --- | --- | --- | --- |");
    for connections in [1, 16] {
        let mut answers = [Answers::default(), Answers::default()];
        for _ in 0..settings.rounds {
            for (filled, all) in [&small, &large].into_iter().zip(&mut answers) {
                let these = filled.mixed(connections, settings.seconds).await?;
                *all = std::mem::take(all).and(these);
            }
        }
        row(&format!("mixed load, {connections} connections"), &answers);
    }
    for (question, larger) in small.questions.iter().zip(&large.questions) {
        let mut answers = [Answers::default(), Answers::default()];
        for _ in 0..settings.rounds {
            let pairs = [(&small, question), (&large, larger)];
            for ((filled, question), all) in pairs.into_iter().zip(&mut answers) {
                let these = load::ask(&filled.server, question, 1, settings.seconds).await?;
                *all = std::mem::take(all).and(these);
            }
        }
        row(question.name, &answers);
    }
    println!(
        "| memory at the end | {} | {} | |",
        small.server.memory(),
        large.server.memory()
    );
    println!(
        "| database | {} | {} | |",
        small.server.database(),
        large.server.database()
    );
    Ok(())
}

impl Filled {
    /// Starts a server, fills it, and holds every answer against the scan.
    #[expect(
        clippy::print_stdout,
        reason = "the figures are what the program is for"
    )]
    async fn new(settings: &Settings, data: Data) -> anyhow::Result<Self> {
        let server = Kind::Schakel(settings.program.clone()).start().await?;
        let rate = load::import(&server, &data, IMPORT_CONNECTIONS).await?;
        let questions = questions::all(&data);
        let mut right = 0;
        for question in &questions {
            let held = checked::hold(&server, question).await?;
            right += held.right;
            for wrong in held.wrong {
                println!("* {}: {wrong}", held.question);
            }
        }
        println!(
            "{} resources: {rate:.0} a second over {IMPORT_CONNECTIONS} connections, memory after it {}; {right} answers are as the scan says",
            data.resources.len(),
            server.memory()
        );
        Ok(Self {
            server,
            data,
            questions,
        })
    }

    async fn mixed(&self, connections: usize, time: Duration) -> anyhow::Result<Answers> {
        load::mixed(&self.server, &self.questions, &self.data, connections, time).await
    }
}

#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
fn row(what: &str, [small, large]: &[Answers; 2]) {
    let ratio = large.within(0.95).as_secs_f64() / small.within(0.95).as_secs_f64();
    println!(
        "| {what} | {} | {} | {ratio:.1} × |",
        small.percentiles(),
        large.percentiles()
    );
}

impl Settings {
    fn read(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut settings = Self {
            program: PathBuf::new(),
            data: PathBuf::new(),
            resources: 50_000,
            copies: 10,
            seconds: Duration::from_secs(3),
            rounds: 2,
        };
        while let Some(name) = arguments.next() {
            let value = arguments
                .next()
                .with_context(|| format!("{name} is followed by a value"))?;
            match name.as_str() {
                "--schakel" => settings.program = value.into(),
                "--data" => settings.data = value.into(),
                "--resources" => settings.resources = value.parse()?,
                "--copies" => settings.copies = value.parse()?,
                "--seconds" => settings.seconds = Duration::from_secs(value.parse()?),
                "--rounds" => settings.rounds = value.parse()?,
                _ => bail!("{name} is not known: see docs/performance.md"),
            }
        }
        if settings.program.as_os_str().is_empty() || settings.data.as_os_str().is_empty() {
            bail!("usage: bench scale --schakel PROGRAM --data DIR [--copies N]");
        }
        Ok(settings)
    }
}
