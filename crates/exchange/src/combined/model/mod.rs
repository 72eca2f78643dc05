//! The shapes of the combined record: sections hold groups of facts, and
//! series of points.

mod fact;
mod measured;
mod section;
mod series;

pub use fact::{Block, Coding, Fact, Field, FieldName, Moment};
pub use measured::{Component, Flag, Measured, Quantity, Range, Value};
pub use section::{
    CombinedRecord, Difference, Group, Notice, Rule, Section, SectionKind, SectionSource,
};
pub use series::{Change, ConvertedPoint, Point, Repeat, Series};
