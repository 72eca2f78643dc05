//! Bearer tokens for an organisation's own door: its record system, its
//! clinicians, its patients' apps.
//!
//! A token says who somebody is, no more: role and BSN come from the list of
//! people at the moment of use, so somebody who leaves the list is out at once,
//! and no BSN travels in a header.

use std::{sync::Arc, time::Duration};

use care::{AccessContext, Clock, IdSource};
use serde::{Deserialize, Serialize};

use crate::{
    Rejected,
    identity::{NodeIdentity, urn},
    jwt::{self, Expected},
    person::{People, Person},
};

/// The longest that a token may hold.
pub const BEARER_LIFETIME_MAX: Duration = Duration::from_hours(24);

/// The `typ` of these tokens (RFC 9068).
const KIND: &str = "at+jwt";

/// Issues and verifies the bearer tokens of one organisation's own door.
pub struct Bearer {
    identity: NodeIdentity,
    people: Arc<People>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    role: String,
    purpose: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl Bearer {
    /// For the organisation of this identity and these people.
    pub fn new(
        identity: &NodeIdentity,
        people: Arc<People>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        Self {
            identity: identity.clone(),
            people,
            clock,
            ids,
        }
    }

    /// A token for a person of this organisation's list: a JWT, ES256. It holds
    /// for `lifetime`, 1 s to [`BEARER_LIFETIME_MAX`].
    pub fn issue(&self, person: &Person, lifetime: Duration) -> Result<String, Rejected> {
        if self.people.find(&person.slug) != Some(person)
            || person.organisation != self.identity.ura()
            || lifetime > BEARER_LIFETIME_MAX
            || lifetime.as_secs() == 0
        {
            return Err(Rejected::NotAllowed);
        }
        let own = urn(self.identity.ura());
        let now = self.clock.now().as_second();
        let claims = Claims {
            iss: own.clone(),
            aud: own,
            sub: person.slug.clone(),
            role: person.role.code().to_owned(),
            purpose: person.usual_purpose().code().to_owned(),
            iat: now,
            nbf: now,
            exp: now + lifetime.as_secs() as i64,
        };
        jwt::sign(&self.identity, KIND, &claims)
    }

    /// Somebody of the list by the id of their contexts, for what the node goes
    /// on doing in their name, such as delivering what they subscribed to. None
    /// when they have left the list.
    pub fn somebody(&self, id: &str) -> Option<AccessContext> {
        let person = self.people.find(id)?;
        (person.organisation == self.identity.ura())
            .then(|| person.context(self.identity.organisation(), &*self.ids))
    }

    /// Who presents this token. Refused are: another algorithm than ES256,
    /// another key, issuer or audience, missing claims, a token that has
    /// expired or is not valid yet, one over 8 KiB, and a person who is no
    /// longer in the list or has another role by now.
    pub fn verify(&self, token: &str) -> Result<AccessContext, Rejected> {
        let own = urn(self.identity.ura());
        let claims: Claims = jwt::verify(
            token,
            &Expected {
                kind: KIND,
                public_key: self.identity.public_key(),
                issuer: &own,
                audience: &own,
            },
        )?;
        let now = self.clock.now();
        if claims.nbf > now.as_second() {
            return Err(Rejected::Invalid);
        }
        let longest_s = BEARER_LIFETIME_MAX.as_secs() as i64;
        jwt::check_times(now, claims.iat, claims.exp, longest_s)?;
        let person = self.people.find(&claims.sub).ok_or(Rejected::Invalid)?;
        if person.organisation != self.identity.ura()
            || person.role.code() != claims.role
            || person.usual_purpose().code() != claims.purpose
        {
            return Err(Rejected::Invalid);
        }
        Ok(person.context(self.identity.organisation(), &*self.ids))
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use care::{ManualClock, OrganisationType, Purpose, Role};
    use jsonwebtoken::{Algorithm, EncodingKey, Header};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{SECOND, bsn, clock, ids, node, organisation};

    const HOUR: Duration = Duration::from_hours(1);

    struct Door {
        bearer: Bearer,
        identity: NodeIdentity,
        clock: Arc<ManualClock>,
        person: Person,
    }

    fn people(role: Role) -> (Person, Arc<People>) {
        let hospital = organisation(OrganisationType::Hospital).ura;
        let person = Person {
            slug: "jansen".into(),
            name: "dr. A. Jansen".into(),
            role,
            organisation: hospital,
            bsn: (role == Role::Patient).then(bsn),
        };
        let list = Arc::new(People::new(vec![person.clone()]).unwrap());
        (person, list)
    }

    fn door(role: Role) -> Door {
        let (person, list) = people(role);
        let (clock, identity) = (clock(), node(OrganisationType::Hospital));
        let bearer = Bearer::new(&identity, list, clock.clone(), ids());
        Door {
            bearer,
            identity,
            clock,
            person,
        }
    }

    /// A token with one thing changed, signed with the node's own key.
    fn forged(door: &Door, header: impl Fn(&mut Header), claims: impl Fn(&mut Value)) -> String {
        let own = urn(door.identity.ura());
        let now = door.clock.now().as_second();
        let mut payload = json!({
            "iss": own, "aud": own, "sub": "jansen", "role": door.person.role.code(),
            "purpose": door.person.usual_purpose().code(),
            "iat": now, "nbf": now, "exp": now + 60,
        });
        claims(&mut payload);
        let mut head = Header::new(Algorithm::ES256);
        head.typ = Some(KIND.into());
        head.kid = Some(door.identity.key_id().into());
        header(&mut head);
        let key = EncodingKey::from_ec_der(door.identity.pkcs8());
        jsonwebtoken::encode(&head, &payload, &key).unwrap()
    }

    fn refused(door: &Door, token: &str) -> Rejected {
        door.bearer.verify(token).unwrap_err()
    }

    #[test]
    fn a_token_says_who_asks_and_nothing_that_is_secret() {
        let door = door(Role::Patient);
        let token = door.bearer.issue(&door.person, HOUR).unwrap();
        let context = door.bearer.verify(&token).unwrap();
        assert_eq!(context.patient(), Some(&bsn()));
        assert_eq!(context.role(), Role::Patient);
        assert_eq!(context.purpose(), Purpose::PatientRequest);
        assert_eq!(context.organisation_type(), OrganisationType::Hospital);
        let payload = URL_SAFE_NO_PAD
            .decode(token.split('.').nth(1).unwrap())
            .unwrap();
        assert!(!String::from_utf8(payload).unwrap().contains(bsn().expose()));
    }

    #[test]
    fn a_token_holds_for_its_lifetime() {
        let door = door(Role::Internist);
        let token = door.bearer.issue(&door.person, HOUR).unwrap();
        door.clock.advance(SECOND * 3599);
        assert!(door.bearer.verify(&token).is_ok());
        door.clock.advance(SECOND);
        assert_eq!(refused(&door, &token), Rejected::Expired);
        assert!(door.bearer.issue(&door.person, BEARER_LIFETIME_MAX).is_ok());
        for lifetime in [BEARER_LIFETIME_MAX + SECOND, Duration::ZERO] {
            assert_eq!(
                door.bearer.issue(&door.person, lifetime),
                Err(Rejected::NotAllowed)
            );
        }
    }

    #[test]
    fn a_token_with_anything_wrong_is_refused() {
        let door = door(Role::Internist);
        let now = door.clock.now().as_second();
        assert!(door.bearer.verify(&forged(&door, |_| (), |_| ())).is_ok());
        let claim = |name: &'static str, value: Value| {
            forged(&door, |_| (), move |claims| claims[name] = value.clone())
        };
        let other = urn(organisation(OrganisationType::Pharmacy).ura);
        for token in [
            claim("iss", json!(other)),
            claim("aud", json!(other)),
            claim("aud", json!([other])),
            claim("sub", json!("somebody-else")),
            claim("role", json!(Role::Nurse.code())),
            claim("purpose", json!(Purpose::EmergencyTreatment.code())),
            claim("iat", json!(now + 600)),
            claim("nbf", json!(now + 1)),
            claim("exp", json!(now + 48 * 3600)),
            claim("exp", json!(i64::MAX)),
            claim("exp", json!(i64::MIN)),
            claim("exp", json!("tomorrow")),
            claim("padding", json!("x".repeat(jwt::TOKEN_BYTES_MAX))),
            forged(&door, |header| header.kid = None, |_| ()),
            forged(&door, |header| header.kid = Some("other".into()), |_| ()),
            forged(&door, |header| header.typ = Some("JWT".into()), |_| ()),
            forged(
                &door,
                |header| header.typ = Some("schakel-assertion+jwt".into()),
                |_| (),
            ),
            forged(
                &door,
                |header| header.crit = Some(vec!["b64".into()]),
                |_| (),
            ),
        ] {
            assert_eq!(refused(&door, &token), Rejected::Invalid);
        }
        for name in ["iss", "aud", "sub", "role", "purpose", "iat", "nbf", "exp"] {
            let missing = forged(
                &door,
                |_| (),
                |claims| {
                    claims.as_object_mut().unwrap().remove(name);
                },
            );
            assert_eq!(refused(&door, &missing), Rejected::Invalid, "{name}");
        }
        assert_eq!(refused(&door, &claim("exp", json!(now))), Rejected::Invalid);
    }

    #[test]
    fn no_other_algorithm_or_key_counts() {
        let door = door(Role::Internist);
        let token = forged(&door, |_| (), |_| ());
        let [head, payload, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
        let kid = door.identity.key_id();
        for alg in ["none", "None", "HS256", "ES384", "RS256", "EdDSA"] {
            let head = json!({ "alg": alg, "typ": KIND, "kid": kid }).to_string();
            let head = URL_SAFE_NO_PAD.encode(head);
            for signature in ["", signature] {
                let token = format!("{head}.{payload}.{signature}");
                assert_eq!(refused(&door, &token), Rejected::Invalid, "{alg}");
            }
        }
        // The public key as the secret of an HMAC.
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(KIND.into());
        header.kid = Some(kid.into());
        let confused = jsonwebtoken::encode(
            &header,
            &json!({ "sub": "jansen" }),
            &EncodingKey::from_secret(door.identity.public_key()),
        );
        assert_eq!(refused(&door, &confused.unwrap()), Rejected::Invalid);
        // Another node's key, under this node's name and key identifier.
        let stranger = node(OrganisationType::Hospital);
        let (_, list) = people(Role::Internist);
        let theirs = Bearer::new(&stranger, list, door.clock.clone(), ids());
        let token = theirs.issue(&door.person, HOUR).unwrap();
        assert_eq!(refused(&door, &token), Rejected::Invalid);
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(
            refused(&door, &format!("{head}.{}.{}", parts[1], parts[2])),
            Rejected::Invalid
        );
        assert_eq!(
            refused(&door, &format!("{head}.{payload}.")),
            Rejected::Invalid
        );
        assert_eq!(
            refused(&door, &format!("{head}.{payload}")),
            Rejected::Invalid
        );
        assert_eq!(refused(&door, ""), Rejected::Invalid);
    }

    #[test]
    fn who_leaves_the_list_is_out() {
        let door = door(Role::Internist);
        let token = door.bearer.issue(&door.person, HOUR).unwrap();
        let gone = Bearer::new(&door.identity, Arc::default(), door.clock.clone(), ids());
        assert_eq!(gone.verify(&token).unwrap_err(), Rejected::Invalid);
        let (_, nurses) = people(Role::Nurse);
        let other_role = Bearer::new(&door.identity, nurses, door.clock.clone(), ids());
        assert_eq!(other_role.verify(&token).unwrap_err(), Rejected::Invalid);
        let stranger = Person {
            slug: "x".into(),
            ..door.person.clone()
        };
        assert_eq!(
            door.bearer.issue(&stranger, HOUR),
            Err(Rejected::NotAllowed)
        );
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_a_panic(text in "\\PC*", parts in "[A-Za-z0-9_-]{0,80}") {
            let door = door(Role::Internist);
            prop_assert!(door.bearer.verify(&text).is_err());
            let shaped = format!("{parts}.{parts}.{parts}");
            prop_assert!(door.bearer.verify(&shaped).is_err());
        }

        #[test]
        fn one_changed_character_is_always_noticed(at in any::<proptest::sample::Index>()) {
            let door = door(Role::Internist);
            let token = door.bearer.issue(&door.person, HOUR).unwrap();
            let mut changed = token.clone().into_bytes();
            let at = at.index(changed.len());
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            prop_assert!(door.bearer.verify(&changed).is_err());
        }
    }
}
