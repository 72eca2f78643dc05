//! Signed assertions between nodes (RFC 7523): who asks, for which
//! organisation, why, about whom.
//!
//! The asking node states it and answers for it; the source believes it of the
//! organisation whose key signed it, and of no other. It goes in the body of a
//! request, because it names a patient.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use care::{
    AccessContext, Actor, Bsn, Clock, ExchangeCode, IdSource, Purpose, Role, TreatmentRelation,
    Ura,
};
use serde::{Deserialize, Serialize};

use crate::{
    Rejected, context,
    identity::{NodeIdentity, Peer, urn},
    jwt::{self, CLOCK_SKEW_S, Expected, is_text},
    person::{PERSON_NAME_CHARACTERS_MAX, SLUG_CHARACTERS_MAX},
    replays::Replays,
};

/// How long an assertion holds, in seconds.
pub const ASSERTION_LIFETIME_S: i64 = 60;
/// The longest reason for an emergency, in characters.
pub const REASON_CHARACTERS_MAX: usize = 500;
/// The longest code of an exchange and identifier of a request, in characters.
pub const CODE_CHARACTERS_MAX: usize = 64;

const KIND: &str = "schakel-assertion+jwt";

/// Signs a node's own assertions and verifies those of others.
pub struct Assertions {
    identity: NodeIdentity,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    replays: Replays,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    exp: i64,
    jti: String,
    name: String,
    role: String,
    organisation_name: String,
    organisation_type: String,
    purpose: String,
    request: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    patient: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exchange: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    treatment_relation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    emergency_reason: Option<String>,
}

impl Assertions {
    /// For the organisation of this identity.
    pub fn new(identity: &NodeIdentity, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { identity: identity.clone(), clock, ids, replays: Replays::default() }
    }

    /// States a context of this organisation to one other node. Valid for
    /// [`ASSERTION_LIFETIME_S`] and once. Refused when the context is another
    /// organisation's, or holds a text that is too long.
    pub fn sign(&self, context: &AccessContext, audience: Ura) -> Result<String, Rejected> {
        let own = self.identity.organisation();
        if context.organisation() != own.ura {
            return Err(Rejected::NotAllowed);
        }
        let now = self.clock.now().as_second();
        let claims = Claims {
            iss: urn(own.ura),
            aud: urn(audience),
            sub: context.actor().id.clone(),
            iat: now,
            exp: now + ASSERTION_LIFETIME_S,
            jti: self.ids.next(),
            name: context.actor().name.clone(),
            role: context.role().code().to_owned(),
            organisation_name: own.name.clone(),
            organisation_type: own.organisation_type.code().to_owned(),
            purpose: context.purpose().code().to_owned(),
            request: context.request().0.clone(),
            patient: context.patient().map(|bsn| bsn.expose().to_owned()),
            exchange: context.exchange().map(|exchange| exchange.0.clone()),
            treatment_relation: context.treatment_relation().map(|kind| kind.code().to_owned()),
            emergency_reason: context.emergency_reason().map(str::to_owned),
        };
        claims.check()?;
        jwt::sign(&self.identity, KIND, &claims)
    }

    /// Verifies what the node at the other end states. It must be signed with
    /// the key of the certificate on this connection, by the organisation of
    /// that certificate, for this organisation; hold now, for at most a minute;
    /// not have been used before; and say of the organisation what the
    /// certificate says.
    pub fn verify(&self, assertion: &str, peer: &Peer) -> Result<AccessContext, Rejected> {
        let claims: Claims = jwt::verify(
            assertion,
            &Expected {
                kind: KIND,
                public_key: &peer.public_key,
                issuer: &urn(peer.ura()),
                audience: &urn(self.identity.ura()),
            },
        )?;
        let now = self.clock.now();
        jwt::check_times(now, claims.iat, claims.exp, ASSERTION_LIFETIME_S)?;
        if claims.organisation_name != peer.organisation.name
            || claims.organisation_type != peer.organisation.organisation_type.code()
        {
            return Err(Rejected::OtherHolder);
        }
        claims.check()?;
        let context = claims.context(peer)?;
        // Last, so that only what would have been accepted takes up room. All
        // are kept equally long, whatever they say of themselves.
        let now = now.as_second();
        let until = now + ASSERTION_LIFETIME_S + CLOCK_SKEW_S;
        self.replays.take(peer.ura(), once(&claims), now, until)?;
        Ok(context)
    }
}

impl Claims {
    fn check(&self) -> Result<(), Rejected> {
        let fits = |text: &Option<String>, max| text.as_deref().is_none_or(|t| is_text(t, max));
        let emergency = self.purpose == Purpose::EmergencyTreatment.code();
        if is_text(&self.sub, SLUG_CHARACTERS_MAX)
            && is_text(&self.name, PERSON_NAME_CHARACTERS_MAX.max(80 + self.organisation_name.len()))
            && is_text(&self.jti, CODE_CHARACTERS_MAX)
            && is_text(&self.request, CODE_CHARACTERS_MAX)
            && fits(&self.exchange, CODE_CHARACTERS_MAX)
            && fits(&self.emergency_reason, REASON_CHARACTERS_MAX)
            && (emergency || self.emergency_reason.is_none())
        {
            Ok(())
        } else {
            Err(Rejected::Invalid)
        }
    }

    fn context(&self, peer: &Peer) -> Result<AccessContext, Rejected> {
        let invalid = Rejected::Invalid;
        let role = Role::from_code(&self.role).ok_or(invalid)?;
        let patient = match &self.patient {
            Some(digits) => Some(Bsn::parse(digits).map_err(|_| invalid)?),
            None if role == Role::Patient => return Err(invalid),
            None => None,
        };
        let relation = match &self.treatment_relation {
            Some(code) => Some(TreatmentRelation::from_code(code).ok_or(invalid)?),
            None => None,
        };
        Ok(context::context(
            Actor { id: self.sub.clone(), name: self.name.clone(), role },
            &peer.organisation,
            Purpose::from_code(&self.purpose).ok_or(invalid)?,
            context::Claims {
                patient,
                exchange: self.exchange.clone().map(ExchangeCode),
                relation,
                emergency_reason: self.emergency_reason.clone(),
            },
            self.request.clone(),
        ))
    }
}

/// What makes an assertion one: its issuer and its `jti`.
fn once(claims: &Claims) -> [u8; 32] {
    let mut hash = Context::new(&SHA256);
    hash.update(claims.iss.as_bytes());
    hash.update(b"|");
    hash.update(claims.jti.as_bytes());
    hash.finish().as_ref().try_into().expect("SHA-256 gives 32 bytes")
}
