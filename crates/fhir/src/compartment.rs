//! Which patients a resource belongs to.

use crate::Resource;

/// References to the patients that the resource belongs to.
pub fn patients(_resource: &Resource) -> Vec<String> {
    Vec::new()
}

/// Whether resources of this type can belong to a patient.
pub fn in_patient_compartment(_resource_type: &str) -> bool {
    false
}
