//! What the changes of one write come down to.
//!
//! A plan is made on a reader, beside the writer, from what the store holds at
//! that moment. It notes what it assumed: which resource each condition found.
//! The writer looks again, and makes the plan anew only when something changed
//! in between. So parsing and extracting cost the writer nothing.

use std::collections::{HashMap, HashSet};

use super::draft::Draft;
use super::identity::is_id;
use super::patch;
use super::references::{self, Reference};
use crate::database::kinds::Kinds;
use crate::database::snapshot::Snapshot;
use crate::limits::CHANGES_MAX;
use crate::search::conditional::{self, Answer};
use crate::{Change, Options, StoreError, Target};
use fhir::Resource;
use fhir::search::IndexValue;

/// The steps of a write, and what they rest on.
pub(crate) struct Plan {
    /// One for each change, in order.
    pub(crate) steps: Vec<Step>,
    assumed: Vec<Condition>,
    /// The versions that patches were applied to.
    patched: Vec<patch::Base>,
    /// The last commit that it knew of.
    commit: u64,
    /// The state of the search parameters that its resources were read by.
    parameters: i64,
}

/// A condition and what it found.
struct Condition {
    resource_type: &'static str,
    query: Vec<(String, String)>,
    found: Answer,
    at: usize,
}

/// What one change comes down to.
pub(crate) enum Step {
    /// A new version.
    Put {
        /// The id.
        id: String,
        /// What must be there now.
        expected: Expected,
        /// The resource.
        draft: Box<Draft>,
    },
    /// Nothing: a conditional create found this one.
    Keep {
        /// Its type.
        resource_type: &'static str,
        /// Its id.
        id: String,
    },
    /// A deletion; of nothing, when a conditional delete found nothing.
    Delete {
        /// The type.
        resource_type: &'static str,
        /// The id.
        id: Option<String>,
        /// What must be there now.
        expected: Expected,
    },
}

/// What must be at an id before a new version goes there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Nothing live.
    Nothing,
    /// Anything.
    Anything,
    /// This version.
    Version(u64),
}

/// Where a change will be written.
enum Place {
    Put(String, Expected),
    /// What a patch made of the current version.
    Patched(String, Expected, Box<Resource>),
    Keep(String),
    Delete(Option<String>, Expected),
}

/// Makes the plan of a write from what the store holds now.
pub(crate) fn prepare(
    file: &Snapshot<'_>,
    kinds: &Kinds,
    options: &Options,
    changes: &[Change],
) -> Result<Plan, StoreError> {
    if changes.len() > CHANGES_MAX {
        return Err(StoreError::LimitExceeded {
            limit: "CHANGES_MAX",
            max: CHANGES_MAX,
        });
    }
    let mut conditions = Conditions {
        file,
        kinds,
        options,
        met: Vec::new(),
        patched: Vec::new(),
    };
    let mut places = Vec::with_capacity(changes.len());
    let mut taken: HashSet<(&'static str, String)> = HashSet::new();
    for (at, change) in changes.iter().enumerate() {
        if resource_of(change).is_some_and(|resource| resource.version() != kinds.version()) {
            return Err(StoreError::OtherFhirVersion { at });
        }
        let (resource_type, place) = conditions.place(at, change)?;
        let id = match &place {
            Place::Put(id, _) | Place::Patched(id, ..) | Place::Delete(Some(id), _) => Some(id),
            Place::Keep(_) | Place::Delete(None, _) => None,
        };
        if let Some(id) = id
            && !taken.insert((resource_type, id.clone()))
        {
            return Err(StoreError::Conflict { at });
        }
        places.push((resource_type, place));
    }
    let names = names(changes, &places)?;
    let mut steps = Vec::with_capacity(changes.len());
    for (at, (change, (resource_type, place))) in changes.iter().zip(&places).enumerate() {
        let brought = match place {
            Place::Patched(_, _, resource) => Some(&**resource),
            _ => resource_of(change),
        };
        steps.push(match place {
            Place::Delete(id, expected) => Step::Delete {
                resource_type,
                id: id.clone(),
                expected: *expected,
            },
            Place::Keep(id) => Step::Keep {
                resource_type,
                id: id.clone(),
            },
            Place::Put(id, expected) | Place::Patched(id, expected, _) => {
                let resource = brought.ok_or(StoreError::Fault)?;
                let edits =
                    references::resolve(resource, at, &names, |reference| match reference {
                        Reference::Name(_) => Ok(None),
                        Reference::Condition(target_type, query) => {
                            conditions.target(at, target_type, query, changes, &places)
                        }
                    })?;
                Step::Put {
                    id: id.clone(),
                    expected: *expected,
                    draft: Box::new(Draft::new(resource, id, edits, &file.parameters, at)?),
                }
            }
        });
    }
    Ok(Plan {
        steps,
        assumed: conditions.met,
        patched: conditions.patched,
        commit: file.commit(),
        parameters: file.parameters.stamp(),
    })
}

impl Plan {
    /// Whether every condition still finds what the plan assumed. Those that
    /// nothing could have changed are not looked at again.
    pub(crate) fn still_holds(
        &self,
        file: &Snapshot<'_>,
        kinds: &Kinds,
        options: &Options,
    ) -> Result<bool, StoreError> {
        if self.parameters != file.parameters.stamp() {
            return Ok(false);
        }
        for base in &self.patched {
            if !base.is_current(file, kinds)? {
                return Ok(false);
            }
        }
        for condition in &self.assumed {
            if let Some(ranges) = &condition.found.decided_by
                && file.index.is_unchanged_since(self.commit, ranges)
            {
                continue;
            }
            let found = conditional::find_one(
                file,
                kinds,
                options,
                condition.resource_type,
                &condition.query,
                condition.at,
            )?;
            if found.id != condition.found.id {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The entries' names and where they will be.
fn names<'a>(
    changes: &'a [Change],
    places: &[(&'static str, Place)],
) -> Result<HashMap<&'a str, (&'static str, String)>, StoreError> {
    let mut names = HashMap::new();
    for (at, (change, (resource_type, place))) in changes.iter().zip(places).enumerate() {
        let (Some(name), Place::Put(id, _) | Place::Keep(id)) = (full_url_of(change), place) else {
            continue;
        };
        if names.insert(name, (*resource_type, id.clone())).is_some() {
            return Err(StoreError::Conflict { at });
        }
    }
    Ok(names)
}

fn full_url_of(change: &Change) -> Option<&str> {
    match change {
        Change::Create { full_url, .. }
        | Change::Update { full_url, .. }
        | Change::UpdateWhere { full_url, .. } => full_url.as_deref(),
        Change::Patch { .. } | Change::Delete { .. } | Change::DeleteWhere { .. } => None,
    }
}

fn resource_of(change: &Change) -> Option<&Resource> {
    match change {
        Change::Create { resource, .. }
        | Change::Update { resource, .. }
        | Change::UpdateWhere { resource, .. } => Some(resource),
        Change::Patch { .. } | Change::Delete { .. } | Change::DeleteWhere { .. } => None,
    }
}

/// Evaluates conditions and remembers what they found.
struct Conditions<'a> {
    file: &'a Snapshot<'a>,
    kinds: &'a Kinds,
    options: &'a Options,
    met: Vec<Condition>,
    patched: Vec<patch::Base>,
}

impl Conditions<'_> {
    fn find(
        &mut self,
        at: usize,
        resource_type: &'static str,
        query: &[(String, String)],
    ) -> Result<Option<String>, StoreError> {
        let met = self
            .met
            .iter()
            .find(|met| met.resource_type == resource_type && met.query == query);
        if let Some(met) = met {
            return Ok(met.found.id.clone());
        }
        let found = conditional::find_one(
            self.file,
            self.kinds,
            self.options,
            resource_type,
            query,
            at,
        )?;
        self.met.push(Condition {
            resource_type,
            query: query.to_vec(),
            found: found.clone(),
            at,
        });
        Ok(found.id)
    }

    /// Where a change will be written.
    fn place(&mut self, at: usize, change: &Change) -> Result<(&'static str, Place), StoreError> {
        match change {
            Change::Create {
                resource,
                if_none_exist,
                ..
            } => {
                let resource_type = resource.resource_type();
                if let Some(query) = if_none_exist
                    && let Some(id) = self.find(at, resource_type, query)?
                {
                    return Ok((resource_type, Place::Keep(id)));
                }
                Ok((
                    resource_type,
                    Place::Put(self.options.ids.next(), Expected::Nothing),
                ))
            }
            Change::Update {
                resource,
                id,
                if_match,
                ..
            } => {
                if !is_id(id) {
                    return Err(StoreError::InvalidId { at });
                }
                same_id(resource, id, at)?;
                let expected = if_match.map_or(Expected::Anything, Expected::Version);
                Ok((resource.resource_type(), Place::Put(id.clone(), expected)))
            }
            Change::UpdateWhere {
                resource, query, ..
            } => {
                let resource_type = resource.resource_type();
                let place = match (self.find(at, resource_type, query)?, resource.id()) {
                    (Some(id), _) => {
                        same_id(resource, &id, at)?;
                        Place::Put(id, Expected::Anything)
                    }
                    (None, None) => Place::Put(self.options.ids.next(), Expected::Nothing),
                    // Whatever is under that id is not what the condition means.
                    (None, Some(id)) if is_id(&id) => {
                        Place::Put(id.into_owned(), Expected::Nothing)
                    }
                    (None, Some(_)) => return Err(StoreError::InvalidId { at }),
                };
                Ok((resource_type, place))
            }
            Change::Patch {
                resource_type,
                target,
                patch,
                if_match,
                named,
            } => {
                let resource_type = self.kinds.resource_type(resource_type)?;
                let id = match target {
                    Target::Id(id) if is_id(id) => Some(id.clone()),
                    Target::Id(_) => return Err(StoreError::InvalidId { at }),
                    Target::Found(query) => self.find(at, resource_type, query)?,
                };
                let id = id.ok_or(StoreError::NothingThere { at })?;
                let (base, current) = patch::Base::find(self.file, self.kinds, resource_type, id)?
                    .ok_or(StoreError::NothingThere { at })?;
                if if_match.is_some_and(|version| version != base.version()) {
                    return Err(StoreError::PreconditionFailed { at });
                }
                let resource = patch::applied(patch, &current, named, at)?;
                let id = base.id().to_owned();
                self.patched.push(base);
                let expected = if_match.map_or(Expected::Anything, Expected::Version);
                Ok((
                    resource_type,
                    Place::Patched(id, expected, Box::new(resource)),
                ))
            }
            Change::Delete {
                resource_type,
                id,
                if_match,
            } => {
                let resource_type = self.kinds.resource_type(resource_type)?;
                if !is_id(id) {
                    return Err(StoreError::InvalidId { at });
                }
                let expected = if_match.map_or(Expected::Anything, Expected::Version);
                Ok((resource_type, Place::Delete(Some(id.clone()), expected)))
            }
            Change::DeleteWhere {
                resource_type,
                query,
            } => {
                let resource_type = self.kinds.resource_type(resource_type)?;
                let found = self.find(at, resource_type, query)?;
                Ok((resource_type, Place::Delete(found, Expected::Anything)))
            }
        }
    }

    /// What a conditional reference is about: an entry of this write under the
    /// same condition or with that identifier, or a resource of the store.
    fn target(
        &mut self,
        at: usize,
        target_type: &'static str,
        query: Vec<(String, String)>,
        changes: &[Change],
        places: &[(&'static str, Place)],
    ) -> Result<Option<String>, StoreError> {
        for (change, (resource_type, place)) in changes.iter().zip(places) {
            let (Place::Put(id, _) | Place::Keep(id)) = place else {
                continue;
            };
            let condition = match change {
                Change::Create { if_none_exist, .. } => if_none_exist.as_ref(),
                Change::UpdateWhere { query, .. } => Some(query),
                _ => None,
            };
            if *resource_type == target_type && condition == Some(&query) {
                return Ok(Some(format!("{target_type}/{id}")));
            }
        }
        if let Some(id) = self.find(at, target_type, &query)? {
            return Ok(Some(format!("{target_type}/{id}")));
        }
        let mut matching = changes
            .iter()
            .zip(places)
            .filter_map(|(change, (_, place))| {
                let Place::Put(id, _) = place else {
                    return None;
                };
                let resource = resource_of(change)?;
                let fits =
                    resource.resource_type() == target_type && has_identifier(resource, &query);
                fits.then_some(id)
            });
        match (matching.next(), matching.next()) {
            (Some(id), None) => Ok(Some(format!("{target_type}/{id}"))),
            (None, _) => Ok(None),
            (Some(_), Some(_)) => Err(StoreError::MultipleMatches { at }),
        }
    }
}

/// Whether a query asks for one identifier, and the resource has it.
fn has_identifier(resource: &Resource, query: &[(String, String)]) -> bool {
    let [(name, value)] = query else { return false };
    let (version, of) = (resource.version(), resource.resource_type());
    let Some(parameter) = fhir::search::parameter_in(version, of, "identifier") else {
        return false;
    };
    let Some((system, value)) = value.split_once('|') else {
        return false;
    };
    name == "identifier"
        && fhir::search::extract(resource).iter().any(|entry| {
            entry.parameter == parameter.id
                && matches!(
                    &entry.value,
                    IndexValue::Token { system: has_system, code, .. }
                        if has_system.as_deref().unwrap_or_default() == system
                            && code.as_deref() == Some(value)
                )
        })
}

fn same_id(resource: &Resource, id: &str, at: usize) -> Result<(), StoreError> {
    match resource.id() {
        Some(other) if other != id => Err(StoreError::IdMismatch { at }),
        _ => Ok(()),
    }
}
