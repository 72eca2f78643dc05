//! The record for the patient, in plain words.

use exchange::combined::{CombinedRecord, SectionKind, Series};

use super::{Reader, facts, measured, sources, text};
use crate::{
    chart, dates,
    page::{
        Layout, Section,
        my_record::{MyRecordPage, PlainResult},
    },
};

/// How many results are explained on the first page.
const RESULTS_SHOWN: usize = 6;

/// What everybody must know first.
pub(super) const FIRST: [SectionKind; 4] = [
    SectionKind::Allergies,
    SectionKind::Alerts,
    SectionKind::Medication,
    SectionKind::Problems,
];
/// What comes after the results.
pub(super) const REST: [SectionKind; 7] = [
    SectionKind::Directives,
    SectionKind::Contacts,
    SectionKind::Plans,
    SectionKind::Vaccinations,
    SectionKind::Procedures,
    SectionKind::Function,
    SectionKind::Devices,
];

/// What stands beside the record: who it is, consent and access in a sentence.
pub(crate) struct Beside {
    pub(crate) name: String,
    pub(crate) consent_sentence: String,
    pub(crate) log_sentence: String,
}

/// The patient's own record.
pub(crate) fn page(
    reader: &Reader,
    layout: Layout,
    record: &CombinedRecord,
    beside: Beside,
) -> MyRecordPage {
    use SectionKind as K;
    let results = record.section(K::Results);
    let plain = results
        .map(|section| plain_results(reader, &section.series))
        .unwrap_or_default();
    let has_measured = |kind| {
        record
            .section(kind)
            .is_some_and(|one| !one.series.is_empty())
    };
    let any_measured = has_measured(K::Results) || has_measured(K::Vitals);
    MyRecordPage {
        page: layout,
        name: beside.name,
        consent_sentence: beside.consent_sentence,
        log_sentence: beside.log_sentence,
        first: sections(reader, record, &FIRST),
        results: plain,
        results_empty: results.map_or_else(String::new, |section| {
            sources::emptiness(reader, record, section)
        }),
        all_results: any_measured.then(|| format!("{}/results", reader.base)),
        rest: sections(reader, record, &REST),
        sources: sources::sources(reader, record),
    }
}

pub(super) fn sections(
    reader: &Reader,
    record: &CombinedRecord,
    kinds: &[SectionKind],
) -> Vec<Section> {
    kinds
        .iter()
        .filter_map(|kind| record.section(*kind))
        .map(|section| {
            let code = section.kind.code();
            let mut shown = facts::section(reader, record, section);
            reader
                .language
                .text(&format!("my.section.{code}"))
                .clone_into(&mut shown.title);
            shown.explain = Some(
                reader
                    .language
                    .text(&format!("my.explain.{code}"))
                    .to_owned(),
            );
            shown
        })
        .collect()
}

fn plain_results(reader: &Reader, all: &[Series]) -> Vec<PlainResult> {
    let mut series: Vec<&Series> = all.iter().collect();
    series.sort_by_key(|series| {
        let when = series
            .latest()
            .and_then(|point| point.when.as_ref())
            .map(|when| when.low_ms);
        (std::cmp::Reverse(when), series.title.clone())
    });
    series
        .into_iter()
        .take(RESULTS_SHOWN)
        .filter_map(|series| plain(reader, series))
        .collect()
}

fn plain(reader: &Reader, series: &Series) -> Option<PlainResult> {
    let latest = series.latest()?;
    let fact = latest.fact();
    let measured = fact.measured.as_ref()?;
    let (value, unit) = measured::shown_value(reader, measured);
    let value = format!("{value} {unit}").trim().to_owned();
    let date = latest.when.as_ref().map_or_else(
        || reader.text("facts.date-unknown").to_owned(),
        |when| {
            let day = jiff::Timestamp::from_millisecond(when.low_ms);
            match day {
                Ok(at) if when.text.len() >= 10 => {
                    dates::long(reader.language, at.to_zoned(reader.zone.clone()).date())
                }
                _ => dates::fhir_short(reader.language, &when.text, &reader.zone),
            }
        },
    );
    let values = [("value", value.as_str()), ("date", date.as_str())];
    let is_number = matches!(measured.value, exchange::combined::Value::Quantity(_));
    let sentence = reader.fill(
        if is_number {
            "my.result"
        } else {
            "my.result-plain"
        },
        &values,
    );
    let point = measured::latest_point(reader, series)
        .filter(|point| Some(point.at_ms) == latest.when.as_ref().map(|when| when.low_ms));
    let meaning = point
        .as_ref()
        .and_then(|point| match (point.low, point.high) {
            (_, Some(high)) if point.value > high => Some("my.above"),
            (Some(low), _) if point.value < low => Some("my.below"),
            (Some(_), Some(_)) => Some("my.within"),
            _ => None,
        });
    let number_line = point.as_ref().and_then(|point| {
        let number = |limit: Option<f64>| {
            limit
                .map(|limit| text::digits(reader.language, &limit.to_string()))
                .unwrap_or_default()
        };
        let words = [
            ("value", value.clone()),
            ("low", number(point.low)),
            ("high", number(point.high)),
        ];
        let words: Vec<(&str, &str)> = words
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let label = reader.fill("my.line", &words);
        chart::number_line(point, &label, text::decimal_mark(reader.language))
    });
    Some(PlainResult {
        name: series.title.clone(),
        sentence,
        meaning: meaning.map(|key| reader.language.text(key).to_owned()),
        number_line,
        told_by: reader.fill("my.told-by", &[("source", &fact.source_name)]),
        trend: (series.points.len() > 1).then(|| reader.trend_path(series)),
    })
}
