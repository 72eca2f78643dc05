//! A line the size of a word, beside a value in a table.

use std::fmt::Write as _;

use super::{Point, escape, scale::Scale};

const WIDTH: f64 = 96.0;
const HEIGHT: f64 = 24.0;
const MARGIN: f64 = 3.0;

/// Draws the points of one series with the last one marked; `None` for fewer
/// than two, because one point has no course.
///
/// The axis does not start at zero: the shape is what it tells. The band is
/// that of the last point, and is left out where a limit is missing.
pub fn sparkline(points: &[Point], label: &str) -> Option<String> {
    let (first, last) = (points.first()?, points.last()?);
    if points.len() < 2 {
        return None;
    }
    let (low, high) = points
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), point| {
            (low.min(point.value), high.max(point.value))
        });
    let x = Scale::new(
        first.at_ms as f64,
        last.at_ms as f64,
        MARGIN,
        WIDTH - MARGIN,
    );
    let y = Scale::new(low, high, HEIGHT - MARGIN, MARGIN);
    let mut svg = format!(
        "<svg class=\"sparkline\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        escape(label)
    );
    if let (Some(range_low), Some(range_high)) = (last.low, last.high) {
        let top = y.place(range_high.min(high)).clamp(0.0, HEIGHT);
        let bottom = y.place(range_low.max(low)).clamp(0.0, HEIGHT);
        if bottom > top {
            let _ = write!(
                svg,
                "<rect class=\"band\" x=\"0\" y=\"{top}\" width=\"{WIDTH}\" height=\"{:.1}\"/>",
                bottom - top
            );
        }
    }
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
    let class = if last.is_outside() {
        "dot outside"
    } else {
        "dot"
    };
    let _ = write!(
        svg,
        "\"/><circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"2.5\"/></svg>",
        x.place(last.at_ms as f64),
        y.place(last.value)
    );
    Some(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(day: i64, value: f64, low: Option<f64>, high: Option<f64>) -> Point {
        Point {
            at_ms: day * 86_400_000,
            value,
            text: String::new(),
            low,
            high,
        }
    }

    #[test]
    fn the_course_is_drawn_with_its_last_point() {
        let points = [
            point(0, 48.0, Some(20.0), Some(53.0)),
            point(90, 57.0, Some(20.0), Some(53.0)),
            point(200, 61.0, Some(20.0), Some(53.0)),
        ];
        insta::assert_snapshot!(sparkline(&points, "HbA1c \"stijgt\"").unwrap());
    }

    #[test]
    fn a_missing_limit_draws_no_band() {
        let points = [
            point(0, 1.0, None, Some(2.0)),
            point(1, 1.0, None, Some(2.0)),
        ];
        let svg = sparkline(&points, "x").unwrap();
        assert!(!svg.contains("band"), "{svg}");
    }

    #[test]
    fn one_point_has_no_course() {
        assert_eq!(sparkline(&[point(0, 1.0, None, None)], "x"), None);
        assert_eq!(sparkline(&[], "x"), None);
    }
}
