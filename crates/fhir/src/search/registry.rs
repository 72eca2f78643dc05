//! All search parameters that are there: those of the standard and those added.

use std::sync::Arc;

use super::added::Added;
use super::extract;
use super::index_value::Entry;
use super::parameter::{Parameter, parameter_in, parameters_in};
use crate::{FhirVersion, Resource};

/// The search parameters of a version of FHIR. It never changes: who adds one
/// makes another, so a request keeps to what it began with.
#[derive(Debug, Clone)]
pub struct Parameters {
    version: FhirVersion,
    added: Vec<Arc<Added>>,
}

impl Parameters {
    /// Those of the standard, and these.
    pub const fn new(version: FhirVersion, added: Vec<Arc<Added>>) -> Self {
        Self { version, added }
    }

    /// The version.
    pub const fn version(&self) -> FhirVersion {
        self.version
    }

    /// Those that were added.
    pub fn added(&self) -> &[Arc<Added>] {
        &self.added
    }

    /// Those of a resource type: the standard's by code, then those added.
    pub fn of(&self, resource_type: &str) -> impl Iterator<Item = &Arc<Parameter>> {
        let added = self
            .added
            .iter()
            .filter(move |added| added.is_of(resource_type))
            .map(|added| added.parameter());
        parameters_in(self.version, resource_type)
            .iter()
            .chain(added)
    }

    /// The parameter of that name.
    pub fn get(&self, resource_type: &str, code: &str) -> Option<&Arc<Parameter>> {
        parameter_in(self.version, resource_type, code).or_else(|| {
            let mut added = self.added.iter();
            let added =
                added.find(|added| added.parameter().code == code && added.is_of(resource_type))?;
            Some(added.parameter())
        })
    }

    /// What the resource is found by: one entry for each value of each search
    /// parameter of its type.
    pub fn extract(&self, resource: &Resource) -> Vec<Entry> {
        let resource_type = resource.resource_type();
        let added = self
            .added
            .iter()
            .filter_map(|added| added.compiled(resource_type));
        extract::extract_all(resource, |_| true, added)
    }
}
