//! Measures what the sandbox answers to requests made to harm, how long it
//! takes, and how far its memory rises meanwhile: each request alone, and
//! sixteen of it at once.

mod attacks;
mod target;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, timeout},
};

use self::{
    attacks::{Attack, Body},
    target::Target,
};

/// How many of each are sent at once, after one alone.
const AT_ONCE: usize = 16;

/// How many connections are opened that say nothing.
const IDLE_CONNECTIONS: usize = 500;

/// How long an answer may take before it is called none.
const ANSWER_TIME_MAX: Duration = Duration::from_mins(2);

/// How much of an answer is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// How much of what a limit is called is shown, in characters.
const REASON_CHARACTERS_MAX: usize = 90;

/// Runs `bench hostile --schakel PROGRAM`.
pub(crate) async fn run(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let usage = "usage: bench hostile --schakel PROGRAM";
    if arguments.next().as_deref() != Some("--schakel") {
        bail!(usage);
    }
    let program = PathBuf::from(arguments.next().context(usage)?);
    let target = Target::start(&program)?;
    let ready = answer_to(&target, &attacks::patient(&target)).await;
    if !ready.starts_with('2') {
        bail!("the patient to ask about was not written: {ready}");
    }
    tell("| what | at once | answer | time | peak memory over the start |\n|---|---|---|---|---|");
    for attack in attacks::all(&target) {
        for at_once in [1, AT_ONCE] {
            let start_kb = target.begin_peak()?;
            let began = Instant::now();
            let answers = send_all(&target, &attack, at_once).await?;
            let took = began.elapsed();
            row(
                attack.name,
                at_once,
                &answers,
                took,
                target.peak_over(start_kb)?,
            );
        }
    }
    idle(&target).await?;
    let left_kb = target.resident_kb()?;
    tell(&format!("\nMemory at the end: {} MB.", left_kb / 1024));
    Ok(())
}

/// The different answers to as many at once.
async fn send_all(target: &Target, attack: &Attack, at_once: usize) -> anyhow::Result<Vec<String>> {
    let mut sending = JoinSet::new();
    for _ in 0..at_once {
        let (address, attack) = (target.address(), attack.clone());
        sending.spawn(async move { ask(&address, &attack).await });
    }
    let mut answers = Vec::new();
    while let Some(answer) = sending.join_next().await {
        answers.push(answer?);
    }
    Ok(answers)
}

async fn answer_to(target: &Target, attack: &Attack) -> String {
    ask(&target.address(), attack).await
}

/// What is answered: the status and why, in one line.
async fn ask(address: &str, attack: &Attack) -> String {
    let asked = timeout(ANSWER_TIME_MAX, exchange(address, attack)).await;
    match asked {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => format!("the connection broke: {}", error.kind()),
        Err(_) => "none".to_owned(),
    }
}

async fn exchange(address: &str, attack: &Attack) -> std::io::Result<String> {
    let stream = TcpStream::connect(address).await?;
    let (reading, mut writing) = stream.into_split();
    let sent = attack.clone();
    // An answer can come before all is sent; then the rest need not be.
    let sending = tokio::spawn(async move {
        writing.write_all(&sent.head).await?;
        match &sent.body {
            Body::Whole(parts) => {
                for (part, times) in parts {
                    for _ in 0..*times {
                        writing.write_all(part).await?;
                    }
                }
            }
            Body::Slow(part, pause) => {
                for byte in part {
                    writing.write_all(std::slice::from_ref(byte)).await?;
                    tokio::time::sleep(*pause).await;
                }
            }
        }
        // The other half stays open as long as the answer is waited for.
        Ok::<_, std::io::Error>(writing)
    });
    let mut answer = Vec::new();
    reading
        .take(ANSWER_BYTES_MAX)
        .read_to_end(&mut answer)
        .await?;
    sending.abort();
    Ok(summary(&String::from_utf8_lossy(&answer)))
}

/// The status, and the first thing that an OperationOutcome says.
fn summary(answer: &str) -> String {
    let status = answer.split(' ').nth(1).unwrap_or("none");
    let Some((_, said)) = answer.split_once(r#""diagnostics":""#) else {
        return status.to_owned();
    };
    let said = said.split('"').next().unwrap_or_default();
    let said: String = said.chars().take(REASON_CHARACTERS_MAX).collect();
    format!("{status} {said}")
}

/// Connections that say nothing, and what an ordinary request gets meanwhile.
async fn idle(target: &Target) -> anyhow::Result<()> {
    let start_kb = target.begin_peak()?;
    let began = Instant::now();
    let mut open = Vec::new();
    for _ in 0..IDLE_CONNECTIONS {
        open.push(TcpStream::connect(target.address()).await?);
    }
    let answer = answer_to(target, &attacks::question(target)).await;
    let took = began.elapsed();
    let name = "idle connections, with an ordinary search beside them";
    row(
        name,
        IDLE_CONNECTIONS,
        &[answer],
        took,
        target.peak_over(start_kb)?,
    );
    Ok(())
}

fn row(what: &str, at_once: usize, answers: &[String], took: Duration, peak_kb: u64) {
    let mut different: Vec<(&String, usize)> = Vec::new();
    for answer in answers {
        match different.iter_mut().find(|(known, _)| *known == answer) {
            Some((_, count)) => *count += 1,
            None => different.push((answer, 1)),
        }
    }
    let told: Vec<String> = match &different[..] {
        [(answer, _)] => vec![(*answer).clone()],
        several => several
            .iter()
            .map(|(answer, count)| format!("{count} × {answer}"))
            .collect(),
    };
    let told = told.join("; ").replace('|', "\\|");
    let (seconds, peak_mb) = (took.as_secs_f64(), peak_kb.div_ceil(1024));
    tell(&format!(
        "| {what} | {at_once} | {told} | {seconds:.2} s | {peak_mb} MB |"
    ));
}

#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
fn tell(line: &str) {
    println!("{line}");
}
