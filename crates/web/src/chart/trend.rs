//! The course of one measurement over time, with the limits that came with
//! each value.

use std::fmt::Write as _;

use jiff::{Timestamp, Unit, civil::Date, tz::TimeZone};

use super::{
    Point, escape,
    scale::{Scale, tick_text, ticks},
};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 34.0;
const DAY_MS: f64 = 86_400_000.0;

/// The words in and around a trend chart.
#[derive(Debug, Clone)]
pub struct TrendWords<'a> {
    /// What is drawn, such as "HbA1c in mmol/mol".
    pub title: &'a str,
    /// The course in a sentence or two.
    pub summary: &'a str,
    /// A name for the ids within the page; letters, digits and hyphens.
    pub id: &'a str,
    /// The unit, at the vertical axis.
    pub unit: &'a str,
    /// The decimal mark of the reader.
    pub decimal_mark: char,
}

/// Draws points of one unit, oldest first. `None` for fewer than two.
///
/// The band is drawn in steps, because limits differ per laboratory and in
/// time: each point's own limits hold halfway to its neighbours. A missing
/// limit draws nothing. The vertical axis need not start at zero. Points
/// outside their limits have another shape, not only another colour.
///
/// `converted` are values that were measured in another unit: they stand beside
/// the course as open squares, and are never part of its line.
pub fn trend(
    points: &[Point],
    converted: &[Point],
    words: &TrendWords<'_>,
    zone: &TimeZone,
) -> Option<String> {
    if points.len() + converted.len() < 2 {
        return None;
    }
    let moments = || points.iter().chain(converted).map(|point| point.at_ms);
    let (first, last) = (moments().min()? as f64, moments().max()? as f64);
    let spare = ((last - first) * 0.02).max(DAY_MS / 2.0);
    let x = Scale::new(first - spare, last + spare, LEFT, WIDTH - RIGHT);
    let all: Vec<Point> = points.iter().chain(converted).cloned().collect();
    let (low, high) = value_range(&all);
    let y = Scale::new(low, high, HEIGHT - BOTTOM, TOP);
    let mut svg = format!(
        "<svg class=\"trend\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-labelledby=\"{id}-title {id}-desc\"><title id=\"{id}-title\">{}</title>\
         <desc id=\"{id}-desc\">{}</desc>",
        escape(words.title),
        escape(words.summary),
        id = escape(words.id),
    );
    draw_band(&mut svg, points, &x, &y, (first - spare, last + spare));
    draw_value_axis(&mut svg, &y, (low, high), words);
    draw_time_axis(&mut svg, &x, (first, last), zone);
    draw_points(&mut svg, points, &x, &y);
    draw_converted(&mut svg, converted, &x, &y);
    svg.push_str("</svg>");
    Some(svg)
}

/// The values with their limits, and a little air; limits far away from every
/// value are not allowed to flatten the course.
fn value_range(points: &[Point]) -> (f64, f64) {
    let values = || points.iter().map(|point| point.value);
    let (mut low, mut high) = values()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    let reach = (high - low).max(high.abs() * 0.1).max(f64::EPSILON);
    let near = |limit: &f64| *limit > low - 3.0 * reach && *limit < high + 3.0 * reach;
    let limits: Vec<f64> = points
        .iter()
        .flat_map(|point| [point.low, point.high])
        .flatten()
        .filter(near)
        .collect();
    for limit in limits {
        low = low.min(limit);
        high = high.max(limit);
    }
    let air = ((high - low) * 0.08).max(reach * 0.05);
    (low - air, high + air)
}

fn draw_band(svg: &mut String, points: &[Point], x: &Scale, y: &Scale, ends: (f64, f64)) {
    for (index, point) in points.iter().enumerate() {
        if point.low.is_none() && point.high.is_none() {
            continue;
        }
        let middle = |a: &Point, b: &Point| f64::midpoint(a.at_ms as f64, b.at_ms as f64);
        let from = index
            .checked_sub(1)
            .map_or(ends.0, |before| middle(&points[before], point));
        let to = points
            .get(index + 1)
            .map_or(ends.1, |after| middle(point, after));
        let (left, right) = (x.place(from), x.place(to));
        let (high, low) = (
            point.high.map(|high| y.place(high)),
            point.low.map(|low| y.place(low)),
        );
        if let (Some(high), Some(low)) = (high, low) {
            let within = |place: f64| place.clamp(TOP, HEIGHT - BOTTOM);
            let (top, bottom) = (within(high), within(low));
            let _ = write!(
                svg,
                "<rect class=\"band\" x=\"{left}\" y=\"{top}\" width=\"{:.1}\" height=\"{:.1}\"/>",
                right - left,
                (bottom - top).max(0.0)
            );
        }
        // A limit outside the drawing is not drawn at its edge.
        let drawn = |limit: &f64| (TOP..=HEIGHT - BOTTOM).contains(limit);
        for limit in [high, low].into_iter().flatten().filter(drawn) {
            let _ = write!(
                svg,
                "<line class=\"limit\" x1=\"{left}\" x2=\"{right}\" y1=\"{limit}\" y2=\"{limit}\"/>"
            );
        }
    }
}

fn draw_value_axis(svg: &mut String, y: &Scale, range: (f64, f64), words: &TrendWords<'_>) {
    let marks = ticks(range.0, range.1, 5);
    for mark in &marks {
        let place = y.place(*mark);
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{place}\" y2=\"{place}\"/>\
             <text class=\"tick\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            place + 4.0,
            tick_text(*mark, &marks).replace('.', &words.decimal_mark.to_string())
        );
    }
    let _ = write!(
        svg,
        "<text class=\"unit\" x=\"4\" y=\"11\">{}</text>",
        escape(words.unit)
    );
}

/// Marks years, or months where the course is shorter than two years.
fn draw_time_axis(svg: &mut String, x: &Scale, ends: (f64, f64), zone: &TimeZone) {
    let days = (ends.1 - ends.0) / DAY_MS;
    for (at_ms, text) in time_marks(ends, days, zone) {
        let place = x.place(at_ms);
        let _ = write!(
            svg,
            "<line class=\"mark\" x1=\"{place}\" x2=\"{place}\" y1=\"{}\" y2=\"{}\"/>\
             <text class=\"tick\" x=\"{place}\" y=\"{}\" text-anchor=\"middle\">{text}</text>",
            HEIGHT - BOTTOM,
            HEIGHT - BOTTOM + 5.0,
            HEIGHT - BOTTOM + 20.0
        );
    }
}

fn time_marks(ends: (f64, f64), days: f64, zone: &TimeZone) -> Vec<(f64, String)> {
    let day_of = |ms: f64| -> Option<Date> {
        Some(
            Timestamp::from_millisecond(ms as i64)
                .ok()?
                .to_zoned(zone.clone())
                .date(),
        )
    };
    let ms_of = |date: Date| -> Option<f64> {
        Some(
            date.to_zoned(zone.clone())
                .ok()?
                .timestamp()
                .as_millisecond() as f64,
        )
    };
    let (Some(first), Some(last)) = (day_of(ends.0), day_of(ends.1)) else {
        return Vec::new();
    };
    let mut marks = Vec::new();
    if days > 730.0 {
        for year in first.year() + 1..=last.year() {
            let Some(at) = Date::new(year, 1, 1).ok().and_then(ms_of) else {
                continue;
            };
            marks.push((at, year.to_string()));
        }
    } else if days > 60.0 {
        let every = if days > 400.0 {
            3
        } else {
            (days / 240.0).ceil() as i8
        };
        let mut month = first.first_of_month();
        while month <= last && marks.len() < 24 {
            let Ok(next) = month.checked_add(jiff::Span::new().months(1)) else {
                break;
            };
            month = next;
            if (month.month() - 1) % every == 0
                && month <= last
                && let Some(at) = ms_of(month)
            {
                marks.push((at, format!("{:02}-{}", month.month(), month.year())));
            }
        }
    } else {
        marks.push((
            ends.0,
            format!("{:02}-{:02}-{}", first.day(), first.month(), first.year()),
        ));
        let apart = first
            .until((Unit::Day, last))
            .map_or(0, |span| span.get_days());
        if apart > 0 {
            marks.push((
                ends.1,
                format!("{:02}-{:02}-{}", last.day(), last.month(), last.year()),
            ));
        }
    }
    marks
}

fn draw_points(svg: &mut String, points: &[Point], x: &Scale, y: &Scale) {
    svg.push_str("<polyline class=\"line\" points=\"");
    for (index, point) in points.iter().enumerate() {
        let space = if index == 0 { "" } else { " " };
        let _ = write!(
            svg,
            "{space}{},{}",
            x.place(point.at_ms as f64),
            y.place(point.value)
        );
    }
    svg.push_str("\"/>");
    for point in points {
        let (cx, cy) = (x.place(point.at_ms as f64), y.place(point.value));
        if point.is_outside() {
            let _ = write!(
                svg,
                "<path class=\"dot outside\" d=\"M{cx} {:.1}l6 6l-6 6l-6 -6z\"><title>{}</title></path>",
                cy - 6.0,
                escape(&point.text)
            );
        } else {
            let _ = write!(
                svg,
                "<circle class=\"dot\" cx=\"{cx}\" cy=\"{cy}\" r=\"4\"><title>{}</title></circle>",
                escape(&point.text)
            );
        }
    }
}

fn draw_converted(svg: &mut String, converted: &[Point], x: &Scale, y: &Scale) {
    for point in converted {
        let (left, top) = (
            x.place(point.at_ms as f64) - 4.0,
            y.place(point.value) - 4.0,
        );
        let _ = write!(
            svg,
            "<rect class=\"converted\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"8\" \
             height=\"8\"><title>{}</title></rect>",
            escape(&point.text)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(day: i64, value: f64, low: Option<f64>, high: Option<f64>) -> Point {
        let text = format!("dag {day}: {value}");
        Point {
            at_ms: day * 86_400_000,
            value,
            text,
            low,
            high,
        }
    }

    fn draw(points: &[Point]) -> Option<String> {
        let words = TrendWords {
            title: "HbA1c <nieuw>",
            summary: "Stijgt.",
            id: "t1",
            unit: "mmol/mol",
            decimal_mark: ',',
        };
        trend(points, &[], &words, &TimeZone::UTC)
    }

    #[test]
    fn the_band_follows_the_limits_of_each_point() {
        let points = [
            point(19_000, 48.0, Some(20.0), Some(42.0)),
            point(19_400, 55.0, Some(20.0), Some(53.0)),
            point(19_900, 51.0, None, None),
        ];
        insta::assert_snapshot!(draw(&points).unwrap().replace("><", ">\n<"));
    }

    #[test]
    fn a_missing_limit_draws_nothing() {
        let svg = draw(&[point(0, 5.0, None, None), point(9, 6.0, None, None)]).unwrap();
        assert!(!svg.contains("band") && !svg.contains("\"limit\""), "{svg}");
        let svg = draw(&[point(0, 5.0, None, Some(7.0)), point(9, 6.0, None, None)]).unwrap();
        assert!(!svg.contains("band") && svg.contains("\"limit\""), "{svg}");
    }

    #[test]
    fn converted_values_stand_beside_the_line() {
        let words = TrendWords {
            title: "Glucose",
            summary: "Een uitslag.",
            id: "t1",
            unit: "mmol/L",
            decimal_mark: ',',
        };
        let own = [point(10, 5.0, None, None)];
        let other = [point(0, 4.5, None, None), point(20, 6.5, None, None)];
        let svg = trend(&own, &other, &words, &TimeZone::UTC).unwrap();
        assert_eq!(svg.matches("class=\"converted\"").count(), 2);
        assert_eq!(svg.matches("class=\"dot\"").count(), 1);
        let line = svg.split("points=\"").nth(1).unwrap();
        assert_eq!(line.split('"').next().unwrap().matches(',').count(), 1);
    }

    #[test]
    fn one_point_has_no_course() {
        assert_eq!(draw(&[point(0, 5.0, None, None)]), None);
    }
}
