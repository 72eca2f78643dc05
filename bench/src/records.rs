//! The combined record: every patient whom the hospital treats, asked for the
//! first time (no token, consent or connection remembered for them) and again.

use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};

use crate::{
    region::Region,
    table::{Table, percentile},
};

/// Records with at least so many resources count as large.
const LARGE_RESOURCES_MIN: usize = 250;

pub(crate) struct Measured {
    took: Duration,
    resources: usize,
    sources: usize,
}

pub(crate) async fn measure(region: &Region, table: &mut Table) -> anyhow::Result<()> {
    let token = region.token("internist-akkerhof")?;
    let patients: Vec<&Value> = region.demo["patients"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|patient| {
            patient["sources"]
                .as_array()
                .is_some_and(|sources| sources.iter().any(|source| source == "ziekenhuis"))
        })
        .collect();
    for (turn, what) in [(0, "first time"), (1, "again")] {
        let mut measured = Vec::new();
        for patient in &patients {
            let bsn = patient["bsn"].as_str().unwrap_or_default();
            measured.extend(ask(region, &token, bsn).await?);
        }
        row(
            table,
            &format!("combined record, {what}"),
            measured.iter(),
            turn == 0,
        );
        let large: Vec<&Measured> = measured
            .iter()
            .filter(|one| one.resources >= LARGE_RESOURCES_MIN)
            .collect();
        row(
            table,
            &format!("large combined record, {what}"),
            large.into_iter(),
            turn == 0,
        );
    }
    Ok(())
}

pub(crate) fn row<'a>(
    table: &mut Table,
    what: &str,
    measured: impl Iterator<Item = &'a Measured>,
    cold: bool,
) {
    let measured: Vec<&Measured> = measured.collect();
    let mut times: Vec<Duration> = measured.iter().map(|one| one.took).collect();
    times.sort();
    let count = measured.len().max(1);
    let resources = measured.iter().map(|one| one.resources).sum::<usize>() / count;
    let sources = measured.iter().map(|one| one.sources).sum::<usize>() as f64 / count as f64;
    table.row(
        &format!(
            "{what}: {} patients, {resources} resources, {sources:.1} sources with data",
            measured.len()
        ),
        if cold { "p50 60, p95 150 ms" } else { "" },
        format!(
            "p50 {:.0}, p95 {:.0} ms",
            percentile(&times, 0.5),
            percentile(&times, 0.95)
        ),
    );
}

/// The question for a patient's record.
pub(crate) fn question(bsn: &str) -> String {
    json!({"resourceType": "Parameters", "parameter": [
        {"name": "identifier", "valueIdentifier": {
            "system": care::Bsn::SYSTEM, "value": bsn}},
        {"name": "exchange", "valueCode": "bgz"}
    ]})
    .to_string()
}

/// Nothing for a patient with whom the hospital has no treatment relation now.
pub(crate) async fn ask(
    region: &Region,
    token: &str,
    bsn: &str,
) -> anyhow::Result<Option<Measured>> {
    let began = Instant::now();
    let answer = region
        .http
        .post(format!(
            "{}/$regional-record",
            region.text("ziekenhuis", "fhir")
        ))
        .bearer_auth(token)
        .header("content-type", "application/fhir+json")
        .body(question(bsn))
        .send()
        .await?;
    if answer.status() == reqwest::StatusCode::FORBIDDEN {
        return Ok(None);
    }
    let body = answer.bytes().await?;
    let took = began.elapsed();
    let bundle: Value = serde_json::from_slice(&body)?;
    let entries = bundle["entry"]
        .as_array()
        .context("the answer is a Bundle")?;
    let issues = entries
        .iter()
        .filter(|entry| entry["search"]["mode"] == "outcome")
        .flat_map(|entry| entry["resource"]["issue"].as_array().into_iter().flatten());
    let sources = issues
        .filter(|issue| issue["details"]["coding"][0]["code"] == "data")
        .count();
    Ok(Some(Measured {
        took,
        resources: entries.len().saturating_sub(1),
        sources,
    }))
}
