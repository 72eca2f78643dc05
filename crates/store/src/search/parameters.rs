//! The search parameters of one moment of the database.

use std::sync::{Arc, OnceLock};

use fhir::FhirVersion;
use fhir::search::Parameter;

/// The search parameters that a transaction sees.
#[derive(Debug)]
pub(crate) struct Parameters {
    all: fhir::search::Parameters,
}

impl Parameters {
    /// Those of the standard.
    pub(crate) fn standard(version: FhirVersion) -> Self {
        Self {
            all: fhir::search::Parameters::new(version, Vec::new()),
        }
    }

    /// All that there are.
    pub(crate) const fn all(&self) -> &fhir::search::Parameters {
        &self.all
    }

    /// The parameter of that name, when a resource can be found by it.
    pub(crate) fn searched(&self, resource_type: &str, code: &str) -> Option<&Arc<Parameter>> {
        self.all
            .get(resource_type, code)
            .filter(|parameter| parameter.is_searched())
    }

    /// The references of a resource type.
    pub(crate) fn references(&self, resource_type: &str) -> impl Iterator<Item = &Arc<Parameter>> {
        self.all
            .of(resource_type)
            .filter(|parameter| parameter.kind == fhir::search::Kind::Reference)
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
