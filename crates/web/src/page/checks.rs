//! The health of a node: what is wrong and what to do about it.

use askama::Template;

use super::{Labelled, Layout, Page, Tone};
use crate::words::Language;

/// The findings of the doctor.
#[derive(Debug, Template)]
#[template(path = "pages/checks.html")]
pub struct ChecksPage {
    /// What is around it.
    pub page: Layout,
    /// Whether all is well, in one line.
    pub verdict: String,
    /// The colour of the verdict.
    pub tone: Tone,
    /// One row per check.
    pub findings: Vec<FindingRow>,
    /// Counts of the store.
    pub numbers: Vec<Labelled>,
    /// When it was looked at.
    pub updated: String,
}

/// The outcome of one check.
#[derive(Debug)]
pub struct FindingRow {
    /// Good or not, in a word.
    pub state: String,
    /// The colour of the state.
    pub tone: Tone,
    /// What was looked at.
    pub what: String,
    /// What was found.
    pub found: String,
    /// What to do; empty where all is well.
    pub todo: String,
}

impl Page for ChecksPage {
    const NAME: &'static str = "checks";

    fn samples(language: Language) -> Vec<Self> {
        vec![Self {
            page: Layout::sample(language, Some(("Beheer", "beheerder")), &["nav.checks"]),
            verdict: language.text("checks.good").to_owned(),
            tone: Tone::Good,
            findings: vec![FindingRow {
                state: language.text("checks.state-warn").to_owned(),
                tone: Tone::Warn,
                what: "Berichten".to_owned(),
                found: "Er wachten 2 berichten.".to_owned(),
                todo: "Bekijk de berichten.".to_owned(),
            }],
            numbers: vec![Labelled::new("Gegevens", "18.204")],
            updated: language.fill("checks.updated", &[("at", "14.02 uur")]),
        }]
    }
}
