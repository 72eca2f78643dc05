//! The names of the resource types of R4.

use crate::FhirVersion;

/// The resource types of FHIR R4, sorted by name.
pub fn resource_types() -> &'static [&'static str] {
    FhirVersion::R4.resource_types()
}

/// The resource type of that name, when R4 has it.
pub fn resource_type(name: &str) -> Option<&'static str> {
    FhirVersion::R4.resource_type(name)
}
