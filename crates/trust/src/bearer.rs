//! Bearer tokens for an organisation's own door.

use std::{sync::Arc, time::Duration};

use care::{AccessContext, Clock, IdSource};

use crate::{
    Rejected,
    identity::NodeIdentity,
    person::{People, Person},
};

/// Issues and verifies the bearer tokens of one organisation's own door.
pub struct Bearer {}

impl Bearer {
    /// For the organisation of this identity and these people.
    pub fn new(
        _identity: &NodeIdentity,
        _people: Arc<People>,
        _clock: Arc<dyn Clock>,
        _ids: Arc<dyn IdSource>,
    ) -> Result<Self, Rejected> {
        unimplemented!()
    }
    /// A token for a person of this organisation.
    pub fn issue(&self, _person: &Person, _lifetime: Duration) -> Result<String, Rejected> {
        unimplemented!()
    }
    /// Who presents this token.
    pub fn verify(&self, _token: &str) -> Result<AccessContext, Rejected> {
        unimplemented!()
    }
}
