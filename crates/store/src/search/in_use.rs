//! Which profiles, tags and security labels are in use (FHIR, `$meta` on a type
//! and on everything).

use std::collections::{BTreeSet, HashSet};
use std::ops::ControlFlow;

use fhir::search::parameter_in;

use crate::database::names::Variant;
use crate::database::{OptionalExtension, Value as Sql};
use crate::index::{Range, codes_from, rid_of, system_of, value_of};
use crate::limits::META_VALUES_MAX;
use crate::read::{FILED, filed, stored};
use crate::{StoreError, Stored};

use super::candidates::Deadline;
use super::page::Searching;
use super::resolve::Resolver;
use super::sight::Sight;
use crate::database::kinds::kind_of;
use crate::write::identity::LIVE;

/// The search parameters of the parts of `meta` that stand in the index.
const PARTS: [&str; 3] = ["_profile", "_tag", "_security"];

/// Bytes of a key before its value: its table and the number of its parameter.
const KEY_HEAD_BYTES: usize = 5;

/// Keys between two looks at the clock.
const KEYS_PER_LOOK: usize = 1_024;

/// Resources in sight that have between them every profile, tag and security
/// label that the resources of a type have; without a type, those of all.
pub(crate) fn in_use(
    searching: Searching<'_>,
    resource_type: Option<&str>,
) -> Result<Vec<Stored>, StoreError> {
    let (file, kinds) = (searching.file, searching.kinds);
    let sight = Sight::of(file.connection, searching.scope)?;
    let resolver = Resolver {
        file,
        kinds,
        sight: &sight,
        deadline: Deadline::start(),
    };
    let types = match resource_type {
        Some(name) => vec![kinds.resource_type(name)?],
        None => kinds.version().resource_types().to_vec(),
    };
    let mut seen_values = Vec::new();
    let seen = sight.condition("r", &mut seen_values);
    let sql = format!(
        "SELECT r.id, r.version, r.updated, v.body, {FILED}
         FROM resource r CROSS JOIN version v ON v.vid = r.vid
         WHERE r.rid = ? AND r.state = ? AND {seen}"
    );
    let mut one = file.connection.prepare_cached(&sql)?;
    let mut found: HashSet<(&str, Vec<u8>, i64)> = HashSet::new();
    let mut taken: BTreeSet<i64> = BTreeSet::new();
    let mut resources = Vec::new();
    let mut looked_at = 0_usize;
    for name in types {
        for part in PARTS {
            let Some(parameter) = parameter_in(kinds.version(), name, part) else {
                continue;
            };
            let parameter = resolver.parameter(name, parameter, Variant::Value)?;
            let range = Range::starting(codes_from(parameter, ""));
            file.index.keys(file.connection, &range, false, |key| {
                looked_at += 1;
                if looked_at.is_multiple_of(KEYS_PER_LOOK) {
                    resolver.deadline.check()?;
                }
                let (Some(rid), Some(system)) = (rid_of(key), system_of(key)) else {
                    return Ok(ControlFlow::Continue(()));
                };
                let value = value_of(key).get(KEY_HEAD_BYTES..).unwrap_or_default();
                let value = (part, value.to_vec(), system);
                if found.contains(&value) {
                    return Ok(ControlFlow::Continue(()));
                }
                let mut values: Vec<Sql> = vec![rid.into(), LIVE.into()];
                values.extend(seen_values.iter().cloned());
                let row = one.query_row(values, |row| {
                    let (id, version, updated) = (row.get(0)?, row.get(1)?, row.get(2)?);
                    Ok((id, version, updated, row.get(3)?, filed(row, 4)?))
                });
                let Some((id, version, updated, body, filed)) = row.optional()? else {
                    return Ok(ControlFlow::Continue(()));
                };
                if found.len() == META_VALUES_MAX {
                    return Err(StoreError::LimitExceeded {
                        limit: "META_VALUES_MAX",
                        max: META_VALUES_MAX,
                    });
                }
                found.insert(value);
                if taken.insert(rid) {
                    let kind = kinds.name(kind_of(rid))?;
                    resources.push(stored(kind, id, version, updated, body, filed)?);
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
    }
    Ok(resources)
}
