//! Removing all that there is of a patient for good, at the own door.

use care::{AccessContext, Categories, Scope};
use store::{Found, Purged};
use trust::{
    audit::{Happened, Outcome},
    policy::Action,
};

use super::{Node, audit::Entry, own_door::bsn_of};
use crate::error::ExchangeError;

impl Node {
    /// Removes all versions of all resources of a patient's compartment, when
    /// the policies let this role do so. The audit log stays, with a line of it.
    pub async fn purge(&self, cx: &AccessContext, patient: &str) -> Result<Purged, ExchangeError> {
        let asked = ["$purge".to_owned()];
        if !self.decide(cx, Action::Purge).is_allowed() {
            return self
                .refuse(
                    cx,
                    Happened::Removed,
                    None,
                    &asked,
                    ExchangeError::NotAllowed,
                )
                .await;
        }
        let store = &self.parts.store;
        let found = store
            .read(cx, &Scope::Organisation, "Patient", patient)
            .await?;
        // Of a deleted Patient the last version that was tells who it is about.
        let stored = match found {
            Found::Here(stored) => Some(stored),
            Found::Deleted { version, .. } => store
                .read_version(cx, &Scope::Organisation, "Patient", patient, version - 1)
                .await?
                .here(),
            Found::Absent => return Err(ExchangeError::NotFound),
        };
        let whose = stored.and_then(|stored| bsn_of(&self.resource(&stored.body).ok()?));
        let entry = Entry {
            happened: Happened::Removed,
            outcome: Outcome::Allowed,
            patient: whose.as_ref(),
            categories: Categories::NONE,
            asked: &asked,
            count: None,
        };
        let audit = vec![self.audit_body(cx, &entry)];
        let purged = store.purge(cx, &Scope::Organisation, patient, audit).await;
        Ok(purged?)
    }
}
