//! What a change would do, before it is made.

use care::ConsentCategory;

use super::{Change, ConsentRecord, InvalidChange, Party};

/// Somebody who gains or loses sight of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Effect {
    /// Whose data.
    pub holder: Party,
    /// Who gains or loses sight of it.
    pub consulting: Party,
    /// Which data.
    pub category: ConsentCategory,
}

/// What a change would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The record as it would be.
    pub after: ConsentRecord,
    /// Who would see more.
    pub gains: Vec<Effect>,
    /// Who would see less.
    pub losses: Vec<Effect>,
}

/// Says what a change would do, without making it.
pub fn preview(_record: &ConsentRecord, _change: &Change) -> Result<Preview, InvalidChange> {
    unimplemented!()
}
