//! The facts that policies judge on, and their words in the policies.

use care::{AccessContext, Categories, OrganisationType, Purpose, Role, TreatmentRelation};

use super::{Action, Situation};

/// Everything that a policy can see, and so everything that a remembered
/// decision depends on. No name, no number, no patient: two questions with the
/// same facts always get the same answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Facts {
    /// In what role somebody asks.
    pub role: Role,
    /// For what kind of organisation.
    pub organisation: OrganisationType,
    /// What kind of organisation holds the data.
    pub holder: OrganisationType,
    /// Whether these are the same organisation.
    pub own: bool,
    /// Why they ask.
    pub purpose: Purpose,
    /// What ties the asking organisation to the patient.
    pub relation: Option<TreatmentRelation>,
    /// The kinds of data that the patient's consent opens.
    pub consent: Categories,
    /// Whether the question is about one patient.
    pub patient_named: bool,
    /// Whether a reason for an emergency was given.
    pub reason_given: bool,
    /// What is to be done.
    pub action: Action,
}

impl Facts {
    /// The facts of a question.
    pub fn of(context: &AccessContext, situation: &Situation) -> Self {
        Self {
            role: context.role(),
            organisation: context.organisation_type(),
            holder: situation.holder_type,
            own: context.organisation() == situation.holder,
            purpose: context.purpose(),
            relation: context.treatment_relation(),
            consent: situation
                .consent
                .as_ref()
                .map_or(Categories::NONE, crate::consent::ConsentAnswer::opens),
            patient_named: context.patient().is_some(),
            reason_given: context
                .emergency_reason()
                .is_some_and(|text| !text.trim().is_empty()),
            action: situation.action,
        }
    }
}

/// The groups that a role belongs to.
pub(super) const fn groups(role: Role) -> &'static [&'static str] {
    match role {
        Role::Patient => &["patients"],
        Role::Coordinator | Role::Operator => &["staff"],
        Role::RecordSystem => &["systems"],
        _ if role.is_physician() => &["clinicians", "physicians"],
        _ => &["clinicians"],
    }
}

/// The word of a type of organisation.
pub(super) const fn organisation_word(kind: OrganisationType) -> &'static str {
    match kind {
        OrganisationType::GeneralPractice => "general-practice",
        OrganisationType::OutOfHoursPost => "out-of-hours-post",
        OrganisationType::Laboratory => "laboratory",
        OrganisationType::Hospital => "hospital",
        OrganisationType::Pharmacy => "pharmacy",
        OrganisationType::HomeCare => "home-care",
        OrganisationType::MentalHealth => "mental-health",
        OrganisationType::RegionalOrganisation => "regional-organisation",
    }
}

/// The word of a purpose.
pub(super) const fn purpose_word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Treatment => "treatment",
        Purpose::EmergencyTreatment => "emergency",
        Purpose::PatientRequest => "patient-request",
        Purpose::Operations => "operations",
        Purpose::RecordKeeping => "record-keeping",
    }
}
