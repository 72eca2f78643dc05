//! What was measured, with its digits as received.

use super::Coding;

/// A measured value, with its digits as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// The value.
    pub value: Value,
    /// The parts, such as systolic and diastolic.
    pub components: Vec<Component>,
    /// What the source says of it.
    pub flag: Option<Flag>,
    /// The reference range that came with it; a missing limit is missing.
    pub range: Option<Range>,
    /// Why there is no value, in the words of the source.
    pub absent_reason: Option<String>,
}

/// One part of a measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// What part, as the source wrote it.
    pub title: String,
    /// Its codes.
    pub codings: Vec<Coding>,
    /// Its value.
    pub value: Value,
    /// What the source says of it.
    pub flag: Option<Flag>,
    /// Its reference range.
    pub range: Option<Range>,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number with its unit.
    Quantity(Quantity),
    /// A word or a code, such as «positief».
    Text(String),
    /// No value.
    Missing,
}

/// A number with its unit, as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// The digits as received.
    pub digits: String,
    /// `<`, `<=`, `>=` or `>`.
    pub comparator: Option<String>,
    /// The unit as people read it.
    pub unit: Option<String>,
    /// The UCUM code, when it carries one.
    pub ucum: Option<String>,
}

impl Quantity {
    /// The number, for drawing; show [`Quantity::digits`].
    pub fn number(&self) -> Option<f64> {
        self.digits
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
    }
}

/// What a source says of a value (zib ResultaatFlags, HL7 v3 ObservationInterpretation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flag {
    /// Within the range.
    Normal,
    /// Below the range.
    Low,
    /// Far below the range.
    CriticallyLow,
    /// Above the range.
    High,
    /// Far above the range.
    CriticallyHigh,
    /// Not normal, without a direction.
    Abnormal,
}

/// A reference range, with its digits as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The lower limit.
    pub low: Option<Quantity>,
    /// The upper limit.
    pub high: Option<Quantity>,
    /// The range in words.
    pub text: Option<String>,
}
