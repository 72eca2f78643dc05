//! What somebody may see or do: Cedar policies, judged per kind of data.
//!
//! The policies are in `/policies/*.cedar`, each with an `@id` and a title in
//! Dutch and English. This module makes the facts that they are judged on
//! ([`Facts`], and nothing else reaches Cedar), asks Cedar once per kind of
//! data, and remembers the outcome per set of facts. It fetches nothing: the
//! consent answer is handed to it.

mod action;
mod decision;
mod engine;
mod explain;
mod facts;

pub use action::Action;
pub use decision::{Decision, Situation};
pub use engine::{DECISIONS_REMEMBERED_MAX, Policies, PolicyError};
pub use explain::{Effect, RuleLine};
pub use facts::Facts;

#[cfg(test)]
mod tests;
