//! Sends everything that happened to the demo's patients through the real doors.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use anyhow::{Context, bail};
use demo::{Delivery, DemoPatient, DemoRegion, Organisation};
use futures::{StreamExt, TryStreamExt, stream};

use super::Progress;
use crate::door_client::{MllpClient, acknowledgement_code, post};

/// How many patients are sent at the same time.
const PATIENTS_AT_ONCE: usize = 24;

/// Where the messages for one organisation go, and the token of its record system.
#[derive(Debug, Clone)]
pub(crate) struct Doors {
    pub(crate) fhir: String,
    pub(crate) edifact: String,
    pub(crate) mllp: String,
    pub(crate) token: String,
}

/// Sends all messages, the introductions first and each patient's in order.
pub(crate) async fn fill(
    region: &DemoRegion,
    doors: BTreeMap<Organisation, Doors>,
    http: reqwest::Client,
) -> anyhow::Result<usize> {
    let introductions = region.introductions();
    let patients: Vec<Vec<Delivery>> = region
        .patients
        .iter()
        .map(DemoPatient::deliveries)
        .collect();
    let total = introductions.len() + patients.iter().map(Vec::len).sum::<usize>();
    let progress = Progress::new(total);
    let sender = Arc::new(Sender { doors, http });

    progress.stage("Organisations");
    let mut lines = Lines::default();
    for delivery in introductions {
        sender.send(&mut lines, delivery).await?;
        progress.one_done();
    }
    progress.stage("Patients and their histories");
    stream::iter(patients)
        .map(|deliveries| {
            let (sender, progress) = (sender.clone(), &progress);
            async move {
                let mut lines = Lines::default();
                for delivery in deliveries {
                    sender.send(&mut lines, delivery).await?;
                    progress.one_done();
                }
                anyhow::Ok(())
            }
        })
        .buffer_unordered(PATIENTS_AT_ONCE)
        .try_collect::<Vec<()>>()
        .await?;
    progress.finish();
    Ok(total)
}

/// Open MLLP connections, one for each organisation.
type Lines = HashMap<Organisation, MllpClient>;

struct Sender {
    doors: BTreeMap<Organisation, Doors>,
    http: reqwest::Client,
}

impl Sender {
    async fn send(&self, lines: &mut Lines, delivery: Delivery) -> anyhow::Result<()> {
        let to = delivery.to();
        let doors = self
            .doors
            .get(&to)
            .with_context(|| format!("{to:?} has no doors"))?;
        match delivery {
            Delivery::Hl7v2 { message, .. } => {
                let line = match lines.entry(to) {
                    std::collections::hash_map::Entry::Occupied(open) => open.into_mut(),
                    std::collections::hash_map::Entry::Vacant(free) => {
                        free.insert(MllpClient::connect(&doors.mllp).await?)
                    }
                };
                let answer = line.send(&message).await?;
                if acknowledgement_code(&answer).as_deref() != Some("AA") {
                    bail!(
                        "{to:?} refused a result: {}",
                        String::from_utf8_lossy(&answer)
                    );
                }
            }
            Delivery::Edifact { interchange, .. } => {
                self.post(
                    to,
                    &doors.edifact,
                    "application/edifact",
                    &doors.token,
                    interchange,
                )
                .await?;
            }
            Delivery::Bundle { bundle, .. } => {
                self.post(
                    to,
                    &doors.fhir,
                    "application/fhir+json",
                    &doors.token,
                    bundle,
                )
                .await?;
            }
        }
        Ok(())
    }

    async fn post(
        &self,
        to: Organisation,
        url: &str,
        content_type: &str,
        token: &str,
        body: Vec<u8>,
    ) -> anyhow::Result<()> {
        let answer = post(&self.http, url, content_type, token, body).await?;
        if !answer.accepted {
            bail!(
                "{to:?} refused a message with {}: {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            );
        }
        Ok(())
    }
}
