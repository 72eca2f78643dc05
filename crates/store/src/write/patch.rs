//! Patches inside a write.
//!
//! A patch is applied when the plan is made, to the version that is there then.
//! The plan notes which one that was; when another has come since, the writer
//! makes the plan anew, so no version is ever lost under a patch.

use std::collections::BTreeSet;

use care::Scope;
use fhir::outcome::Severity;
use fhir::patch::Patch;
use fhir::{Resource, structure};

use crate::change::patients_named;
use crate::database::kinds::Kinds;
use crate::database::snapshot::Snapshot;
use crate::{Found, StoreError, Stored, read};

/// The version that a patch was applied to.
pub(super) struct Base {
    resource_type: &'static str,
    id: String,
    version: u64,
}

impl Base {
    /// The current version of a resource; `None` when there is none.
    pub(super) fn find(
        file: &Snapshot<'_>,
        kinds: &Kinds,
        resource_type: &'static str,
        id: String,
    ) -> Result<Option<(Self, Resource)>, StoreError> {
        let Some(stored) = current(file, kinds, resource_type, &id)? else {
            return Ok(None);
        };
        let resource =
            Resource::parse_in(kinds.version(), &stored.body).map_err(|_| StoreError::Corrupt {
                what: "a stored resource does not parse",
            })?;
        let base = Self {
            resource_type,
            id,
            version: stored.version,
        };
        Ok(Some((base, resource)))
    }

    /// The id.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The version.
    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    /// Whether it is still the current version.
    pub(super) fn is_current(
        &self,
        file: &Snapshot<'_>,
        kinds: &Kinds,
    ) -> Result<bool, StoreError> {
        let stored = current(file, kinds, self.resource_type, &self.id)?;
        Ok(stored.is_some_and(|stored| stored.version == self.version))
    }
}

fn current(
    file: &Snapshot<'_>,
    kinds: &Kinds,
    resource_type: &str,
    id: &str,
) -> Result<Option<Stored>, StoreError> {
    let scope = Scope::Organisation;
    read::current(file.connection, kinds, &scope, resource_type, id).map(Found::here)
}

/// What a patch makes of a resource. Whoever it is about, before and after, must
/// be among those that the audit lines name.
pub(super) fn applied(
    patch: &Patch,
    current: &Resource,
    named: &BTreeSet<String>,
    at: usize,
) -> Result<Resource, StoreError> {
    let patched = patch
        .apply(current)
        .map_err(|source| StoreError::NotPatched { at, source })?;
    let issues = structure::check(&patched);
    let is_error =
        |issue: &fhir::outcome::Issue| matches!(issue.severity, Severity::Error | Severity::Fatal);
    if issues.iter().any(is_error) {
        return Err(StoreError::PatchedInvalid { at, issues });
    }
    for version in [current, &patched] {
        if !patients_named(version).is_subset(named) {
            return Err(StoreError::OthersNamed { at });
        }
    }
    Ok(patched)
}
