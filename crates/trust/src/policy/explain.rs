//! Why somebody may or may not, rule by rule.

use care::Categories;

/// What a policy does when it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It allows.
    Permit,
    /// It forbids, whatever others allow.
    Forbid,
}

/// One line of an explanation. It holds no patient data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleLine {
    /// The `@id` of the policy, or `facts`, `consent` or `decision`.
    pub rule: String,
    /// What the policy does; none for lines about facts.
    pub effect: Option<Effect>,
    /// Whether it applies to anything here.
    pub applies: bool,
    /// The kinds of data that it applies to.
    pub categories: Categories,
    /// For people, in Dutch.
    pub text_nl: String,
    /// The same in English.
    pub text_en: String,
}
