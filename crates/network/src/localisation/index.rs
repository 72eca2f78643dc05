//! The index of the region, in one SQLite file, answered as FHIR.

use std::{collections::HashMap, path::Path, sync::Arc};

use care::{Categories, Clock, DataCategory, Ura};
use serde::Deserialize;
use serde_json::{Value, json};
use trust::{
    identity::OrganisationRecord,
    pseudonym::{Pseudonym, PseudonymError, Recipient},
};

use super::{
    admission::{Admission, Wish},
    list::{List, NotARecord, SUBJECT_SYSTEM},
    table,
};
use crate::{
    door::{DoorReply, DoorRequest, pairs},
    sqlite::{Database, DatabaseError},
};

/// Lists that one transaction Bundle may hold.
pub const LISTS_PER_REQUEST_MAX: usize = 500;

/// The localisation index. Cheap to clone.
///
/// Beside its answers it has no way to read the records: nothing lists
/// patients, and a search is by one patient whom the asker can name.
#[derive(Clone)]
pub struct LocalisationIndex {
    database: Database,
    recipient: Arc<Recipient>,
    searches: Arc<Admission>,
    registrations: Arc<Admission>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Transaction {
    resource_type: String,
    #[serde(rename = "type")]
    kind: String,
    entry: Vec<TransactionEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TransactionEntry {
    #[serde(default)]
    resource: Option<List>,
    request: EntryRequest,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryRequest {
    method: String,
    url: String,
}

impl LocalisationIndex {
    /// Opens or makes the file. `recipient` opens the pseudonyms for this index.
    pub fn open(
        path: &Path,
        recipient: Recipient,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, DatabaseError> {
        Ok(Self {
            database: Database::open(path, table::SCHEMA)?,
            recipient: Arc::new(recipient),
            searches: Arc::new(Admission::to(Wish::Search, Arc::clone(&clock))),
            registrations: Arc::new(Admission::to(Wish::Register, clock)),
        })
    }

    /// Answers a request under `/localisation/fhir/` of an authenticated node.
    ///
    /// - `POST List`: registers one record; 201, or 200 when it was there.
    /// - `POST` of a transaction Bundle of such Lists: all or nothing.
    /// - `POST List/_search` with the form field `subject` (the sealed
    ///   pseudonym; `subject:identifier` as in the guide is the same), and
    ///   optionally `code`: who holds what. Answers name no subject.
    /// - `POST List/_withdraw` with the form field `subject` and `code`:
    ///   removes own records.
    /// - `DELETE List/{id}`: removes an own record; 404 for another's.
    ///
    /// An organisation registers and removes as its own custodian only, and
    /// asks what is for an organisation of its type (403), at the pace of one (429).
    pub async fn answer(&self, peer: &OrganisationRecord, request: DoorRequest<'_>) -> DoorReply {
        let admission = match (request.method, request.path) {
            ("POST", "List/_search") => Some(&self.searches),
            ("POST", "" | "List" | "List/_withdraw") | ("DELETE", _) => Some(&self.registrations),
            _ => None,
        };
        if let Some(Err(reply)) = admission.map(|admission| admission.admit(peer)) {
            return reply;
        }
        let answered = match (request.method, request.path) {
            ("POST", "") => self.transaction(peer, request.body).await,
            ("POST", "List") => self.create(peer, request.body).await,
            ("POST", "List/_search") => self.search(request.body).await,
            ("POST", "List/_withdraw") => self.withdraw(peer, request.body).await,
            ("DELETE", path) => match path.strip_prefix("List/") {
                Some(id) => self.delete(peer, id).await,
                None => Ok(DoorReply::not_found()),
            },
            (_, "" | "List" | "List/_search" | "List/_withdraw") => Ok(DoorReply::refused(
                405,
                "not-supported",
                "this cannot be done here",
            )),
            _ => Ok(DoorReply::not_found()),
        };
        answered.unwrap_or_else(|error| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the localisation index failed"
            );
            DoorReply::refused(500, "exception", "the index cannot be used now")
        })
    }

    async fn create(
        &self,
        peer: &OrganisationRecord,
        body: &[u8],
    ) -> Result<DoorReply, DatabaseError> {
        let Ok(list) = serde_json::from_slice::<List>(body) else {
            return Ok(unreadable());
        };
        let record = match self.judge(peer, &list, &mut HashMap::new()) {
            Ok(record) => record,
            Err(reply) => return Ok(reply),
        };
        let added = self.add(vec![record]).await?;
        Ok(added
            .first()
            .map_or_else(DoorReply::not_found, |(id, new, category)| {
                let found = List::as_found(id.to_string(), peer.ura, *category);
                DoorReply::json(if *new { 201 } else { 200 }, &found)
            }))
    }

    async fn transaction(
        &self,
        peer: &OrganisationRecord,
        body: &[u8],
    ) -> Result<DoorReply, DatabaseError> {
        let Ok(transaction) = serde_json::from_slice::<Transaction>(body) else {
            return Ok(unreadable());
        };
        if transaction.resource_type != "Bundle" || transaction.kind != "transaction" {
            return Ok(unreadable());
        }
        if transaction.entry.len() > LISTS_PER_REQUEST_MAX {
            return Ok(DoorReply::refused(
                413,
                "too-costly",
                "too many records at once",
            ));
        }
        // The records of one patient share a sealed pseudonym: open it once.
        let mut opened = HashMap::new();
        let mut records = Vec::with_capacity(transaction.entry.len());
        for entry in &transaction.entry {
            let judged = match (&entry.resource, entry.request.method.as_str()) {
                (Some(list), "POST") if entry.request.url == "List" => {
                    self.judge(peer, list, &mut opened)
                }
                _ => Err(DoorReply::refused(
                    422,
                    "business-rule",
                    "an entry can only POST a List",
                )),
            };
            match judged {
                Ok(record) => records.push(record),
                Err(reply) => return Ok(reply),
            }
        }
        let entries: Vec<Value> = self
            .add(records)
            .await?
            .into_iter()
            .map(|(id, new, _)| {
                let status = if new { "201 Created" } else { "200 OK" };
                json!({"response": {"status": status, "location": format!("List/{id}")}})
            })
            .collect();
        Ok(DoorReply::fhir(
            200,
            &json!({"resourceType": "Bundle", "type": "transaction-response", "entry": entries}),
        ))
    }

    /// Judges a List as the peer's own record, and opens its subject.
    fn judge<'l>(
        &self,
        peer: &OrganisationRecord,
        list: &'l List,
        opened: &mut HashMap<&'l str, Pseudonym>,
    ) -> Result<(Pseudonym, Ura, DataCategory), DoorReply> {
        let wrong = |NotARecord(text): NotARecord| DoorReply::refused(422, "business-rule", text);
        if list.id.is_some() {
            return Err(DoorReply::refused(
                422,
                "business-rule",
                "a new record has no id",
            ));
        }
        let (custodian, category) = list.judge().map_err(wrong)?;
        if custodian != peer.ura {
            return Err(DoorReply::refused(
                403,
                "forbidden",
                "an organisation registers for itself only",
            ));
        }
        let sealed = list.subject().map_err(wrong)?;
        if let Some(known) = opened.get(sealed) {
            return Ok((known.clone(), custodian, category));
        }
        let pseudonym = self.open_subject(sealed)?;
        opened.insert(sealed, pseudonym.clone());
        Ok((pseudonym, custodian, category))
    }

    fn open_subject(&self, sealed: &str) -> Result<Pseudonym, DoorReply> {
        self.recipient.open(sealed).map_err(|error| match error {
            PseudonymError::Expired => {
                DoorReply::refused(422, "expired", "the sealed pseudonym has expired")
            }
            _ => DoorReply::refused(422, "value", "the sealed pseudonym is not for this index"),
        })
    }

    async fn add(
        &self,
        records: Vec<(Pseudonym, Ura, DataCategory)>,
    ) -> Result<Vec<(i64, bool, DataCategory)>, DatabaseError> {
        self.database
            .write(move |connection| {
                let add = |(pseudonym, custodian, category): &(Pseudonym, Ura, DataCategory)| {
                    table::add(connection, pseudonym.expose(), *custodian, *category)
                        .map(|(id, new)| (id, new, *category))
                };
                records.iter().map(add).collect()
            })
            .await
    }

    async fn search(&self, body: &[u8]) -> Result<DoorReply, DatabaseError> {
        let (pseudonym, categories) = match self.form(body) {
            Ok(form) => form,
            Err(reply) => return Ok(reply),
        };
        let categories = categories.unwrap_or(Categories::ALL);
        let found = self
            .database
            .read(move |connection| table::about(connection, pseudonym.expose()))
            .await?;
        let entries: Vec<Value> = found
            .into_iter()
            .filter(|record| categories.contains(record.category))
            .filter_map(|record| {
                let id = record.id.to_string();
                let list = List::as_found(id, record.custodian, record.category);
                let resource = serde_json::to_value(list).ok()?;
                Some(json!({"resource": resource, "search": {"mode": "match"}}))
            })
            .collect();
        Ok(DoorReply::fhir(
            200,
            &json!({
                "resourceType": "Bundle",
                "type": "searchset",
                "total": entries.len(),
                "entry": entries
            }),
        ))
    }

    async fn withdraw(
        &self,
        peer: &OrganisationRecord,
        body: &[u8],
    ) -> Result<DoorReply, DatabaseError> {
        let (pseudonym, categories) = match self.form(body) {
            Ok((pseudonym, Some(categories))) => (pseudonym, categories),
            Ok((_, None)) => {
                return Ok(DoorReply::refused(
                    400,
                    "required",
                    "say which data categories",
                ));
            }
            Err(reply) => return Ok(reply),
        };
        let custodian = peer.ura;
        self.database
            .write(move |connection| {
                table::remove(connection, pseudonym.expose(), custodian, categories)
            })
            .await?;
        Ok(DoorReply::json(200, &json!({})))
    }

    async fn delete(
        &self,
        peer: &OrganisationRecord,
        id: &str,
    ) -> Result<DoorReply, DatabaseError> {
        let (Ok(id), custodian) = (id.parse::<i64>(), peer.ura) else {
            return Ok(DoorReply::not_found());
        };
        let removed = self
            .database
            .write(move |connection| table::remove_one(connection, id, custodian))
            .await?;
        Ok(if removed {
            DoorReply::json(200, &json!({}))
        } else {
            DoorReply::not_found()
        })
    }

    /// Reads the form of a search: one subject, and codes separated by commas.
    fn form(&self, body: &[u8]) -> Result<(Pseudonym, Option<Categories>), DoorReply> {
        let (mut subject, mut categories) = (None, None);
        for (name, value) in pairs(body) {
            match name.as_str() {
                "subject" | "subject:identifier" if subject.is_none() => {
                    let sealed = value
                        .strip_prefix(SUBJECT_SYSTEM)
                        .and_then(|rest| rest.strip_prefix('|'))
                        .unwrap_or(&value);
                    subject = Some(self.open_subject(sealed)?);
                }
                "code" if categories.is_none() => {
                    let codes = value.split(',').map(DataCategory::from_code);
                    let set = codes.collect::<Option<Categories>>();
                    categories = Some(set.ok_or_else(|| {
                        DoorReply::refused(
                            400,
                            "value",
                            "the data category is not one of the guide",
                        )
                    })?);
                }
                _ => {
                    return Err(DoorReply::refused(
                        400,
                        "invalid",
                        "an unknown or double parameter",
                    ));
                }
            }
        }
        let subject =
            subject.ok_or_else(|| DoorReply::refused(400, "required", "name one subject"))?;
        Ok((subject, categories))
    }
}

fn unreadable() -> DoorReply {
    DoorReply::refused(
        422,
        "structure",
        "this is not the resource that the guide has",
    )
}
