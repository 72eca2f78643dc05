//! The one place that turns an authenticated person into an [`AccessContext`].

use care::{
    AccessContext, Actor, Authenticated, Bsn, ExchangeCode, Purpose, RequestId, TreatmentRelation,
};

use crate::identity::OrganisationRecord;

/// What a credential says beside who the person and the organisation are.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    pub(crate) patient: Option<Bsn>,
    pub(crate) exchange: Option<ExchangeCode>,
    pub(crate) relation: Option<TreatmentRelation>,
    pub(crate) emergency_reason: Option<String>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "every credential of this room ends here"
)]
pub(crate) fn context(
    actor: Actor,
    organisation: &OrganisationRecord,
    purpose: Purpose,
    claims: Claims,
    request: String,
) -> AccessContext {
    AccessContext::from_authentication(Authenticated {
        actor,
        organisation: organisation.ura,
        organisation_name: organisation.name.clone(),
        organisation_type: organisation.organisation_type,
        purpose,
        patient: claims.patient,
        exchange: claims.exchange,
        treatment_relation: claims.relation,
        emergency_reason: claims.emergency_reason,
        request: RequestId(request),
    })
}
