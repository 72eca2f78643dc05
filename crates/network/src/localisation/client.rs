//! A node's side of localisation: register, find, withdraw.

use std::{collections::BTreeMap, sync::Arc};

use care::{AccessContext, Bsn, Categories, DataCategory, Ura};
use serde::Deserialize;
use serde_json::json;
use trust::{
    Randomness,
    pseudonym::{Audience, Blinded, PseudonymError, PseudonymService, SealedPseudonym},
};

use super::{INDEX_PATH, list::List};
use crate::{
    door::FHIR_JSON,
    peer::{Call, PeerAddress, PeerClient, PeerError},
};

/// Records that one answer of the index may hold.
const RECORDS_MAX: usize = 20_000;

/// Why the index gave no answer. It tells nothing of whom it is about.
#[derive(Debug, thiserror::Error)]
pub enum LocalisationError {
    /// No pseudonym could be made.
    #[error("no pseudonym could be made")]
    Pseudonym(#[from] PseudonymError),
    /// The index does not answer.
    #[error("the localisation index does not answer")]
    Peer(#[from] PeerError),
    /// The index refused.
    #[error("the localisation index refused with status {0}")]
    Refused(u16),
    /// The answer is not what an index gives.
    #[error("the localisation index gave an answer that cannot be read")]
    Malformed,
}

/// The localisation index of the region, for one node.
pub struct Localisation {
    peers: Arc<PeerClient>,
    regional: PeerAddress,
    pseudonyms: Arc<dyn PseudonymService>,
    audience: Audience,
    randomness: Arc<dyn Randomness>,
}

#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    entry: Vec<FoundEntry>,
}

#[derive(Deserialize)]
struct FoundEntry {
    resource: List,
}

impl Localisation {
    /// The index at the node door of the regional organisation, by pseudonyms
    /// of this service.
    pub fn new(
        peers: Arc<PeerClient>,
        regional: PeerAddress,
        pseudonyms: Arc<dyn PseudonymService>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        let audience = Audience::localisation(regional.ura);
        Self {
            peers,
            regional,
            pseudonyms,
            audience,
            randomness,
        }
    }

    /// Registers that this organisation holds these kinds of data on a
    /// patient. Doing it again changes nothing.
    pub async fn register(
        &self,
        _context: &AccessContext,
        patient: &Bsn,
        categories: Categories,
    ) -> Result<(), LocalisationError> {
        if categories.is_empty() {
            return Ok(());
        }
        let subject = self.sealed(patient).await?;
        let entries: Vec<_> = categories
            .iter()
            .map(|category| {
                json!({
                    "resource": List::to_register(self.peers.ura(), category, &subject),
                    "request": {"method": "POST", "url": "List"}
                })
            })
            .collect();
        let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
        self.post("", FHIR_JSON, bundle.to_string()).await.map(drop)
    }

    /// Which organisations hold what on a patient, in the order of their URA.
    pub async fn find(
        &self,
        _context: &AccessContext,
        patient: &Bsn,
    ) -> Result<Vec<(Ura, Categories)>, LocalisationError> {
        let subject = self.sealed(patient).await?;
        let body = form(&[("subject:identifier", &subject.0)]);
        let answer = self.post("/List/_search", FORM, body).await?;
        let found: Found =
            serde_json::from_slice(&answer).map_err(|_| LocalisationError::Malformed)?;
        if found.entry.len() > RECORDS_MAX {
            return Err(LocalisationError::Malformed);
        }
        let mut holders: BTreeMap<Ura, Categories> = BTreeMap::new();
        for entry in found.entry {
            let (custodian, category) = entry
                .resource
                .judge()
                .map_err(|_| LocalisationError::Malformed)?;
            let held = holders.entry(custodian).or_default();
            *held = held.with(category);
        }
        Ok(holders.into_iter().collect())
    }

    /// Withdraws that this organisation holds these kinds of data on a patient.
    pub async fn withdraw(
        &self,
        _context: &AccessContext,
        patient: &Bsn,
        categories: Categories,
    ) -> Result<(), LocalisationError> {
        if categories.is_empty() {
            return Ok(());
        }
        let subject = self.sealed(patient).await?;
        let codes: Vec<&str> = categories.iter().map(DataCategory::code).collect();
        let body = form(&[
            ("subject:identifier", &subject.0),
            ("code", &codes.join(",")),
        ]);
        self.post("/List/_withdraw", FORM, body).await.map(drop)
    }

    /// A pseudonym for one use. The guide forbids to keep or log it.
    async fn sealed(&self, patient: &Bsn) -> Result<SealedPseudonym, LocalisationError> {
        let blinded = Blinded::new(patient, &self.audience, &*self.randomness)?;
        let jwe = self.pseudonyms.evaluate(blinded.request()).await?;
        Ok(blinded.sealed(&jwe)?)
    }

    async fn post(
        &self,
        path: &str,
        content_type: &'static str,
        body: String,
    ) -> Result<bytes::Bytes, LocalisationError> {
        let path = format!("{INDEX_PATH}{path}");
        let reply = self
            .peers
            .call(&self.regional, Call::post(&path, content_type, body))
            .await?;
        match reply.status {
            200 | 201 => Ok(reply.body),
            status => Err(LocalisationError::Refused(status)),
        }
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

fn form(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}
