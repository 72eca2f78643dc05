//! Can the region exchange now? For the coordinator; no patient data.

use askama::Template;

use super::{Layout, Page, Tone};
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
    /// The numbers of the region as a whole.
    pub tiles: Vec<Tile>,
    /// How many people chose what; `None` when it cannot be told.
    pub consents: Option<ConsentPanel>,
    /// When this was counted.
    pub updated: String,
}

/// One number with what it means.
#[derive(Debug)]
pub struct Tile {
    /// What is counted.
    pub title: String,
    /// The number, in words where it is not told.
    pub value: String,
    /// Numerator and denominator.
    pub of: String,
    /// What counts and what does not.
    pub definition: String,
    /// When it was counted.
    pub updated: String,
    /// The colour.
    pub tone: Tone,
}

/// How many people chose what.
#[derive(Debug)]
pub struct ConsentPanel {
    /// How many chose, and how far their choices reach.
    pub tiles: Vec<Tile>,
    /// The kinds of data.
    pub kinds: Vec<String>,
    /// A row per category of holders.
    pub rows: Vec<ConsentRow>,
}

/// People who let somebody see what a category of holders has.
#[derive(Debug)]
pub struct ConsentRow {
    /// The holders.
    pub holder: String,
    /// A number per kind of data; a dash where they hold none of it.
    pub people: Vec<String>,
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
        let tile = |tone| Tile {
            title: language.text("region.tile-coded").to_owned(),
            value: "96%".to_owned(),
            of: "4.112 van 4.280".to_owned(),
            definition: language.text("region.coded-explain").to_owned(),
            updated: language.fill("region.updated", &[("at", "14.02 uur")]),
            tone,
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
                tiles: vec![tile(Tone::Plain), tile(Tone::Warn)],
                consents: Some(ConsentPanel {
                    tiles: vec![tile(Tone::Plain)],
                    kinds: vec!["Uitslagen".to_owned(), "Medicijnen".to_owned()],
                    rows: vec![ConsentRow {
                        holder: "Apotheken".to_owned(),
                        people: vec!["–".to_owned(), "120".to_owned()],
                    }],
                }),
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
                tiles: Vec::new(),
                consents: None,
                updated: String::new(),
            },
        ]
    }
}
