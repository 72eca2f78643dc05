//! The facts that policies judge on.

use care::{OrganisationType, Purpose, Role, TreatmentRelation};

use super::Action;

/// Everything that a policy can see, and so everything that a remembered
/// decision depends on. No name, no number, no patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "replaced at once")]
pub struct Facts {
    pub role: Role,
    pub organisation_type: OrganisationType,
    pub purpose: Purpose,
    pub relation: Option<TreatmentRelation>,
    pub action: Action,
}
