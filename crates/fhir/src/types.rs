//! The names of the resource types.

use crate::definitions;

/// The resource types of FHIR R4, sorted by name.
pub fn resource_types() -> &'static [&'static str] {
    definitions::r4().resource_types()
}

/// The resource type of that name, when R4 has it.
pub fn resource_type(name: &str) -> Option<&'static str> {
    let definitions = definitions::r4();
    definitions
        .resource(name)
        .map(|id| definitions.get(id).name)
}
