//! Values in time: the latest of each in a table, all of one in a chart.

use exchange::combined::{
    CombinedRecord, Component, Fact, Flag, Measured, Point, Section, SectionKind, Series, Value,
};

use super::{Reader, sources, text};
use crate::{
    chart,
    page::{self, MeasureRow, Measurements, Tag, Tone, TrendLink},
};

/// The rows that are shown at once.
const ROWS_AT_ONCE: usize = 20;
/// The most parts of one measurement that are drawn.
const PARTS_MAX: usize = 8;
/// The LOINC codes of systolic and diastolic pressure, which people write as one.
const PRESSURES: [&str; 2] = ["8480-6", "8462-4"];

/// The latest value of every series, the newest first.
pub(crate) fn section(
    reader: &Reader,
    record: &CombinedRecord,
    section: &Section,
    limit: Option<usize>,
) -> Measurements {
    let code = section.kind.code();
    let mut series: Vec<&Series> = section.series.iter().collect();
    series.sort_by_key(|series| {
        let when = series
            .latest()
            .and_then(|point| point.when.as_ref())
            .map(|when| when.low_ms);
        (std::cmp::Reverse(when), series.title.clone())
    });
    let limit = limit.unwrap_or(ROWS_AT_ONCE);
    let mut rows = series
        .iter()
        .filter_map(|series| latest(reader, section.kind, series));
    let shown: Vec<MeasureRow> = rows.by_ref().take(limit).collect();
    let more: Vec<MeasureRow> = rows.collect();
    Measurements {
        id: code.to_owned(),
        title: reader.language.text(&format!("section.{code}")).to_owned(),
        explain: None,
        prominent: false,
        more_label: reader.language.count("section.more", more.len()),
        rows: shown,
        more,
        empty: sources::emptiness(reader, record, section),
        incomplete: sources::is_incomplete(section),
    }
}

fn latest(reader: &Reader, kind: SectionKind, series: &Series) -> Option<MeasureRow> {
    let mut row = row(reader, kind, series, series.latest()?)?;
    let part = parts(series).into_iter().next();
    let drawn = part
        .as_ref()
        .map(|part| drawn(reader, &series.points, part))
        .unwrap_or_default();
    let label = drawn.first().zip(drawn.last()).map(|(first, last)| {
        let values = [
            ("name", series.title.as_str()),
            ("first", first.text.as_str()),
            ("last", last.text.as_str()),
        ];
        reader.fill("measure.sparkline", &values)
    });
    row.trend = label
        .and_then(|label| chart::sparkline(&drawn, &label))
        .map(|sparkline| TrendLink {
            path: reader.trend_path(series),
            sparkline,
        });
    Some(row)
}

/// One measurement as a row.
pub(super) fn row(
    reader: &Reader,
    kind: SectionKind,
    series: &Series,
    point: &Point,
) -> Option<MeasureRow> {
    let fact = point.fact();
    let measured = fact.measured.as_ref()?;
    let (value, unit) = shown_value(reader, measured);
    let range = measured
        .range
        .as_ref()
        .and_then(|range| text::range(reader.language, range));
    Some(MeasureRow {
        name: series.title.clone(),
        value,
        unit,
        flag: flag(reader, measured),
        range,
        trend: None,
        date: reader.date(point.when.as_ref()),
        source: fact.source_name.clone(),
        path: reader.datum_path(fact),
        others: others(reader, point),
        tags: tags(reader, kind, series, point, fact),
    })
}

/// The sources that have a measurement beside the one that is shown, each once.
fn others(reader: &Reader, point: &Point) -> Vec<(String, String)> {
    let mut others: Vec<(String, String)> = Vec::new();
    for fact in &point.facts {
        let known = fact.source == point.fact().source
            || others.iter().any(|(name, _)| *name == fact.source_name);
        if !known {
            others.push((fact.source_name.clone(), reader.datum_path(fact)));
        }
    }
    others
}

/// The value in words, with its unit; blood pressure as "138/84".
pub(crate) fn shown_value(reader: &Reader, measured: &Measured) -> (String, String) {
    if let Some([systolic, diastolic]) = pressures(measured) {
        let (high, unit) = text::value(reader.language, &systolic.value);
        let (low, _) = text::value(reader.language, &diastolic.value);
        return (format!("{high}/{low}"), unit);
    }
    let (value, unit) = text::value(reader.language, &measured.value);
    if !value.is_empty() {
        return (value, unit);
    }
    let parts: Vec<String> = measured
        .components
        .iter()
        .map(|part| {
            let (value, unit) = text::value(reader.language, &part.value);
            format!("{} {value} {unit}", part.title)
                .trim_end()
                .to_owned()
        })
        .collect();
    if parts.is_empty() {
        let reason = measured.absent_reason.clone();
        return (
            reason.unwrap_or_else(|| reader.text("measure.no-value").to_owned()),
            String::new(),
        );
    }
    (parts.join(", "), String::new())
}

fn pressures(measured: &Measured) -> Option<[&Component; 2]> {
    let find = |code: &str| {
        measured
            .components
            .iter()
            .find(|part| part.codings.iter().any(|coding| coding.code == code))
    };
    Some([find(PRESSURES[0])?, find(PRESSURES[1])?])
}

/// What the source says of the value; else whether it lies outside the limits
/// that came with it.
pub(crate) fn flag(reader: &Reader, measured: &Measured) -> Option<page::Flag> {
    let said = measured.flag.or_else(|| {
        measured
            .components
            .iter()
            .find_map(|part| part.flag.filter(|flag| *flag != Flag::Normal))
    });
    let flag = match said {
        Some(flag) => flag,
        None => outside(measured)?,
    };
    let (symbol, key, tone) = match flag {
        Flag::Normal => return None,
        Flag::Low => ("↓", "flag.low", Tone::Danger),
        Flag::High => ("↑", "flag.high", Tone::Danger),
        Flag::CriticallyLow => ("↓↓", "flag.critical-low", Tone::Danger),
        Flag::CriticallyHigh => ("↑↑", "flag.critical-high", Tone::Danger),
        Flag::Abnormal => ("!", "flag.abnormal", Tone::Warn),
    };
    Some(page::Flag {
        symbol,
        word: reader.text(key).to_owned(),
        tone,
    })
}

fn outside(measured: &Measured) -> Option<Flag> {
    let Value::Quantity(quantity) = &measured.value else {
        return None;
    };
    let range = measured.range.as_ref()?;
    let number = quantity.number()?;
    let limit = |limit: &Option<exchange::combined::Quantity>| {
        limit
            .as_ref()
            .and_then(exchange::combined::Quantity::number)
    };
    // A value such as "< 5" is no number to compare by.
    if quantity.comparator.is_some() {
        None
    } else if limit(&range.low).is_some_and(|low| number < low) {
        Some(Flag::Low)
    } else if limit(&range.high).is_some_and(|high| number > high) {
        Some(Flag::High)
    } else {
        None
    }
}

fn tags(
    reader: &Reader,
    kind: SectionKind,
    series: &Series,
    point: &Point,
    fact: &Fact,
) -> Vec<Tag> {
    let mut tags = Vec::new();
    if let Some(repeat) = &point.repeats {
        let when = match repeat.days {
            0 => reader.text("measure.same-day").to_owned(),
            days => reader
                .language
                .count("measure.days-before", usize::from(days)),
        };
        let values = [
            ("when", when.as_str()),
            ("where", repeat.organisation.as_str()),
        ];
        tags.push(Tag::new(
            Tone::Info,
            reader.fill("measure.repeated", &values),
        ));
    }
    match fact.status.as_deref() {
        Some("preliminary" | "registered") => {
            tags.push(Tag::new(Tone::Warn, reader.text("measure.preliminary")));
        }
        Some("corrected" | "amended") => {
            tags.push(Tag::new(Tone::Info, reader.text("measure.corrected")));
        }
        _ => {}
    }
    if kind == SectionKind::Results
        && series
            .code
            .as_ref()
            .is_none_or(|code| code.system != "http://loinc.org")
    {
        tags.push(Tag::new(Tone::Plain, reader.text("measure.uncoded")));
    }
    if !point.differences.is_empty() {
        tags.push(Tag::new(Tone::Warn, reader.text("measure.differs")));
    }
    tags
}

/// Which numbers of a measurement make one line: the value itself, or one part.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) title: Option<String>,
}

pub(super) fn parts(series: &Series) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for measured in series
        .points
        .iter()
        .filter_map(|point| point.fact().measured.as_ref())
    {
        if matches!(measured.value, Value::Quantity(_))
            && !parts.iter().any(|part| part.title.is_none())
        {
            parts.push(Part { title: None });
        }
        for component in &measured.components {
            let known = parts
                .iter()
                .any(|part| part.title.as_ref() == Some(&component.title));
            if matches!(component.value, Value::Quantity(_)) && !known && parts.len() < PARTS_MAX {
                parts.push(Part {
                    title: Some(component.title.clone()),
                });
            }
        }
    }
    parts
}

/// The numbers of one part, oldest first; what has no time or no number is not
/// drawn, and is in the table.
pub(super) fn drawn<'a>(
    reader: &Reader,
    points: impl IntoIterator<Item = &'a Point>,
    part: &Part,
) -> Vec<chart::Point> {
    let mut points: Vec<chart::Point> = points
        .into_iter()
        .filter_map(|point| {
            let measured = point.fact().measured.as_ref()?;
            let (value, range) = match &part.title {
                None => (&measured.value, &measured.range),
                Some(title) => {
                    let component = measured.components.iter().find(|one| one.title == *title)?;
                    (&component.value, &component.range)
                }
            };
            let Value::Quantity(quantity) = value else {
                return None;
            };
            if quantity.comparator.is_some() {
                return None;
            }
            let when = point.when.as_ref()?;
            let limit = |high: bool| {
                let range = range.as_ref()?;
                if high {
                    range.high.as_ref()?.number()
                } else {
                    range.low.as_ref()?.number()
                }
            };
            let unit = quantity.unit.as_deref().unwrap_or_default();
            Some(chart::Point {
                at_ms: when.low_ms,
                value: quantity.number()?,
                text: format!(
                    "{} {unit} ({})",
                    text::number(reader.language, quantity),
                    reader.date(Some(when))
                ),
                low: limit(false),
                high: limit(true),
            })
        })
        .collect();
    points.sort_by_key(|point| point.at_ms);
    points
}

/// The value of the latest measurement as a number with its limits, for a
/// number line.
pub(crate) fn latest_point(reader: &Reader, series: &Series) -> Option<chart::Point> {
    drawn(reader, &series.points, &Part { title: None })
        .into_iter()
        .next_back()
}
