//! The combined record, as a clinician sees it.

mod samples;

use askama::Template;

use super::{Banner, Flag, Layout, Measurements, Section, Sources, messages::FilterLink};

/// The combined record of one patient: who, what is dangerous, what is new,
/// then everything by section, with who said it and who did not answer.
#[derive(Debug, Template)]
#[template(path = "pages/record.html")]
pub struct RecordPage {
    /// What is around it.
    pub page: Layout,
    /// Who the patient is.
    pub patient: Banner,
    /// That the sources differ on who the patient is.
    pub identity_note: Option<String>,
    /// The exchanges to choose from; empty when there is only one.
    pub exchanges: Vec<FilterLink>,
    /// Why the glass was broken, where it was.
    pub emergency_reason: Option<String>,
    /// The emergency page, when a source may not be seen and who asks may break the glass.
    pub emergency: Option<String>,
    /// How each source answered.
    pub sources: Sources,
    /// What every carer must see first: alerts, allergies, directives.
    pub first: Vec<Section>,
    /// What came in the last thirty days, newest first.
    pub recent: Vec<RecentRow>,
    /// How many there are in all.
    pub recent_total: usize,
    /// That there is more than is shown.
    pub recent_more: Option<String>,
    /// Problems, medication.
    pub main: Vec<Section>,
    /// Laboratory results, vital signs.
    pub measured: Vec<Measurements>,
    /// The other sections.
    pub rest: Vec<Section>,
    /// Which organisations and people take part in the care.
    pub involved: Vec<InvolvedRow>,
}

/// Something that came in lately.
#[derive(Debug, Clone)]
pub struct RecentRow {
    /// The section that it is in.
    pub kind: String,
    /// What it is.
    pub title: String,
    /// What is special about it.
    pub flag: Option<Flag>,
    /// Its date, in words.
    pub date: String,
    /// The organisation.
    pub source: String,
    /// The page that tells where it comes from.
    pub path: String,
}

/// An organisation that takes part in the care.
#[derive(Debug, Clone)]
pub struct InvolvedRow {
    /// The organisation.
    pub organisation: String,
    /// What kind it is, in words.
    pub kind: String,
    /// The people that it named.
    pub people: Vec<String>,
}

pub(crate) use samples::{
    banner as sample_banner, measured as sample_measured, sections as sample_sections,
    sources as sample_sources,
};
