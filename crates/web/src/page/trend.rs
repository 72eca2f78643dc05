//! One measurement over time, and where one datum comes from.

use askama::Template;

use super::{Banner, Labelled, Layout, MeasureRow, Page, Tag, Tone, messages::FilterLink, record};
use crate::{
    chart::{Point, TrendWords, trend},
    dates,
    words::Language,
};

/// The course of one measurement: chart, summary in words, table.
#[derive(Debug, Template)]
#[template(path = "pages/trend.html")]
pub struct TrendPage {
    /// What is around it.
    pub page: Layout,
    /// Who the patient is; a patient needs no banner.
    pub patient: Option<Banner>,
    /// Back to the record.
    pub back: String,
    /// What was measured.
    pub name: String,
    /// What that is, for patients.
    pub explain: Option<String>,
    /// How far back to look.
    pub periods: Vec<FilterLink>,
    /// The values as a file.
    pub csv: String,
    /// One per unit: different units are never one line.
    pub panels: Vec<TrendPanel>,
}

/// The values of one unit.
#[derive(Debug)]
pub struct TrendPanel {
    /// The heading, with the unit.
    pub title: String,
    /// The course in words.
    pub summary: String,
    /// The SVG, made by [`crate::chart::trend`], which escapes all text.
    pub chart: Option<String>,
    /// All values, newest first.
    pub rows: Vec<MeasureRow>,
    /// Values of the same test in another unit, newest first.
    pub converted: Vec<ConvertedRow>,
}

/// A value that was measured in another unit.
#[derive(Debug)]
pub struct ConvertedRow {
    /// Its date, in words.
    pub date: String,
    /// The number in the unit of the panel.
    pub value: String,
    /// The unit of the panel.
    pub unit: String,
    /// The value as received, with its unit.
    pub original: String,
}

/// Where one datum comes from.
#[derive(Debug, Template)]
#[template(path = "pages/datum.html")]
pub struct DatumPage {
    /// What is around it.
    pub page: Layout,
    /// Who the patient is; a patient needs no banner.
    pub patient: Option<Banner>,
    /// Back to the record.
    pub back: String,
    /// What it is.
    pub name: String,
    /// Source, dates, author, message.
    pub rows: Vec<Labelled>,
    /// Its codes, as received.
    pub codes: Vec<CodeRow>,
    /// The resource as the source sent it.
    pub original: String,
}

/// One code of a datum.
#[derive(Debug)]
pub struct CodeRow {
    /// The code system, by its usual name.
    pub system: String,
    /// The code.
    pub code: String,
    /// What it means, as the source wrote it.
    pub display: String,
}

impl Page for TrendPage {
    const NAME: &'static str = "trend";

    fn samples(language: Language) -> Vec<Self> {
        let points: Vec<Point> = [
            (19_000, 48.0, 42.0),
            (19_200, 51.0, 42.0),
            (19_500, 57.0, 53.0),
            (19_900, 61.0, 53.0),
        ]
        .into_iter()
        .map(|(day, value, high)| Point {
            at_ms: day * 86_400_000,
            value,
            text: format!("{value}"),
            low: Some(20.0),
            high: Some(high),
        })
        .collect();
        let summary = "Vier uitslagen tussen januari 2022 en juni 2024. De laatste is 61 mmol/mol, hoger dan de grens van 53.";
        let row = |value: &str, tags| MeasureRow {
            name: "HbA1c".to_owned(),
            value: value.to_owned(),
            unit: "mmol/mol".to_owned(),
            flag: None,
            range: None,
            trend: None,
            date: "18 nov 2026".to_owned(),
            source: "Diagnostiek Lisbroek".to_owned(),
            path: "/patient/x/datum/y".to_owned(),
            others: vec![(
                "Huisartsenpraktijk De Akker".to_owned(),
                "/patient/x/datum/z".to_owned(),
            )],
            tags,
        };
        let words = TrendWords {
            title: "HbA1c",
            summary,
            id: "trend-1",
            unit: "mmol/mol",
            decimal_mark: ',',
        };
        let periods = || {
            vec![FilterLink {
                path: "/patient/x/trend/y?period=all".to_owned(),
                text: language.text("trend.period-all").to_owned(),
                current: true,
            }]
        };
        vec![
            Self {
                page: Layout::sample_clinician(language),
                patient: Some(record::sample_banner(language)),
                back: "/patient/x".to_owned(),
                name: "HbA1c".to_owned(),
                explain: None,
                periods: periods(),
                csv: "/patient/x/trend/y/csv?period=all".to_owned(),
                panels: vec![TrendPanel {
                    title: "In mmol/mol".to_owned(),
                    summary: summary.to_owned(),
                    chart: trend(&points, &[], &words, &dates::time_zone()),
                    rows: vec![
                        row("61", vec![Tag::new(Tone::Info, "herhaald")]),
                        row("57", Vec::new()),
                    ],
                    converted: vec![ConvertedRow {
                        date: "18 nov 2025".to_owned(),
                        value: "55".to_owned(),
                        unit: "mmol/mol".to_owned(),
                        original: "7,2 %".to_owned(),
                    }],
                }],
            },
            Self {
                page: Layout::sample_patient(language),
                patient: None,
                back: "/my/record".to_owned(),
                name: "HbA1c".to_owned(),
                explain: Some("Uw gemiddelde bloedsuiker van de laatste weken.".to_owned()),
                periods: periods(),
                csv: "/my/trend/y/csv?period=all".to_owned(),
                panels: vec![TrendPanel {
                    title: "In %".to_owned(),
                    summary: "Een uitslag.".to_owned(),
                    chart: None,
                    rows: vec![row("7,1", Vec::new())],
                    converted: Vec::new(),
                }],
            },
        ]
    }
}

impl Page for DatumPage {
    const NAME: &'static str = "datum";

    fn samples(language: Language) -> Vec<Self> {
        let sample = |patient, codes| Self {
            page: Layout::sample_clinician(language),
            patient,
            back: "/patient/x".to_owned(),
            name: "HbA1c 61 mmol/mol".to_owned(),
            rows: vec![Labelled::new(
                language.text("datum.source"),
                "Diagnostiek Lisbroek",
            )],
            codes,
            original: "{\n  \"resourceType\": \"Observation\"\n}".to_owned(),
        };
        let code = CodeRow {
            system: "LOINC".to_owned(),
            code: "59261-8".to_owned(),
            display: "HbA1c".to_owned(),
        };
        vec![
            sample(Some(record::sample_banner(language)), vec![code]),
            sample(None, Vec::new()),
        ]
    }
}
