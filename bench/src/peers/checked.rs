//! Holds what a server answers against the scan.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    questions::{Asked, Expected, PAGE, Question},
    server::Server,
};

/// How many answers of a kind were held against the scan, and what was wrong
/// with the first that was.
pub(crate) struct Checked {
    pub(crate) question: &'static str,
    pub(crate) right: usize,
    pub(crate) wrong: Vec<String>,
}

/// Asks every question of a kind once.
pub(crate) async fn hold(server: &Server, question: &Question) -> anyhow::Result<Checked> {
    let mut checked = Checked {
        question: question.name,
        right: 0,
        wrong: Vec::new(),
    };
    for asked in &question.asked {
        let (status, body) = server.get(&asked.target).await?;
        let judged = if status.is_success() {
            judge(asked, &serde_json::from_slice(&body)?)
        } else {
            Err(format!("answers {status}"))
        };
        match judged {
            Ok(()) => checked.right += 1,
            Err(why) => checked.wrong.push(format!("{}: {why}", asked.target)),
        }
    }
    Ok(checked)
}

fn judge(asked: &Asked, answer: &Value) -> Result<(), String> {
    match &asked.expected {
        Expected::Resource => {
            let name = name(answer);
            (name == asked.target)
                .then_some(())
                .ok_or_else(|| format!("is {name}"))
        }
        Expected::Count(count) => (answer["total"] == *count)
            .then_some(())
            .ok_or_else(|| format!("counts {} instead of {count}", answer["total"])),
        Expected::Page {
            matches,
            times,
            included,
        } => {
            let found = listed(answer, "match");
            let count = matches.len().min(PAGE);
            if found.len() != count {
                return Err(format!("{} matches instead of {count}", found.len()));
            }
            if times
                .as_ref()
                .is_some_and(|times| *times != moments(answer))
            {
                return Err("another order".to_owned());
            }
            let all: BTreeSet<&String> = matches.iter().collect();
            if let Some(other) = found.iter().find(|name| !all.contains(name)) {
                return Err(format!("{other} does not match"));
            }
            let brought: BTreeSet<String> = listed(answer, "include").into_iter().collect();
            // More matches than a page bring what is theirs only.
            if matches.len() <= PAGE && brought != *included {
                return Err(format!(
                    "brings {} instead of {}",
                    brought.len(),
                    included.len()
                ));
            }
            Ok(())
        }
    }
}

fn moments(bundle: &Value) -> Vec<String> {
    let entries = bundle["entry"].as_array();
    entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry["resource"]["effectiveDateTime"].as_str())
        .map(str::to_owned)
        .collect()
}

fn listed(bundle: &Value, mode: &str) -> Vec<String> {
    let entries = bundle["entry"].as_array();
    entries
        .into_iter()
        .flatten()
        .filter(|entry| entry["search"]["mode"] == mode)
        .map(|entry| name(&entry["resource"]))
        .collect()
}

fn name(resource: &Value) -> String {
    let text = |member: &str| resource[member].as_str().unwrap_or("?").to_owned();
    format!("{}/{}", text("resourceType"), text("id"))
}
