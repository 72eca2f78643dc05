//! Measures one process of the sandbox over a PostgreSQL database beside two
//! processes over another, in turn, on one PostgreSQL that is started for it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, bail};

use super::{
    checked,
    data::Data,
    load::{self, Answers},
    postgres_server::PostgresServer,
    questions,
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

/// Runs `bench postgres …`.
#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
pub(crate) async fn run(arguments: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let settings = Settings::read(arguments)?;
    let data = Data::read(&settings.data, settings.resources)?;
    let questions = questions::all(&data);
    let postgres = Arc::new(PostgresServer::start()?);
    let kinds = [1, 2].map(|processes| Kind::OverPostgres {
        program: settings.program.clone(),
        processes,
        server: Arc::clone(&postgres),
    });
    println!(
        "PostgreSQL {}; its disk syncs {:.0} small appends a second, one after the other\n",
        postgres.version()?,
        sync::rate(postgres.folder(), settings.seconds)?
    );
    println!(
        "| {} resources | {} | {} | ratio |\n| --- | --- | --- | --- |",
        data.resources.len(),
        kinds[0].name(),
        kinds[1].name()
    );

    // The last import of each stays, for the questions.
    let mut running = Vec::new();
    for connections in [1, 4, 16] {
        running.clear();
        let mut rates = Vec::new();
        for kind in &kinds {
            let server = kind.start().await?;
            rates.push(load::import(&server, &data, connections).await?);
            running.push(server);
        }
        let what = format!("import of transactions, {connections} connections, resources/s");
        rate_row(&what, &rates);
    }
    text_row("memory after the import", &running, Server::memory);
    text_row("database", &running, Server::database);

    let mut right = 0;
    let mut wrong = Vec::new();
    for question in &questions {
        for server in &running {
            let held = checked::hold(server, question).await?;
            right += held.right;
            let told = |why: &String| format!("{}, {}: {why}", server.name(), held.question);
            wrong.extend(held.wrong.iter().map(told));
        }
    }
    for question in &questions {
        for connections in question.connections {
            let mut all = [Answers::default(), Answers::default()];
            for _ in 0..settings.rounds {
                for (server, all) in running.iter().zip(&mut all) {
                    let these = load::ask(server, question, *connections, settings.seconds).await?;
                    *all = std::mem::take(all).and(these);
                }
            }
            let what = format!("{}, {connections} connections, /s", question.name);
            rate_row(&what, &all.map(|answers| answers.rate()));
        }
    }
    for connections in [1, 16] {
        let mut all = [Answers::default(), Answers::default()];
        for _ in 0..settings.rounds {
            for (server, all) in running.iter().zip(&mut all) {
                let these =
                    load::mixed(server, &questions, &data, connections, settings.seconds).await?;
                *all = std::mem::take(all).and(these);
            }
        }
        let what = format!("mixed load, {connections} connections");
        rate_row(&format!("{what}, /s"), &[all[0].rate(), all[1].rate()]);
        println!(
            "| {what}, p50 / p95 / p99, ms | {} | {} | |",
            all[0].percentiles(),
            all[1].percentiles()
        );
    }
    text_row("memory at the end", &running, Server::memory);
    println!("\n{right} answers are as the scan says.");
    for line in wrong {
        println!("* {line}");
    }
    Ok(())
}

/// More is better; how many times as much two processes do as one.
#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
fn rate_row(what: &str, rates: &[f64]) {
    let (one, two) = (rates[0], rates[1]);
    println!("| {what} | {one:.0} | {two:.0} | {:.2} × |", two / one);
}

#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
fn text_row(what: &str, running: &[Server], text: impl Fn(&Server) -> String) {
    println!(
        "| {what} | {} | {} | |",
        text(&running[0]),
        text(&running[1])
    );
}

impl Settings {
    fn read(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut settings = Self {
            program: PathBuf::new(),
            data: PathBuf::new(),
            resources: 50_000,
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
                "--seconds" => settings.seconds = Duration::from_secs(value.parse()?),
                "--rounds" => settings.rounds = value.parse()?,
                _ => bail!("{name} is not known: see docs/performance.md"),
            }
        }
        if settings.program.as_os_str().is_empty() || settings.data.as_os_str().is_empty() {
            bail!("usage: bench postgres --schakel PROGRAM --data DIR [--resources N]");
        }
        Ok(settings)
    }
}
