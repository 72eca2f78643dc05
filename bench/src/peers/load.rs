//! Load: so many connections, each with one request under way at a time.

use std::{
    future::Future,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use anyhow::{bail, ensure};
use futures::future::try_join_all;
use serde_json::Value;

use super::{data::Data, questions::Question, server::Server};

/// One question in so many of the mixed load writes.
const MIXED_WRITES: usize = 10;
/// One question in so many of the mixed load searches; the others read.
const MIXED_SEARCHES: usize = 3;
/// How often what is asked by one connection is asked, for its median.
const TIMES: usize = 5;

/// How long each answer was waited for, and how long all took.
#[derive(Default)]
pub(crate) struct Answers {
    took: Duration,
    waits: Vec<Duration>,
}

impl Answers {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.waits.len() as f64 / self.took.as_secs_f64()
    }

    /// How many there were, at least one.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.waits.len()).unwrap_or(u32::MAX).max(1)
    }

    /// What half, 95 and 99 of a hundred answers took at most, in milliseconds.
    pub(crate) fn percentiles(&self) -> String {
        let ms = |part| self.within(part).as_secs_f64() * 1_000.0;
        let [p50, p95, p99] = [0.5, 0.95, 0.99].map(ms);
        format!("{p50:.1} / {p95:.1} / {p99:.1}")
    }

    /// What so large a part of the answers did not take longer than.
    pub(crate) fn within(&self, part: f64) -> Duration {
        let mut waits = self.waits.clone();
        waits.sort();
        let last = waits.len().saturating_sub(1);
        let at = (waits.len() as f64 * part) as usize;
        waits.get(at.min(last)).copied().unwrap_or_default()
    }

    /// These and those of another time.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.took += other.took;
        self.waits.extend(other.waits);
        self
    }
}

/// Sends all transactions; resources a second.
pub(crate) async fn import(
    server: &Server,
    data: &Data,
    connections: usize,
) -> anyhow::Result<f64> {
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let work = async || -> anyhow::Result<()> {
        while let Some((_, bundle)) = data.transactions.get(next.fetch_add(1, Ordering::Relaxed)) {
            let status = server.post("", bundle.clone()).await?;
            ensure!(
                status.is_success(),
                "{} answers {status} to a transaction",
                server.name()
            );
        }
        Ok(())
    };
    try_join_all((0..connections).map(|_| work())).await?;
    Ok(data.resources.len() as f64 / began.elapsed().as_secs_f64())
}

/// Asks the questions of one kind in turn.
pub(crate) async fn ask(
    server: &Server,
    question: &Question,
    connections: usize,
    time: Duration,
) -> anyhow::Result<Answers> {
    measure(connections, time, |at| {
        let asked = &question.asked[at % question.asked.len()];
        read(server, &asked.target)
    })
    .await
}

/// Reads, searches of all kinds, and creates, as a ward has them.
pub(crate) async fn mixed(
    server: &Server,
    questions: &[Question],
    data: &Data,
    connections: usize,
    time: Duration,
) -> anyhow::Result<Answers> {
    let reads = &questions[0].asked;
    let searches: Vec<_> = questions[1..].iter().collect();
    let observations: Vec<_> = data.of("Observation").take(500).collect();
    measure(connections, time, async |at| {
        if at % MIXED_WRITES == 0 {
            make(server, &observations[at % observations.len()].body).await
        } else if at % MIXED_SEARCHES == 0 {
            let kind = searches[(at / MIXED_SEARCHES) % searches.len()];
            let asked = &kind.asked[at % kind.asked.len()];
            read(server, &asked.target).await
        } else {
            read(server, &reads[at % reads.len()].target).await
        }
    })
    .await
}

/// Creates observations one by one.
pub(crate) async fn create(
    server: &Server,
    data: &Data,
    connections: usize,
    time: Duration,
) -> anyhow::Result<Answers> {
    let observations: Vec<_> = data.of("Observation").take(500).collect();
    measure(connections, time, |at| {
        make(server, &observations[at % observations.len()].body)
    })
    .await
}

/// Ten pages of fifty observations, each from the link of the one before: the
/// median of five times what was waited for them, without what reading them
/// takes here.
pub(crate) async fn ten_pages(server: &Server, data: &Data) -> anyhow::Result<Duration> {
    let mut took = Vec::new();
    for _ in 0..TIMES {
        took.push(ten_pages_once(server, data).await?);
    }
    took.sort();
    Ok(took[TIMES / 2])
}

async fn ten_pages_once(server: &Server, data: &Data) -> anyhow::Result<Duration> {
    const PAGES: usize = 10;
    let mut took = Duration::ZERO;
    let mut url = server.url("Observation?_count=50");
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..PAGES {
        let began = Instant::now();
        let (status, body) = server.get_url(&url).await?;
        took += began.elapsed();
        ensure!(status.is_success(), "a page answers {status}");
        let page: Value = serde_json::from_slice(&body)?;
        for entry in page["entry"].as_array().into_iter().flatten() {
            seen.insert(entry["resource"]["id"].to_string());
        }
        let links = page["link"].as_array();
        let next = links
            .into_iter()
            .flatten()
            .find(|link| link["relation"] == "next");
        match next.and_then(|link| link["url"].as_str()) {
            Some(next) => url = next.replace("localhost", "127.0.0.1"),
            None => break,
        }
    }
    let expected = data.of("Observation").count().min(50 * PAGES);
    ensure!(
        seen.len() == expected,
        "{} observations instead of {expected}",
        seen.len()
    );
    Ok(took)
}

/// The whole record of the patient who has most: the median of five waits,
/// without what reading it takes here.
pub(crate) async fn everything(server: &Server, data: &Data) -> anyhow::Result<Duration> {
    let (patient, least) = data.largest_patient();
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let mut waited = Duration::ZERO;
        let (mut found, mut url) = (0, server.url(&format!("{patient}/$everything")));
        loop {
            let began = Instant::now();
            let (status, body) = server.get_url(&url).await?;
            waited += began.elapsed();
            ensure!(status.is_success(), "it answers {status}");
            let page: Value = serde_json::from_slice(&body)?;
            found += page["entry"].as_array().map_or(0, Vec::len);
            let links = page["link"].as_array();
            let next = links
                .into_iter()
                .flatten()
                .find(|link| link["relation"] == "next");
            match next.and_then(|link| link["url"].as_str()) {
                Some(next) => url = next.replace("localhost", "127.0.0.1"),
                None => break,
            }
        }
        took.push(waited);
        ensure!(found > least, "{found} resources of at least {least}");
    }
    took.sort();
    Ok(took[took.len() / 2])
}

async fn read(server: &Server, target: &str) -> anyhow::Result<()> {
    let (status, _) = server.get(target).await?;
    if !status.is_success() {
        bail!("{} answers {status} to {target}", server.name());
    }
    Ok(())
}

async fn make(server: &Server, body: &Value) -> anyhow::Result<()> {
    let status = server.post("Observation", body.to_string()).await?;
    ensure!(
        status.is_success(),
        "{} answers {status} to a create",
        server.name()
    );
    Ok(())
}

/// What is done by so many at the same time, for so long. Each time gets a
/// number of its own.
async fn measure<F: Future<Output = anyhow::Result<()>>>(
    connections: usize,
    time: Duration,
    work: impl Fn(usize) -> F,
) -> anyhow::Result<Answers> {
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let worker = async || -> anyhow::Result<Vec<Duration>> {
        let mut waits = Vec::new();
        while began.elapsed() < time {
            let asked = Instant::now();
            work(next.fetch_add(1, Ordering::Relaxed)).await?;
            waits.push(asked.elapsed());
        }
        Ok(waits)
    };
    let waits = try_join_all((0..connections).map(|_| worker())).await?;
    Ok(Answers {
        took: began.elapsed(),
        waits: waits.concat(),
    })
}
