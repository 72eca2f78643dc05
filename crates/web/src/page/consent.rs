//! Who may see what: the patient's choices, the effect of a change before it
//! is made, and what was changed before.

use askama::Template;

use super::{Choice, Layout, Page};
use crate::words::Language;

/// The choices as they are now.
#[derive(Debug, Template)]
#[template(path = "pages/my_consent.html")]
pub struct ConsentPage {
    /// What is around it.
    pub page: Layout,
    /// Why a change was not made.
    pub notice: Option<String>,
    /// What holds now, in one sentence.
    pub sentence: String,
    /// Whether everyone may see everything now.
    pub everyone: bool,
    /// The choices per group of holders.
    pub holders: Vec<HolderRow>,
    /// The exceptions for single organisations.
    pub exceptions: Vec<ExceptionRow>,
}

/// Who may see the data that one group of providers holds.
#[derive(Debug)]
pub struct HolderRow {
    /// The group.
    pub name: String,
    /// Who may see what of it, a line per kind of data.
    pub lines: Vec<String>,
    /// The page to change it on.
    pub path: String,
}

/// One exception.
#[derive(Debug)]
pub struct ExceptionRow {
    /// What it says, in a sentence.
    pub sentence: String,
    /// Its number in the list, to remove it by.
    pub number: usize,
}

/// The choices for one group of holders.
#[derive(Debug, Template)]
#[template(path = "pages/consent_holder.html")]
pub struct HolderPage {
    /// What is around it.
    pub page: Layout,
    /// The heading: whose data.
    pub title: String,
    /// The code of the group.
    pub holder: String,
    /// One per kind of data.
    pub groups: Vec<CheckGroup>,
}

/// The choices for one kind of data.
#[derive(Debug)]
pub struct CheckGroup {
    /// The kind of data.
    pub name: String,
    /// What that is.
    pub explain: String,
    /// One per group that may consult.
    pub checks: Vec<Check>,
}

/// One box to tick.
#[derive(Debug)]
pub struct Check {
    /// Its id within the page.
    pub id: String,
    /// What the form sends.
    pub value: String,
    /// Its label.
    pub label: String,
    /// Whether it is ticked.
    pub checked: bool,
}

/// A new exception.
#[derive(Debug, Template)]
#[template(path = "pages/consent_exception.html")]
pub struct ExceptionPage {
    /// What is around it.
    pub page: Layout,
    /// What was wrong with the last try.
    pub fault: Option<String>,
    /// The organisations of the region.
    pub organisations: Vec<Choice>,
    /// The kinds of data.
    pub categories: Vec<Choice>,
}

/// What a change will do, before it is made.
#[derive(Debug, Template)]
#[template(path = "pages/consent_preview.html")]
pub struct PreviewPage {
    /// What is around it.
    pub page: Layout,
    /// What was chosen.
    pub sentence: String,
    /// Who can no longer see what.
    pub losses: Vec<String>,
    /// Who can see what from now on.
    pub gains: Vec<String>,
    /// What to mind, such as care in an emergency.
    pub warning: Option<String>,
    /// The change, by a name that only this session knows.
    pub pending: String,
}

/// The change holds.
#[derive(Debug, Template)]
#[template(path = "pages/consent_done.html")]
pub struct DonePage {
    /// What is around it.
    pub page: Layout,
    /// Since when and where it holds.
    pub holds: String,
    /// What holds now, in one sentence.
    pub sentence: String,
    /// The change that undoes this one, by a name that only this session knows.
    pub undo: String,
}

/// What was changed before.
#[derive(Debug, Template)]
#[template(path = "pages/consent_history.html")]
pub struct HistoryPage {
    /// What is around it.
    pub page: Layout,
    /// The changes, newest first.
    pub rows: Vec<ChangeRow>,
}

/// One change.
#[derive(Debug)]
pub struct ChangeRow {
    /// When, in words.
    pub at: String,
    /// By whom.
    pub by: String,
    /// What changed.
    pub lines: Vec<String>,
}

impl Page for ConsentPage {
    const NAME: &'static str = "consent";

    fn samples(language: Language) -> Vec<Self> {
        let holder = HolderRow {
            name: "Apotheken".to_owned(),
            lines: vec!["Medicijnen: huisartsen en ziekenhuizen".to_owned()],
            path: "/my/consent/holder/RPZAC005".to_owned(),
        };
        let exception = ExceptionRow {
            sentence: "GGZ De Oever mag niets zien van andere organisaties.".to_owned(),
            number: 0,
        };
        vec![
            Self {
                page: Layout::sample_patient(language),
                notice: Some(language.text("consent.changed-elsewhere").to_owned()),
                sentence: language.text("consent.now.everyone").to_owned(),
                everyone: true,
                holders: vec![holder],
                exceptions: vec![exception],
            },
            Self {
                page: Layout::sample_patient(language),
                notice: None,
                sentence: language.text("consent.now.not-chosen").to_owned(),
                everyone: false,
                holders: Vec::new(),
                exceptions: Vec::new(),
            },
        ]
    }
}

impl Page for HolderPage {
    const NAME: &'static str = "consent-holder";

    fn samples(language: Language) -> Vec<Self> {
        let check = |id: &str, label: &str, checked| Check {
            id: id.to_owned(),
            value: id.to_owned(),
            label: label.to_owned(),
            checked,
        };
        vec![Self {
            page: Layout::sample_patient(language),
            title: "Wie mag uw gegevens bij apotheken zien?".to_owned(),
            holder: "RPZAC005".to_owned(),
            groups: vec![CheckGroup {
                name: language.text("category.medication").to_owned(),
                explain: language.text("category.medication-explain").to_owned(),
                checks: vec![
                    check("a", "Huisartsen", true),
                    check("b", "Ziekenhuizen", false),
                ],
            }],
        }]
    }
}

impl Page for ExceptionPage {
    const NAME: &'static str = "consent-exception";

    fn samples(language: Language) -> Vec<Self> {
        let choice = |value: &str, label: &str| Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            chosen: false,
        };
        vec![Self {
            page: Layout::sample_patient(language),
            fault: Some(language.text("exception.fault").to_owned()),
            organisations: vec![choice("90000104", "Ziekenhuis Hogedam")],
            categories: vec![choice("GGC002", "Behandelgegevens")],
        }]
    }
}

impl Page for PreviewPage {
    const NAME: &'static str = "consent-preview";

    fn samples(language: Language) -> Vec<Self> {
        let lines = |text: &str| vec![text.to_owned()];
        let sample = |losses, gains, warning| Self {
            page: Layout::sample_patient(language),
            sentence: language.text("consent.now.no-one").to_owned(),
            losses,
            gains,
            warning,
            pending: "x".to_owned(),
        };
        vec![
            sample(
                lines(
                    "Ziekenhuis Hogedam kan uw medicijnen van Apotheek Het Veerhuis NIET meer zien.",
                ),
                lines(
                    "Huisartsenpraktijk De Akker kan uw uitslagen van Diagnostiek Lisbroek zien.",
                ),
                Some(language.text("preview.emergency").to_owned()),
            ),
            sample(Vec::new(), Vec::new(), None),
        ]
    }
}

impl Page for DonePage {
    const NAME: &'static str = "consent-done";

    fn samples(language: Language) -> Vec<Self> {
        vec![Self {
            page: Layout::sample_patient(language),
            holds: language.fill("done.holds", &[("at", "22 november 2026 om 14.02 uur")]),
            sentence: language.text("consent.now.no-one").to_owned(),
            undo: "x".to_owned(),
        }]
    }
}

impl Page for HistoryPage {
    const NAME: &'static str = "consent-history";

    fn samples(language: Language) -> Vec<Self> {
        let row = ChangeRow {
            at: "22 november 2026 om 14.02 uur".to_owned(),
            by: language.text("history.by-you").to_owned(),
            lines: vec!["Niemand mag uw gegevens zien.".to_owned()],
        };
        [vec![row], Vec::new()]
            .into_iter()
            .map(|rows| Self {
                page: Layout::sample_patient(language),
                rows,
            })
            .collect()
    }
}
