//! Who is asking, and why.

use std::fmt;

use crate::{Bsn, OrganisationType, Purpose, Role, Ura};

/// Who asks, for which organisation, why, about whom: the first argument of
/// everything that touches patient data.
///
/// Only authentication makes one: [`AccessContext::from_authentication`] is
/// barred by lint everywhere but in `trust` and in tests. So holding a context
/// proves that somebody was identified. It proves nothing about what they may
/// see: that is a [`crate::Scope`], which the policies give.
#[derive(Debug, Clone)]
pub struct AccessContext(Authenticated);

/// What authentication established.
#[derive(Debug, Clone)]
pub struct Authenticated {
    /// The person or system that acts.
    pub actor: Actor,
    /// The organisation on whose behalf they act.
    pub organisation: Ura,
    /// The name of that organisation, for the audit line and the patient.
    pub organisation_name: String,
    /// What kind of organisation that is.
    pub organisation_type: OrganisationType,
    /// Why they ask.
    pub purpose: Purpose,
    /// The only patient that they may ask about, where the credential says so.
    pub patient: Option<Bsn>,
    /// The exchange under which they ask, where there is one.
    pub exchange: Option<ExchangeCode>,
    /// What ties the organisation to the patient, as far as it is known.
    pub treatment_relation: Option<TreatmentRelation>,
    /// Why the glass was broken, in the words of the person; only with
    /// [`Purpose::EmergencyTreatment`].
    pub emergency_reason: Option<String>,
    /// The request that all audit lines of this question share, at every node.
    pub request: RequestId,
}

/// A person or system that acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The identifier at its organisation: an UZI number, or a name in the demo region.
    pub id: String,
    /// The name, as the patient will read it in the access log.
    pub name: String,
    /// The role.
    pub role: Role,
}

/// The code of an exchange in the catalogue, such as `bgz`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExchangeCode(pub String);

/// The identifier of one question, carried along to every source.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(pub String);

/// What shows that an organisation treats a patient (behandelrelatie).
///
/// The asking organisation finds it in its own records, states it in its
/// signed assertion, and answers for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TreatmentRelation {
    /// The patient is registered with the practice or in care (EpisodeOfCare, CareTeam).
    InCare,
    /// There was a contact in the last year, or there is one now.
    Contact,
    /// Somebody referred the patient or asked for a test here.
    Request,
    /// The pharmacy dispenses for the patient.
    Dispensing,
}

impl TreatmentRelation {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::InCare, Self::Contact, Self::Request, Self::Dispensing];

    /// The word that assertions and policies use.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InCare => "in-care",
            Self::Contact => "contact",
            Self::Request => "request",
            Self::Dispensing => "dispensing",
        }
    }

    /// Finds a kind by its word.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|relation| relation.code() == code)
    }
}

impl AccessContext {
    /// Makes a context of what authentication established. Only `trust` and
    /// tests may call it; a lint holds the rule.
    pub fn from_authentication(authenticated: Authenticated) -> Self {
        Self(authenticated)
    }

    /// The person or system that acts.
    pub fn actor(&self) -> &Actor {
        &self.0.actor
    }

    /// The role in which they act.
    pub fn role(&self) -> Role {
        self.0.actor.role
    }

    /// The organisation on whose behalf they act.
    pub fn organisation(&self) -> Ura {
        self.0.organisation
    }

    /// The name of that organisation.
    pub fn organisation_name(&self) -> &str {
        &self.0.organisation_name
    }

    /// What kind of organisation that is.
    pub fn organisation_type(&self) -> OrganisationType {
        self.0.organisation_type
    }

    /// Why they ask.
    pub fn purpose(&self) -> Purpose {
        self.0.purpose
    }

    /// The patient that the question is about, where it is about one.
    pub fn patient(&self) -> Option<&Bsn> {
        self.0.patient.as_ref()
    }

    /// The exchange under which they ask.
    pub fn exchange(&self) -> Option<&ExchangeCode> {
        self.0.exchange.as_ref()
    }

    /// What ties the organisation to the patient.
    pub fn treatment_relation(&self) -> Option<TreatmentRelation> {
        self.0.treatment_relation
    }

    /// Why the glass was broken.
    pub fn emergency_reason(&self) -> Option<&str> {
        self.0.emergency_reason.as_deref()
    }

    /// The request that all audit lines of this question share.
    pub fn request(&self) -> &RequestId {
        &self.0.request
    }

    /// The same person asking about one patient, under one exchange.
    ///
    /// A credential for one patient cannot be turned to another.
    pub fn about(
        &self,
        patient: &Bsn,
        exchange: Option<ExchangeCode>,
        relation: Option<TreatmentRelation>,
    ) -> Result<Self, OtherPatient> {
        if self
            .0
            .patient
            .as_ref()
            .is_some_and(|bound| bound != patient)
        {
            return Err(OtherPatient);
        }
        let mut narrowed = self.0.clone();
        narrowed.patient = Some(patient.clone());
        narrowed.exchange = exchange;
        narrowed.treatment_relation = relation;
        Ok(Self(narrowed))
    }

    /// The same person asking for another purpose; a reason is for an emergency.
    ///
    /// Whether the role may ask for this purpose is the policies' to say.
    pub fn for_purpose(&self, purpose: Purpose, emergency_reason: Option<String>) -> Self {
        let mut changed = self.0.clone();
        changed.purpose = purpose;
        changed.emergency_reason = emergency_reason;
        Self(changed)
    }

    /// The same person in another request, for the audit lines.
    pub fn in_request(&self, request: RequestId) -> Self {
        let mut changed = self.0.clone();
        changed.request = request;
        Self(changed)
    }
}

/// A credential for one patient was used for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this credential is for another patient")]
pub struct OtherPatient;

impl fmt::Display for ExchangeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(
        clippy::disallowed_methods,
        reason = "a test stands in for authentication"
    )]
    fn patient_context(bsn: &str) -> AccessContext {
        AccessContext::from_authentication(Authenticated {
            actor: Actor {
                id: "p".into(),
                name: "P".into(),
                role: Role::Patient,
            },
            organisation: "1".parse().unwrap(),
            organisation_name: "Regio".into(),
            organisation_type: OrganisationType::RegionalOrganisation,
            purpose: Purpose::PatientRequest,
            patient: Some(Bsn::parse(bsn).unwrap()),
            exchange: None,
            treatment_relation: None,
            emergency_reason: None,
            request: RequestId("r".into()),
        })
    }

    #[test]
    fn a_credential_for_one_patient_stays_with_that_patient() {
        let context = patient_context("999911119");
        let other = Bsn::parse("999906276").unwrap();
        assert_eq!(context.about(&other, None, None).unwrap_err(), OtherPatient);
        let own = Bsn::parse("999911119").unwrap();
        assert!(context.about(&own, None, None).is_ok());
    }

    #[test]
    fn a_context_prints_no_bsn() {
        assert!(!format!("{:?}", patient_context("999911119")).contains("999911119"));
    }
}
