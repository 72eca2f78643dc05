//! When which subscription gets its turn.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::future::join_all;
use jiff::Timestamp;
use store::{Subscription, SubscriptionState};
use tokio::task::JoinSet;

use super::{Subscriptions, deliver::Step};
use crate::error::ExchangeError;

/// The longest time between two looks, for what others wrote to the same
/// database and for clocks that were set.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

impl Subscriptions {
    /// Delivers all that there is to deliver at a moment, each subscription by
    /// itself; answers when all have done what they can.
    pub async fn deliver_due(&self, now: Timestamp) -> Result<(), ExchangeError> {
        let due = self.due(now).await?;
        let all = join_all(due.iter().map(|of| self.deliver(&of.id, now))).await;
        all.into_iter().collect()
    }

    /// Delivers, for as long as it is polled.
    pub async fn keep_delivering(self: &Arc<Self>) {
        let store = self.parts.node.store().clone();
        let mut at_work: JoinSet<String> = JoinSet::new();
        let mut busy: HashSet<String> = HashSet::new();
        loop {
            let now = self.parts.node.parts.clock.now();
            match self.due(now).await {
                Ok(due) => {
                    for of in due {
                        if busy.insert(of.id.clone()) {
                            let all = Arc::clone(self);
                            at_work.spawn(async move {
                                if let Err(error) = all.deliver(&of.id, now).await {
                                    tell(&error);
                                    // What fails inside would fail again at once.
                                    tokio::time::sleep(LOOK_INTERVAL).await;
                                }
                                of.id
                            });
                        }
                    }
                }
                Err(error) => tell(&error),
            }
            tokio::select! {
                () = store.changed() => {}
                () = self.woken.notified() => {}
                Some(done) = at_work.join_next() => match done {
                    Ok(id) => {
                        busy.remove(&id);
                    }
                    // Whose it was is not known: those at work keep their turn.
                    Err(_) if at_work.is_empty() => busy.clear(),
                    Err(_) => {}
                },
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
            }
        }
    }

    /// Delivers what a subscription has to tell, until there is no more or it
    /// must wait.
    async fn deliver(&self, id: &str, now: Timestamp) -> Result<(), ExchangeError> {
        while self.step(id, now).await? == Step::Again {}
        Ok(())
    }

    /// The subscriptions for which there is something to do.
    async fn due(&self, now: Timestamp) -> Result<Vec<Subscription>, ExchangeError> {
        let store = self.parts.node.store();
        let mut due = store.subscriptions().await?;
        if due.is_empty() {
            return Ok(due);
        }
        let last = store.moment().await?.number;
        self.forget_but(&due);
        due.retain(|of| {
            let is_time = of.wake.is_some_and(|wake| wake <= now);
            let has_work = match of.state {
                SubscriptionState::Requested => true,
                SubscriptionState::Active => of.delivered < of.events || self.looked(of) < last,
                SubscriptionState::Off | SubscriptionState::Error => return false,
            };
            let is_reachable = !of.by_websocket
                || of.state == SubscriptionState::Requested
                || self.sockets.is_bound(&of.id);
            is_time || (of.tries == 0 && has_work && is_reachable)
        });
        Ok(due)
    }
}

fn tell(error: &ExchangeError) {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, "a subscription could not be delivered");
}
