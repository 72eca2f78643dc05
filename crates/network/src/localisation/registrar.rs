//! The task that tells the index what the store took in.
//!
//! The store writes an event in the same transaction as the data, so nothing
//! is forgotten: the registrar takes the waiting events, registers, and only
//! then marks them as done. When the process stops in between, the event is
//! still there and is registered again, which changes nothing at the index.

use std::{collections::HashMap, sync::Arc, time::Duration};

use care::{AccessContext, Bsn, Categories};
use futures::{StreamExt, stream};
use store::{Store, StoreError};
use tokio::sync::Notify;

use super::{Localisation, LocalisationError};

/// How the registrar works.
#[derive(Debug, Clone, Copy)]
pub struct RegistrarSettings {
    /// Events that one round takes.
    pub events_per_round: usize,
    /// Patients that are registered at the same time.
    pub registrations_at_once: usize,
    /// How long it waits when there is nothing to do.
    pub idle: Duration,
    /// The first wait after a failure; it doubles up to `retry_longest`.
    pub retry_first: Duration,
    /// The longest wait after failures.
    pub retry_longest: Duration,
}

impl Default for RegistrarSettings {
    fn default() -> Self {
        Self {
            events_per_round: 512,
            registrations_at_once: 8,
            idle: Duration::from_millis(250),
            retry_first: Duration::from_millis(500),
            retry_longest: Duration::from_secs(30),
        }
    }
}

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Patients that were registered.
    pub registered: usize,
    /// Patients whose registration failed and waits for the next round.
    pub failed: usize,
}

/// Registers at the index what the store of this node took in.
pub struct Registrar {
    store: Store,
    localisation: Arc<dyn Localisation>,
    /// In whose name the node registers: its own record system.
    context: AccessContext,
    settings: RegistrarSettings,
    wake: Notify,
}

impl Registrar {
    /// A registrar for one store.
    pub fn new(
        store: Store,
        localisation: Arc<dyn Localisation>,
        context: AccessContext,
        settings: RegistrarSettings,
    ) -> Self {
        Self {
            store,
            localisation,
            context,
            settings,
            wake: Notify::new(),
        }
    }

    /// Says that there is something new, so that it need not wait for the next look.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Registers for ever; drop the future to stop.
    pub async fn run(&self) {
        let mut retry = self.settings.retry_first;
        loop {
            let (wait, failing) = match self.round().await {
                Ok(Round {
                    failed: 0,
                    registered,
                }) => {
                    retry = self.settings.retry_first;
                    if registered > 0 {
                        // There may be more than one round could take.
                        continue;
                    }
                    (self.settings.idle, false)
                }
                Ok(Round { registered, failed }) => {
                    tracing::warn!(
                        registered,
                        failed,
                        "some registrations wait for another try"
                    );
                    let wait = retry;
                    retry = retry.saturating_mul(2).min(self.settings.retry_longest);
                    (wait, true)
                }
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the outbox cannot be read"
                    );
                    (self.settings.retry_longest, true)
                }
            };
            // What is new need not wait for a patient whose registration
            // keeps failing; but never try faster than the first retry.
            let woken = async {
                self.wake.notified().await;
                if failing {
                    tokio::time::sleep(self.settings.retry_first).await;
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = woken => {}
            }
        }
    }

    /// Takes the waiting events once, registers them per patient and marks as
    /// done what the index took.
    pub async fn round(&self) -> Result<Round, StoreError> {
        let events = self.store.outbox(self.settings.events_per_round).await?;
        let mut patients: HashMap<Bsn, (Categories, Vec<_>)> = HashMap::new();
        for event in events {
            let (categories, ids) = patients.entry(event.bsn).or_default();
            *categories = categories.union(event.categories);
            ids.push(event.id);
        }
        let outcomes: Vec<_> = stream::iter(patients)
            .map(|(patient, (categories, ids))| async move {
                let outcome = self
                    .localisation
                    .register(&self.context, &patient, categories)
                    .await;
                (outcome, ids)
            })
            .buffer_unordered(self.settings.registrations_at_once)
            .collect()
            .await;
        let mut round = Round::default();
        let mut done = Vec::new();
        for (outcome, ids) in outcomes {
            match outcome {
                Ok(()) => {
                    round.registered += 1;
                    done.extend(ids);
                }
                Err(error) => {
                    round.failed += 1;
                    log_failure(&error);
                }
            }
        }
        if !done.is_empty() {
            self.store.outbox_done(done).await?;
        }
        Ok(round)
    }
}

fn log_failure(error: &LocalisationError) {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "a registration failed"
    );
}
