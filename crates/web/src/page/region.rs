//! Can the region exchange now? For the coordinator; no patient data.

use askama::Template;

use super::{Labelled, Layout, Page, Tone};
use crate::words::Language;

/// The state of the region.
#[derive(Debug, Template)]
#[template(path = "pages/region.html")]
pub struct RegionPage {
    /// What is around it.
    pub page: Layout,
    /// Whether the region can exchange, in one line.
    pub verdict: String,
    /// A sign for the verdict.
    pub symbol: &'static str,
    /// The colour of the verdict.
    pub tone: Tone,
    /// What is the matter, a line each.
    pub troubles: Vec<String>,
    /// One row per organisation.
    pub rows: Vec<OrganisationRow>,
    /// How many people chose what.
    pub consents: Vec<Labelled>,
    /// When this was counted.
    pub updated: String,
}

/// How one organisation does. All numbers as text, since a number may be
/// unknown or too small to tell.
#[derive(Debug)]
pub struct OrganisationRow {
    /// The organisation.
    pub name: String,
    /// What kind it is.
    pub kind: String,
    /// Up or down, in words.
    pub state: String,
    /// A sign for the state.
    pub symbol: &'static str,
    /// The colour of the state.
    pub tone: Tone,
    /// When it was last heard.
    pub last_contact: String,
    /// Messages taken in today.
    pub messages: String,
    /// Messages that failed and wait.
    pub failed: String,
    /// Resources kept.
    pub resources: String,
    /// Laboratory results with a national code: share, numerator, denominator.
    pub coded: String,
}

impl Page for RegionPage {
    const NAME: &'static str = "region";

    fn samples(language: Language) -> Vec<Self> {
        let row = |name: &str, up: bool| OrganisationRow {
            name: name.to_owned(),
            kind: "ziekenhuis".to_owned(),
            state: language
                .text(if up { "region.up" } else { "region.down" })
                .to_owned(),
            symbol: if up { "✓" } else { "✕" },
            tone: if up { Tone::Good } else { Tone::Danger },
            last_contact: "22 nov 2026 14:02".to_owned(),
            messages: "412".to_owned(),
            failed: "2".to_owned(),
            resources: "18.204".to_owned(),
            coded: "96% (4.112 van 4.280)".to_owned(),
        };
        vec![
            Self {
                page: Layout::sample(
                    language,
                    Some(("B. Houtkamp", "coördinator")),
                    &["nav.region"],
                ),
                verdict: language.text("region.verdict-partly").to_owned(),
                symbol: "!",
                tone: Tone::Warn,
                troubles: vec!["Thuiszorg Onderweg antwoordt niet.".to_owned()],
                rows: vec![
                    row("Ziekenhuis Hogedam", true),
                    row("Thuiszorg Onderweg", false),
                ],
                consents: vec![Labelled::new("Iedereen mag alles zien", "112")],
                updated: language.fill("region.updated", &[("at", "14.02 uur")]),
            },
            Self {
                page: Layout::sample(
                    language,
                    Some(("B. Houtkamp", "coördinator")),
                    &["nav.region"],
                ),
                verdict: language.text("region.verdict-yes").to_owned(),
                symbol: "✓",
                tone: Tone::Good,
                troubles: Vec::new(),
                rows: vec![row("Ziekenhuis Hogedam", true)],
                consents: Vec::new(),
                updated: String::new(),
            },
        ]
    }
}
