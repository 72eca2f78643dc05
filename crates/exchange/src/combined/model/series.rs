//! Values in time.

use super::{Coding, Difference, Fact, Moment, Quantity, Rule};

/// The values of one test in one unit by one method, in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// A name that stays the same from one question to the next.
    pub id: String,
    /// What was measured, as a source wrote it.
    pub title: String,
    /// The code: LOINC where there is one; `None` for a result without a code.
    pub code: Option<Coding>,
    /// The unit as people read it.
    pub unit: Option<String>,
    /// The UCUM code of the unit.
    pub ucum: Option<String>,
    /// The method, where the source names one.
    pub method: Option<String>,
    /// The measurements, the earliest first; those without a time at the start.
    pub points: Vec<Point>,
    /// Values of the same test in another unit, converted by a UCUM rule into
    /// this series' unit: shown as converted, beside the original.
    pub converted: Vec<ConvertedPoint>,
    /// The change from the last but one number to the last.
    pub change: Option<Change>,
}

impl Series {
    /// The latest measurement.
    pub fn latest(&self) -> Option<&Point> {
        self.points.last()
    }
}

/// One measurement, as one or more sources give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// When it was taken, as far as it is known.
    pub when: Option<Moment>,
    /// The fact to show: position in [`Point::facts`], the latest correction.
    pub shown: usize,
    /// Every source's own fact, the latest version first.
    pub facts: Vec<Fact>,
    /// Why these facts stand together.
    pub rules: Vec<Rule>,
    /// In what they differ.
    pub differences: Vec<Difference>,
    /// Whether the same test was done elsewhere shortly before.
    pub repeats: Option<Repeat>,
}

impl Point {
    /// The fact to show.
    pub fn fact(&self) -> &Fact {
        &self.facts[self.shown]
    }
}

/// The same test, done shortly before by somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// How many whole days before.
    pub days: u16,
    /// Who did it.
    pub organisation: String,
    /// When.
    pub when: Moment,
}

/// A value of another series, converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvertedPoint {
    /// Which series it comes from.
    pub series: String,
    /// Which point of that series.
    pub point: usize,
    /// When it was taken.
    pub when: Option<Moment>,
    /// The converted number, in this series' unit.
    pub digits: String,
    /// The value as received, with its unit.
    pub original: Quantity,
}

/// A change between two numbers, in the unit of the series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// The last but one number.
    pub from: f64,
    /// The last number.
    pub to: f64,
}

impl Eq for Change {}
