//! A resource made ready to be written: everything that can be known of it
//! without the writer.

use care::Categories;
use fhir::Resource;
use fhir::search::Entry;

use super::splice::{self, Edit, MetaPlaces};
use crate::StoreError;
use crate::limits::RESOURCE_BYTES_MAX;
use crate::search::parameters::Parameters;

/// A resource with its id and its references as they will be stored.
#[derive(Clone)]
pub(crate) struct Draft {
    /// The resource.
    pub(crate) resource: Resource,
    /// Where version and time go.
    pub(crate) meta: MetaPlaces,
    /// Its data categories.
    pub(crate) labels: Categories,
    /// What it is found by.
    pub(crate) entries: Vec<Entry>,
    /// The patients that it belongs to, as it names them.
    pub(crate) patients: Vec<String>,
}

impl Draft {
    /// Makes a draft of a resource as it came.
    pub(crate) fn new(
        resource: &Resource,
        id: &str,
        mut edits: Vec<Edit>,
        parameters: &Parameters,
        at: usize,
    ) -> Result<Self, StoreError> {
        edits.extend(splice::id(resource, id));
        let resource = if edits.is_empty() {
            resource.clone()
        } else {
            Resource::parse_in(resource.version(), splice::edit(resource.as_bytes(), edits))
                .map_err(|_| StoreError::Conflict { at })?
        };
        if resource.as_bytes().len() > RESOURCE_BYTES_MAX {
            return Err(StoreError::LimitExceeded {
                limit: "RESOURCE_BYTES_MAX",
                max: RESOURCE_BYTES_MAX,
            });
        }
        Ok(Self {
            meta: MetaPlaces::of(&resource),
            labels: fhir::label(&resource),
            entries: parameters.all().extract(&resource),
            patients: fhir::compartment::patients(&resource),
            resource,
        })
    }
}
