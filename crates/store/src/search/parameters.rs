//! Search parameters by their number.

use std::collections::HashMap;
use std::sync::OnceLock;

/// Whether the values of a parameter stand in the row of the resource itself,
/// so that no index needs them.
pub(crate) fn is_in_row(number: u16) -> bool {
    static IN_ROW: OnceLock<Vec<u16>> = OnceLock::new();
    IN_ROW
        .get_or_init(|| {
            let mut numbers: Vec<u16> = fhir::resource_types()
                .iter()
                .flat_map(|resource_type| fhir::search::parameters(resource_type))
                .filter(|parameter| ["_id", "_lastUpdated"].contains(&parameter.code))
                .map(|parameter| parameter.id)
                .collect();
            numbers.sort_unstable();
            numbers.dedup();
            numbers
        })
        .contains(&number)
}

/// The name of the parameter with this number, for a resource type.
pub(crate) fn code(resource_type: &'static str, number: u16) -> Option<&'static str> {
    static CODES: OnceLock<HashMap<(&'static str, u16), &'static str>> = OnceLock::new();
    CODES
        .get_or_init(|| {
            fhir::resource_types()
                .iter()
                .flat_map(|resource_type| {
                    fhir::search::parameters(resource_type)
                        .iter()
                        .map(|parameter| ((*resource_type, parameter.id), parameter.code))
                })
                .collect()
        })
        .get(&(resource_type, number))
        .copied()
}
