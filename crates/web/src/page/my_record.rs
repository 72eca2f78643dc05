//! The record as the patient reads it, in plain words.

use askama::Template;

use super::{Layout, Measurements, Page, Section, Sources, record};
use crate::{
    chart::{Point, number_line},
    words::Language,
};

/// The patient's own record.
#[derive(Debug, Template)]
#[template(path = "pages/my_record.html")]
pub struct MyRecordPage {
    /// What is around it.
    pub page: Layout,
    /// The name of the patient.
    pub name: String,
    /// Who may see what, in one sentence.
    pub consent_sentence: String,
    /// How often somebody looked, in one sentence.
    pub log_sentence: String,
    /// Allergies, medicines, problems.
    pub first: Vec<Section>,
    /// The latest results, each explained.
    pub results: Vec<PlainResult>,
    /// What to say when there are none.
    pub results_empty: String,
    /// The page with all results.
    pub all_results: Option<String>,
    /// The other sections.
    pub rest: Vec<Section>,
    /// How each source answered.
    pub sources: Sources,
}

/// All results and measurements of the patient.
#[derive(Debug, Template)]
#[template(path = "pages/my_results.html")]
pub struct ResultsPage {
    /// What is around it.
    pub page: Layout,
    /// Results, vital signs.
    pub sections: Vec<Measurements>,
    /// How each source answered.
    pub sources: Sources,
}

/// A result in a sentence, with a number line where its limits are known.
#[derive(Debug)]
pub struct PlainResult {
    /// What was measured.
    pub name: String,
    /// "Uw uitslag is 61 mmol/mol op 18 november 2026."
    pub sentence: String,
    /// "Dat is hoger dan gebruikelijk."
    pub meaning: Option<String>,
    /// The SVG, made by [`crate::chart::number_line`], which escapes all text.
    pub number_line: Option<String>,
    /// Who measured it.
    pub told_by: String,
    /// The page with earlier results.
    pub trend: Option<String>,
}

impl Page for MyRecordPage {
    const NAME: &'static str = "my-record";

    fn samples(language: Language) -> Vec<Self> {
        let point = Point {
            at_ms: 0,
            value: 61.0,
            text: String::new(),
            low: Some(20.0),
            high: Some(53.0),
        };
        let result = PlainResult {
            name: "HbA1c".to_owned(),
            sentence: "Uw uitslag is 61 mmol/mol.".to_owned(),
            meaning: Some("Dat is hoger dan gebruikelijk.".to_owned()),
            number_line: number_line(&point, "61, hoger dan 53", ','),
            told_by: "Gemeten door Diagnostiek Lisbroek op 18 november 2026.".to_owned(),
            trend: Some("/my/trend/x".to_owned()),
        };
        let section = |id: &str| Section {
            id: id.to_owned(),
            title: language.text(&format!("my.section.{id}")).to_owned(),
            explain: Some(language.text(&format!("my.explain.{id}")).to_owned()),
            empty: language.text("section.empty-none").to_owned(),
            ..Section::default()
        };
        let sample = |results, all_results| Self {
            page: Layout::sample_patient(language),
            name: "Geertje Zandwijk".to_owned(),
            consent_sentence: language.text("consent.now.no-one").to_owned(),
            log_sentence: language.count("log.sentence", 3),
            first: vec![section("allergies"), section("medication")],
            results,
            results_empty: language.text("section.empty-none").to_owned(),
            all_results,
            rest: vec![section("contacts")],
            sources: record::sample_sources(language),
        };
        vec![
            sample(vec![result], Some("/my/results".to_owned())),
            sample(Vec::new(), None),
        ]
    }
}

impl Page for ResultsPage {
    const NAME: &'static str = "my-results";

    fn samples(language: Language) -> Vec<Self> {
        let mut sections = record::sample_measured(language);
        for section in &mut sections {
            section.rows.truncate(2);
        }
        let sources = record::sample_sources(language);
        vec![Self {
            page: Layout::sample_patient(language),
            sections,
            sources,
        }]
    }
}
