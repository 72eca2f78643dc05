//! Search parameters by their number.

use std::collections::HashMap;
use std::sync::OnceLock;

use fhir::FhirVersion;

/// Whether the values of a parameter stand in the row of the resource itself,
/// so that no index needs them.
pub(crate) fn is_in_row(version: FhirVersion, number: u16) -> bool {
    static R4: OnceLock<Vec<u16>> = OnceLock::new();
    static STU3: OnceLock<Vec<u16>> = OnceLock::new();
    let cell = match version {
        FhirVersion::R4 => &R4,
        FhirVersion::Stu3 => &STU3,
    };
    cell.get_or_init(|| {
        let mut numbers: Vec<u16> = version
            .resource_types()
            .iter()
            .flat_map(|resource_type| fhir::search::parameters_in(version, resource_type))
            .filter(|parameter| ["_id", "_lastUpdated"].contains(&parameter.code))
            .map(|parameter| parameter.id)
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    })
    .contains(&number)
}

/// The names of parameters, by resource type and number.
type Codes = HashMap<(&'static str, u16), &'static str>;

/// The name of the parameter with this number, for a resource type.
pub(crate) fn code(
    version: FhirVersion,
    resource_type: &'static str,
    number: u16,
) -> Option<&'static str> {
    static R4: OnceLock<Codes> = OnceLock::new();
    static STU3: OnceLock<Codes> = OnceLock::new();
    let cell = match version {
        FhirVersion::R4 => &R4,
        FhirVersion::Stu3 => &STU3,
    };
    cell.get_or_init(|| {
        version
            .resource_types()
            .iter()
            .flat_map(|resource_type| {
                fhir::search::parameters_in(version, resource_type)
                    .iter()
                    .map(|parameter| ((*resource_type, parameter.id), parameter.code))
            })
            .collect()
    })
    .get(&(resource_type, number))
    .copied()
}
