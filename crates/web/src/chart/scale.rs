//! From values to places on the paper.

/// Turns a range of values into a range of places, in straight proportion.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// A scale; equal values are put in the middle.
    pub(super) fn new(from: f64, to: f64, start: f64, end: f64) -> Self {
        Self {
            from,
            to,
            start,
            end,
        }
    }

    /// The place of a value, to a tenth of a pixel.
    pub(super) fn place(&self, value: f64) -> f64 {
        let width = self.to - self.from;
        let part = if width.abs() < f64::EPSILON {
            0.5
        } else {
            (value - self.from) / width
        };
        ((self.start + part * (self.end - self.start)) * 10.0).round() / 10.0
    }
}

/// Round numbers that cover a range, about `count` of them: 1, 2 or 5 times a
/// power of ten apart. Empty for a range that is no range.
pub(super) fn ticks(from: f64, to: f64, count: usize) -> Vec<f64> {
    let width = to - from;
    if !width.is_finite() || width <= 0.0 || count == 0 {
        return Vec::new();
    }
    let rough = width / count as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= rough)
        .unwrap_or(power * 10.0);
    let first = (from / step).ceil();
    (0..=count * 3)
        .map(|index| (first + index as f64) * step)
        .take_while(|tick| *tick <= to + step * 1e-9)
        .collect()
}

/// A tick as text: no more decimals than the distance between ticks asks for.
pub(super) fn tick_text(tick: f64, ticks: &[f64]) -> String {
    let step = ticks
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .next()
        .unwrap_or(1.0);
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    format!("{tick:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: f64, to: f64, expected: &[&str]) {
        let ticks = ticks(from, to, 4);
        let texts: Vec<_> = ticks.iter().map(|tick| tick_text(*tick, &ticks)).collect();
        assert_eq!(texts, expected);
    }

    #[test]
    fn ticks_are_round_numbers() {
        check(0.0, 10.0, &["0", "5", "10"]);
        check(48.0, 61.0, &["50", "55", "60"]);
        check(0.11, 0.19, &["0.12", "0.14", "0.16", "0.18"]);
        check(-3.0, 3.0, &["-2", "0", "2"]);
        check(5.0, 5.0, &[]);
        check(0.0, f64::INFINITY, &[]);
    }

    #[test]
    fn one_value_stands_in_the_middle() {
        assert!((Scale::new(5.0, 5.0, 0.0, 100.0).place(5.0) - 50.0).abs() < 1e-9);
    }
}
