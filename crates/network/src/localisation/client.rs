//! The adapter to the index of the region: register, find, withdraw.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use care::{AccessContext, Bsn, Categories, DataCategory, Ura};
use serde::Deserialize;
use serde_json::json;
use trust::{
    Randomness,
    pseudonym::{Audience, Blinded, PseudonymService, SealedPseudonym},
};

use super::{INDEX_PATH, Localisation, LocalisationError, list::List};
use crate::{
    door::FHIR_JSON,
    peer::{Call, PeerAddress, PeerClient},
};

/// Records that one answer of the index may hold.
const RECORDS_MAX: usize = 20_000;

/// The index that the regional organisation runs, for one node.
pub struct RegionalLocalisation {
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

impl RegionalLocalisation {
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

#[async_trait]
impl Localisation for RegionalLocalisation {
    async fn register(
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

    async fn find(
        &self,
        _context: &AccessContext,
        patient: &Bsn,
    ) -> Result<Vec<(Ura, Categories)>, LocalisationError> {
        let subject = self.sealed(patient).await?;
        let body = form(&[("subject:identifier", &subject.0)]);
        let answer = self.post("/List/_search", FORM, body).await?;
        holders(&answer).ok_or(LocalisationError::Malformed)
    }

    async fn withdraw(
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
}

const FORM: &str = "application/x-www-form-urlencoded";

fn form(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// Who holds what, by the records in an answer of the index; none when it is
/// not such an answer, or has too many.
fn holders(answer: &[u8]) -> Option<Vec<(Ura, Categories)>> {
    let found: Found = serde_json::from_slice(answer).ok()?;
    if found.entry.len() > RECORDS_MAX {
        return None;
    }
    let mut holders: BTreeMap<Ura, Categories> = BTreeMap::new();
    for entry in found.entry {
        let (custodian, category) = entry.resource.judge().ok()?;
        let held = holders.entry(custodian).or_default();
        *held = held.with(category);
    }
    Some(holders.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_so_many_records_is_read_and_one_more_is_not() {
        let ura: Ura = "90000103".parse().unwrap();
        let record = List::as_found("1".to_owned(), ura, DataCategory::Alert);
        let answer = |records: usize| {
            let entry = json!({ "resource": record });
            let bundle = json!({ "resourceType": "Bundle", "entry": vec![entry; records] });
            holders(bundle.to_string().as_bytes())
        };
        let alerts = Categories::default().with(DataCategory::Alert);
        assert_eq!(answer(RECORDS_MAX), Some(vec![(ura, alerts)]));
        assert_eq!(answer(RECORDS_MAX + 1), None);
        assert_eq!(holders(b"{\"entry\": [{}]}"), None);
    }
}
