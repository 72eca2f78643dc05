//! Charts as SVG, made on the server: they print, need no script and look the
//! same everywhere.
//!
//! A chart never stands alone: the page that shows it writes the value and a
//! table beside it. Colours and lines come from the stylesheet by class, since
//! the pages allow no inline style.

mod number_line;
mod scale;
mod sparkline;
mod trend;

pub use number_line::number_line;
pub use sparkline::sparkline;
pub use trend::{TrendWords, trend};

/// One measured value in time.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// When it was measured, in milliseconds since 1970.
    pub at_ms: i64,
    /// The value, in the unit of its series.
    pub value: f64,
    /// The value and date in words, for who hears the chart.
    pub text: String,
    /// The lower limit that the laboratory gave with this value.
    pub low: Option<f64>,
    /// The upper limit that the laboratory gave with this value.
    pub high: Option<f64>,
}

impl Point {
    /// Whether the value lies outside the limits that came with it.
    pub fn is_outside(&self) -> bool {
        self.low.is_some_and(|low| self.value < low)
            || self.high.is_some_and(|high| self.value > high)
    }
}

/// Writes text so that it is text in SVG and HTML.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
