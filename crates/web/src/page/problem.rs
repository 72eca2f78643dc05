//! What somebody sees when something cannot be done.

use askama::Template;

use super::{Layout, Page};
use crate::words::Language;

/// A page that says what cannot be done, why, and what to do. Its text is
/// constant per kind, so it tells nothing about anybody.
#[derive(Debug, Template)]
#[template(path = "pages/problem.html")]
pub struct ProblemPage {
    /// What is around it.
    pub page: Layout,
    /// What is the matter.
    pub title: String,
    /// Why.
    pub explain: String,
    /// What the reader can do.
    pub todo: String,
}

/// The kinds of problem, by the last part of their keys.
pub(crate) const KINDS: [&str; 9] = [
    "not-found",
    "forbidden",
    "form",
    "too-large",
    "too-many",
    "unavailable",
    "broken",
    "method",
    "input",
];

impl ProblemPage {
    /// The page for a kind of [`KINDS`].
    pub(crate) fn new(page: Layout, kind: &str) -> Self {
        let text = |part: &str| {
            page.language
                .text(&format!("problem.{kind}.{part}"))
                .to_owned()
        };
        let (title, explain, todo) = (text("title"), text("explain"), text("todo"));
        Self {
            page,
            title,
            explain,
            todo,
        }
    }
}

impl Page for ProblemPage {
    const NAME: &'static str = "problem";

    fn samples(language: Language) -> Vec<Self> {
        KINDS
            .into_iter()
            .map(|kind| Self::new(Layout::sample_clinician(language), kind))
            .collect()
    }
}
