//! The search parameters of one moment of the database, and which of them have
//! all their values there.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use fhir::search::{Added, Kind, Parameter};
use fhir::{FhirVersion, Resource};

use crate::database::Connection;
use crate::database::kinds::Kinds;
use crate::error::shown;
use crate::index::Rule;
use crate::{AddedParameter, StoreError};

/// The search parameters that a transaction sees.
#[derive(Debug)]
pub(crate) struct Parameters {
    all: fhir::search::Parameters,
    /// The number of this state of things.
    stamp: i64,
    /// The types whose values are taken again.
    waiting: HashMap<&'static str, Waiting>,
}

/// What is known of a type whose values are taken again.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    /// The rules that all its values follow at least.
    rules: i64,
    /// The last added parameter that all its values are there of.
    numbered: i64,
}

impl Parameters {
    /// Those of the standard.
    pub(crate) fn standard(version: FhirVersion) -> Self {
        Self {
            all: fhir::search::Parameters::new(version, Vec::new()),
            stamp: 0,
            waiting: HashMap::new(),
        }
    }

    /// Reads them from the database.
    pub(crate) fn load(
        connection: &Connection,
        kinds: &Kinds,
        stamp: i64,
    ) -> Result<Self, StoreError> {
        let mut added = Vec::new();
        let definitions = connection
            .prepare_cached(
                "SELECT p.number, v.body FROM search_parameter p JOIN version v ON v.vid = p.vid
                 ORDER BY p.number",
            )?
            .query_all((), |row| Ok((row.get(0)?, row.get::<Vec<u8>>(1)?)))?;
        for (number, body) in definitions {
            let resource =
                Resource::parse_in(kinds.version(), body).map_err(|_| StoreError::Corrupt {
                    what: "a stored resource does not parse",
                })?;
            if let Ok(Some(one)) = Added::read(id_of(number), &resource) {
                added.push(Arc::new(one));
            } else {
                // Another release took it; here nobody can search by it.
                tracing::warn!(number, "store.search_parameter_not_read");
            }
        }
        let waiting = connection
            .prepare_cached("SELECT kind, rules, numbered FROM reindex")?
            .query_all((), |row| {
                let (rules, numbered) = (row.get(1)?, row.get(2)?);
                Ok((row.get(0)?, Waiting { rules, numbered }))
            })?
            .into_iter()
            .map(|(kind, waiting)| Ok((kinds.name(kind)?, waiting)))
            .collect::<Result<_, StoreError>>()?;
        Ok(Self {
            all: fhir::search::Parameters::new(kinds.version(), added),
            stamp,
            waiting,
        })
    }

    /// All that there are.
    pub(crate) const fn all(&self) -> &fhir::search::Parameters {
        &self.all
    }

    /// The number of this state of things: a later one is higher.
    pub(crate) const fn stamp(&self) -> i64 {
        self.stamp
    }

    /// Whether values are taken again.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether all values of a parameter are there.
    pub(crate) fn is_ready(&self, resource_type: &str, parameter: &Parameter) -> bool {
        let waiting = self.waiting.get(resource_type);
        !parameter.is_added()
            || waiting.is_none_or(|waiting| number_of(parameter.id) <= waiting.numbered)
    }

    /// The parameter of that name, when a resource can be found by it.
    pub(crate) fn get(&self, resource_type: &str, code: &str) -> Option<&Arc<Parameter>> {
        self.all
            .get(resource_type, code)
            .filter(|parameter| parameter.is_searched())
    }

    /// The parameter of that name, when a resource can be found by it.
    ///
    /// # Errors
    /// When there is none; and when not all of its values are there yet, so that
    /// an answer would be a part of one.
    pub(crate) fn searched(
        &self,
        resource_type: &'static str,
        code: &str,
    ) -> Result<&Arc<Parameter>, StoreError> {
        let parameter = self
            .get(resource_type, code)
            .ok_or_else(|| StoreError::UnknownParameter { name: shown(code) })?;
        if self.is_ready(resource_type, parameter) {
            Ok(parameter)
        } else {
            Err(being_indexed(resource_type, code))
        }
    }

    /// An error while not all values of a type follow a rule yet.
    pub(crate) fn follow(
        &self,
        rule: Rule,
        resource_type: &'static str,
        name: &str,
    ) -> Result<(), StoreError> {
        let waiting = self.waiting.get(resource_type);
        if waiting.is_none_or(|waiting| waiting.rules >= rule.since()) {
            Ok(())
        } else {
            Err(being_indexed(resource_type, name))
        }
    }

    /// Those added that can be searched by, for each of their types.
    pub(crate) fn offered(&self) -> Vec<AddedParameter> {
        let each = self.all.added().iter().flat_map(|added| {
            added
                .bases()
                .filter(|base| self.is_ready(base, added.parameter()))
                .map(|base| AddedParameter {
                    code: added.parameter().code.clone().into_owned(),
                    kind: added.parameter().kind,
                    definition: added.url().to_owned(),
                    resource_type: base,
                })
        });
        each.collect()
    }

    /// The references of a resource type whose values are all there.
    pub(crate) fn references(&self, resource_type: &str) -> impl Iterator<Item = &Arc<Parameter>> {
        self.all.of(resource_type).filter(move |parameter| {
            parameter.kind == Kind::Reference && self.is_ready(resource_type, parameter)
        })
    }
}

fn being_indexed(resource_type: &'static str, name: &str) -> StoreError {
    StoreError::BeingIndexed {
        resource_type,
        name: shown(name),
        percent: None,
    }
}

/// The id of an added parameter, from its number in the database.
pub(crate) const fn id_of(number: i64) -> u32 {
    Parameter::ADDED.saturating_add(number as u32)
}

const fn number_of(id: u32) -> i64 {
    id.saturating_sub(Parameter::ADDED) as i64
}

/// The search parameters as a process last read them.
#[derive(Debug)]
pub(crate) struct LastRead(RwLock<Arc<Parameters>>);

impl LastRead {
    /// Before anything is read.
    pub(crate) fn standard(version: FhirVersion) -> Self {
        Self(RwLock::new(Arc::new(Parameters::standard(version))))
    }

    /// As they were read last.
    pub(crate) fn get(&self) -> Arc<Parameters> {
        let last = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&last)
    }

    /// As a transaction sees them: read when this process did not do so before.
    pub(crate) fn at(
        &self,
        connection: &Connection,
        kinds: &Kinds,
        stamp: i64,
    ) -> Result<Arc<Parameters>, StoreError> {
        let last = self.get();
        if last.stamp == stamp {
            return Ok(last);
        }
        let read = Arc::new(Parameters::load(connection, kinds, stamp)?);
        if stamp > last.stamp {
            let mut last = self.0.write().unwrap_or_else(PoisonError::into_inner);
            if stamp > last.stamp {
                *last = Arc::clone(&read);
            }
        }
        Ok(read)
    }
}

/// Whether the values of a parameter stand in the row of the resource itself,
/// so that no index needs them.
pub(crate) fn is_in_row(version: FhirVersion, number: u32) -> bool {
    static R4: OnceLock<Vec<u32>> = OnceLock::new();
    static STU3: OnceLock<Vec<u32>> = OnceLock::new();
    let cell = match version {
        FhirVersion::R4 => &R4,
        FhirVersion::Stu3 => &STU3,
    };
    cell.get_or_init(|| {
        let mut numbers: Vec<u32> = version
            .resource_types()
            .iter()
            .flat_map(|resource_type| fhir::search::parameters_in(version, resource_type))
            .filter(|parameter| ["_id", "_lastUpdated"].contains(&&*parameter.code))
            .map(|parameter| parameter.id)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    })
    .contains(&number)
}
