//! Search parameters by their number.

use std::collections::HashMap;
use std::sync::OnceLock;

/// The parameter that tells whether a laboratory observation is coded.
pub(crate) const CODE: &str = "code";

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
