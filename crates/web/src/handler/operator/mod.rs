//! The pages of the operator of a node.

pub(crate) mod checks;
pub(crate) mod messages;
