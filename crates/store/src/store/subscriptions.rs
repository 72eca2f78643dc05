//! What a store keeps of subscriptions.

use std::sync::Arc;

use care::{AccessContext, Scope};

use super::{Store, bound};
use crate::{
    Attempt, Changes, FoundEvents, StoreError, Subscription, SubscriptionEvent, subscription,
};

impl Store {
    /// Resolves when this process wrote something since it was last waited
    /// for. One task may wait at a time.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// How far all subscriptions have come, for who delivers. Of several
    /// processes over one database one gets them, as with [`Self::outbox`].
    pub async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        if !self.0.holder.delivers().await? {
            return Ok(Vec::new());
        }
        self.0.readers.read(subscription::all).await
    }

    /// How far all subscriptions have come.
    pub async fn all_subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        self.0.readers.read(subscription::all).await
    }

    /// How far one subscription has come.
    pub async fn subscription(&self, id: &str) -> Result<Option<Subscription>, StoreError> {
        let id = id.to_owned();
        self.0
            .readers
            .read(move |file| subscription::find(file, &id))
            .await
    }

    /// The resources of some types that were written after a version (0 for
    /// the first), in the order of their writing, at most `count`.
    pub async fn changes(
        &self,
        cx: &AccessContext,
        scope: &Scope,
        types: Vec<String>,
        after: i64,
        count: usize,
    ) -> Result<Changes, StoreError> {
        let (kinds, scope) = (Arc::clone(&self.0.kinds), bound(cx, scope)?);
        self.0
            .readers
            .read(move |file| subscription::changed(file, &kinds, &scope, &types, after, count))
            .await
    }

    /// Gives what a subscription found the next numbers; durable when it
    /// resolves. Answers how many events there are then; `None`, and nothing
    /// done, when the subscription changed or looked meanwhile.
    pub async fn number_events(
        &self,
        of: &Subscription,
        found: FoundEvents,
    ) -> Result<Option<u64>, StoreError> {
        let of = of.clone();
        self.0
            .writer
            .write(move |session| subscription::number(session, &of, &found))
            .await
    }

    /// Events of a subscription by number, both ends included, the first ones
    /// first.
    pub async fn subscription_events(
        &self,
        _cx: &AccessContext,
        id: &str,
        numbers: (u64, u64),
        count: usize,
    ) -> Result<Vec<SubscriptionEvent>, StoreError> {
        let (kinds, id) = (Arc::clone(&self.0.kinds), id.to_owned());
        self.0
            .readers
            .read(move |file| subscription::events(file, &kinds, &id, numbers, count))
            .await
    }

    /// Keeps what came of an attempt to send something; durable when it
    /// resolves.
    pub async fn settle_subscription(
        &self,
        of: &Subscription,
        attempt: Attempt,
    ) -> Result<(), StoreError> {
        let of = of.clone();
        self.0
            .writer
            .write(move |session| subscription::settle(session, &of, &attempt))
            .await
    }
}
