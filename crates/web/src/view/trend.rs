//! All values of one test in time: in a chart, in a table, as a file.

mod csv;
mod period;

use exchange::combined::{CombinedRecord, ConvertedPoint, Point, SectionKind, Series, Value};

use super::{
    Reader,
    measured::{self, Part},
    text, with_query,
};
use crate::{
    chart::{self, TrendWords},
    page::{
        MeasureRow,
        messages::FilterLink,
        trend::{ConvertedRow, TrendPanel},
    },
};

pub(crate) use csv::csv;
pub(crate) use period::Period;

/// A test of a record: every series of it, each in its own unit and method.
pub(crate) struct Test<'a> {
    kind: SectionKind,
    /// The series that was asked for first.
    all: Vec<&'a Series>,
}

impl<'a> Test<'a> {
    /// The test of the series with a token.
    pub(crate) fn find(reader: &Reader, record: &'a CombinedRecord, token: &str) -> Option<Self> {
        record.sections.iter().find_map(|section| {
            let chosen = section
                .series
                .iter()
                .find(|series| reader.trend_token(series) == token)?;
            let mut all: Vec<&Series> = vec![chosen];
            all.extend(section.series.iter().filter(|other| {
                other.id != chosen.id && other.code.is_some() && is_same_test(other, chosen)
            }));
            Some(Self {
                kind: section.kind,
                all,
            })
        })
    }

    /// What is measured, as a source wrote it.
    pub(crate) fn name(&self) -> &str {
        &self.all[0].title
    }

    /// The panels of a page, with the values of a period.
    pub(crate) fn panels(&self, reader: &Reader, period: Period) -> Vec<TrendPanel> {
        panels(reader, self.kind, &self.all, period)
    }

    /// The address of the page.
    fn path(&self, reader: &Reader) -> String {
        reader.trend_path(self.all[0])
    }

    /// The periods to choose from.
    pub(crate) fn periods(&self, reader: &Reader, current: Period) -> Vec<FilterLink> {
        Period::ALL
            .into_iter()
            .map(|period| FilterLink {
                path: with_query(&self.path(reader), "period", period.code()),
                text: reader.text(period.key()).to_owned(),
                current: period == current,
            })
            .collect()
    }

    /// The address of the values as a file.
    pub(crate) fn csv_path(&self, reader: &Reader, period: Period) -> String {
        let page = self.path(reader);
        let (path, query) = page.split_once('?').unwrap_or((&page, ""));
        let file = match query {
            "" => format!("{path}/csv"),
            query => format!("{path}/csv?{query}"),
        };
        with_query(&file, "period", period.code())
    }
}

fn is_same_test(a: &Series, b: &Series) -> bool {
    a.code
        .as_ref()
        .zip(b.code.as_ref())
        .is_some_and(|(a, b)| (&a.system, &a.code) == (&b.system, &b.code))
}

/// One panel per unit, method and part of a test; different units are never
/// one line.
fn panels(reader: &Reader, kind: SectionKind, all: &[&Series], period: Period) -> Vec<TrendPanel> {
    let mut panels = Vec::new();
    for series in all {
        let parts = measured::parts(series);
        let points: Vec<&Point> = series
            .points
            .iter()
            .filter(|point| period.holds(reader.now, point.when.as_ref()))
            .collect();
        let rows: Vec<MeasureRow> = points
            .iter()
            .rev()
            .filter_map(|point| measured::row(reader, kind, series, point))
            .collect();
        if parts.is_empty() {
            let title = reader.text("trend.panel-no-unit").to_owned();
            let count = rows.len().to_string();
            panels.push(TrendPanel {
                title,
                summary: reader.fill("trend.summary-words", &[("count", &count)]),
                chart: None,
                rows,
                converted: Vec::new(),
            });
            continue;
        }
        let converted: Vec<&ConvertedPoint> = series
            .converted
            .iter()
            .filter(|point| period.holds(reader.now, point.when.as_ref()))
            .collect();
        let mut rows = Some(rows);
        for part in &parts {
            let id = format!("trend-{}", panels.len() + 1);
            let drawing = Drawing {
                series,
                part,
                id: &id,
                points: &points,
                // Only whole values are converted, not their parts.
                converted: if part.title.is_none() {
                    &converted
                } else {
                    &[]
                },
            };
            panels.push(drawing.panel(reader, rows.take().unwrap_or_default()));
        }
    }
    panels
}

/// What goes into one panel.
struct Drawing<'a> {
    series: &'a Series,
    part: &'a Part,
    id: &'a str,
    points: &'a [&'a Point],
    converted: &'a [&'a ConvertedPoint],
}

impl Drawing<'_> {
    fn panel(&self, reader: &Reader, rows: Vec<MeasureRow>) -> TrendPanel {
        let Self { series, part, .. } = *self;
        let points = measured::drawn(reader, self.points.iter().copied(), part);
        let unit = series
            .unit
            .clone()
            .or_else(|| part_unit(series, part))
            .unwrap_or_default();
        let name = part.title.clone().unwrap_or_else(|| series.title.clone());
        let in_unit = if unit.is_empty() {
            reader.text("trend.panel-no-unit").to_owned()
        } else {
            reader.fill("trend.panel", &[("unit", &unit)])
        };
        let mut title = match &part.title {
            Some(part) => format!("{part}, {in_unit}"),
            None => in_unit,
        };
        if let Some(method) = &series.method {
            title = format!("{title} ({method})");
        }
        let summary = summary(reader, &points, &unit);
        let words = TrendWords {
            title: &format!("{name}: {title}"),
            summary: &summary,
            id: self.id,
            unit: &unit,
            decimal_mark: text::decimal_mark(reader.language),
        };
        let converted = self.converted.iter();
        let beside: Vec<chart::Point> = converted
            .clone()
            .filter_map(|point| beside(reader, point, &unit))
            .collect();
        TrendPanel {
            title,
            chart: chart::trend(&points, &beside, &words, &reader.zone),
            summary,
            rows,
            converted: converted
                .rev()
                .map(|point| ConvertedRow {
                    date: reader.date(point.when.as_ref()),
                    value: text::digits(reader.language, &point.digits),
                    unit: unit.clone(),
                    original: original(reader, point),
                })
                .collect(),
        }
    }
}

/// A converted value as a point of the chart.
fn beside(reader: &Reader, point: &ConvertedPoint, unit: &str) -> Option<chart::Point> {
    // "Less than" in one unit is no number in another.
    if point.original.comparator.is_some() {
        return None;
    }
    let value = text::digits(reader.language, &point.digits);
    let values = [
        ("value", &*format!("{value} {unit}")),
        ("original", &*original(reader, point)),
        ("date", &*reader.date(point.when.as_ref())),
    ];
    Some(chart::Point {
        at_ms: point.when.as_ref()?.low_ms,
        value: point.digits.parse().ok()?,
        text: reader.fill("trend.converted-point", &values),
        low: None,
        high: None,
    })
}

fn original(reader: &Reader, point: &ConvertedPoint) -> String {
    let number = text::number(reader.language, &point.original);
    let unit = point.original.unit.as_deref().unwrap_or_default();
    format!("{number} {unit}").trim_end().to_owned()
}

fn part_unit(series: &Series, part: &Part) -> Option<String> {
    let title = part.title.as_ref()?;
    series
        .points
        .iter()
        .filter_map(|point| point.fact().measured.as_ref())
        .flat_map(|measured| &measured.components)
        .filter(|component| component.title == *title)
        .find_map(|component| match &component.value {
            Value::Quantity(quantity) => quantity.unit.clone(),
            _ => None,
        })
}

/// The course in words, for who does not see the chart.
fn summary(reader: &Reader, points: &[chart::Point], unit: &str) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return reader.text("trend.none-in-period").to_owned();
    };
    let number = |value: f64| text::digits(reader.language, &value.to_string());
    let date = |point: &chart::Point| {
        jiff::Timestamp::from_millisecond(point.at_ms).map_or_else(
            |_| String::new(),
            |at| crate::dates::long(reader.language, at.to_zoned(reader.zone.clone()).date()),
        )
    };
    let low = points
        .iter()
        .map(|point| point.value)
        .fold(f64::INFINITY, f64::min);
    let high = points
        .iter()
        .map(|point| point.value)
        .fold(f64::NEG_INFINITY, f64::max);
    let key = if points.len() == 1 {
        "trend.summary-one"
    } else {
        "trend.summary"
    };
    let mut summary = reader.fill(
        key,
        &[
            ("count", &points.len().to_string()),
            ("from", &date(first)),
            ("to", &date(last)),
            ("low", &number(low)),
            ("high", &number(high)),
            ("last", &number(last.value)),
            ("unit", unit),
        ],
    );
    let place = match (last.low, last.high) {
        (_, Some(high)) if last.value > high => Some("trend.above"),
        (Some(low), _) if last.value < low => Some("trend.below"),
        (Some(_), Some(_)) => Some("trend.within"),
        _ => None,
    };
    if let Some(place) = place {
        summary.push(' ');
        summary.push_str(reader.language.text(place));
    }
    summary
}
