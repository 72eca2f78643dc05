//! The states of a subscription, and the changes between them.

use care::{AccessContext, Scope};
use fhir::{Resource, json::Value};
use jiff::Timestamp;
use store::{Change, StoreError, Stored, Subscription, SubscriptionChange, SubscriptionState};

use super::{Subscriptions, TYPE};
use crate::error::ExchangeError;

impl Subscriptions {
    /// Writes a new state into the resource and beside it; nothing when
    /// somebody else changed the resource meanwhile. `why` becomes
    /// `Subscription.error`.
    pub(super) async fn becomes(
        &self,
        of: &Subscription,
        stored: &Stored,
        state: SubscriptionState,
        why: Option<&str>,
        wake: Option<Timestamp>,
    ) -> Result<(), ExchangeError> {
        let parts = &self.parts;
        let cx: AccessContext = (parts.own_system)();
        let read = parts
            .node
            .resource(&stored.body)
            .map_err(ExchangeError::Invalid)?;
        let mut resource = Value::from(read.root());
        resource.set("status", state.code());
        match why {
            Some(why) => resource.set("error", why),
            None => drop(resource.remove("error")),
        }
        let change = Change::Update {
            full_url: None,
            resource: Resource::parse_in(parts.node.version(), resource.to_bytes())
                .map_err(ExchangeError::Invalid)?,
            id: of.id.clone(),
            if_match: Some(stored.version),
        };
        let became = SubscriptionChange::Became { state, wake };
        let written = parts
            .node
            .written_with(&cx, &Scope::Organisation, vec![change], Some(became))
            .await;
        match written {
            Err(ExchangeError::Store(
                StoreError::PreconditionFailed { .. } | StoreError::Conflict { .. },
            )) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => {
                tracing::info!(subscription = of.id, state = state.code(), "{TYPE} changed");
                Ok(())
            }
        }
    }
}
