//! Signed assertions between nodes (RFC 7523): who asks, for which
//! organisation, why, about whom.
//!
//! The asking node states it and answers for it; the source believes it of the
//! organisation whose key signed it, and of no other. It goes in the body of a
//! request, because it names a patient.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use care::{
    AccessContext, Actor, Bsn, Clock, ExchangeCode, IdSource, Purpose, Role, TreatmentRelation, Ura,
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
        Self {
            identity: identity.clone(),
            clock,
            ids,
            replays: Replays::default(),
        }
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
            treatment_relation: context
                .treatment_relation()
                .map(|kind| kind.code().to_owned()),
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
            && is_text(
                &self.name,
                PERSON_NAME_CHARACTERS_MAX.max(80 + self.organisation_name.len()),
            )
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
            Actor {
                id: self.sub.clone(),
                name: self.name.clone(),
                role,
            },
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
    hash.finish()
        .as_ref()
        .try_into()
        .expect("SHA-256 gives 32 bytes")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use care::{ManualClock, OrganisationType, RequestId};

    use super::*;
    use crate::testing::{
        Asker, SECOND, bsn, clock, ids, internist, node, other_bsn, patient, peer_of, ura,
    };

    struct Pair {
        hospital: NodeIdentity,
        asking: Assertions,
        answering: Assertions,
        peer: Peer,
        clock: Arc<ManualClock>,
    }

    /// The hospital asks, the GP practice answers.
    fn pair() -> Pair {
        let clock = clock();
        let [hospital, practice] = [
            OrganisationType::Hospital,
            OrganisationType::GeneralPractice,
        ]
        .map(node);
        Pair {
            asking: Assertions::new(&hospital, clock.clone(), ids()),
            answering: Assertions::new(&practice, clock.clone(), ids()),
            peer: peer_of(&hospital),
            hospital,
            clock,
        }
    }

    fn practice() -> Ura {
        ura(OrganisationType::GeneralPractice)
    }

    impl Pair {
        fn signed(&self, asker: &Asker) -> String {
            self.asking.sign(&asker.context(), practice()).unwrap()
        }

        fn verify(&self, assertion: &str) -> Result<AccessContext, Rejected> {
            self.answering.verify(assertion, &self.peer)
        }
    }

    #[test]
    fn the_whole_context_arrives() {
        let pair = pair();
        let context = pair.verify(&pair.signed(&internist())).unwrap();
        assert_eq!(
            format!("{context:?}"),
            format!("{:?}", internist().context())
        );
        assert_eq!(context.patient(), Some(&bsn()));
        let emergency = Asker {
            purpose: Purpose::EmergencyTreatment,
            relation: None,
            reason: Some("Bewusteloos binnengebracht".into()),
            ..internist()
        };
        let context = pair.verify(&pair.signed(&emergency)).unwrap();
        assert_eq!(
            context.emergency_reason(),
            Some("Bewusteloos binnengebracht")
        );
        let nobody = Asker {
            patient: None,
            ..internist()
        };
        assert_eq!(pair.verify(&pair.signed(&nobody)).unwrap().patient(), None);
    }

    #[test]
    fn an_assertion_holds_once_and_for_a_minute() {
        let pair = pair();
        let assertion = pair.signed(&internist());
        assert!(pair.verify(&assertion).is_ok());
        assert_eq!(pair.verify(&assertion).unwrap_err(), Rejected::Replayed);
        pair.clock.advance(Duration::from_secs(59));
        assert_eq!(pair.verify(&assertion).unwrap_err(), Rejected::Replayed);
        let late = pair.signed(&internist());
        pair.clock.advance(SECOND);
        assert_eq!(pair.verify(&assertion).unwrap_err(), Rejected::Expired);
        pair.clock.advance(Duration::from_secs(59));
        assert_eq!(pair.verify(&late).unwrap_err(), Rejected::Expired);
    }

    #[test]
    fn an_assertion_is_of_one_node_for_one_node() {
        let pair = pair();
        let assertion = pair.signed(&internist());
        // To another than it was made for.
        let pharmacy =
            Assertions::new(&node(OrganisationType::Pharmacy), pair.clock.clone(), ids());
        assert_eq!(
            pharmacy.verify(&assertion, &pair.peer).unwrap_err(),
            Rejected::Invalid
        );
        // By another than who made it, even one that says it is the same.
        let thief = peer_of(&node(OrganisationType::Pharmacy));
        assert_eq!(
            pair.answering.verify(&assertion, &thief).unwrap_err(),
            Rejected::Invalid
        );
        let renewed = peer_of(&node(OrganisationType::Hospital));
        assert_eq!(
            pair.answering.verify(&assertion, &renewed).unwrap_err(),
            Rejected::Invalid
        );
        let mut alias = pair.peer.clone();
        alias.organisation.ura = ura(OrganisationType::Pharmacy);
        assert_eq!(
            pair.answering.verify(&assertion, &alias).unwrap_err(),
            Rejected::Invalid
        );
        // A node states what its own people do, nobody else's.
        let other = Asker {
            kind: OrganisationType::Pharmacy,
            ..internist()
        };
        assert_eq!(
            pair.asking.sign(&other.context(), practice()).unwrap_err(),
            Rejected::NotAllowed
        );
    }

    #[test]
    fn what_it_says_of_the_organisation_is_what_the_certificate_says() {
        let pair = pair();
        for change in [
            |peer: &mut Peer| peer.organisation.organisation_type = OrganisationType::Pharmacy,
            |peer: &mut Peer| peer.organisation.name = "Ander ziekenhuis".into(),
        ] {
            let mut peer = pair.peer.clone();
            change(&mut peer);
            let assertion = pair.signed(&internist());
            assert_eq!(
                pair.answering.verify(&assertion, &peer).unwrap_err(),
                Rejected::OtherHolder
            );
        }
    }

    #[test]
    fn claims_that_make_no_sense_are_refused() {
        let pair = pair();
        let sign = |change: &dyn Fn(&mut Claims)| {
            let now = pair.clock.now().as_second();
            let mut claims = Claims {
                iss: urn(pair.hospital.ura()),
                aud: urn(practice()),
                sub: "jansen".into(),
                iat: now,
                exp: now + ASSERTION_LIFETIME_S,
                jti: ids().next() + "-1",
                name: "dr. A. Jansen".into(),
                role: Role::Internist.code().into(),
                organisation_name: pair.peer.organisation.name.clone(),
                organisation_type: pair.peer.organisation.organisation_type.code().into(),
                purpose: Purpose::Treatment.code().into(),
                request: "request".into(),
                patient: Some(other_bsn().expose().into()),
                exchange: Some("bgz".into()),
                treatment_relation: Some("contact".into()),
                emergency_reason: None,
            };
            change(&mut claims);
            jwt::sign(&pair.hospital, KIND, &claims).unwrap()
        };
        let check = |change: &dyn Fn(&mut Claims)| {
            assert_eq!(pair.verify(&sign(change)).unwrap_err(), Rejected::Invalid);
        };
        check(&|claims| claims.exp += 1);
        check(&|claims| claims.exp = i64::MAX);
        check(&|claims| claims.iat = i64::MIN);
        check(&|claims| {
            claims.iat += CLOCK_SKEW_S + 1;
            claims.exp += CLOCK_SKEW_S + 1;
        });
        check(&|claims| claims.role = "wizard".into());
        check(&|claims| claims.purpose = "curiosity".into());
        check(&|claims| claims.patient = Some("123456789".into()));
        check(&|claims| claims.treatment_relation = Some("neighbour".into()));
        check(&|claims| claims.sub = String::new());
        check(&|claims| claims.name = "x\u{0}".into());
        check(&|claims| claims.jti = "x".repeat(CODE_CHARACTERS_MAX + 1));
        check(&|claims| claims.request = "x".repeat(CODE_CHARACTERS_MAX + 1));
        check(&|claims| claims.exchange = Some("x".repeat(CODE_CHARACTERS_MAX + 1)));
        check(&|claims| claims.emergency_reason = Some("no emergency".into()));
        check(&|claims| {
            claims.purpose = Purpose::EmergencyTreatment.code().into();
            claims.emergency_reason = Some("x".repeat(REASON_CHARACTERS_MAX + 1));
        });
        check(&|claims| {
            claims.role = Role::Patient.code().into();
            claims.patient = None;
        });
        let longest = sign(&|claims| {
            claims.purpose = Purpose::EmergencyTreatment.code().into();
            claims.emergency_reason = Some("é".repeat(REASON_CHARACTERS_MAX));
            claims.iat += CLOCK_SKEW_S;
            claims.exp += CLOCK_SKEW_S;
        });
        assert!(pair.verify(&longest).is_ok());
    }

    #[test]
    fn what_cannot_be_verified_is_not_signed() {
        let pair = pair();
        let long = internist().context().in_request(RequestId("x".repeat(65)));
        assert_eq!(
            pair.asking.sign(&long, practice()).unwrap_err(),
            Rejected::Invalid
        );
        let system = pair.hospital.own_system(&*ids());
        let assertion = pair.asking.sign(&system, practice()).unwrap();
        assert_eq!(pair.verify(&assertion).unwrap().role(), Role::RecordSystem);
    }

    #[test]
    fn a_patient_asks_through_the_region() {
        let clock = clock();
        let region = node(OrganisationType::RegionalOrganisation);
        let asking = Assertions::new(&region, clock.clone(), ids());
        let pair = pair();
        let assertion = asking.sign(&patient().context(), practice()).unwrap();
        let context = pair
            .answering
            .verify(&assertion, &peer_of(&region))
            .unwrap();
        assert_eq!(
            (context.role(), context.patient()),
            (Role::Patient, Some(&bsn()))
        );
    }
}
