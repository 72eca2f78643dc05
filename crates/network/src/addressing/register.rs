//! The register of the region: organisations and endpoints with their history,
//! in one SQLite file, answered as mCSD (ITI-90, ITI-91, ITI-130).
//!
//! An organisation writes its own entry only, under the name and the type that
//! its certificate gives it: a pharmacy cannot make itself a GP practice, for
//! which patients gave other consents. There are no deletes; an organisation
//! that leaves is made inactive.

use std::{path::Path, sync::Arc};

use care::{Clock, Ura};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value, json};
use trust::identity::OrganisationRecord;

use super::mcsd::{EndpointResource, Meta, NotMcsd, OrganizationResource};
use crate::{
    door::{DoorReply, DoorRequest, pairs},
    sqlite::{Database, DatabaseError},
};

/// Entries on one page of a search or a history.
pub const PAGE_ENTRIES_MAX: usize = 200;
/// Organisations that the register takes.
pub const ORGANISATIONS_MAX: i64 = 20_000;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS version (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    last_updated_ms INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, id, version)
) STRICT;
CREATE INDEX IF NOT EXISTS latest_by_id ON version (kind, id) WHERE latest = 1;
CREATE INDEX IF NOT EXISTS by_time ON version (last_updated_ms);
";

/// The register. Cheap to clone.
#[derive(Clone)]
pub struct AddressRegister {
    database: Database,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Organization,
    Endpoint,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Organization => "Organization",
            Self::Endpoint => "Endpoint",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Organization, Self::Endpoint]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// What became of a write.
enum Put {
    Stored {
        created: bool,
        version: i64,
        body: String,
    },
    OtherVersion,
    Full,
}

struct Row {
    sequence: i64,
    id: String,
    version: i64,
    last_updated_ms: i64,
    body: String,
}

/// A page of rows, and the latest change that was in the file when it was read.
struct Page {
    rows: Vec<Row>,
    more: bool,
    stamp_ms: i64,
}

impl AddressRegister {
    /// Opens or makes the file of the register.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, DatabaseError> {
        Ok(Self {
            database: Database::open(path, SCHEMA)?,
            clock,
        })
    }

    /// Answers a request under `/addressing/fhir/` of an authenticated node.
    ///
    /// - `PUT Organization/{ura}`, `PUT Endpoint/{ura}-fhir-r4`, with or without
    ///   `If-Match`: the own entry of the caller, else 403; 422 when it is not
    ///   as the profile has it; 412 when another version is there.
    /// - `GET Organization`, `GET Endpoint` with `_count`: all entries, in pages.
    /// - `GET Organization/_history`, `GET Endpoint/_history` with `_since`.
    /// - `GET Organization/{id}`, `GET Endpoint/{id}`.
    ///
    /// Lists are newest first, as FHIR has it. Any other parameter gets 400, never the unfiltered set.
    pub async fn answer(&self, peer: &OrganisationRecord, request: DoorRequest<'_>) -> DoorReply {
        let mut parts = request.path.splitn(2, '/');
        let Some(kind) = parts.next().and_then(Kind::from_name) else {
            return DoorReply::not_found();
        };
        let answered = match (request.method, parts.next()) {
            ("PUT", Some(id)) => self.put(peer, kind, id, request).await,
            ("GET", None) => self.list(kind, request.query, false).await,
            ("GET", Some("_history")) => self.list(kind, request.query, true).await,
            ("GET", Some(id)) => self.read(kind, id).await,
            _ => Ok(DoorReply::refused(
                405,
                "not-supported",
                "this cannot be done here",
            )),
        };
        answered.unwrap_or_else(|error| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the address register failed"
            );
            DoorReply::refused(500, "exception", "the register cannot be used now")
        })
    }

    async fn put(
        &self,
        peer: &OrganisationRecord,
        kind: Kind,
        id: &str,
        request: DoorRequest<'_>,
    ) -> Result<DoorReply, DatabaseError> {
        let body = match own_entry(peer, kind, id, request.body) {
            Ok(body) => body,
            Err(reply) => return Ok(reply),
        };
        let expected = match request.if_match.map(parse_etag) {
            Some(None) => {
                return Ok(DoorReply::refused(
                    400,
                    "invalid",
                    "If-Match is not a version",
                ));
            }
            Some(expected) => expected,
            None => None,
        };
        let (id, now_ms) = (id.to_owned(), self.clock.now().as_millisecond());
        let put = self
            .database
            .write(move |connection| put_version(connection, kind, &id, expected, now_ms, body))
            .await?;
        Ok(match put {
            Put::OtherVersion => {
                DoorReply::refused(412, "conflict", "another version is in the register")
            }
            Put::Full => DoorReply::refused(507, "too-costly", "the register is full"),
            Put::Stored {
                created,
                version,
                body,
            } => {
                let status = if created { 201 } else { 200 };
                let mut reply = DoorReply::fhir(status, &Value::Null);
                reply.etag = Some(format!("W/\"{version}\""));
                reply.body = body.into_bytes();
                reply
            }
        })
    }

    async fn read(&self, kind: Kind, id: &str) -> Result<DoorReply, DatabaseError> {
        let id = id.to_owned();
        let found = self
            .database
            .read(move |connection| latest(connection, kind, &id))
            .await?;
        Ok(found.map_or_else(DoorReply::not_found, |row| {
            let mut reply = DoorReply::fhir(200, &Value::Null);
            reply.etag = Some(format!("W/\"{}\"", row.version));
            reply.body = row.body.into_bytes();
            reply
        }))
    }

    async fn list(
        &self,
        kind: Kind,
        query: &str,
        history: bool,
    ) -> Result<DoorReply, DatabaseError> {
        let mut count = PAGE_ENTRIES_MAX;
        let mut since_ms = i64::MIN;
        let mut before = i64::MAX;
        for (name, value) in pairs(query.as_bytes()) {
            let understood = match name.as_str() {
                "_count" => value
                    .parse::<usize>()
                    .ok()
                    .filter(|count| *count > 0)
                    .map(|asked| count = asked.min(PAGE_ENTRIES_MAX)),
                "_since" if history => value
                    .parse::<Timestamp>()
                    .ok()
                    .map(|at| since_ms = at.as_millisecond()),
                "_before" => value.parse::<i64>().ok().map(|at| before = at),
                _ => None,
            };
            if understood.is_none() {
                return Ok(DoorReply::refused(
                    400,
                    "invalid",
                    "an unknown or wrong parameter",
                ));
            }
        }
        let page = self
            .database
            .read(move |connection| page(connection, kind, history, since_ms, before, count))
            .await?;
        Ok(DoorReply::fhir(
            200,
            &bundle(kind, history, since_ms, count, page),
        ))
    }
}

/// Judges what an organisation publishes about itself.
fn own_entry(
    peer: &OrganisationRecord,
    kind: Kind,
    id: &str,
    body: &[u8],
) -> Result<Value, DoorReply> {
    let unreadable = |_| {
        DoorReply::refused(
            422,
            "structure",
            "this is not the resource that the profile has",
        )
    };
    let not_mcsd = |NotMcsd(text): NotMcsd| DoorReply::refused(422, "business-rule", text);
    let foreign = || {
        DoorReply::refused(
            403,
            "forbidden",
            "an organisation writes its own entry only",
        )
    };
    let check_id = |found: &str, owner: Ura| match (owner == peer.ura, found == id) {
        (false, _) => Err(foreign()),
        (true, false) => Err(DoorReply::refused(
            400,
            "invalid",
            "the id is not that of the URL",
        )),
        (true, true) => Ok(()),
    };
    match kind {
        Kind::Organization => {
            let mut resource: OrganizationResource =
                serde_json::from_slice(body).map_err(unreadable)?;
            let (ura, name, organisation_type) = resource.judge().map_err(not_mcsd)?;
            check_id(&resource.id, ura)?;
            if name != peer.name || organisation_type != peer.organisation_type {
                return Err(DoorReply::refused(
                    422,
                    "business-rule",
                    "the name and the type are those of the certificate",
                ));
            }
            resource.meta = None;
            serde_json::to_value(resource).map_err(unreadable)
        }
        Kind::Endpoint => {
            let mut resource: EndpointResource =
                serde_json::from_slice(body).map_err(unreadable)?;
            let (ura, _) = resource.judge().map_err(not_mcsd)?;
            check_id(&resource.id, ura)?;
            resource.meta = None;
            serde_json::to_value(resource).map_err(unreadable)
        }
    }
}

fn parse_etag(text: &str) -> Option<i64> {
    text.strip_prefix("W/")?
        .strip_prefix('"')?
        .strip_suffix('"')?
        .parse()
        .ok()
}

fn put_version(
    connection: &Connection,
    kind: Kind,
    id: &str,
    expected: Option<i64>,
    now_ms: i64,
    mut body: Value,
) -> rusqlite::Result<Put> {
    let before = latest(connection, kind, id)?;
    let version = before.as_ref().map_or(0, |row| row.version);
    if expected.is_some_and(|expected| expected != version) {
        return Ok(Put::OtherVersion);
    }
    if let Some(row) = before
        && serde_json::from_str::<Value>(&row.body).is_ok_and(|mut old| {
            old.as_object_mut()
                .is_some_and(|fields| fields.remove("meta").is_some())
                && old == body
        })
    {
        // Publishing what is there already makes no version: every start of a
        // node does it, and the replicas of all others would fetch it again.
        return Ok(Put::Stored {
            created: false,
            version,
            body: row.body,
        });
    }
    if version == 0 && count(connection, kind)? >= ORGANISATIONS_MAX {
        return Ok(Put::Full);
    }
    // Strictly later than all before it: a replica that asks for what changed
    // since a moment misses nothing of that moment.
    let latest_ms = latest_change(connection)?;
    let at_ms = now_ms.max(latest_ms + 1);
    let meta = Meta {
        version_id: (version + 1).to_string(),
        last_updated: instant(at_ms),
    };
    if let (Some(fields), Ok(meta)) = (body.as_object_mut(), serde_json::to_value(meta)) {
        fields.insert("meta".to_owned(), meta);
    }
    let text = body.to_string();
    connection
        .prepare_cached("UPDATE version SET latest = 0 WHERE kind = ?1 AND id = ?2 AND latest = 1")?
        .execute(params![kind.name(), id])?;
    connection
        .prepare_cached(
            "INSERT INTO version (kind, id, version, last_updated_ms, latest, body)
             VALUES (?1, ?2, ?3, ?4, 1, ?5)",
        )?
        .execute(params![kind.name(), id, version + 1, at_ms, text])?;
    Ok(Put::Stored {
        created: version == 0,
        version: version + 1,
        body: text,
    })
}

fn count(connection: &Connection, kind: Kind) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT count(*) FROM version WHERE kind = ?1 AND latest = 1")?
        .query_row([kind.name()], |row| row.get(0))
}

fn latest_change(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT coalesce(max(last_updated_ms), 0) FROM version")?
        .query_row([], |row| row.get(0))
}

fn latest(connection: &Connection, kind: Kind, id: &str) -> rusqlite::Result<Option<Row>> {
    connection
        .prepare_cached(
            "SELECT sequence, id, version, last_updated_ms, body FROM version
             WHERE kind = ?1 AND id = ?2 AND latest = 1",
        )?
        .query_row(params![kind.name(), id], row)
        .optional()
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        sequence: row.get(0)?,
        id: row.get(1)?,
        version: row.get(2)?,
        last_updated_ms: row.get(3)?,
        body: row.get(4)?,
    })
}

fn page(
    connection: &Connection,
    kind: Kind,
    history: bool,
    since_ms: i64,
    before: i64,
    count: usize,
) -> rusqlite::Result<Page> {
    // Read before the rows: a change between the two is then fetched again,
    // not missed.
    let stamp_ms = latest_change(connection)?;
    let mut rows = connection
        .prepare_cached(
            "SELECT sequence, id, version, last_updated_ms, body FROM version
             WHERE kind = ?1 AND (latest = 1 OR ?2) AND last_updated_ms >= ?3 AND sequence < ?4
             ORDER BY sequence DESC LIMIT ?5",
        )?
        .query_map(
            params![kind.name(), history, since_ms, before, count as i64 + 1],
            row,
        )?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let more = rows.len() > count;
    rows.truncate(count);
    Ok(Page {
        rows,
        more,
        stamp_ms,
    })
}

fn bundle(kind: Kind, history: bool, since_ms: i64, count: usize, page: Page) -> Value {
    let name = kind.name();
    let mut links = Vec::new();
    if let (true, Some(last)) = (page.more, page.rows.last()) {
        let url = if history && since_ms != i64::MIN {
            let since = instant(since_ms);
            format!(
                "{name}/_history?_count={count}&_since={since}&_before={}",
                last.sequence
            )
        } else if history {
            format!("{name}/_history?_count={count}&_before={}", last.sequence)
        } else {
            format!("{name}?_count={count}&_before={}", last.sequence)
        };
        links.push(json!({"relation": "next", "url": url}));
    }
    let entries: Vec<Value> = page
        .rows
        .into_iter()
        .filter_map(|row| {
            let resource: Value = serde_json::from_str(&row.body).ok()?;
            let mut entry = json!({"fullUrl": format!("{name}/{}", row.id), "resource": resource});
            if history {
                let (method, status) = if row.version == 1 {
                    ("POST", "201 Created")
                } else {
                    ("PUT", "200 OK")
                };
                entry["request"] = json!({"method": method, "url": format!("{name}/{}", row.id)});
                entry["response"] = json!({
                    "status": status,
                    "etag": format!("W/\"{}\"", row.version),
                    "lastModified": instant(row.last_updated_ms)
                });
            }
            Some(entry)
        })
        .collect();
    json!({
        "resourceType": "Bundle",
        "meta": {"lastUpdated": instant(page.stamp_ms)},
        "type": if history { "history" } else { "searchset" },
        "link": links,
        "entry": entries
    })
}

/// A FHIR instant in UTC, to the millisecond.
fn instant(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_register_takes_so_many_organisations_and_no_more() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        let entry = |id: &str| {
            let body = serde_json::json!({ "id": id });
            put_version(&connection, Kind::Organization, id, None, 1, body).unwrap()
        };
        connection
            .execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                 INSERT INTO version (kind, id, version, last_updated_ms, latest, body)
                 SELECT ?2, 'o' || i, 1, i, 1, '{}' FROM n",
                (ORGANISATIONS_MAX - 1, Kind::Organization.name()),
            )
            .unwrap();
        assert!(matches!(entry("last"), Put::Stored { created: true, .. }));
        assert!(matches!(entry("one-more"), Put::Full));
        // Those that are there can still change.
        assert!(matches!(entry("o1"), Put::Stored { created: false, .. }));
    }
}
