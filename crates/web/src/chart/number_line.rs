//! Where a value lies between its limits, for patients: a number line is
//! understood better than a table of limits.

use std::fmt::Write as _;

use super::{Point, escape, scale::Scale};

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 46.0;
const MARGIN: f64 = 12.0;
const LINE: f64 = 18.0;

/// Draws the value on a line with the band of its limits; `None` where a limit
/// is missing, because then there is no place to show.
pub fn number_line(point: &Point, label: &str, decimal_mark: char) -> Option<String> {
    let (low, high) = (point.low?, point.high?);
    let width = high - low;
    if !width.is_finite() || width <= 0.0 || !point.value.is_finite() {
        return None;
    }
    let from = (low - width / 2.0).min(point.value - width / 8.0);
    let to = (high + width / 2.0).max(point.value + width / 8.0);
    let x = Scale::new(from, to, MARGIN, WIDTH - MARGIN);
    let (left, right) = (x.place(low), x.place(high));
    let class = if point.is_outside() {
        "dot outside"
    } else {
        "dot"
    };
    let mut svg = format!(
        "<svg class=\"number-line\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        escape(label)
    );
    let _ = write!(
        svg,
        "<line class=\"axis\" x1=\"{MARGIN}\" x2=\"{}\" y1=\"{LINE}\" y2=\"{LINE}\"/>\
         <rect class=\"band\" x=\"{left}\" y=\"{}\" width=\"{:.1}\" height=\"12\" rx=\"3\"/>\
         <text class=\"limit\" x=\"{left}\" y=\"{}\" text-anchor=\"middle\">{}</text>\
         <text class=\"limit\" x=\"{right}\" y=\"{}\" text-anchor=\"middle\">{}</text>\
         <circle class=\"{class}\" cx=\"{}\" cy=\"{LINE}\" r=\"6\"/></svg>",
        WIDTH - MARGIN,
        LINE - 6.0,
        right - left,
        HEIGHT - 4.0,
        number(low, decimal_mark),
        HEIGHT - 4.0,
        number(high, decimal_mark),
        x.place(point.value),
    );
    Some(svg)
}

/// A number without needless zeroes.
fn number(value: f64, decimal_mark: char) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0')
        .trim_end_matches('.')
        .replace('.', &decimal_mark.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(value: f64, low: Option<f64>, high: Option<f64>) -> Point {
        Point {
            at_ms: 0,
            value,
            text: String::new(),
            low,
            high,
        }
    }

    #[test]
    fn the_value_stands_beside_its_limits() {
        let point = point(8.4, Some(4.0), Some(7.8));
        insta::assert_snapshot!(number_line(&point, "8,4: hoger dan normaal", ',').unwrap());
    }

    #[test]
    fn without_both_limits_there_is_no_line() {
        assert_eq!(number_line(&point(1.0, None, Some(2.0)), "", ','), None);
        assert_eq!(
            number_line(&point(1.0, Some(2.0), Some(2.0)), "", ','),
            None
        );
        assert_eq!(
            number_line(&point(f64::NAN, Some(1.0), Some(2.0)), "", ','),
            None
        );
    }
}
