//! Who looked, when and why.

use askama::Template;

use super::{Choice, Layout, Page, Tag, Tone};
use crate::words::Language;

/// Everybody who looked at the patient's data or tried to.
#[derive(Debug, Template)]
#[template(path = "pages/my_log.html")]
pub struct LogPage {
    /// What is around it.
    pub page: Layout,
    /// How often, in one sentence.
    pub sentence: String,
    /// The organisations that did not say who looked, a sentence each.
    pub unanswered: Vec<String>,
    /// The organisations to filter by.
    pub organisations: Vec<Choice>,
    /// Emergencies and refusals.
    pub special: Vec<Visit>,
    /// Who looked, newest first.
    pub visits: Vec<Visit>,
    /// What the patient did.
    pub own: Vec<Visit>,
    /// What record systems kept.
    pub systems: Vec<Visit>,
    /// That there is more than is shown.
    pub more: Option<String>,
}

/// One visit: one person who looked, at one moment, for one reason.
#[derive(Debug)]
pub struct Visit {
    /// Emergency, refused.
    pub tags: Vec<Tag>,
    /// Who looked at what and when.
    pub sentence: String,
    /// Why.
    pub reason: Option<String>,
    /// The text that opens the details.
    pub details_label: String,
    /// What was asked where.
    pub details: Vec<String>,
}

impl Page for LogPage {
    const NAME: &'static str = "log";

    fn samples(language: Language) -> Vec<Self> {
        let visit = |tags, sentence: &str, reason: Option<&str>, details: &[&str]| Visit {
            tags,
            sentence: sentence.to_owned(),
            reason: reason.map(str::to_owned),
            details_label: language.text("log.details").to_owned(),
            details: details.iter().map(|line| (*line).to_owned()).collect(),
        };
        vec![
            Self {
                page: Layout::sample_patient(language),
                sentence: language.count("log.sentence", 2),
                unanswered: vec![
                    language.fill("log.unanswered", &[("name", "Thuiszorg Onderweg")]),
                ],
                organisations: vec![Choice {
                    value: "90000104".to_owned(),
                    label: "Ziekenhuis Hogedam".to_owned(),
                    chosen: true,
                }],
                special: vec![visit(
                    vec![Tag::new(Tone::Danger, language.text("log.tag-emergency"))],
                    "M. Torenaar (SEH-arts, Ziekenhuis Hogedam) bekeek uw gegevens op 3 maart 2026 om 10.12 uur.",
                    Some("Reden: bewusteloos binnengebracht."),
                    &[],
                )],
                visits: vec![visit(
                    Vec::new(),
                    "S. Akkerhof (internist, Ziekenhuis Hogedam) bekeek uw gegevens op 3 maart 2026 om 10.12 uur.",
                    None,
                    &["Apotheek Het Veerhuis gaf uw medicijnen."],
                )],
                own: vec![visit(
                    Vec::new(),
                    "U hebt op 3 maart 2026 om 10.12 uur uw toestemmingen bekeken.",
                    None,
                    &[],
                )],
                systems: vec![visit(
                    Vec::new(),
                    "HIS De Akker heeft op 3 maart 2026 gegevens vastgelegd.",
                    None,
                    &[],
                )],
                more: Some(language.count("log.more", 4)),
            },
            Self {
                page: Layout::sample_patient(language),
                sentence: language.text("log.sentence-none").to_owned(),
                unanswered: Vec::new(),
                organisations: Vec::new(),
                special: Vec::new(),
                visits: Vec::new(),
                own: Vec::new(),
                systems: Vec::new(),
                more: None,
            },
        ]
    }
}
