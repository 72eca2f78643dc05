//! The patient's own record on paper, to take to an appointment.

use askama::Template;

use super::{Layout, Measurements, Page, Section, Sources, record};
use crate::words::Language;

/// The record as it is printed: everything open, every datum with its date and
/// its source.
#[derive(Debug, Template)]
#[template(path = "pages/my_print.html")]
pub struct MyPrintPage {
    /// What is around it.
    pub page: Layout,
    /// The name of the patient.
    pub name: String,
    /// The date of birth in words.
    pub born: String,
    /// When it was made, in words.
    pub made: String,
    /// How each source answered.
    pub sources: Sources,
    /// Allergies, alerts, medicines, problems, wishes.
    pub first: Vec<Section>,
    /// Results and measurements.
    pub measured: Vec<Measurements>,
    /// The other sections.
    pub rest: Vec<Section>,
}

impl Page for MyPrintPage {
    const NAME: &'static str = "my-print";

    fn samples(language: Language) -> Vec<Self> {
        let sections = |language| record::sample_sections(language);
        let sample = |first, measured| Self {
            page: Layout::sample_patient(language),
            name: "Geertje Zandwijk".to_owned(),
            born: "4 mei 1948".to_owned(),
            made: language.fill("print.made", &[("at", "22 november 2026")]),
            sources: record::sample_sources(language),
            first,
            measured,
            rest: Vec::new(),
        };
        vec![
            sample(sections(language), record::sample_measured(language)),
            sample(Vec::new(), Vec::new()),
        ]
    }
}
