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
pub const BEARER_LIFETIME_MAX: Duration = Duration::from_secs(24 * 60 * 60);

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
        Self { identity: identity.clone(), people, clock, ids }
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
