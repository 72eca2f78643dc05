//! Takes the values of stored resources again, in the background.
//!
//! A type in the table `reindex` is gone through in the order of the numbers of
//! its resources, a few with each commit, while others read and write. How far
//! it came is in the same commit, so that it goes on from there after any end of
//! the process. What is written meanwhile has its new values at once.

use std::time::{Duration, Instant};

use fhir::Resource;

use super::collect::collect_all;
use super::entries::{Entries, MEMBER};
use super::terms::replace;
use crate::database::Connection;
use crate::database::kinds::{self, Kinds};
use crate::database::writer::Session;
use crate::{Reindexing, StoreError};

/// Resources that one step looks at, at most.
const ROWS_PER_STEP: i64 = 256;
/// Bytes of resources that one step reads, but for the first of them.
const BYTES_PER_STEP: i64 = 4 << 20;
/// Time after which a step does no further resource. Writers wait no longer
/// than this and a commit.
const STEP: Duration = Duration::from_millis(10);

/// Has the values of all resources of these types taken again. Inside a
/// transaction, which must be followed by reading the parameters anew.
pub(crate) fn begin(
    connection: &Connection,
    kinds: &Kinds,
    resource_types: &[&'static str],
) -> Result<(), StoreError> {
    // Of a type that is under way already, what it was true of stays true.
    let mut insert = connection.prepare_cached(
        "INSERT INTO reindex (kind, rules, numbered, reached, done, total)
         SELECT CAST(?1 AS BIGINT), rules, numbered, CAST(?2 AS BIGINT), 0,
                coalesce((SELECT count FROM tally WHERE what = CAST(?1 AS BIGINT)), 0)
         FROM index_state WHERE true
         ON CONFLICT (kind) DO UPDATE
         SET reached = excluded.reached, done = 0, total = excluded.total",
    )?;
    for resource_type in resource_types {
        let kind = kinds.number(resource_type)?;
        let (first, _) = kinds::range_of(kind);
        insert.send((kind, first))?;
    }
    changed(connection)
}

/// Makes it known that the parameters, or what waits, are others.
pub(crate) fn changed(connection: &Connection) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE index_state SET parameters = parameters + 1")?
        .send(())?;
    Ok(())
}

/// How far it is.
pub(crate) fn progress(
    connection: &Connection,
    kinds: &Kinds,
) -> Result<Vec<Reindexing>, StoreError> {
    connection
        .prepare_cached("SELECT kind, done, total FROM reindex ORDER BY kind")?
        .query_all((), |row| {
            Ok((row.get(0)?, row.get::<i64>(1)?, row.get::<i64>(2)?))
        })?
        .into_iter()
        .map(|(kind, done, total)| {
            Ok(Reindexing {
                resource_type: kinds.name(kind)?,
                done: done as u64,
                total: total.max(done) as u64,
            })
        })
        .collect()
}

/// Does a part of the work, if there is any; says whether there was.
pub(crate) fn step(session: &mut Session<'_>) -> Result<bool, StoreError> {
    let started = Instant::now();
    let all = session
        .connection
        .prepare_cached("SELECT kind, reached, done FROM reindex ORDER BY kind")?
        .query_all((), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    if all.is_empty() {
        return Ok(false);
    }
    for (kind, reached, done) in all {
        if !part(session, (kind, reached, done), started)? || started.elapsed() >= STEP {
            break;
        }
    }
    Ok(true)
}

/// Does a part of one type; says whether that was the last of it.
fn part(
    session: &mut Session<'_>,
    (kind, reached, done): (i64, i64, i64),
    started: Instant,
) -> Result<bool, StoreError> {
    let connection = session.connection;
    let rows = next(connection, kind, reached)?;
    if rows.is_empty() {
        connection
            .prepare_cached("DELETE FROM reindex WHERE kind = ?1")?
            .send([kind])?;
        changed(connection)?;
        session.read_parameters()?;
        return Ok(true);
    }
    let (mut reached, mut done) = (reached, done);
    for (rid, old, body) in rows {
        again(session, kind, rid, &old, body)?;
        (reached, done) = (rid, done + 1);
        if started.elapsed() >= STEP {
            break;
        }
    }
    connection
        .prepare_cached("UPDATE reindex SET reached = ?2, done = ?3 WHERE kind = ?1")?
        .send((kind, reached, done))?;
    Ok(false)
}

/// A resource: number, values and body.
type Stored = (i64, Vec<u8>, Vec<u8>);

/// The next resources. Few when they are large.
fn next(connection: &Connection, kind: i64, reached: i64) -> Result<Vec<Stored>, StoreError> {
    let (_, last) = kinds::range_of(kind);
    let sizes: Vec<(i64, i64)> = connection
        .prepare_cached(
            "SELECT r.rid, length(v.body) FROM resource r JOIN version v ON v.vid = r.vid
             WHERE r.rid > ?1 AND r.rid <= ?2 AND r.state = 0 ORDER BY r.rid LIMIT ?3",
        )?
        .query_all((reached, last, ROWS_PER_STEP), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let mut bytes = 0;
    let few = sizes
        .iter()
        .take_while(|(_, size)| {
            let is_first = bytes == 0;
            bytes += size;
            is_first || bytes <= BYTES_PER_STEP
        })
        .last();
    let Some((last, _)) = few else {
        return Ok(Vec::new());
    };
    Ok(connection
        .prepare_cached(
            "SELECT r.rid, r.entries, v.body FROM resource r JOIN version v ON v.vid = r.vid
             WHERE r.rid > ?1 AND r.rid <= ?2 AND r.state = 0 ORDER BY r.rid",
        )?
        .query_all((reached, *last), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?)
}

/// Takes the values of one resource again. Whose it is stays as it is.
fn again(
    session: &mut Session<'_>,
    kind: i64,
    rid: i64,
    old: &[u8],
    body: Vec<u8>,
) -> Result<(), StoreError> {
    let resource_type = session.state.kinds.name(kind)?;
    let Ok(resource) = Resource::parse_in(session.state.kinds.version(), body) else {
        // Nobody can read it either; the rest is not to wait for it.
        tracing::error!(resource_type, "store.stored_resource_does_not_parse");
        return Ok(());
    };
    let patients: Vec<i64> = Entries::of(old).references(MEMBER).collect();
    let extracted = session.state.parameters.all().extract(&resource);
    let new = collect_all(session, resource_type, &extracted, &patients)?;
    if new == old {
        return Ok(());
    }
    replace(&mut session.state.index, rid, old, &new);
    session
        .connection
        .prepare_cached("UPDATE resource SET entries = ?2 WHERE rid = ?1")?
        .send((rid, &new))?;
    Ok(())
}
