//! Cedar, asked once per set of facts.

use care::AccessContext;

use super::{Decision, RuleLine, Situation};

/// The most sets of facts whose decision is remembered.
pub const DECISIONS_REMEMBERED_MAX: usize = 16_384;

/// Policies that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The schema is not valid Cedar.
    #[error("the policy schema is not valid: {0}")]
    Schema(String),
    /// A policy does not parse, lacks an annotation, or does not fit the schema.
    #[error("the policies are not valid: {0}")]
    Policies(String),
}

/// The policies of this node.
pub struct Policies {}

impl Policies {
    /// The policies of `/policies`, as they were when this was built.
    pub fn embedded() -> Result<Self, PolicyError> {
        unimplemented!()
    }
    /// What somebody may see or do.
    pub fn decide(&self, _context: &AccessContext, _situation: &Situation) -> Decision {
        unimplemented!()
    }
    /// Why: every policy, whether it applies, and the facts that decided.
    pub fn explain(&self, _context: &AccessContext, _situation: &Situation) -> Vec<RuleLine> {
        unimplemented!()
    }
}
