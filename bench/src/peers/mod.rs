//! Measures the sandbox beside other FHIR servers: the same data, the same
//! questions, in one run, in turn, so that what else the machine does weighs
//! on all of them.
//!
//! Every question is also answered by a plain scan of the source data, and
//! what a server answers is held against it before anything is timed.

mod checked;
mod client;
mod commits;
mod copies;
mod data;
mod load;
pub(crate) mod postgres;
mod postgres_server;
mod questions;
mod report;
pub(crate) mod scale;
mod server;
pub(crate) mod sharing;
mod sync;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, bail};

use self::{data::Data, load::Answers, report::Report, server::Kind};

/// What a run is made of.
struct Settings {
    servers: Vec<Kind>,
    data: PathBuf,
    resources: usize,
    seconds: Duration,
    rounds: usize,
}

/// Runs `bench peers …`.
pub(crate) async fn run(arguments: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let settings = Settings::read(arguments)?;
    let data = Data::read(&settings.data, settings.resources)?;
    let questions = questions::all(&data);
    let names = settings.servers.iter().map(Kind::name).collect();
    let mut report = Report::new(names, data.resources.len());

    // The last import of each server stays, for the questions.
    let mut running = Vec::new();
    for connections in [1, 4, 16] {
        running.clear();
        let mut rates = Vec::new();
        for kind in &settings.servers {
            let server = kind.start().await?;
            rates.push(load::import(&server, &data, connections).await?);
            running.push(server);
        }
        report.rates(
            &format!("import of transactions, {connections} connections, resources/s"),
            &rates,
        );
    }
    report.texts("memory after the import", |at| running[at].memory());
    report.texts("database", |at| running[at].database());

    for question in &questions {
        for server in &running {
            report.checked(server.name(), checked::hold(server, question).await?);
        }
    }
    for question in &questions {
        for connections in question.connections {
            let mut rates = vec![0.0; running.len()];
            for _ in 0..settings.rounds {
                for (at, server) in running.iter().enumerate() {
                    let rate = load::ask(server, question, *connections, settings.seconds).await?;
                    rates[at] += rate.rate() / settings.rounds as f64;
                }
            }
            let what = format!("{}, {connections} connections, /s", question.name);
            report.rates(&what, &rates);
        }
    }
    for connections in [1, 16] {
        let mut loads = Vec::new();
        for server in &running {
            loads
                .push(load::mixed(server, &questions, &data, connections, settings.seconds).await?);
        }
        let what = format!("mixed load, {connections} connections");
        let rates: Vec<f64> = loads.iter().map(Answers::rate).collect();
        report.rates(&format!("{what}, /s"), &rates);
        report.texts(&format!("{what}, p50 / p95 / p99, ms"), |at| {
            loads[at].percentiles()
        });
    }
    let mut pages = Vec::new();
    let mut everything = Vec::new();
    for server in &running {
        pages.push(load::ten_pages(server, &data).await);
        everything.push(load::everything(server, &data).await);
    }
    report.times("ten pages of 50, ms", &pages);
    let largest = data.compartment_of_largest();
    report.times(
        &format!("$everything of {largest} resources, ms"),
        &everything,
    );
    for connections in [1, 16, 64] {
        let (mut rates, mut processor, mut syncs) = (Vec::new(), Vec::new(), Vec::new());
        for server in &running {
            syncs.push(sync::rate(server.directory(), settings.seconds)?);
            let before = server.processor_time();
            let load = load::create(server, &data, connections, settings.seconds).await?;
            let used = server.processor_time().zip(before);
            processor.push(used.map(|(after, before)| after.saturating_sub(before) / load.count()));
            rates.push(load.rate());
        }
        let what = format!("single creates, {connections} connections");
        report.rates(&format!("{what}, /s"), &rates);
        report.texts(&format!("{what}, processor time of each"), |at| {
            processor[at].map_or_else(
                || "not known".to_owned(),
                |time| format!("{} µs", time.as_micros()),
            )
        });
        report.texts("small appends synced one by one just before, /s", |at| {
            format!("{:.0}", syncs[at])
        });
    }
    report.texts("memory at the end", |at| running[at].memory());
    report.print();
    Ok(())
}

impl Settings {
    fn read(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut settings = Self {
            servers: Vec::new(),
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
                "--schakel" => settings.servers.push(Kind::Schakel(value.into())),
                "--helios" => settings.servers.push(Kind::Helios(value.into())),
                "--base" => settings.servers.push(Kind::Base(value)),
                "--data" => settings.data = value.into(),
                "--resources" => settings.resources = value.parse()?,
                "--seconds" => settings.seconds = Duration::from_secs(value.parse()?),
                "--rounds" => settings.rounds = value.parse()?,
                _ => bail!("{name} is not known: see docs/performance.md"),
            }
        }
        if settings.servers.is_empty() || settings.data.as_os_str().is_empty() {
            bail!("usage: bench peers --schakel PROGRAM [--helios PROGRAM] --data DIR");
        }
        Ok(settings)
    }
}
